//! Git's own state. Events of the git folder say *that* something may have changed; a snapshot, compared with the one
//! before, says what.

use crate::identity::{Identity, folder_identity};
use crate::queue::SignalQueue;
use crate::thread;
use kairos_core::ports::GitSnapshot;
use kairos_core::signal::Signal;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOURCE: &str = "git";
const QUIET: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// Takes a snapshot; none when the repository can't be read right now.
pub type Snapshot = Arc<dyn Fn() -> Option<GitSnapshot> + Send + Sync>;

/// What to watch.
#[derive(Clone)]
pub struct GitConfig {
    /// Where `HEAD` and `index` are: `.git`, or the folder of a linked work tree.
    pub git_dir: PathBuf,
    /// Where `refs` are; the same as `git_dir` except in a linked work tree.
    pub common_dir: PathBuf,
    /// How to take a snapshot. Called on the watcher's thread and on that of [`GitWatch::poll`], never on both at once.
    pub snapshot: Snapshot,
}

struct Shared {
    config: GitConfig,
    queue: SignalQueue,
    last: Mutex<Option<GitSnapshot>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    first: Option<Instant>,
    due: Option<Instant>,
    stop: bool,
}

/// Watches a repository until it is dropped. A thread of its own, `kairos-git`, waits for events.
pub struct GitWatch {
    shared: Arc<Shared>,
    /// And the folder that it watches: another may take its name.
    watcher: Mutex<(Option<RecommendedWatcher>, Identity)>,
    thread: Option<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GitWatch {
    /// Takes the first snapshot, in the caller's thread, and watches from there. Where the system can't watch, only
    /// [`Self::poll`] finds changes, and a warning says so.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: GitConfig, queue: SignalQueue) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { config, queue, last: Mutex::default(), state: Mutex::default(), changed: Condvar::new() });
        let watcher = Mutex::new(watch(&shared));
        // After the watch began, so that no change falls between.
        *lock(&shared.last) = (shared.config.snapshot)();
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("kairos-git".into()).spawn(move || worker.run())?;
        Ok(Self { shared, watcher, thread: Some(thread) })
    }

    /// Compares now, in the caller's thread: for reconciling from time to time. A repository that was made anew is watched
    /// again.
    pub fn poll(&self) {
        {
            let mut watcher = lock(&self.watcher);
            if watcher.1 != folder_identity(&self.shared.config.git_dir) {
                *watcher = watch(&self.shared);
            }
        }
        self.shared.compare();
    }

    /// Do events arrive?
    pub fn is_watching(&self) -> bool {
        lock(&self.watcher).0.is_some()
    }
}

impl Drop for GitWatch {
    fn drop(&mut self) {
        lock(&self.watcher).0 = None;
        lock(&self.shared.state).stop = true;
        self.shared.changed.notify_all();
        thread::end(self.thread.take());
    }
}

fn watch(shared: &Arc<Shared>) -> (Option<RecommendedWatcher>, Identity) {
    let identity = folder_identity(&shared.config.git_dir);
    let watcher = try_watch(shared)
        .inspect_err(|e| tracing::warn!("git is looked at only from time to time: its folder can't be watched: {e}"));
    (watcher.ok(), identity)
}

fn try_watch(shared: &Arc<Shared>) -> notify::Result<RecommendedWatcher> {
    let handler = Arc::clone(shared);
    let mut watcher = notify::recommended_watcher(move |event| handler.on_event(event))?;
    let config = &shared.config;
    watcher.watch(&config.git_dir, RecursiveMode::NonRecursive)?;
    if config.common_dir != config.git_dir {
        watcher.watch(&config.common_dir, RecursiveMode::NonRecursive)?;
    }
    // A branch's name may hold slashes, and so be folders.
    let refs = config.common_dir.join("refs");
    if refs.is_dir() {
        watcher.watch(&refs, RecursiveMode::Recursive)?;
    }
    Ok(watcher)
}

/// Does this file begin or end an operation?
fn is_operation(path: &Path) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| {
        matches!(name, "MERGE_HEAD" | "CHERRY_PICK_HEAD" | "REVERT_HEAD" | "BISECT_LOG" | "rebase-merge" | "rebase-apply")
    })
}

impl Shared {
    fn on_event(&self, event: notify::Result<notify::Event>) {
        let mut at_once = false;
        if let Ok(event) = &event {
            let is_lock = |p: &PathBuf| p.extension().is_some_and(|e| e == "lock");
            if matches!(event.kind, EventKind::Access(_))
                || (!event.need_rescan() && !event.paths.is_empty() && event.paths.iter().all(is_lock))
            {
                return;
            }
            at_once = event.paths.iter().any(|p| is_operation(p));
        }
        let now = Instant::now();
        let mut state = lock(&self.state);
        let first = *state.first.get_or_insert(now);
        let due = if at_once { now } else { (now + QUIET).min(first + LONGEST) };
        state.due = Some(match state.due {
            // What must be told at once is not put off by what follows.
            Some(old) if old <= now => old,
            _ => due,
        });
        drop(state);
        self.changed.notify_all();
    }

    fn run(&self) {
        let mut state = lock(&self.state);
        loop {
            if state.stop {
                return;
            }
            let now = Instant::now();
            state = match state.due {
                Some(due) if due <= now => {
                    (state.first, state.due) = (None, None);
                    drop(state);
                    self.compare();
                    lock(&self.state)
                }
                Some(due) => self.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn compare(&self) {
        let mut last = lock(&self.last);
        let Some(new) = (self.config.snapshot)() else { return };
        if let Some(old) = &*last {
            for signal in differences(old, &new) {
                self.queue.push(signal);
            }
        }
        *last = Some(new);
    }
}

/// The signals that tell how `new` differs from `old`.
fn differences(old: &GitSnapshot, new: &GitSnapshot) -> Vec<Signal> {
    fn text(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    let signal = |kind| Signal::new(kind, SOURCE, crate::now());
    let mut out = Vec::new();
    if old.operation != new.operation {
        out.push(signal("git.operation").with("operation", text(&new.operation)).with("old-operation", text(&old.operation)));
    }
    if (&old.head, &old.branch) != (&new.head, &new.branch) {
        out.push(
            signal("git.head")
                .with("head", text(&new.head))
                .with("branch", text(&new.branch))
                .with("old-head", text(&old.head))
                .with("old-branch", text(&old.branch)),
        );
    }
    if old.index_stamp != new.index_stamp {
        out.push(signal("git.index"));
    }
    if (&old.upstream, old.ahead, old.behind) != (&new.upstream, new.ahead, new.behind) {
        out.push(
            signal("git.upstream").with("upstream", text(&new.upstream)).with("ahead", new.ahead).with("behind", new.behind),
        );
    }
    if old.stash_count != new.stash_count {
        out.push(signal("git.stash").with("count", new.stash_count));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_one_signal() {
        let old = GitSnapshot { branch: Some("main".into()), head: Some("a".into()), ..GitSnapshot::default() };
        assert!(differences(&old, &old).is_empty());
        let new = GitSnapshot {
            branch: None,
            head: Some("b".into()),
            operation: Some("rebase".into()),
            upstream: Some("origin/main".into()),
            ahead: 2,
            behind: 0,
            stash_count: 1,
            index_stamp: Some(kairos_core::ports::IndexStamp { modified_ns: 1, size: 2 }),
        };
        let told = differences(&old, &new);
        let kinds: Vec<_> = told.iter().map(|s| s.kind.as_str()).collect();
        assert_eq!(kinds, ["git.operation", "git.head", "git.index", "git.upstream", "git.stash"]);
        assert_eq!(told[0].attribute("old-operation"), Some(""));
        assert_eq!((told[1].attribute("branch"), told[1].attribute("old-branch")), (Some(""), Some("main")));
    }

    /// A stand-in for a repository: the snapshot is read from two files.
    fn repository(dir: &Path) -> GitConfig {
        std::fs::create_dir_all(dir.join("refs/heads")).unwrap();
        std::fs::write(dir.join("HEAD"), "main").unwrap();
        let root = dir.to_path_buf();
        let snapshot = move || {
            Some(GitSnapshot {
                branch: std::fs::read_to_string(root.join("HEAD")).ok(),
                head: std::fs::read_to_string(root.join("refs/heads/x/y")).ok(),
                operation: root.join("MERGE_HEAD").exists().then(|| "merge".into()),
                ..GitSnapshot::default()
            })
        };
        GitConfig { git_dir: dir.into(), common_dir: dir.into(), snapshot: Arc::new(snapshot) }
    }

    fn wait(queue: &SignalQueue, kind: &str) -> Signal {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Some(found) = queue.drain().signals.into_iter().find(|s| s.kind == kind) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no {kind}");
    }

    #[test]
    fn events_lead_to_signals_and_so_does_a_poll() {
        let dir = tempfile::tempdir().unwrap();
        let queue = SignalQueue::default();
        let watch = GitWatch::start(repository(dir.path()), queue.clone()).unwrap();
        assert!(watch.is_watching());
        std::fs::write(dir.path().join("HEAD"), "other").unwrap();
        assert_eq!(wait(&queue, "git.head").attribute("branch"), Some("other"));
        std::fs::write(dir.path().join("MERGE_HEAD"), "").unwrap();
        assert_eq!(wait(&queue, "git.operation").attribute("operation"), Some("merge"));
        std::fs::create_dir(dir.path().join("refs/heads/x")).unwrap();
        std::fs::write(dir.path().join("refs/heads/x/y"), "c0ffee").unwrap();
        watch.poll();
        assert_eq!(wait(&queue, "git.head").attribute("head"), Some("c0ffee"));
    }

    #[test]
    fn a_repository_that_was_made_anew_is_watched_from_the_next_poll_on() {
        let dir = tempfile::tempdir().unwrap();
        let git = dir.path().join(".git");
        let queue = SignalQueue::default();
        let watch = GitWatch::start(repository(&git), queue.clone()).unwrap();
        std::fs::rename(&git, dir.path().join("old")).unwrap();
        watch.poll();
        assert!(!watch.is_watching());
        drop(repository(&git));
        watch.poll();
        assert!(watch.is_watching());
        queue.drain();
        std::fs::write(git.join("HEAD"), "other").unwrap();
        assert_eq!(wait(&queue, "git.head").attribute("branch"), Some("other"));
    }
}
