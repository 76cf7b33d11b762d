//! Watching files. On Linux one watch a folder that is not ignored (a recursive watch would take `target/` and
//! `node_modules/` too); elsewhere the system's recursive watch. Where neither works, polling.

mod events;
mod folders;
mod worker;

use crate::identity::Identity;
use crate::pending::Pending;
use crate::queue::SignalQueue;
use crate::rules::Rules;
use crate::thread;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use worker::Worker;

const SOURCE: &str = "files";
const PER_FOLDER: bool = cfg!(target_os = "linux");
/// [`FileWatch::start`] waits at most so long for the first walk.
const FIRST_WALK: Duration = Duration::from_millis(200);

/// Says whether a file, by its path below the root with `/`, is private: then it is not told at all.
pub type PrivateCheck = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What to watch and how.
#[derive(Clone)]
pub struct FileConfig {
    /// The project's folder.
    pub root: PathBuf,
    /// Globs in the syntax of `.gitignore` that are ignored on top of the ignore files; they win over them.
    pub ignore: Vec<String>,
    /// Time between two scans where the system can't watch.
    pub poll: Duration,
    /// After so long of polling it is tried to watch by events again; after each failure twice as long, up to 16 times.
    pub retry: Duration,
    /// What is never told.
    pub is_private: PrivateCheck,
    /// Folders that are watched at most; beyond, polling. The system's limit is for all programs of a user together.
    pub max_watches: usize,
    /// Poll from the start, as for a network folder that sends no events.
    pub force_poll: bool,
}

impl FileConfig {
    /// The defaults for a folder: polling every 10 s if at all, nothing private, at most 50,000 watches.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ignore: Vec::new(),
            poll: Duration::from_secs(10),
            retry: Duration::from_secs(600),
            is_private: Arc::new(|_| false),
            max_watches: 50_000,
            force_poll: false,
        }
    }
}

/// How files are watched right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMode {
    /// The first walk is not done yet.
    Starting,
    /// By events.
    Watching,
    /// By looking from time to time.
    Polling,
    /// The folder is not there. It is looked for every [`FileConfig::poll`].
    Gone,
}

/// How files are watched, and why so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchStatus {
    /// How.
    pub mode: WatchMode,
    /// Why not by events, with the remedy; empty otherwise.
    pub reason: String,
    /// Folders that have a watch (1 where one watch is recursive).
    pub watched_dirs: usize,
}

/// What the watcher's thread and the system's event thread share.
pub(crate) struct Shared {
    config: FileConfig,
    rules: Mutex<Rules>,
    state: Mutex<State>,
    changed: Condvar,
    status: Mutex<WatchStatus>,
}

#[derive(Default)]
struct State {
    /// The thread waits without a time, because nothing is pending.
    asleep: bool,
    pending: Pending,
    watched: HashSet<PathBuf>,
    /// Of the root that is watched by events.
    identity: Identity,
    /// The thread is to look whether the root and the rules around it are still the same.
    look: bool,
    /// We watch, or did before.
    begun: bool,
    /// Nobody waited until we watched.
    late: bool,
    stop: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn root(&self) -> &Path {
        &self.config.root
    }

    pub fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.rules)
    }

    /// The path as signals tell it; none if it is private.
    pub fn told_as(&self, path: &Path) -> Option<String> {
        let below = self.rules().relative(path)?;
        (!(self.config.is_private)(&below)).then_some(below)
    }

    fn wait_for_first_walk(&self, time: Duration) {
        let waited = self.changed.wait_timeout_while(lock(&self.state), time, |s| !s.begun);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.late = !state.begun;
    }

    /// Waits; true when it is time to stop.
    pub fn pause(&self, time: Duration) -> bool {
        let (state, _) =
            self.changed.wait_timeout_while(lock(&self.state), time, |s| !s.stop).unwrap_or_else(PoisonError::into_inner);
        state.stop
    }

    /// Adds to the reason of the status.
    pub fn note(&self, reason: &str) {
        let mut status = lock(&self.status);
        if !status.reason.contains(reason) {
            tracing::warn!("{reason}");
            status.reason = if status.reason.is_empty() { reason.into() } else { format!("{}; {reason}", status.reason) };
        }
    }

    fn set(&self, mode: WatchMode, reason: &str) {
        let watched_dirs = lock(&self.state).watched.len();
        let mut status = lock(&self.status);
        if !reason.is_empty() && (status.mode != mode || status.reason != reason) {
            tracing::warn!(folder = %self.config.root.display(), ?mode, "{reason}");
        }
        *status = WatchStatus { mode, reason: reason.into(), watched_dirs };
    }
}

/// Watches one folder until it is dropped. A thread of its own, `kairos-files`, waits for events.
pub struct FileWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl FileWatch {
    /// Starts watching. Waits a moment for the first walk; where that takes longer it goes on in the background
    /// ([`WatchMode::Starting`]), and a `file.rescan` at its end makes up for what was not seen meanwhile.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: FileConfig, queue: SignalQueue) -> std::io::Result<Self> {
        Self::start_within(FIRST_WALK, config, queue)
    }

    fn start_within(first_walk: Duration, mut config: FileConfig, queue: SignalQueue) -> std::io::Result<Self> {
        // Events carry the real path where the system makes them (macOS).
        config.root = config.root.canonicalize().unwrap_or(config.root);
        let shared = Arc::new(Shared {
            rules: Mutex::new(Rules::new(&config.root, &config.ignore)),
            config,
            state: Mutex::default(),
            changed: Condvar::new(),
            status: Mutex::new(WatchStatus { mode: WatchMode::Starting, reason: String::new(), watched_dirs: 0 }),
        });
        let worker = Worker { shared: Arc::clone(&shared), queue };
        let thread = std::thread::Builder::new().name("kairos-files".into()).spawn(move || worker.run())?;
        shared.wait_for_first_walk(first_walk);
        Ok(Self { shared, thread: Some(thread) })
    }

    /// How it is watching, as of the last look. Does no I/O, and asks the watcher's own thread for a look: whether the root is
    /// still the folder that is watched (when a folder above it is moved or unmounted, no event says so), and whether ignore
    /// rules from outside have changed.
    pub fn status(&self) -> WatchStatus {
        let mut state = lock(&self.shared.state);
        state.look = true;
        let watched_dirs = state.watched.len();
        drop(state);
        self.shared.changed.notify_all();
        WatchStatus { watched_dirs, ..lock(&self.shared.status).clone() }
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        lock(&self.shared.state).stop = true;
        self.shared.changed.notify_all();
        thread::end(self.thread.take());
    }
}

#[cfg(test)]
mod tests;
