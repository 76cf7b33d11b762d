//! What is watched in a project, by its settings; pauses; and what of all this is told to the user.

use crate::agent::Agent;
use crate::control::{ProjectHandle, internal};
use crate::now;
use crate::project_loop::ProjectLoop;
use kairos_api::{ApiError, ApiResult, ErrorKind, Event, PauseRequest, ProjectSignals, SignalSource};
use kairos_core::config::Config;
use kairos_core::finding::plain;
use kairos_core::{Millis, Signal};
use kairos_exec::redact::Redactor;
use kairos_project::Project;
use kairos_signals::{
    CI_FOLDER, CiResult, Clean, FileConfig, GitConfig, LogConfig, LogPattern, PrivateCheck, SessionFolder, WatchConfig,
    hide_private,
};
use kairos_store::StoreError;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The names of the times that are kept for a project.
const PAUSED: &str = "paused-until";
const CI_READ: &str = "ci-read";
/// A longer pause is a switch, and there is one.
const LONGEST_PAUSE: Millis = 30 * 86_400_000;

pub(crate) static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::from_env);

/// What text of others goes through before it is told: secrets, names of private files, control codes. `prose` is what is no
/// command line.
fn cleaner(project: &Project, prose: bool) -> Clean {
    let is_private = private(project);
    Arc::new(move |text| hide_private(&plain(&REDACTOR.redact(text)), prose, &is_private))
}

pub(crate) fn private(project: &Project) -> PrivateCheck {
    let private = project.private_paths().clone();
    Arc::new(move |path| private.is_private(path))
}

/// What is to be watched by the settings. `data`: where what we keep about the project is.
pub(crate) fn watch_config(project: &Project, config: &Config, data: &Path) -> WatchConfig {
    let root = project.root().to_path_buf();
    let clean = cleaner(project, true);
    let files = FileConfig {
        ignore: config.list("files.ignore"),
        poll: config.duration("files.poll"),
        is_private: private(project),
        ..FileConfig::new(&root)
    };
    let git = project.git_dir().filter(|_| config.flag("signals.git")).map(|git_dir| {
        let project = project.clone();
        GitConfig {
            common_dir: project.common_dir().unwrap_or_else(|| git_dir.clone()),
            git_dir,
            snapshot: Arc::new(move || project.snapshot()),
        }
    });
    let patterns = patterns(&root, config);
    let logs = (!patterns.is_empty()).then(|| LogConfig {
        patterns,
        is_private: private(project),
        clean: clean.clone(),
        poll: config.duration("files.poll"),
        ..LogConfig::new(Vec::new())
    });
    WatchConfig {
        files: config.flag("signals.files").then_some(files),
        git,
        logs,
        ci: config.flag("signals.ci"),
        system: config.flag("signals.system").then(|| data.to_path_buf()),
        servers: config.flag("signals.servers"),
        sessions: sessions(&root, config),
        clean_command: cleaner(project, false),
        clean,
        root,
    }
}

/// A project's own file can't name absolute paths, so whoever named one is the user.
fn patterns(root: &Path, config: &Config) -> Vec<LogPattern> {
    let pattern = |text: String| {
        let found = if text.starts_with('/') { LogPattern::anywhere(&text) } else { LogPattern::in_project(root, &text) };
        found.inspect_err(|why| tracing::warn!("`{text}` in signals.logs is left out: {why}")).ok()
    };
    config.list("signals.logs").into_iter().filter_map(pattern).collect()
}

fn sessions(root: &Path, config: &Config) -> Vec<SessionFolder> {
    let home = kairos_memory::memory::claude_home();
    let folder = |agent: String| match (agent.as_str(), &home) {
        ("claude-code", Some(home)) => Some(SessionFolder::claude_code(home, root)),
        ("claude-code", None) => None,
        _ => {
            tracing::warn!("`{agent}` in signals.agents is not known; `claude-code` is");
            None
        }
    };
    config.list("signals.agents").into_iter().filter_map(folder).collect()
}

impl ProjectLoop {
    /// What outlives a restart: a pause, and which results of CI were told.
    pub(crate) async fn recall_signals(&mut self) -> Result<(), StoreError> {
        let (user, project) = (&self.registry.user, &self.inbox.project);
        match user.signal_time(project, PAUSED).await? {
            Some(until) if until > now() => {
                self.queue.pause(until);
                self.events.send(Event::Pause { project: project.clone(), until: Some(until) });
            }
            // One that ended while nobody ran: the first look at the project makes up for it.
            _ => {}
        }
        if let (Some(read), Some(watch)) = (user.signal_time(project, CI_READ).await?, &self.watch) {
            watch.ci_read_until(read);
        }
        Ok(())
    }

    /// When a pause has ended, lets everybody look at the project as it stands.
    pub(crate) async fn look_at_pause(&mut self) {
        let Some(thrown_away) = self.queue.pause_ended() else { return };
        self.keep_time(PAUSED, None).await;
        self.look_anew(thrown_away, "resumed");
        self.events.send(Event::Pause { project: self.inbox.project.clone(), until: None });
    }

    /// Lets everybody look at the project as it stands; `count` changes or more were not told.
    pub(crate) fn look_anew(&self, count: u64, reason: &str) {
        if self.watch.as_ref().is_some_and(|w| w.status().is_some()) {
            self.queue.push(Signal::new("file.rescan", "files", now()).with("count", count).with("reason", reason));
        }
        self.queue.push(self.opened());
    }

    /// Keeps which results of CI were told, if any were.
    pub(crate) async fn ci_was_read(&mut self, until: Option<Millis>) {
        if until.is_some() {
            self.keep_time(CI_READ, until).await;
        }
    }

    async fn keep_time(&mut self, name: &'static str, time: Option<Millis>) {
        if let Err(e) = self.registry.user.set_signal_time(&self.inbox.project, name, time).await {
            tracing::error!("what was told can't be kept: {e}");
        }
    }
}

impl Agent {
    /// Begins or ends a pause.
    pub(crate) async fn pause(&self, request: &PauseRequest) -> ApiResult<Vec<Arc<ProjectHandle>>> {
        if request.until.is_some_and(|until| until > now().saturating_add(LONGEST_PAUSE)) {
            return Err(ApiError::invalid("a pause is 30 days at most")
                .with_hint("the settings signals.* switch a source off for good; `kairos-run signals show` names them"));
        }
        let projects = match &request.project {
            Some(name) => vec![self.project(Some(name))?],
            None => self.projects(),
        };
        let until = request.until.filter(|until| *until > now());
        let mut roots: Vec<String> = projects.iter().map(|p| p.inbox.project.clone()).collect();
        if request.project.is_none() {
            // Also those that can't be watched right now.
            roots.extend(self.registry.user.projects().await.map_err(internal)?);
        }
        for root in roots {
            self.registry.user.set_signal_time(&root, PAUSED, until).await.map_err(internal)?;
        }
        for project in &projects {
            match until {
                Some(time) => {
                    project.queue.pause(time);
                    self.events.send(Event::Pause { project: project.inbox.project.clone(), until });
                }
                // The loop tells of the end, and lets everybody look.
                None => project.queue.resume(),
            }
        }
        Ok(projects)
    }
}

impl ProjectHandle {
    /// A report of CI, as it would lie in the drop folder; answers its status.
    pub(crate) fn ci_finished(&self, report: &[u8]) -> ApiResult<String> {
        if !self.options.config.flag("signals.ci") {
            return Err(ApiError::new(ErrorKind::Conflict, "results of CI are switched off here").with_hint("signals.ci = true"));
        }
        let result = CiResult::parse("report", report).map_err(|why| {
            ApiError::invalid(format!("this is no result of CI: {why}"))
                .with_hint("JUnit XML, or JSON with `status`, and if known `name`, `branch`, `commit`, `url`, `summary`")
        })?;
        let signal = result.signal(&cleaner(&self.view, true));
        let status = signal.attribute("status").unwrap_or_default().to_string();
        self.queue.push(signal);
        Ok(status)
    }

    /// The signal of a command that ended; none if these are switched off.
    pub(crate) fn command_signal(&self, report: &kairos_api::CommandReport, folder: &Path) -> Option<Signal> {
        if !self.options.config.flag("signals.commands") {
            return None;
        }
        let relative = folder.strip_prefix(&self.root).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let source = if report.source == "exec" { "exec" } else { "shell" };
        let command = hide_private(&kairos_core::finding::one_line(&report.command), false, &private(&self.view));
        let tail = hide_private(&report.tail, true, &private(&self.view));
        Some(
            Signal::new("command.finished", source, now())
                .with("command", command)
                .with("folder", relative)
                .with("exit-code", report.exit_code)
                .with("duration-ms", report.duration_ms)
                // Places in the project are told relative to it, as everywhere else.
                .with_body(&tail.replace(&format!("{}/", self.root.display()), "")),
        )
    }

    /// Exactly what is watched, and why.
    pub(crate) fn signals(&self) -> ProjectSignals {
        let config = &self.options.config;
        let status = self.status.lock().unwrap_or_else(|e| e.into_inner()).clone();
        let private = |more: &[String]| format!("never told: private files (.env, keys, credentials){}", with(more));
        let files = vec![
            match status.watch.watched_dirs {
                0 => status.watch.mode.clone(),
                n => format!("{}, folders: {n}", status.watch.mode),
            } + &status.watch.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default(),
            format!(
                "left out: what .gitignore, .ignore, .git/info/exclude and your own excludes name{}",
                with(&config.list("files.ignore"))
            ),
            private(&config.list("files.private")),
        ];
        let git = match &status.git_dir {
            Some(dir) => format!("HEAD, branches, index, stashes in {}", dir.display()),
            None => "there is no repository".into(),
        };
        let logs = match status.logs.len() {
            0 if config.list("signals.logs").is_empty() => vec!["no log files are named".into()],
            0 => vec![format!("no file is there for {}", config.list("signals.logs").join(", "))],
            _ => status.logs.clone(),
        };
        let agents = match config.list("signals.agents") {
            none if none.is_empty() => vec!["files of sessions: not asked for; counts of entries alone would be told".into()],
            _ => sessions(&self.root, config).iter().map(|s| format!("counts of {}", s.folder.display())).collect(),
        };
        let flag = |name: &str, what: Vec<String>| {
            let key = format!("signals.{name}");
            let on = config.flag(&key);
            source(name, on, what, format!("{key} = {}", !on))
        };
        let list = |name: &str, what: Vec<String>| {
            let on = !config.list(&format!("signals.{name}")).is_empty();
            source(name, on, what, format!("signals.{name} = [{}]", if on { "" } else { "…" }))
        };
        let mut sources = vec![
            flag("files", files),
            SignalSource { on: config.flag("signals.git") && status.git_dir.is_some(), ..flag("git", vec![git]) },
            flag(
                "commands",
                vec![
                    "from `kairos-run exec`, shells with the hook and agents with theirs: command line, folder, exit code, duration".into(),
                    "output from `exec` and agents; known secrets and names of private files are taken out".into(),
                ],
            ),
            list("logs", logs),
            flag("ci", vec![format!("reports in {CI_FOLDER}/*.xml and *.json, and `kairos-run ci report`")]),
            flag("system", vec!["free space of the disks of the project and of our own data; free memory".into()]),
            flag("servers", vec!["programs of yours that listen on a TCP port, with their folder in the project".into()]),
            list("agents", agents),
        ];
        let seen = self.queue.seen();
        for source in &mut sources {
            let Some(seen) = seen.get(source.name.as_str()) else { continue };
            (source.told, source.latest) = (seen.told, seen.latest.clone());
            (source.dropped, source.thrown_away) = (seen.dropped, seen.thrown_away);
        }
        ProjectSignals { project: self.inbox.project.clone(), paused_until: self.queue.paused_until(), sources }
    }
}

fn source(name: &str, on: bool, what: Vec<String>, switch: String) -> SignalSource {
    SignalSource { name: name.into(), on, what, switch, ..SignalSource::default() }
}

fn with(more: &[String]) -> String {
    if more.is_empty() { String::new() } else { format!(", and {}", more.join(", ")) }
}
