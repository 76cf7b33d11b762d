//! Starts everything, takes projects in and lets them go, and stops it all again.

use crate::channels::Channels;
use crate::control::ProjectHandle;
use crate::events::Events;
use crate::govern::manners::Manners;
use crate::look::{NoAnswer, look};
use crate::open::{Opened, ProjectOptions, open};
use crate::registry::{Registry, RegistryOptions};
use crate::scan::{Embedded, Place};
use futures_util::FutureExt;
use kairos_api::{Event, PluginState, ProjectChange, ProjectStatus};
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_host::{Host, HostError, HostOptions};
use kairos_project::OpenError;
use kairos_signals::SignalQueue;
use kairos_store::{ProjectDb, StoreError, UserDb};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, Weak};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinHandle};

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
        agent
    }
}

/// The running agent.
pub struct Agent {
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

type LoopTask = JoinHandle<Result<(), StoreError>>;

/// A loop under way, and how it is told to end.
pub(crate) struct LoopHandle {
    stop: watch::Sender<bool>,
    task: Mutex<Option<LoopTask>>,
}

impl LoopHandle {
    /// Ends the loop after the tick it is in. Why it may have ended before was told when it did.
    async fn end(&self) {
        let _ = self.stop.send(true);
        let _ = self.ended().await;
    }

    /// Waits until the loop has ended; a second call finds nothing to wait for.
    async fn ended(&self) -> Result<Result<(), StoreError>, JoinError> {
        let task = self.task.lock().unwrap_or_else(|e| e.into_inner()).take();
        match task {
            Some(task) => task.await,
            None => Ok(Ok(())),
        }
    }
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
            .map(|p| tokio::spawn(open(p, None, several.clone(), events.clone(), manners.clone())))
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
            changing: tokio::sync::Mutex::new(()),
            stop: watch::Sender::new(false),
            failed: Mutex::default(),
            disk: Mutex::default(),
            settings_changed: Arc::default(),
            running: Arc::new(watch::Sender::new(0)),
        });
        Ok(Ready { agent, opened, every_ms: every.as_millis() as u64 })
    }

    /// Starts a project's loop.
    fn begin(&self, opened: Opened) -> Arc<ProjectHandle> {
        let options = opened.options.clone();
        let (root, slug) = (opened.project.root().to_path_buf(), options.slug.clone());
        let (view, inbox, queue) = (opened.project.clone(), opened.inbox.clone(), opened.queue.clone());
        let (own, status) = opened.into_loop(self.registry.clone(), self.ticks, self.settings_changed.clone());
        let stop = watch::Sender::new(false);
        let ended = own.run(self.stop.subscribe(), stop.subscribe());
        let (running, failed) = (self.running.clone(), status.clone());
        running.send_modify(|n| *n += 1);
        let name = inbox.project.clone();
        let task = tokio::spawn(async move {
            // A bug that one project brings out must not go unnoticed, nor end the others.
            let result = AssertUnwindSafe(ended).catch_unwind().await;
            let error = match &result {
                Ok(Ok(())) => None,
                Ok(Err(e)) => Some(e.to_string()),
                Err(_) => Some("it crashed; `kairos-run doctor` shows the report".into()),
            };
            if let Some(error) = error {
                tracing::error!("{name} is no longer watched: {error}");
                failed.lock().unwrap_or_else(|e| e.into_inner()).error = Some(error);
            }
            running.send_modify(|n| *n -= 1);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let handle = LoopHandle { stop, task: Mutex::new(Some(task)) };
        Arc::new(ProjectHandle { root, slug, options, view, inbox, queue, status, handle })
    }

    /// Takes a project in, while others are watched; one that is watched already is answered as it is.
    pub(crate) async fn add(&self, options: ProjectOptions) -> Result<Arc<ProjectHandle>, StartError> {
        let _one = self.changing.lock().await;
        if let Some(there) = self.watched(&options.root) {
            return Ok(there);
        }
        let root = options.root.clone();
        self.registry.add_project(place(&options));
        let project = match self.open(options, None).await {
            Ok(opened) => self.begin(opened),
            Err(e) => {
                self.registry.remove_project(&root);
                return Err(e);
            }
        };
        self.change_projects(|all| all.push(project.clone()));
        self.registry.reload_in_background();
        self.tell(&project, ProjectChange::Added);
        Ok(project)
    }

    /// Lets a project go, after the tick it is in. False if it is not watched.
    pub(crate) async fn remove(&self, root: &Path) -> Result<bool, StoreError> {
        let _one = self.changing.lock().await;
        let Some(project) = self.watched(root) else { return Ok(false) };
        self.change_projects(|all| all.retain(|p| p.root != root));
        project.handle.end().await;
        project.inbox.db.close().await;
        self.registry.remove_project(root);
        self.registry.reload().await?;
        self.tell(&project, ProjectChange::Removed);
        Ok(true)
    }

    /// Takes a project in anew, in its place on the list, where it answers all the while. One that can't be is let go.
    async fn replace(&self, options: ProjectOptions) -> Result<(), StartError> {
        let _one = self.changing.lock().await;
        let root = options.root.clone();
        let Some(old) = self.watched(&root) else { return Ok(()) };
        // Between the two nobody must take the only project for the last that has ended.
        self.running.send_modify(|n| *n += 1);
        old.handle.end().await;
        let result = match self.open(options, Some(old.inbox.db.clone())).await {
            Ok(opened) => {
                let new = self.begin(opened);
                self.change_projects(|all| all.iter_mut().filter(|p| p.root == root).for_each(|p| *p = new.clone()));
                Ok(())
            }
            Err(e) => {
                self.change_projects(|all| all.retain(|p| p.root != root));
                old.inbox.db.close().await;
                self.registry.remove_project(&root);
                Err(e)
            }
        };
        self.running.send_modify(|n| *n -= 1);
        self.registry.reload_in_background();
        result
    }

    /// Reads a project's settings, some of which lie in it; an error is a sentence for the user.
    pub(crate) async fn read(&self, folder: &Path) -> Result<ProjectOptions, String> {
        let (opener, path) = (self.opener.clone(), folder.to_path_buf());
        look(folder, "settings", move || opener(&path)).await.map_err(|e| e.to_string())?
    }

    async fn open(&self, options: ProjectOptions, db: Option<ProjectDb>) -> Result<Opened, StartError> {
        open(options, db, self.several.clone(), self.events.clone(), self.manners.clone()).await
    }

    /// Waits until some project's own settings may have changed, or it has to be opened anew for another reason.
    pub async fn settings_changed(&self) {
        self.settings_changed.notified().await;
    }

    /// Reads all settings again. A project whose settings have changed is taken in anew; one whose settings can't be used
    /// keeps those that it has, and the reason is answered and told.
    pub async fn reconfigure(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for project in self.projects() {
            let problem = match self.read(&project.root).await {
                Ok(options) if options.config == project.options.config && !project.is_outdated() => continue,
                Ok(options) => match self.replace(options).await {
                    Ok(()) => {
                        self.events.send(Event::Settings { project: project.inbox.project.clone(), error: None });
                        continue;
                    }
                    Err(e) => e.to_string(),
                },
                Err(e) => e,
            };
            self.events.send(Event::Settings { project: project.inbox.project.clone(), error: Some(problem.clone()) });
            problems.push(problem);
        }
        // What is the user's alone stands in the settings of every project.
        if let Some(project) = self.projects().first() {
            self.channels.reconfigure(&project.options.config).await;
        }
        problems
    }

    fn tell(&self, project: &ProjectHandle, change: ProjectChange) {
        self.events.send(Event::Project { project: project.inbox.project.clone(), change, why: None });
    }

    fn change_projects(&self, change: impl FnOnce(&mut Vec<Arc<ProjectHandle>>)) {
        let mut all = self.projects.write().unwrap_or_else(|e| e.into_inner());
        change(&mut all);
        self.several.store(all.len() > 1, Relaxed);
    }

    fn watched(&self, root: &Path) -> Option<Arc<ProjectHandle>> {
        self.projects().into_iter().find(|p| p.root == root)
    }

    /// All that are watched, in the order in which they came.
    pub(crate) fn projects(&self) -> Vec<Arc<ProjectHandle>> {
        self.projects.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// The queue that a project's watchers fill, by the project's slug: for those who have signals of their own to add.
    /// What is pushed is seen at the next tick.
    pub fn queue(&self, slug: &str) -> Option<SignalQueue> {
        self.projects().iter().find(|p| p.slug == slug).map(|p| p.queue.clone())
    }

    /// Asks all loops to end after the tick they are in.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until somebody has asked all loops to end.
    pub async fn stopping(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Takes in those projects of the user's list that are not watched: after a start, or because they could not be watched
    /// before. Each that can't be now is told once, until it can.
    pub async fn watch_added(&self) -> Result<(), StoreError> {
        for project in self.registry.user.projects().await? {
            let path = Path::new(&project);
            if self.watched(path).is_some_and(|p| !p.has_failed()) {
                continue;
            }
            if let Err(why) = self.take_in(path).await {
                let news = self.failed().insert(project.clone(), why.clone()).as_ref() != Some(&why);
                if news {
                    self.events.send(Event::Project { project, change: ProjectChange::Failed, why: Some(why) });
                }
            } else {
                self.failed().remove(&project);
            }
        }
        Ok(())
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

    /// Those projects of the user's list that are not watched, with the reason.
    pub(crate) async fn missing(&self) -> Result<Vec<ProjectStatus>, StoreError> {
        let mut missing = Vec::new();
        for path in self.registry.user.projects().await? {
            if self.watched(Path::new(&path)).is_none() {
                let error = self.failed().get(&path).cloned().unwrap_or_else(|| "it is being opened".into());
                missing.push(ProjectStatus { path, error: Some(error), ..ProjectStatus::default() });
            }
        }
        Ok(missing)
    }

    async fn take_in(&self, path: &Path) -> Result<(), String> {
        let options = self.read(path).await?;
        // One that is on the list has failed.
        self.remove(&options.root).await.map_err(|e| e.to_string())?;
        self.add(options).await.map_err(|e| e.to_string()).map(drop)
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.failed.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits until no loop runs any more.
    pub async fn ended(&self) {
        let mut running = self.running.subscribe();
        let _ = running.wait_for(|running| *running == 0).await;
    }

    /// Waits until all loops have ended; the first error is answered. `reason` goes into the last event.
    pub async fn wait(&self, reason: &str) -> Result<(), StoreError> {
        let mut result = Ok(());
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
