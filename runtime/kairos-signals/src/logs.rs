//! Watching log files: new lines become `log.lines` signals, through rotation of every kind. The system says when something
//! was written, and nothing wakes up in between; where it can't, the files are looked at from time to time.

mod find;
mod tail;

pub use find::LogPattern;

use crate::files::PrivateCheck;
use crate::queue::SignalQueue;
use crate::thread;
use kairos_core::signal::Signal;
use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tail::{Guard, News, Tail};

const SOURCE: &str = "logs";
/// What is written within this time is told together.
const QUIET: Duration = Duration::from_millis(200);
/// All files are looked at again after so long at the earliest: a log that never rests is told once in that time.
const PACE: Duration = Duration::from_secs(1);
/// A last line without an end (a prompt, a crash) is taken as it is after so long.
const PART: Duration = Duration::from_secs(2);

/// What a text goes through before it is told: redaction, control codes.
pub type Clean = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A file to watch.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// Absolute. It need not be there yet.
    pub path: PathBuf,
    /// The `path` of its signals.
    pub told_as: String,
    /// Where it leads to outside of this folder, by links, it is not read.
    pub within: Option<PathBuf>,
}

/// What to watch and how.
#[derive(Clone)]
pub struct LogConfig {
    /// A handful: each is looked at whenever one was written.
    pub files: Vec<LogFile>,
    /// Files by pattern: those that are there, and those that come.
    pub patterns: Vec<LogPattern>,
    /// What is never read, whatever a pattern or a link says. Asked by the path within the folder, else by the whole path.
    pub is_private: PrivateCheck,
    /// What all text goes through.
    pub clean: Clean,
    /// Time between two looks at files whose folder is not there, or can't be watched.
    pub poll: Duration,
}

impl LogConfig {
    /// The defaults: control codes taken out, nothing redacted, polling every 10 s if at all.
    pub fn new(files: Vec<LogFile>) -> Self {
        Self {
            files,
            patterns: Vec::new(),
            is_private: Arc::new(|_| false),
            clean: Arc::new(kairos_core::finding::plain),
            poll: Duration::from_secs(10),
        }
    }
}

/// Watches log files until it is dropped. A thread of its own, `kairos-logs`, waits for events.
///
/// What is in a file when watching starts is not told. A body holds the newest whole lines, at most 16 KiB; `lines` counts
/// all that were added and `dropped` those that are not in the body. Lines over 4 KiB are cut. After more than 64 MiB between
/// two looks the older part is not read; then `skipped` says how many bytes.
pub struct LogWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Folders where files may come that a pattern means.
    folders: Vec<PathBuf>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Something was written since the last look; when first.
    written: Option<Instant>,
    /// A folder may have lost its watch, a link may lead elsewhere.
    folders: bool,
    /// The files, and where they really are.
    files: Arc<[PathBuf]>,
    /// Those of them that are there and may be read.
    real: Vec<PathBuf>,
    /// The thread waits without a time, or for long.
    asleep: bool,
    stop: bool,
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogWatch {
    /// Starts watching; what is written from here on is told.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: LogConfig, queue: SignalQueue) -> std::io::Result<Self> {
        let LogConfig { mut files, patterns, is_private, clean, poll } = config;
        // Events carry the real path where the system makes them (macOS); the file itself may be a link, and may not be there.
        files.iter_mut().for_each(|f| f.path = find::real_folder(&f.path));
        let folders = patterns.iter().map(LogPattern::folder).collect();
        let shared = Arc::new(Shared { folders, state: Mutex::default(), changed: Condvar::new() });
        let mut worker = Worker {
            entries: Vec::new(),
            named: files,
            patterns,
            is_private,
            full: false,
            watcher: None,
            folders: BTreeSet::new(),
            complete: false,
            last: Instant::now(),
            shared: Arc::clone(&shared),
            queue,
            clean,
            poll,
        };
        worker.find_files(true);
        worker.watch_folders();
        // Between the opening and the watch something may have been written.
        lock(&shared).written = Some(Instant::now());
        let thread = std::thread::Builder::new().name("kairos-logs".into()).spawn(move || worker.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Those that are there and read, by their names without links.
    pub fn files(&self) -> Vec<PathBuf> {
        lock(&self.shared).real.clone()
    }
}

impl Drop for LogWatch {
    fn drop(&mut self) {
        lock(&self.shared).stop = true;
        self.shared.changed.notify_all();
        thread::end(self.thread.take());
    }
}

impl Shared {
    /// Called on the system's event thread.
    fn on_event(&self, event: notify::Result<notify::Event>) {
        let (mut written, mut folders) = (false, false);
        match &event {
            Ok(event) if !event.need_rescan() => {
                if matches!(event.kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))) {
                    return;
                }
                let files = lock(self).files.clone();
                let is_data = matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)));
                for path in &event.paths {
                    written |= files.iter().any(|f| concerns(path, f));
                    folders |= !is_data && files.iter().any(|f| f.starts_with(path));
                    // One that a pattern means may have come.
                    folders |= !is_data && self.folders.iter().any(|f| path.parent() == Some(f));
                }
            }
            _ => (written, folders) = (true, true),
        }
        if !written && !folders {
            return;
        }
        let mut state = lock(self);
        state.folders |= folders;
        state.written.get_or_insert_with(Instant::now);
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// The file itself, or one whose name begins with its name: so its older ones are called, and they may still be written to.
fn concerns(path: &Path, file: &Path) -> bool {
    let (Some(name), Some(wanted)) = (path.file_name(), file.file_name()) else { return false };
    name.as_encoded_bytes().starts_with(wanted.as_encoded_bytes()) && path.parent() == file.parent()
}

struct Entry {
    tail: Tail,
    told_as: String,
    /// Since when the last line waits for its end.
    part: Option<Instant>,
    /// Not told yet.
    rotated: bool,
}

struct Worker {
    shared: Arc<Shared>,
    queue: SignalQueue,
    clean: Clean,
    poll: Duration,
    /// Those that were named one by one.
    named: Vec<LogFile>,
    patterns: Vec<LogPattern>,
    is_private: PrivateCheck,
    /// There are more files than we watch, and that was said.
    full: bool,
    entries: Vec<Entry>,
    /// None where the system can't watch.
    watcher: Option<RecommendedWatcher>,
    /// Those that have a watch.
    folders: BTreeSet<PathBuf>,
    /// All folders have one.
    complete: bool,
    /// When the files were looked at.
    last: Instant,
}

impl Worker {
    fn run(mut self) {
        while self.wait() {
            if std::mem::take(&mut lock(&self.shared).folders) || !self.complete {
                self.find_files(false);
                self.watch_folders();
            }
            self.look();
        }
    }

    /// Waits until it is time to look; false: it is time to stop.
    fn wait(&self) -> bool {
        let part = self.entries.iter().filter_map(|e| e.part).min().map(|since| since + PART);
        let poll = (!self.complete).then(|| self.last + self.poll);
        let mut state = lock(&self.shared);
        while !state.stop {
            let now = Instant::now();
            let written = state.written.map(|at| (at + QUIET).max(self.last + PACE));
            let due = written.into_iter().chain(part).chain(poll).min();
            if due.is_some_and(|due| due <= now) {
                state.written = None;
                return true;
            }
            state.asleep = written.is_none();
            state = match due {
                Some(due) => self.shared.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0,
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        false
    }

    /// Which files are meant now. One that comes later is read from its beginning, unless it is one that we read under
    /// another name: then it was moved aside.
    fn find_files(&mut self, first: bool) {
        let mut found = self.named.clone();
        found.extend(find::find(&self.patterns));
        self.entries.retain(|e| e.tail.is_open() || found.iter().any(|f| f.path == e.tail.path()));
        for file in found {
            if self.entries.len() >= find::MAX_FILES {
                if !std::mem::replace(&mut self.full, true) {
                    tracing::warn!("more than {} log files: the others are not watched", find::MAX_FILES);
                }
                return;
            }
            let known = self.entries.iter().any(|e| e.tail.path() == file.path || (!first && e.tail.is_at(&file.path)));
            if !known {
                let guard = Guard { within: file.within, is_private: Arc::clone(&self.is_private) };
                let tail = if first { Tail::new(file.path, guard) } else { Tail::of_new(file.path, guard) };
                self.entries.push(Entry { tail, told_as: file.told_as, part: None, rotated: false });
            }
        }
    }

    /// Watches the folders of all files, and of what is behind a link. Anew: one that was moved away and made again has
    /// lost its watch without a word.
    fn watch_folders(&mut self) {
        let own = self.entries.iter().map(|e| e.tail.path().to_path_buf());
        let real: Vec<PathBuf> = self.entries.iter().filter_map(|e| e.tail.real_path()).collect();
        let files: BTreeSet<PathBuf> = own.chain(real.iter().cloned()).collect();
        let folders = files.iter().filter_map(|f| f.parent()).map(Path::to_path_buf);
        let wanted: BTreeSet<PathBuf> = folders.chain(self.shared.folders.iter().cloned()).collect();
        let mut state = lock(&self.shared);
        (state.files, state.real) = (files.into_iter().collect(), real);
        drop(state);
        if self.watcher.is_none() {
            let handler = Arc::clone(&self.shared);
            let made = notify::recommended_watcher(move |event| handler.on_event(event));
            self.watcher = made.inspect_err(|e| tracing::warn!("logs are looked at from time to time: {e}")).ok();
        }
        let Some(watcher) = &mut self.watcher else { return };
        for old in std::mem::take(&mut self.folders) {
            let _ = watcher.unwatch(&old);
        }
        let count = wanted.len();
        self.folders = wanted.into_iter().filter(|f| watcher.watch(f, RecursiveMode::NonRecursive).is_ok()).collect();
        self.complete = self.folders.len() == count;
    }

    fn look(&mut self) {
        let now = Instant::now();
        self.last = now;
        for entry in &mut self.entries {
            let mut news = News::default();
            let grew = entry.tail.look(&mut news);
            entry.part = match entry.part {
                _ if !entry.tail.has_part() => None,
                Some(since) if !grew && since + PART <= now => {
                    entry.tail.end_part(&mut news);
                    None
                }
                Some(since) if !grew => Some(since),
                _ => Some(now),
            };
            entry.rotated |= news.rotated;
            if news.lines > 0 || news.skipped > 0 {
                let rotated = std::mem::take(&mut entry.rotated);
                self.queue.push(signal(&entry.told_as, &news, rotated, &self.clean));
            }
        }
    }
}

fn signal(path: &str, news: &News, rotated: bool, clean: &Clean) -> Signal {
    let text: Vec<&str> = news.kept.iter().map(String::as_str).collect();
    let signal = Signal::new("log.lines", SOURCE, crate::now())
        .with("path", path)
        .with("lines", news.lines)
        .with("dropped", news.lines - text.len() as u64)
        .with("rotated", rotated)
        .with_body(&clean(&text.join("\n")));
    if news.skipped > 0 { signal.with("skipped", news.skipped) } else { signal }
}
