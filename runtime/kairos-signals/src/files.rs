//! Watching files. On Linux one watch a folder that is not ignored (a recursive watch would take `target/` and
//! `node_modules/` too); elsewhere the system's recursive watch. Where neither works, polling.

use crate::pending::{BURST, Change, Due, FolderWork, Pending};
use crate::poll::Poller;
use crate::queue::SignalQueue;
use crate::rules::{Rules, is_rule_file};
use kairos_core::signal::Signal;
use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOURCE: &str = "files";
const PER_FOLDER: bool = cfg!(target_os = "linux");

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

    /// Called on the system's event thread: only notes down, never watches (that would wait for this very thread).
    fn on_event(&self, event: notify::Result<notify::Event>) {
        let now = Instant::now();
        let Ok(event) = event else {
            lock(&self.state).pending.lost_events(now);
            return self.tell_thread();
        };
        if event.need_rescan() {
            lock(&self.state).pending.lost_events(now);
        } else {
            let (change, folder) = match event.kind {
                EventKind::Create(kind) => (Change::Created, kind == CreateKind::Folder),
                EventKind::Remove(kind) => (Change::Removed, kind == RemoveKind::Folder),
                EventKind::Modify(ModifyKind::Name(RenameMode::From)) => (Change::Removed, false),
                EventKind::Modify(ModifyKind::Name(RenameMode::To)) => (Change::Appeared, false),
                // Told as From and To already.
                EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
                EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) | EventKind::Other => return,
                _ => (Change::Modified, false),
            };
            let moved = matches!(event.kind, EventKind::Modify(_));
            for path in &event.paths {
                self.on_path(path, change, folder, moved, now);
            }
        }
        self.tell_thread();
    }

    /// Wakes the watcher's thread if it has to know at once. One that waits for a time need not: nothing that comes now is due
    /// before that time, and a wake-up for each event would slow down whoever writes many files.
    fn tell_thread(&self) {
        let state = lock(&self.state);
        if state.asleep || state.pending.has_folder_work() {
            drop(state);
            self.changed.notify_all();
        }
    }

    fn on_path(&self, path: &Path, change: Change, folder: bool, moved: bool, now: Instant) {
        if change == Change::Removed {
            let mut state = lock(&self.state);
            if state.watched.contains(path) || path == self.root() {
                return state.pending.folder_gone(path.into(), moved);
            }
        }
        let is_folder = folder || (change == Change::Appeared && path.symlink_metadata().is_ok_and(|m| m.is_dir()));
        {
            let mut rules = self.rules();
            // What is gone can't be asked what it was.
            if rules.is_ignored(path, is_folder) || (change == Change::Removed && rules.is_ignored(path, true)) {
                return;
            }
            if is_rule_file(path) {
                rules.forget();
            }
        }
        let told = if is_folder { None } else { self.told_as(path) };
        let mut state = lock(&self.state);
        if is_rule_file(path) {
            state.pending.walk_all();
        }
        if is_folder && change != Change::Removed {
            state.pending.new_folder(path.into());
        } else if let Some(told) = told {
            state.pending.touch(&told, change, now);
        }
    }
}

/// Why there are no events to be had.
enum Stop {
    /// The system or our limit says no.
    Limit(String),
    /// The root is not there.
    Gone,
}

/// Watches one folder until it is dropped. A thread of its own, `kairos-files`, waits for events.
pub struct FileWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl FileWatch {
    /// Starts watching; the first walk runs in the background ([`WatchMode::Starting`]).
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(mut config: FileConfig, queue: SignalQueue) -> std::io::Result<Self> {
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
        Ok(Self { shared, thread: Some(thread) })
    }

    /// How it is watching right now.
    pub fn status(&self) -> WatchStatus {
        let mut status = lock(&self.shared.status).clone();
        status.watched_dirs = lock(&self.shared.state).watched.len();
        status
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        lock(&self.shared.state).stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    queue: SignalQueue,
}

impl Worker {
    fn run(self) {
        let mut was_gone = false;
        let mut no_events = self.shared.config.force_poll.then(|| "polling was asked for".to_string());
        loop {
            if !self.shared.root().is_dir() {
                self.shared.set(WatchMode::Gone, "the folder is not there; it is watched again when it is back");
                was_gone = true;
                if self.shared.pause(self.shared.config.poll) {
                    return;
                }
                continue;
            }
            if std::mem::take(&mut was_gone) {
                self.rescan(1, "returned");
            }
            let end = match &no_events {
                Some(reason) => self.poll(reason),
                None => self.watch(),
            };
            lock(&self.shared.state).watched.clear();
            match end {
                None => return,
                Some(Stop::Gone) => {}
                Some(Stop::Limit(reason)) => no_events = Some(reason),
            }
        }
    }

    /// By events, until told to stop (none) or something is in the way.
    fn watch(&self) -> Option<Stop> {
        let handler = Arc::clone(&self.shared);
        let mut watcher = match notify::recommended_watcher(move |event| handler.on_event(event)) {
            Ok(watcher) => watcher,
            Err(e) => return Some(self.refused(&e)),
        };
        if let Err(stop) = self.walk_all(&mut watcher) {
            return Some(stop);
        }
        self.shared.set(WatchMode::Watching, "");
        loop {
            let (work, due) = {
                let mut state = lock(&self.shared.state);
                loop {
                    let now = Instant::now();
                    if state.stop {
                        return None;
                    }
                    let due = state.pending.due();
                    if state.pending.has_folder_work() || due.is_some_and(|d| d <= now) {
                        break (state.pending.take_folder_work(), state.pending.take_due(now));
                    }
                    state = match due {
                        None => {
                            state.asleep = true;
                            let mut state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                            state.asleep = false;
                            state
                        }
                        Some(at) => {
                            let wait = self.shared.changed.wait_timeout(state, at - now);
                            wait.unwrap_or_else(PoisonError::into_inner).0
                        }
                    };
                }
            };
            if let Err(stop) = self.folders(&mut watcher, work) {
                self.tell(due);
                return Some(stop);
            }
            self.tell(due);
        }
    }

    fn folders(&self, watcher: &mut RecommendedWatcher, work: FolderWork) -> Result<(), Stop> {
        for (gone, moved) in work.gone {
            if gone == self.shared.root() || !self.shared.root().is_dir() {
                return Err(Stop::Gone);
            }
            // A moved folder takes its watches along, under a wrong name.
            let below: Vec<PathBuf> = lock(&self.shared.state).watched.extract_if(|p| p.starts_with(&gone)).collect();
            for path in &below {
                let _ = watcher.unwatch(path);
            }
            if moved && !below.is_empty() {
                self.rescan(below.len() as u64, "folder-moved");
            }
        }
        if PER_FOLDER {
            for new in work.new {
                self.add(watcher, new, true)?;
            }
            if work.all {
                self.walk_all(watcher)?;
            }
        }
        Ok(())
    }

    /// Watches what is there now, and no longer what has become ignored.
    fn walk_all(&self, watcher: &mut RecommendedWatcher) -> Result<(), Stop> {
        let root = self.shared.root().to_path_buf();
        if !PER_FOLDER {
            watcher.watch(&root, RecursiveMode::Recursive).map_err(|e| self.refused(&e))?;
            lock(&self.shared.state).watched.insert(root);
            return Ok(());
        }
        let seen = self.add(watcher, root, false)?;
        let stale: Vec<PathBuf> = lock(&self.shared.state).watched.extract_if(|p| !seen.contains(p)).collect();
        for path in stale {
            let _ = watcher.unwatch(&path);
        }
        Ok(())
    }

    /// Watches a folder and those below it, each before it is read, so that nothing slips through in between.
    fn add(&self, watcher: &mut RecommendedWatcher, top: PathBuf, tell: bool) -> Result<HashSet<PathBuf>, Stop> {
        let mut seen = HashSet::new();
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            let known = {
                let state = lock(&self.shared.state);
                if state.stop {
                    break;
                }
                if state.watched.len() >= self.shared.config.max_watches && !state.watched.contains(&folder) {
                    let most = self.shared.config.max_watches;
                    return Err(Stop::Limit(format!("more than {most} folders: polling. Ignore folders with files.ignore")));
                }
                state.watched.contains(&folder)
            };
            if !known {
                match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                    Ok(()) => {
                        lock(&self.shared.state).watched.insert(folder.clone());
                    }
                    Err(e) if is_limit(&e) || folder == self.shared.root() => return Err(self.refused(&e)),
                    // Gone again, or not ours to read.
                    Err(e) => {
                        tracing::debug!(folder = %folder.display(), "not watched: {e}");
                        continue;
                    }
                }
            }
            let Ok(list) = std::fs::read_dir(&folder) else { continue };
            for entry in list.flatten() {
                let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
                if self.shared.rules().is_ignored_here(&path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if tell && let Some(told) = self.shared.told_as(&path) {
                    lock(&self.shared.state).pending.touch(&told, Change::Created, Instant::now());
                }
            }
            seen.insert(folder);
        }
        Ok(seen)
    }

    fn refused(&self, error: &notify::Error) -> Stop {
        if !self.shared.root().is_dir() {
            Stop::Gone
        } else if is_limit(error) {
            Stop::Limit("the system's watch limit is used up: polling. Raise fs.inotify.max_user_watches".into())
        } else {
            Stop::Limit(format!("the system can't watch this folder: polling. {error}"))
        }
    }

    /// By looking, until told to stop (none) or the root is gone.
    fn poll(&self, reason: &str) -> Option<Stop> {
        let mut poller = Poller::default();
        loop {
            self.shared.rules().forget();
            let changes = poller.scan(&self.shared)?;
            if changes.len() > BURST {
                self.rescan(changes.len() as u64, "burst");
            } else {
                self.tell(Due { paths: changes, ..Due::default() });
            }
            if lock(&self.shared.status).mode != WatchMode::Polling {
                self.shared.set(WatchMode::Polling, reason);
            }
            if self.shared.pause(self.shared.config.poll) {
                return None;
            }
            if !self.shared.root().is_dir() {
                return Some(Stop::Gone);
            }
        }
    }

    fn rescan(&self, count: u64, reason: &str) {
        let signal = Signal::new("file.rescan", SOURCE, crate::now()).with("count", count).with("reason", reason);
        self.queue.push(signal);
    }

    fn tell(&self, due: Due) {
        if due.overflow {
            self.rescan(1, "overflow");
        }
        if let Some(count) = due.burst {
            self.rescan(count, "burst");
        }
        for (path, before) in due.paths {
            let meta = self.shared.root().join(&path).symlink_metadata().ok();
            let kind = match (&meta, before) {
                (Some(m), _) if m.is_dir() => continue,
                (Some(_), Change::Created | Change::Appeared) => "file.created",
                (Some(_), Change::Modified | Change::Removed) => "file.modified",
                // Came and went: nobody has to know.
                (None, Change::Created) => continue,
                (None, _) => "file.removed",
            };
            let signal = Signal::new(kind, SOURCE, crate::now()).with("path", path);
            self.queue.push(match meta {
                Some(m) => signal.with("size", m.len()),
                None => signal,
            });
        }
    }
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        notify::ErrorKind::Io(e) => {
            matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
                || e.raw_os_error() == Some(24)
        }
        _ => false,
    }
}
