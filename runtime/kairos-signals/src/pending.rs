//! What has changed and is not told yet: the debounce, and the line between single changes and a burst. No I/O, no clock.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A path is told after so long without a further change to it.
pub(crate) const QUIET: Duration = Duration::from_millis(200);
/// What changes without a pause (a log) is told this often all the same.
const LONGEST: Duration = Duration::from_secs(2);
/// More paths than this at once are told as one `file.rescan`.
pub(crate) const BURST: usize = 1000;
/// Distinct paths of a burst are told apart up to here; beyond, every change counts.
const MAX_SEEN: usize = 200_000;
/// New folders kept one by one; beyond, it is as if the events had been lost: the whole tree is walked anew.
const MAX_FOLDERS: usize = 1000;

/// How a path changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It certainly was not there before.
    Created,
    /// It was moved or copied here, perhaps over another file.
    Appeared,
    /// Its content changed.
    Modified,
    /// It went away.
    Removed,
}

#[derive(Debug)]
struct Entry {
    first: Instant,
    last: Instant,
    /// The first change tells what was there before.
    before: Change,
    latest: Change,
}

#[derive(Debug)]
struct Burst {
    seen: HashSet<u64>,
    uncounted: u64,
    first: Instant,
    last: Instant,
}

impl Burst {
    fn count(&self) -> u64 {
        self.seen.len() as u64 + self.uncounted
    }
}

/// Work on folders, done at once: what is created in a folder before it is watched would be missed otherwise.
#[derive(Debug, Default)]
pub(crate) struct FolderWork {
    /// Watched folders that went away; was it a move?
    pub gone: HashMap<PathBuf, bool>,
    pub new: Vec<PathBuf>,
    /// Walk the whole tree.
    pub all: bool,
}

/// What is to be told now.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Path, and the first change to it.
    pub paths: Vec<(String, Change)>,
    /// How many paths changed in a burst.
    pub burst: Option<u64>,
    /// Events were lost.
    pub overflow: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    paths: HashMap<String, Entry>,
    burst: Option<Burst>,
    overflow: Option<Instant>,
    folders: FolderWork,
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

fn ready(first: Instant, last: Instant) -> Instant {
    (last + QUIET).min(first + LONGEST)
}

impl Pending {
    pub fn touch(&mut self, path: &str, change: Change, now: Instant) {
        if let Some(entry) = self.paths.get_mut(path) {
            if (entry.before, entry.latest, change) == (Change::Modified, Change::Modified, Change::Created) {
                // Nobody watched when it was made.
                entry.before = Change::Created;
            }
            (entry.last, entry.latest) = (now, change);
            return;
        }
        if self.burst.is_none() {
            if self.paths.len() < BURST {
                self.paths.insert(path.into(), Entry { first: now, last: now, before: change, latest: change });
                return;
            }
            let seen = self.paths.drain().map(|(p, _)| hash(&p)).collect();
            self.burst = Some(Burst { seen, uncounted: 0, first: now, last: now });
        }
        if let Some(burst) = &mut self.burst {
            burst.last = now;
            if burst.seen.len() < MAX_SEEN {
                burst.seen.insert(hash(path));
            } else {
                burst.uncounted += 1;
            }
        }
    }

    pub fn lost_events(&mut self, now: Instant) {
        self.overflow.get_or_insert(now);
    }

    pub fn walk_all(&mut self) {
        self.folders.all = true;
    }

    pub fn new_folder(&mut self, path: PathBuf, now: Instant) {
        if self.folders.new.len() < MAX_FOLDERS {
            self.folders.new.push(path);
        } else {
            self.lost_events(now);
        }
    }

    pub fn folder_gone(&mut self, path: PathBuf, moved: bool) {
        *self.folders.gone.entry(path).or_default() |= moved;
    }

    pub fn has_folder_work(&self) -> bool {
        self.folders.all || !self.folders.new.is_empty() || !self.folders.gone.is_empty()
    }

    pub fn take_folder_work(&mut self) -> FolderWork {
        std::mem::take(&mut self.folders)
    }

    /// How many paths have changed and are not told.
    pub fn count(&self) -> u64 {
        self.paths.len() as u64 + self.burst.as_ref().map_or(0, Burst::count)
    }

    /// When something is to be told next; none: nothing is pending.
    pub fn due(&self) -> Option<Instant> {
        let paths = self.paths.values().map(|e| ready(e.first, e.last));
        let burst = self.burst.iter().map(|b| ready(b.first, b.last));
        paths.chain(burst).chain(self.overflow.map(|t| t + QUIET)).min()
    }

    pub fn take_due(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        if self.overflow.is_some_and(|t| t + QUIET <= now) {
            self.overflow = None;
            due.overflow = true;
        }
        if self.burst.as_ref().is_some_and(|b| ready(b.first, b.last) <= now) {
            due.burst = self.burst.take().map(|b| b.count());
        }
        let gone = self.paths.extract_if(|_, e| ready(e.first, e.last) <= now);
        due.paths = gone.map(|(path, e)| (path, e.before)).collect();
        due.paths.sort_by(|a, b| a.0.cmp(&b.0));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_when_it_has_been_quiet() {
        let mut pending = Pending::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(pending.due(), None);
        pending.touch("a", Change::Created, at(0));
        pending.touch("a", Change::Modified, at(150));
        pending.touch("b", Change::Modified, at(100));
        assert_eq!(pending.due(), Some(at(300)));
        assert_eq!(pending.take_due(at(300)).paths, [("b".to_string(), Change::Modified)]);
        assert_eq!(pending.take_due(at(350)).paths, [("a".to_string(), Change::Created)]);
        for i in 0..30 {
            pending.touch("log", Change::Modified, at(1000 + i * 100));
        }
        assert_eq!(pending.due(), Some(at(3000)));
    }

    #[test]
    fn the_first_change_tells_what_was_there_before() {
        use Change::{Created, Modified, Removed};
        for (changes, before) in [
            (&[Created, Modified][..], Created),
            (&[Modified, Removed, Created], Modified),
            (&[Removed, Created, Modified], Removed),
            // The folder was watched between the making of the file and the first write, and then walked.
            (&[Modified, Created], Created),
        ] {
            let (mut pending, start) = (Pending::default(), Instant::now());
            changes.iter().for_each(|c| pending.touch("a", *c, start));
            assert_eq!(pending.take_due(start + QUIET).paths, [("a".to_string(), before)], "{changes:?}");
        }
    }

    #[test]
    fn folders_that_can_not_be_kept_are_as_lost() {
        let (mut pending, start) = (Pending::default(), Instant::now());
        for i in 0..=MAX_FOLDERS {
            assert_eq!(pending.due(), None);
            pending.new_folder(format!("{i}").into(), start);
        }
        assert_eq!(pending.take_folder_work().new.len(), MAX_FOLDERS);
        assert!(pending.take_due(start + QUIET).overflow);
    }

    #[test]
    fn a_burst_is_counted_and_bounded() {
        let mut pending = Pending::default();
        let start = Instant::now();
        for round in 0..2 {
            for i in 0..100_000 {
                pending.touch(&format!("{i}"), Change::Modified, start + Duration::from_micros(round));
            }
        }
        assert!(pending.paths.is_empty());
        let due = pending.take_due(start + Duration::from_secs(1));
        assert_eq!(due.burst, Some(100_000));
        assert_eq!(pending.due(), None);
        for i in 0..300_000 {
            pending.touch(&format!("{i}"), Change::Modified, start);
        }
        assert_eq!(pending.burst.as_ref().map(|b| b.seen.len()), Some(MAX_SEEN));
        assert_eq!(pending.take_due(start + Duration::from_secs(1)).burst, Some(300_000));
    }
}
