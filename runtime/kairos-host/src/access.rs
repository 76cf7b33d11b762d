//! What a plugin can reach: the ports, behind its effective rights.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use kairos_core::edit::FileEdit;
use kairos_core::ports::{Edit, Model, Process, ProjectView, StateStore, Web};
use kairos_core::recall::{Owner, Recall};
use kairos_core::{ErrorCode, PortError, Rights};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// Globs of paths, compiled.
#[derive(Debug, Clone)]
pub struct Scope {
    all: bool,
    set: GlobSet,
}

impl Scope {
    /// Globs in which `*` stops at a `/`. A glob that can't be compiled matches nothing.
    pub fn new(globs: &[String]) -> Self {
        // Made anew for each call of a tool, and compiling a glob would take longer than most calls do.
        if globs.iter().any(|g| g == "**") {
            return Self { all: true, set: GlobSet::empty() };
        }
        let mut builder = GlobSetBuilder::new();
        for glob in globs.iter().filter_map(|g| GlobBuilder::new(g).literal_separator(true).build().ok()) {
            builder.add(glob);
        }
        Self { all: false, set: builder.build().unwrap_or_else(|_| GlobSet::empty()) }
    }

    /// Does one of the globs match? Never for a path that is absolute or climbs: `src/**` would match `src/../secret`.
    pub fn contains(&self, path: &str) -> bool {
        let climbs = path.starts_with('/') || path.split('/').any(|part| part == "..");
        !climbs && (self.all || self.set.is_match(path))
    }

    /// No path at all can match.
    pub fn is_empty(&self) -> bool {
        !self.all && self.set.is_empty()
    }
}

/// The ports of one plugin in one project, and the rights that stand before them. Clones share the rights, so that a
/// revocation holds for calls in flight.
#[derive(Clone)]
pub struct Access {
    /// The plugin's name: whose state, whose log line.
    pub plugin: Arc<str>,
    pub(crate) project: Option<Arc<dyn ProjectView>>,
    pub(crate) state: Option<Arc<dyn StateStore>>,
    recall: Option<Arc<dyn Recall>>,
    project_scope: Arc<RwLock<Arc<Scope>>>,
    memory: Arc<MemoryRights>,
    model: Option<Arc<dyn Model>>,
    tokens_a_day: Arc<AtomicU64>,
    process: Option<Arc<dyn Process>>,
    commands: Arc<RwLock<Arc<[String]>>>,
    web: Option<Arc<dyn Web>>,
    hosts: Arc<RwLock<Arc<[String]>>>,
    edit: Option<Arc<dyn Edit>>,
    edit_scope: Arc<RwLock<Arc<Scope>>>,
}

/// Who runs commands, and patterns of those that may be asked for.
type Commands = (Arc<dyn Process>, Arc<[String]>);

/// Who asks for pages, and patterns of the hosts that may be reached.
type Hosts = (Arc<dyn Web>, Arc<[String]>);

/// Which memory may be read.
#[derive(Default)]
struct MemoryRights {
    project: AtomicBool,
    user: AtomicBool,
}

impl Access {
    /// Access with nothing behind it, for `describe`.
    pub fn none(plugin: &str) -> Self {
        Self {
            plugin: plugin.into(),
            project: None,
            state: None,
            recall: None,
            project_scope: Arc::new(RwLock::new(Arc::new(Scope::new(&[])))),
            memory: Arc::default(),
            model: None,
            tokens_a_day: Arc::default(),
            process: None,
            commands: Arc::default(),
            web: None,
            hosts: Arc::default(),
            edit: None,
            edit_scope: Arc::new(RwLock::new(Arc::new(Scope::new(&[])))),
        }
    }

    /// Access to a project and to the plugin's state in it, within `rights`.
    pub fn new(plugin: &str, project: Arc<dyn ProjectView>, state: Arc<dyn StateStore>, rights: &Rights) -> Self {
        let access = Self { project: Some(project), state: Some(state), ..Self::none(plugin) };
        access.set_rights(rights);
        access
    }

    /// With a model to ask, within the rights.
    pub fn with_model(self, model: Arc<dyn Model>) -> Self {
        Self { model: Some(model), ..self }
    }

    /// With commands to run, within the rights.
    pub fn with_process(self, process: Arc<dyn Process>) -> Self {
        Self { process: Some(process), ..self }
    }

    /// With a way to ask for pages of the web, within the rights.
    #[must_use]
    pub fn with_web(self, web: Arc<dyn Web>) -> Self {
        Self { web: Some(web), ..self }
    }

    /// With a way to change files, within the rights.
    #[must_use]
    pub fn with_edit(self, edit: Arc<dyn Edit>) -> Self {
        Self { edit: Some(edit), ..self }
    }

    /// The way to change these files, if they may be proposed to be changed.
    pub(crate) fn edit(&self, edits: &[FileEdit]) -> Result<Arc<dyn Edit>, PortError> {
        let scope = self.edit_scope.read().unwrap_or_else(|e| e.into_inner()).clone();
        if scope.is_empty() {
            let text = "changing files is not granted; the user grants it with `kairos-run plugin grant`";
            return Err(PortError::new(ErrorCode::Denied, text));
        }
        if let Some(outside) = edits.iter().find(|e| !scope.contains(&e.path)) {
            let text = format!("`{}` is outside of what the plugin may change", outside.path);
            return Err(PortError::new(ErrorCode::Denied, text));
        }
        self.edit.clone().ok_or_else(|| PortError::new(ErrorCode::Unavailable, "files can't be changed here"))
    }

    /// So long a call may have to wait for the user; no time for who may change nothing.
    pub(crate) fn edit_patience(&self) -> Duration {
        let granted = !self.edit_scope.read().unwrap_or_else(|e| e.into_inner()).is_empty();
        self.edit.as_ref().filter(|_| granted).map_or(Duration::ZERO, |edit| edit.patience())
    }

    /// Changes the rights, at once and for all clones.
    pub fn set_rights(&self, rights: &Rights) {
        *self.project_scope.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(Scope::new(&rights.project));
        *self.edit_scope.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(Scope::new(&rights.edit));
        self.memory.project.store(rights.allows_memory(), SeqCst);
        self.memory.user.store(rights.allows_user_memory(), SeqCst);
        self.tokens_a_day.store(rights.tokens_a_day(), SeqCst);
        *self.commands.write().unwrap_or_else(|e| e.into_inner()) = rights.process.clone().into();
        *self.hosts.write().unwrap_or_else(|e| e.into_inner()) = rights.net.clone().into();
    }

    /// The model, and how many tokens of it may be used in a day.
    pub(crate) fn model(&self) -> Result<(Arc<dyn Model>, u64), PortError> {
        let denied = |text| Err(PortError::new(ErrorCode::Denied, text));
        match (&self.model, self.tokens_a_day.load(SeqCst)) {
            (_, 0) => denied("asking a model is not granted; the user grants it with `kairos-run plugin grant`"),
            (None, _) => denied("a model can't be asked here"),
            (Some(model), tokens) => Ok((model.clone(), tokens)),
        }
    }

    /// What is needed to run a command.
    pub(crate) fn process(&self) -> Result<Commands, PortError> {
        let denied = |text| Err(PortError::new(ErrorCode::Denied, text));
        let scope = self.commands.read().unwrap_or_else(|e| e.into_inner()).clone();
        match &self.process {
            _ if scope.is_empty() => denied("running commands is not granted; the user grants it with `kairos-run plugin grant`"),
            None => denied("no command can be run here"),
            Some(process) => Ok((process.clone(), scope)),
        }
    }

    /// What is needed to ask for a page.
    pub(crate) fn web(&self) -> Result<Hosts, PortError> {
        let denied = |text| Err(PortError::new(ErrorCode::Denied, text));
        let scope = self.hosts.read().unwrap_or_else(|e| e.into_inner()).clone();
        match &self.web {
            _ if scope.is_empty() => {
                denied("reaching the network is not granted; the user grants it with `kairos-run plugin grant`")
            }
            None => denied("no page can be asked for here"),
            Some(web) => Ok((web.clone(), scope)),
        }
    }

    /// The same, with what is remembered behind the right to read it.
    #[must_use]
    pub fn with_recall(self, recall: Arc<dyn Recall>) -> Self {
        Self { recall: Some(recall), ..self }
    }

    /// May the project's memory be read?
    pub(crate) fn memory(&self) -> Result<(), PortError> {
        self.may_recall(Owner::Project)
    }

    fn may_recall(&self, owner: Owner) -> Result<(), PortError> {
        let (right, scope) = match owner {
            Owner::Project => (&self.memory.project, "read"),
            Owner::User => (&self.memory.user, "user"),
        };
        if right.load(SeqCst) {
            return Ok(());
        }
        let text = format!("reading memory (`{scope}`) is not granted; the user grants it with `kairos-run plugin grant`");
        Err(PortError::new(ErrorCode::Denied, text))
    }

    /// What is remembered, if it may be read.
    pub(crate) fn recall(&self, owner: Owner) -> Result<Arc<dyn Recall>, PortError> {
        self.may_recall(owner)?;
        let none = || PortError::new(ErrorCode::Unavailable, "nothing can be looked up here");
        self.recall.clone().ok_or_else(none)
    }

    /// The project, if this path of it may be read.
    pub(crate) fn project_with(&self, path: &str) -> Result<Arc<dyn ProjectView>, PortError> {
        let (project, scope) = self.project()?;
        if scope.contains(path) { Ok(project) } else { Err(out_of_scope(path)) }
    }

    /// The project, if any of it may be read.
    pub(crate) fn project(&self) -> Result<(Arc<dyn ProjectView>, Arc<Scope>), PortError> {
        let scope = self.project_scope.read().unwrap_or_else(|e| e.into_inner()).clone();
        match &self.project {
            Some(project) if !scope.is_empty() => Ok((project.clone(), scope)),
            _ => Err(PortError::new(
                ErrorCode::Denied,
                "reading the project is not granted; the user grants it with `kairos-run plugin grant`",
            )),
        }
    }
}

pub(crate) fn out_of_scope(path: &str) -> PortError {
    PortError::new(ErrorCode::Denied, format!("`{path}` is outside of what the plugin may read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_holds_what_its_globs_name() {
        let scope = Scope::new(&["src/**".into(), "*.md".into(), "[".into()]);
        assert!(scope.contains("src/a/b.rs"));
        assert!(scope.contains("README.md"));
        assert!(!scope.contains("Cargo.toml"));
        assert!(!scope.contains("docs/README.md"), "`*` stops at a `/`");
        assert!(!scope.contains("src/../secret.md") && !scope.contains("/src/a.rs"));
        assert!(scope.contains("src/..a"));
        assert!(Scope::new(&[]).is_empty());
        assert!(Scope::new(&["**".into()]).contains("any/thing"));
    }
}
