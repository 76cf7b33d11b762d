//! Starts everything, and stops it all again.

mod projects;

use crate::channels::Channels;
use crate::control::ProjectHandle;
use crate::dreams::Dreaming;
use crate::events::Events;
use crate::govern::manners::Manners;
use crate::look::NoAnswer;
use crate::open::{Opened, ProjectOptions, open};
use crate::registry::{Registry, RegistryOptions};
use crate::scan::{Embedded, Place};
use kairos_api::{Event, PluginState};
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_host::{Host, HostError, HostOptions};
use kairos_project::OpenError;
use kairos_store::{StoreError, UserDb};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock, Weak};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub(crate) use projects::LoopHandle;

/// How the agent is set up.
pub struct AgentOptions {
    /// Of the program.
    pub version: String,
    /// The plugin host.
    pub host: HostOptions,
    /// The embedded plugins.
    pub embedded: Vec<Embedded>,
    /// Directories with plugins; a later one overrides an earlier one.
    pub plugin_dirs: Vec<PathBuf>,
    /// The user's database.
    pub user_db: PathBuf,
    /// The user's settings: what concerns all projects.
    pub config: Config,
    /// What to watch from the start.
    pub projects: Vec<ProjectOptions>,
    /// How a folder becomes a project; an error is a sentence for the user.
    pub opener: Opener,
    /// Ticks after which each project's loop ends; none for ever.
    pub ticks: Option<u64>,
}

/// Reads a project's settings, and says where its data are.
pub type Opener = Box<dyn Fn(&Path) -> Result<ProjectOptions, String> + Send + Sync>;

/// Why the agent can't start, or can't take a project in.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StartError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Project(#[from] OpenError),
    #[error("{path}: files can't be watched: {source}")]
    Watch { path: String, source: std::io::Error },
    #[error("{path}: {source}")]
    Hangs { path: String, source: NoAnswer },
}

/// An agent that is ready, and begins to watch when it is told to.
pub struct Ready {
    /// Answers already.
    pub agent: Arc<Agent>,
    opened: Vec<Opened>,
    every_ms: u64,
}

impl Ready {
    /// Says that it has started, and starts the projects' loops.
    pub fn begin(self) -> Arc<Agent> {
        let Self { agent, opened, every_ms } = self;
        let running = agent.registry.entries().values().filter(|e| e.state == PluginState::Running).count();
        agent.events.send(Event::Started {
            version: agent.version.clone(),
            projects: opened.iter().map(|o| o.inbox.project.clone()).collect(),
            plugins: running as u32,
            every_ms,
        });
        for project in opened {
            let project = agent.begin(project);
            agent.change_projects(|all| all.push(project));
        }
        tokio::spawn(crate::dreams::watch(agent.clone()));
        agent
    }
}

/// The running agent.
pub struct Agent {
    /// One dream at a time.
    pub(crate) dreaming: Arc<tokio::sync::Mutex<()>>,
    /// What is known of dreams over the user's own memory.
    pub(crate) users_dreaming: Mutex<Option<Arc<Dreaming>>>,
    pub(crate) version: String,
    pub(crate) started: Millis,
    pub(crate) registry: Arc<Registry>,
    pub(crate) events: Events,
    opener: Arc<Opener>,
    ticks: Option<u64>,
    projects: RwLock<Vec<Arc<ProjectHandle>>>,
    several: Arc<AtomicBool>,
    /// One project comes or goes at a time.
    changing: tokio::sync::Mutex<()>,
    stop: watch::Sender<bool>,
    watcher: JoinHandle<()>,
    channels: Channels,
    pub(crate) manners: Arc<Manners>,
    /// Projects of the user's list that can't be watched, and why.
    failed: Mutex<BTreeMap<String, String>>,
    /// A project's settings may have changed.
    settings_changed: Arc<Notify>,
    /// Why our data take too much room, if they do.
    disk: Mutex<Option<String>>,
    /// Loops that still run.
    running: Arc<watch::Sender<usize>>,
}

impl Agent {
    /// Loads the plugins and opens the projects. Needs a tokio runtime with several threads.
    pub async fn load(options: AgentOptions, events: Events) -> Result<Ready, StartError> {
        let user = UserDb::open(options.user_db).await?;
        let host = Host::new(options.host)?;
        let registry = RegistryOptions {
            embedded: options.embedded,
            dirs: options.plugin_dirs,
            projects: options.projects.iter().map(place).collect(),
            disabled: options.config.list("plugins.disabled"),
            max_component: options.config.number("limits.component"),
            max_plugins: options.config.number("limits.plugins") as usize,
        };
        let registry = Arc::new(Registry::new(host, user, events.clone(), registry));
        let manners = Arc::new(Manners::new(registry.user.clone(), crate::now()));
        // A large project takes a while to be watched; meanwhile plugins can be loaded.
        let several = Arc::new(AtomicBool::new(options.projects.len() > 1));
        let every = options.projects.first().map_or(&options.config, |p| &p.config).duration("every");
        let opening: Vec<_> = options
            .projects
            .into_iter()
            .map(|p| tokio::spawn(open(p, None, registry.clone(), several.clone(), events.clone(), manners.clone())))
            .collect();
        registry.reload().await?;
        let mut opened = Vec::new();
        for task in opening {
            opened.push(task.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?);
        }
        let agent = Arc::new_cyclic(|agent: &Weak<Self>| Self {
            channels: Channels::start(&options.config, &events, registry.user.clone(), Arc::new(agent.clone())),
            manners,
            version: options.version,
            started: crate::now(),
            watcher: tokio::spawn(crate::plugin_watch::run(registry.clone())),
            registry,
            events,
            opener: Arc::new(options.opener),
            ticks: options.ticks,
            projects: RwLock::default(),
            several,
            dreaming: Arc::default(),
            users_dreaming: Mutex::default(),
            changing: tokio::sync::Mutex::new(()),
            stop: watch::Sender::new(false),
            failed: Mutex::default(),
            disk: Mutex::default(),
            settings_changed: Arc::default(),
            running: Arc::new(watch::Sender::new(0)),
        });
        Ok(Ready { agent, opened, every_ms: every.as_millis() as u64 })
    }

    /// Asks all loops to end after the tick they are in.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until somebody has asked all loops to end.
    pub async fn stopping(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Says true when all is to end.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The files with what was compiled of all plugins that are loaded.
    pub fn compiled(&self) -> Vec<PathBuf> {
        let entries = self.registry.entries();
        entries.values().filter_map(|e| e.loaded.as_ref()).map(|l| self.registry.host.compiled(&l.plugin.hash)).collect()
    }

    /// Says once in the log, and in the status for as long as it is so, that our data take too much room; none: they don't.
    pub fn tell_disk(&self, over: Option<String>) {
        let mut told = self.disk.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(over) = over.as_ref().filter(|_| told.is_none()) {
            tracing::warn!("{over}");
        }
        *told = over;
    }

    pub(crate) fn disk(&self) -> Option<String> {
        self.disk.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Waits until no loop runs any more.
    pub async fn ended(&self) {
        let mut running = self.running.subscribe();
        let _ = running.wait_for(|running| *running == 0).await;
    }

    /// Waits until all loops have ended; the first error is answered. `reason` goes into the last event.
    pub async fn wait(&self, reason: &str) -> Result<(), StoreError> {
        let mut result = Ok(());
        self.last_dream().await;
        for project in self.projects() {
            let ended = project.handle.ended().await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
            project.inbox.db.close().await;
            result = result.and(ended);
        }
        self.watcher.abort();
        self.channels.finish().await;
        self.registry.user.close().await;
        let reason = result.as_ref().err().map_or_else(|| reason.to_string(), ToString::to_string);
        self.events.send_last(Event::Stopped { reason }).await;
        result
    }
}

fn place(project: &ProjectOptions) -> Place {
    Place { root: project.root.clone(), slug: project.slug.clone() }
}
