//! The watcher's thread: it chooses how to watch, waits, and tells what is due.

use super::folders::Folders;
use super::{SOURCE, Shared, WatchMode, lock};
use crate::identity::folder_identity;
use crate::pending::{BURST, Change, Due, FolderWork};
use crate::poll::Poller;
use crate::queue::SignalQueue;
use kairos_core::signal::Signal;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Why watching in one way ends.
pub(super) enum Stop {
    /// It is time to stop altogether.
    Asked,
    /// The system or our limit says no to watching by events.
    Limit(String),
    /// The root is not there, or is no longer the folder that is watched.
    Gone,
    /// Events were lost: nobody knows any more which folders have a watch.
    Lost,
}

/// The reason of a `file.rescan`, and its count.
type Missed = (&'static str, u64);

pub(super) struct Worker {
    pub shared: Arc<Shared>,
    pub queue: SignalQueue,
}

impl Worker {
    pub fn run(self) {
        let mut no_events = self.shared.config.force_poll.then(|| "polling was asked for".to_string());
        // Why something may have been missed, and how much at least; told once we watch again, so that nothing falls between.
        let mut missed: Option<Missed> = None;
        loop {
            if !self.shared.root().is_dir() {
                self.shared.set(WatchMode::Gone, "the folder is not there; it is watched again when it is back");
                missed.get_or_insert(("returned", 1));
                if self.shared.pause(self.shared.config.poll) {
                    return;
                }
                continue;
            }
            if missed.is_some() {
                // The rules may have changed, too, without anyone telling.
                self.shared.rules().forget();
            }
            let stop = match no_events.take() {
                Some(reason) => self.poll(reason, missed, &mut no_events),
                None => self.watch(missed),
            };
            let (untold, begun) = {
                let mut state = lock(&self.shared.state);
                state.identity = None;
                state.watched.clear();
                (std::mem::take(&mut state.pending).count(), state.begun)
            };
            let count = untold.max(1);
            match stop {
                Stop::Asked => return,
                Stop::Gone => missed = Some(("returned", count)),
                Stop::Lost => missed = Some(("overflow", count)),
                Stop::Limit(reason) => {
                    if begun {
                        missed = missed.or(Some(("polling", count)));
                    }
                    no_events = Some(reason);
                }
            }
        }
    }

    /// What happens from here on is seen; what may have been missed before has to be looked for.
    fn begun(&self, mode: WatchMode, why: &str, missed: Option<Missed>) {
        self.shared.set(mode, why);
        let late = {
            let mut state = lock(&self.shared.state);
            state.begun = true;
            std::mem::take(&mut state.late)
        };
        self.shared.changed.notify_all();
        if let Some((reason, count)) = missed.or(late.then_some(("late", 1))) {
            self.rescan(count, reason);
        }
    }

    /// By events, until something is in the way.
    fn watch(&self, missed: Option<Missed>) -> Stop {
        match self.folders() {
            Ok(folders) => {
                self.begun(WatchMode::Watching, "", missed);
                self.follow(folders)
            }
            Err(stop) => stop,
        }
    }

    fn folders(&self) -> Result<Folders, Stop> {
        lock(&self.shared.state).identity = folder_identity(self.shared.root());
        Folders::watch(&self.shared).inspect_err(|_| {
            let mut state = lock(&self.shared.state);
            state.identity = None;
            state.watched.clear();
        })
    }

    fn follow(&self, mut folders: Folders) -> Stop {
        while let Some((work, due)) = self.wait() {
            let applied = folders.apply(work);
            let lost = due.overflow;
            self.tell(due);
            match applied {
                Ok(0) => {}
                Ok(moved) => self.rescan(moved, "folder-moved"),
                Err(stop) => return stop,
            }
            if lost {
                return Stop::Lost;
            }
        }
        Stop::Asked
    }

    /// Waits until there is something to do; none: it is time to stop.
    fn wait(&self) -> Option<(FolderWork, Due)> {
        let mut state = lock(&self.shared.state);
        while !state.stop {
            if std::mem::take(&mut state.look) {
                drop(state);
                self.look_around();
                state = lock(&self.shared.state);
                continue;
            }
            let now = Instant::now();
            let due = state.pending.due();
            if state.pending.has_folder_work() || due.is_some_and(|d| d <= now) {
                return Some((state.pending.take_folder_work(), state.pending.take_due(now)));
            }
            state = match due {
                None => {
                    state.asleep = true;
                    let mut state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.asleep = false;
                    state
                }
                Some(at) => self.shared.changed.wait_timeout(state, at - now).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        None
    }

    /// Of what happens outside of the root no event tells.
    fn look_around(&self) {
        let now = folder_identity(self.shared.root());
        let rules_changed = self.shared.rules().outer_changed();
        let mut state = lock(&self.shared.state);
        if state.identity.is_some() && state.identity != now {
            state.identity = None;
            state.pending.folder_gone(self.shared.root().into(), true);
        } else if rules_changed {
            state.pending.walk_all();
        }
    }

    /// By looking, until something is in the way. Events are tried again now and then; `still` says why not, as long as we
    /// poll.
    fn poll(&self, reason: String, missed: Option<Missed>, still: &mut Option<String>) -> Stop {
        let (mut poller, mut begun) = (Poller::default(), false);
        let mut pause = self.shared.config.retry;
        let mut retry = Instant::now() + pause;
        *still = Some(reason.clone());
        loop {
            let mut folders = None;
            if Instant::now() >= retry && !self.shared.config.force_poll {
                folders = self.folders().ok();
                pause = (pause * 2).min(self.shared.config.retry * 16);
                retry = Instant::now() + pause;
            }
            self.shared.rules().forget();
            // Also after the watch began, so that nothing falls between.
            let Some(changes) = poller.scan(&self.shared) else { return Stop::Asked };
            if changes.len() > BURST {
                self.rescan(changes.len() as u64, "burst");
            } else {
                self.tell(Due { paths: changes, ..Due::default() });
            }
            if let Some(folders) = folders {
                *still = None;
                self.shared.set(WatchMode::Watching, "");
                return self.follow(folders);
            }
            if !std::mem::replace(&mut begun, true) {
                self.begun(WatchMode::Polling, &reason, missed);
            }
            if self.shared.pause(self.shared.config.poll) {
                return Stop::Asked;
            }
            if !self.shared.root().is_dir() {
                return Stop::Gone;
            }
        }
    }

    fn rescan(&self, count: u64, reason: &str) {
        let signal = Signal::new("file.rescan", SOURCE, crate::now()).with("count", count).with("reason", reason);
        self.queue.push(signal);
    }

    fn tell(&self, due: Due) {
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
