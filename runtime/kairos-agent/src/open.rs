//! A project, from its folder to a loop that can run.

use crate::agent::StartError;
use crate::chores::Glance;
use crate::drift::Drift;
use crate::events::Events;
use crate::govern::manners::Manners;
use crate::govern::settings::Settings;
use crate::inbox::Inbox;
use crate::look::look;
use crate::mcp::Servers;
use crate::now;
use crate::project_loop::{LoopStatus, Pace, Parts, ProjectLoop};
use crate::recollection::Recollection;
use crate::recorder::Recorder;
use crate::registry::Registry;
use crate::signals::watch_config;
use crate::think::{self, Thinker};
use crate::tools::Tools;
use crate::upkeep::Upkeep;
use kairos_core::config::Config;
use kairos_memory::memory::Home;
use kairos_project::Project;
use kairos_signals::{SignalQueue, Watch};
use kairos_store::ProjectDb;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A project to watch.
#[derive(Debug, Clone)]
pub struct ProjectOptions {
    /// Its folder, canonical.
    pub root: PathBuf,
    /// Its name among our data.
    pub slug: String,
    /// Its database.
    pub db: PathBuf,
    /// The settings that hold in it: the user's and, where it may have any, its own.
    pub config: Config,
    /// The files where it may have settings of its own.
    pub settings: Vec<PathBuf>,
    /// Where what is remembered of it lies.
    pub home: Home,
    /// And what is true of the user in all projects.
    pub users_home: Home,
    /// The user's own list of MCP servers; need not exist.
    pub users_mcp: PathBuf,
    /// What he has set for himself, whatever the project says.
    pub users_config: Config,
    /// The folders in which his skills are; they need not be there.
    pub skills: Vec<PathBuf>,
}

impl ProjectOptions {
    pub(crate) fn has_settings_of(&self, other: &Self) -> bool {
        (&self.config, &self.users_config) == (&other.config, &other.users_config)
    }

    /// The folder of all that is kept of it.
    pub fn data(&self) -> PathBuf {
        self.db.parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

/// A project before its loop begins.
pub(crate) struct Opened {
    pub(crate) options: ProjectOptions,
    pub(crate) project: Project,
    pub(crate) inbox: Inbox,
    pub(crate) queue: SignalQueue,
    pub(crate) recorder: Recorder,
    pub(crate) recollection: Recollection,
    pub(crate) tools: Tools,
    pub(crate) thinker: Thinker,
    drift: Drift,
    upkeep: Vec<Upkeep>,
    watch: Watch,
    git_dir: Option<PathBuf>,
    glance: Glance,
}

/// Opens its database, unless it is open already, and starts its watchers. A large project takes a while.
pub(crate) async fn open(
    options: ProjectOptions,
    db: Option<ProjectDb>,
    registry: Arc<Registry>,
    several: Arc<AtomicBool>,
    events: Events,
    manners: Arc<Manners>,
) -> Result<Opened, StartError> {
    let ProjectOptions { root, slug, db: file, config, settings: files, .. } = options.clone();
    let data = options.data();
    let db = match db {
        Some(db) => db,
        None => ProjectDb::open(file).await?,
    };
    let kept = data.clone();
    let queue = SignalQueue::default();
    let (watched, settings) = (queue.clone(), config.clone());
    let folder = root.clone();
    let opened = look(&folder, "open", move || -> Result<_, StartError> {
        let project = Project::open(&root, &settings.list("files.private"))?;
        let watch = Watch::start(watch_config(&project, &settings, &data), watched)
            .map_err(|source| StartError::Watch { path: project.root().display().to_string(), source })?;
        let glance = Glance::at(project.root(), &files);
        Ok((project.git_dir(), project, watch, glance))
    });
    let no_answer = |source| StartError::Hangs { path: folder.display().to_string(), source };
    let (git_dir, project, watch, glance) = opened.await.map_err(no_answer)??;
    let drift = Drift::new(options.home.clone());
    let own = Upkeep::new(Some(&folder), options.home.clone(), &config, events.clone());
    let upkeep = vec![own, Upkeep::new(None, options.users_home.clone(), &config, events.clone())];
    let recollection = Recollection::new(options.home.clone(), options.users_home.clone());
    let recorder = Recorder::new(&kept, config.flag("memory.transcripts"));
    let inbox = Inbox {
        db,
        project: project.root().display().to_string(),
        slug,
        several,
        events,
        settings: Arc::new(Settings::of(&config)),
        manners,
        waiting: Arc::new(AtomicBool::new(true)),
        recorder: recorder.clone(),
    };
    let tools = Tools::new(registry.clone(), project.clone(), &inbox, recollection.clone());
    let servers = Servers::new(project.clone(), inbox.slug.clone(), options.users_mcp.clone(), registry.user.clone());
    let thinker = Thinker::new(think::Parts {
        config,
        registry,
        tools: tools.clone(),
        servers,
        view: project.clone(),
        inbox: inbox.clone(),
        recorder: recorder.clone(),
        index: options.home.places.index_file(),
        skills: options.skills.clone(),
    });
    Ok(Opened { options, project, inbox, queue, recorder, recollection, tools, thinker, drift, upkeep, watch, git_dir, glance })
}

impl Opened {
    /// The loop, ready to run, and where it tells how it is.
    pub(crate) fn into_loop(
        self,
        registry: Arc<Registry>,
        ticks: Option<u64>,
        settings_changed: Arc<Notify>,
    ) -> (ProjectLoop, Arc<Mutex<LoopStatus>>) {
        let pace = pace(&self.options.config, ticks);
        let status = LoopStatus { every: pace.every, last_activity: now(), git_dir: self.git_dir, ..LoopStatus::default() };
        let status = Arc::new(Mutex::new(status));
        let parts = Parts {
            pace,
            registry,
            project: self.project.for_ticks(),
            inbox: self.inbox,
            queue: self.queue,
            recorder: self.recorder,
            recollection: self.recollection,
            thinker: self.thinker,
            drift: self.drift,
            upkeep: self.upkeep,
            watch: Some(Arc::new(self.watch)),
            glance: self.glance,
            status: status.clone(),
            disabled: self.options.config.list("plugins.disabled"),
            settings: self.options.settings,
            settings_changed,
        };
        (ProjectLoop::new(parts), status)
    }
}

fn pace(config: &Config, ticks: Option<u64>) -> Pace {
    Pace {
        every: config.duration("every"),
        every_on_battery: config.duration("every-on-battery"),
        idle_after: config.duration("idle-after"),
        tick_cpu: config.duration("limits.tick-cpu"),
        journal_keep: config.duration("journal.keep"),
        journal_size: config.number("journal.size"),
        ticks,
    }
}
