//! Which plugins there are, and what each may do.
//!
//! A plugin is known by its file's name, which the user chooses, and never by what it calls itself: so no plugin can take
//! another's state, findings or grants. A grant belongs to origin, file name and content; what overrides or replaces a
//! file inherits nothing, unless the user trusts updates of that path and the new file asks for no more.

mod decide;
mod faults;
mod lent;
mod load;
mod trust;

use crate::events::Events;
use crate::figures::Figures;
use crate::models::Models;
use crate::scan::{Candidate, Embedded, Place};
use kairos_api::PluginState;
use kairos_core::{Asked, Grant, Rights};
use kairos_host::{Described, Host, Plugin};
use kairos_store::{Identity, UserDb};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// The name under which the runtime itself puts findings in the inbox; no file may take it.
pub(crate) const SELF: &str = "kairos";
/// And the one under which a model does; no file may take it either.
pub(crate) const MODEL: &str = "model";

/// All plugins. Shared by the projects.
pub struct Registry {
    pub(crate) host: Host,
    pub(crate) user: UserDb,
    pub(crate) models: Arc<Models>,
    embedded: Vec<Embedded>,
    dirs: Vec<PathBuf>,
    projects: Mutex<Vec<Place>>,
    disabled: Vec<String>,
    max_component: u64,
    max_plugins: usize,
    events: Events,
    entries: Mutex<BTreeMap<String, Entry>>,
    lent: Mutex<Vec<lent::Lent>>,
    /// Raised whenever what runs, or may run, has changed.
    generation: AtomicU64,
    changed: Notify,
    /// One reload at a time. It may take minutes, where something is compiled.
    reloading: tokio::sync::Mutex<()>,
    /// One change of the entries at a time. It never takes long.
    deciding: tokio::sync::Mutex<()>,
}

/// What is set once.
pub(crate) struct RegistryOptions {
    pub(crate) embedded: Vec<Embedded>,
    pub(crate) dirs: Vec<PathBuf>,
    pub(crate) projects: Vec<Place>,
    pub(crate) disabled: Vec<String>,
    pub(crate) max_component: u64,
    pub(crate) max_plugins: usize,
}

/// A plugin by name, with those that it overrides.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) candidate: Candidate,
    pub(crate) overridden: Vec<Candidate>,
    pub(crate) loaded: Option<Loaded>,
    pub(crate) state: PluginState,
    pub(crate) why: Option<String>,
    /// Not the file but the machine was at fault when it was loaded: it is worth another try.
    retry: bool,
    pub(crate) granted: Grant,
    pub(crate) figures: Figures,
    /// The user took its grant back: it waits, and doesn't ask again.
    pub(crate) revoked: bool,
    /// Faults of its tools or dreams without a success between them.
    call_strikes: u32,
}

/// A plugin that could be asked what it is.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) described: Arc<Described>,
    pub(crate) asked: Asked,
}

/// A plugin that is called.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) name: String,
    /// The project in which alone it is called; none for all of them.
    project: Option<PathBuf>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) described: Arc<Described>,
    pub(crate) rights: Rights,
}

impl Running {
    /// Is it called in that project?
    pub(crate) fn is_for(&self, root: &Path) -> bool {
        self.project.as_deref().is_none_or(|p| p == root)
    }

    /// Does it come with a project?
    pub(crate) fn is_projects_own(&self) -> bool {
        self.project.is_some()
    }
}

impl Entry {
    pub(crate) fn asked(&self) -> Asked {
        self.loaded.as_ref().map(|l| l.asked.clone()).unwrap_or_default()
    }

    fn identity(&self) -> Option<Identity> {
        self.loaded.as_ref().map(|l| Identity {
            origin: self.candidate.origin.text(),
            file_name: self.candidate.file_name.clone(),
            content_hash: l.plugin.hash.clone(),
        })
    }
}

impl Registry {
    pub(crate) fn new(host: Host, user: UserDb, events: Events, options: RegistryOptions) -> Self {
        let RegistryOptions { embedded, dirs, projects, disabled, max_component, max_plugins } = options;
        Self {
            host,
            models: Arc::new(Models::new(user.clone(), events.clone())),
            user,
            embedded,
            dirs,
            projects: Mutex::new(projects),
            disabled,
            max_component,
            max_plugins,
            events,
            entries: Mutex::default(),
            lent: Mutex::default(),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            reloading: tokio::sync::Mutex::new(()),
            deciding: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    fn projects(&self) -> MutexGuard<'_, Vec<Place>> {
        self.projects.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A project that may bring plugins; the next reload looks there.
    pub(crate) fn add_project(&self, place: Place) {
        self.projects().push(place);
    }

    /// The next reload drops what it brought.
    pub(crate) fn remove_project(&self, root: &Path) {
        self.projects().retain(|p| p.root != root);
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(SeqCst)
    }

    /// Waits until the generation is another than `seen`.
    pub(crate) async fn changed(&self, seen: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.generation() != seen {
                return;
            }
            changed.await;
        }
    }

    fn touch(&self) {
        self.generation.fetch_add(1, SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What is called, by name.
    pub(crate) fn running(&self) -> Vec<Running> {
        self.running_where(|_| true)
    }

    /// Those of it that say of themselves what is wanted.
    pub(crate) fn running_where(&self, wanted: impl Fn(&Described) -> bool) -> Vec<Running> {
        let running = |(name, e): (&String, &Entry)| {
            let l = e.loaded.as_ref().filter(|l| e.state == PluginState::Running && wanted(&l.described))?;
            Some(Running {
                name: name.clone(),
                project: e.candidate.origin.project().map(Path::to_path_buf),
                plugin: l.plugin.clone(),
                described: l.described.clone(),
                rights: Rights::effective(&l.asked, &e.granted),
            })
        };
        self.entries().iter().filter_map(running).collect()
    }
}
