//! Starts everything, and stops it again.

use crate::control::ProjectHandle;
use crate::events::Events;
use crate::inbox::{Caps, Inbox};
use crate::now;
use crate::project_loop::{LoopStatus, Pace, Parts, ProjectLoop};
use crate::registry::{Registry, RegistryOptions};
use crate::scan::{Embedded, Place};
use kairos_api::{Event, PluginState};
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_host::{Host, HostError, HostOptions};
use kairos_project::{OpenError, Project};
use kairos_signals::{FileConfig, GitConfig, SignalQueue, Watch, WatchConfig};
use kairos_store::{ProjectDb, StoreError, UserDb};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    /// What to watch; at least one.
    pub projects: Vec<ProjectOptions>,
    /// Ticks after which each project's loop ends; none for ever.
    pub ticks: Option<u64>,
}

/// A project to watch.
pub struct ProjectOptions {
    /// Its folder.
    pub root: PathBuf,
    /// Its name among our data.
    pub slug: String,
    /// Its database.
    pub db: PathBuf,
    /// The settings that hold in it.
    pub config: Config,
}

/// Why the agent can't start.
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
}

/// The running agent.
pub struct Agent {
    pub(crate) version: String,
    pub(crate) started: Millis,
    pub(crate) registry: Arc<Registry>,
    pub(crate) projects: Vec<ProjectHandle>,
    pub(crate) events: Events,
    stop: watch::Sender<bool>,
    loops: Mutex<Vec<JoinHandle<Result<(), StoreError>>>>,
    watcher: JoinHandle<()>,
    /// Loops that still run; 0 also when one has failed.
    ended: watch::Receiver<usize>,
}

impl Agent {
    /// Loads the plugins, opens the projects, starts their loops. Needs a tokio runtime with several threads.
    pub async fn start(options: AgentOptions, events: Events) -> Result<Arc<Self>, StartError> {
        let user = UserDb::open(options.user_db).await?;
        let host = Host::new(options.host)?;
        let registry = RegistryOptions {
            embedded: options.embedded,
            dirs: options.plugin_dirs,
            projects: options.projects.iter().map(|p| Place { root: p.root.clone(), slug: p.slug.clone() }).collect(),
            disabled: options.config.list("plugins.disabled"),
            max_component: options.config.number("limits.component"),
            max_plugins: options.config.number("limits.plugins") as usize,
        };
        let registry = Arc::new(Registry::new(host, user, events.clone(), registry));
        // A large project takes a while to be watched; meanwhile plugins can be loaded.
        let several = options.projects.len() > 1;
        let opening: Vec<_> = options.projects.into_iter().map(|p| tokio::spawn(open(p, several, events.clone()))).collect();
        registry.reload().await?;
        let mut opened = Vec::new();
        for task in opening {
            opened.push(task.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?);
        }
        let (stop, stopped) = watch::channel(false);
        let running = registry.entries().values().filter(|e| e.state == PluginState::Running).count() as u32;
        events.send(Event::Started {
            version: options.version.clone(),
            projects: opened.iter().map(|o| o.inbox.project.clone()).collect(),
            plugins: running,
            every_ms: opened.first().map_or(0, |o| o.config.duration("every").as_millis() as u64),
        });
        let (mut projects, mut loops) = (Vec::new(), Vec::new());
        let (left, ended) = watch::channel(opened.len());
        let left = Arc::new(left);
        for o in opened {
            let status = Arc::new(Mutex::new(LoopStatus { last_activity: now(), ..LoopStatus::default() }));
            projects.push(ProjectHandle {
                root: o.project.root().to_path_buf(),
                slug: o.slug,
                view: o.project.clone(),
                inbox: o.inbox.clone(),
                queue: o.queue.clone(),
                status: status.clone(),
            });
            let parts = Parts {
                pace: pace(&o.config, &options.config, options.ticks),
                registry: registry.clone(),
                project: o.project,
                inbox: o.inbox,
                queue: o.queue,
                watch: Some(o.watch),
                status,
            };
            let (left, running) = (left.clone(), ProjectLoop::new(parts).run(stopped.clone()));
            loops.push(tokio::spawn(async move {
                let result = running.await;
                left.send_modify(|n| *n = if result.is_ok() { n.saturating_sub(1) } else { 0 });
                result
            }));
        }
        let watcher = tokio::spawn(crate::plugin_watch::run(registry.clone()));
        Ok(Arc::new(Self {
            version: options.version,
            started: now(),
            registry,
            projects,
            events,
            stop,
            loops: Mutex::new(loops),
            watcher,
            ended,
        }))
    }

    /// The queue that a project's watchers fill, by the project's slug: for those who have signals of their own to add.
    /// What is pushed is seen at the next tick.
    pub fn queue(&self, slug: &str) -> Option<SignalQueue> {
        self.projects.iter().find(|p| p.slug == slug).map(|p| p.queue.clone())
    }

    /// Asks all loops to end after the tick they are in.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until every loop has ended by itself, or one has failed.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(|left| *left == 0).await;
    }

    /// Waits until all loops have ended; the first error is answered. `reason` goes into the last event.
    pub async fn wait(&self, reason: &str) -> Result<(), StoreError> {
        let loops = std::mem::take(&mut *self.loops.lock().unwrap_or_else(|e| e.into_inner()));
        let mut result = Ok(());
        for one in loops {
            let ended = match one.await {
                Ok(ended) => ended,
                Err(e) => std::panic::resume_unwind(e.into_panic()),
            };
            if ended.is_err() && result.is_ok() {
                // One project's database is broken: stop in an orderly way, so that nothing of the others is lost.
                self.stop();
                result = ended;
            }
        }
        self.watcher.abort();
        self.registry.user.close().await;
        let reason = result.as_ref().err().map_or_else(|| reason.to_string(), ToString::to_string);
        self.events.send_last(Event::Stopped { reason }).await;
        result
    }
}

/// A project before its loop begins.
struct Opened {
    slug: String,
    config: Config,
    project: Project,
    inbox: Inbox,
    queue: SignalQueue,
    watch: Watch,
}

async fn open(options: ProjectOptions, several: bool, events: Events) -> Result<Opened, StartError> {
    let ProjectOptions { root, slug, db, config } = options;
    let db = ProjectDb::open(db).await?;
    let queue = SignalQueue::default();
    let (watched, settings) = (queue.clone(), config.clone());
    let blocking = tokio::task::spawn_blocking(move || -> Result<_, StartError> {
        let project = Project::open(&root, &settings.list("files.private"))?;
        let watch = start_watch(&project, &settings, watched)
            .map_err(|source| StartError::Watch { path: project.root().display().to_string(), source })?;
        Ok((project, watch))
    });
    let (project, watch) = blocking.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
    let caps = Caps { daily: config.number("surfacing.daily-cap"), detector_rate: config.number("surfacing.detector-rate") };
    let id_prefix = if several { format!("{slug}/") } else { String::new() };
    let inbox = Inbox { db, project: project.root().display().to_string(), id_prefix, events, caps };
    Ok(Opened { slug, config, project, inbox, queue, watch })
}

fn start_watch(project: &Project, config: &Config, queue: SignalQueue) -> std::io::Result<Watch> {
    let private = project.private_paths().clone();
    let files = FileConfig {
        ignore: config.list("files.ignore"),
        poll: config.duration("files.poll"),
        is_private: Arc::new(move |path| private.is_private(path)),
        ..FileConfig::new(project.root())
    };
    let git = project.git_dir().map(|git_dir| {
        let project = project.clone();
        GitConfig {
            common_dir: project.common_dir().unwrap_or_else(|| git_dir.clone()),
            git_dir,
            snapshot: Arc::new(move || project.snapshot()),
        }
    });
    Watch::start(WatchConfig { files, git }, queue)
}

/// The pace is the project's own; what guards the machine is the user's.
fn pace(project: &Config, user: &Config, ticks: Option<u64>) -> Pace {
    Pace {
        every: project.duration("every"),
        idle_after: project.duration("idle-after"),
        tick_cpu: user.duration("limits.tick-cpu"),
        journal_keep: user.duration("journal.keep"),
        journal_size: user.number("journal.size"),
        ticks,
    }
}
