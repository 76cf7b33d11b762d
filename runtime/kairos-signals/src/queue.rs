//! The queue between watchers and the tick loop: bounded, and never silent about what it could not keep.

use crate::gate::{Gate, Seen};
use kairos_core::signal::{Millis, Signal};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Signals that a queue holds unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 10_000;

/// What [`SignalQueue::drain`] hands over.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Drained {
    /// In the order in which they came; ids are still 0.
    pub signals: Vec<Signal>,
    /// Signals that are not about files and were thrown away because the queue was full. (File signals are never
    /// thrown away: they collapse into one `file.rescan` that counts them.)
    pub dropped: u64,
}

/// A cheap handle on one bounded queue; clones share it.
#[derive(Debug, Clone)]
pub struct SignalQueue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Taken after `state`, where both are needed.
    gate: Mutex<Gate>,
    wake: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// By arrival; at most one for each path.
    files: BTreeMap<u64, Signal>,
    by_path: HashMap<String, u64>,
    others: VecDeque<(u64, Signal)>,
    rescan: Option<Rescan>,
    dropped: u64,
    urgent: bool,
}

/// The one pending `file.rescan`.
#[derive(Debug)]
struct Rescan {
    seq: u64,
    time: Millis,
    count: u64,
    source: String,
    reason: String,
}

impl Default for SignalQueue {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl SignalQueue {
    /// A queue of at most `capacity` signals (at least 1), and one `file.rescan` beside them.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), gate: Mutex::default(), wake: Notify::new(), capacity: capacity.max(1) }))
    }

    /// Adds a signal. A path is told once between two drains: the newest change of a path replaces the one before
    /// (a change after a creation stays a creation). Never blocks for long, never fails. During a pause it is counted and
    /// thrown away.
    pub fn push(&self, signal: Signal) {
        let urgent = signal.is_urgent();
        {
            let mut state = self.state();
            if !self.gate().admits(&signal, crate::now()) {
                return;
            }
            state.add(signal);
            while state.files.len() + state.others.len() > self.0.capacity {
                if let Some(lost) = state.make_room() {
                    self.gate().lost(&lost);
                }
            }
            state.urgent |= urgent;
        }
        if urgent {
            self.0.wake.notify_one();
        }
    }

    /// Takes everything that is there.
    pub fn drain(&self) -> Drained {
        let state = std::mem::take(&mut *self.state());
        let rescan = state.rescan.map(|r| {
            let signal = Signal::new("file.rescan", &r.source, r.time).with("count", r.count).with("reason", r.reason);
            (r.seq, signal)
        });
        let mut all: Vec<(u64, Signal)> = state.files.into_iter().chain(state.others).chain(rescan).collect();
        all.sort_by_key(|(seq, _)| *seq);
        Drained { signals: all.into_iter().map(|(_, s)| s).collect(), dropped: state.dropped }
    }

    /// Takes in nothing until then; what waits is thrown away, too. A later pause replaces an earlier one.
    pub fn pause(&self, until: Millis) {
        let mut state = self.state();
        let waiting = std::mem::take(&mut *state);
        let mut gate = self.gate();
        gate.pause(until);
        for signal in waiting.files.values().chain(waiting.others.iter().map(|(_, s)| s)) {
            gate.throw_away(signal);
        }
    }

    /// Ends a pause before its time.
    pub fn resume(&self) {
        self.gate().pause(0);
        self.wake();
    }

    /// Until when nothing is taken in; none if there is no pause.
    pub fn paused_until(&self) -> Option<Millis> {
        self.gate().paused_until(crate::now())
    }

    /// Once after the end of each pause: how many signals were thrown away in it.
    pub fn pause_ended(&self) -> Option<u64> {
        self.gate().pause_ended(crate::now())
    }

    /// What came from each source so far, by the source's name.
    pub fn seen(&self) -> BTreeMap<&'static str, Seen> {
        self.gate().seen().clone()
    }

    /// Lets [`Self::urgent`] return now, whatever is queued.
    pub fn wake(&self) {
        self.state().urgent = true;
        self.0.wake.notify_one();
    }

    /// Waits until an urgent signal is queued, or [`Self::wake`] is called; at once if that was since the last drain.
    /// One task at a time may wait.
    pub async fn urgent(&self) {
        while !self.state().urgent {
            self.0.wake.notified().await;
        }
    }

    /// How many signals wait.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.files.len() + state.others.len() + usize::from(state.rescan.is_some())
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // A panic while the lock is held leaves the state whole: each change is complete before the next begins.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.0.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, mut signal: Signal) {
        let seq = self.next;
        self.next += 1;
        if signal.kind == "file.rescan" {
            let count = signal.attribute("count").and_then(|c| c.parse().ok()).unwrap_or(1);
            let reason = signal.attribute("reason").unwrap_or("other").to_string();
            self.rescan(seq, signal.time, count, signal.source, reason);
            return;
        }
        let path = if signal.kind.starts_with("file.") { signal.attribute("path").map(String::from) } else { None };
        let Some(path) = path else {
            self.others.push_back((seq, signal));
            return;
        };
        if let Some(old) = self.by_path.insert(path, seq).and_then(|old| self.files.remove(&old))
            && old.kind == "file.created"
            && signal.kind == "file.modified"
        {
            signal.kind = old.kind;
        }
        self.files.insert(seq, signal);
    }

    /// Files first: a rescan tells the same in fewer words. Others are gone for good, and answered.
    fn make_room(&mut self) -> Option<Signal> {
        if let Some((seq, signal)) = self.files.pop_first() {
            if let Some(path) = signal.attribute("path") {
                self.by_path.remove(path);
            }
            self.rescan(seq, signal.time, 1, signal.source, "overflow".into());
            return None;
        }
        let (_, lost) = self.others.pop_front()?;
        self.dropped += 1;
        Some(lost)
    }

    fn rescan(&mut self, seq: u64, time: Millis, count: u64, source: String, reason: String) {
        let before = self.rescan.take().map_or(0, |r| r.count);
        self.rescan = Some(Rescan { seq, time, count: before.saturating_add(count), source, reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn file(kind: &str, path: &str) -> Signal {
        Signal::new(kind, "files", 1).with("path", path)
    }

    fn told(drained: &Drained) -> Vec<(&str, &str)> {
        drained.signals.iter().map(|s| (s.kind.as_str(), s.attribute("path").unwrap_or(""))).collect()
    }

    #[test]
    fn a_path_is_told_once() {
        let queue = SignalQueue::default();
        for _ in 0..3 {
            queue.push(file("file.modified", "a"));
        }
        queue.push(file("file.created", "b"));
        queue.push(file("file.modified", "b"));
        queue.push(file("file.modified", "c"));
        queue.push(file("file.removed", "c"));
        queue.push(file("file.modified", "a"));
        assert_eq!(told(&queue.drain()), [("file.created", "b"), ("file.removed", "c"), ("file.modified", "a")]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_hundred_thousand_files_are_all_accounted_for() {
        let queue = SignalQueue::default();
        queue.push(Signal::new("git.head", "git", 0));
        for i in 0..100_000 {
            queue.push(file("file.modified", &format!("src/{i}.rs")));
            assert!(queue.len() <= DEFAULT_CAPACITY + 1);
        }
        let drained = queue.drain();
        let rescan = drained.signals.iter().find(|s| s.kind == "file.rescan").unwrap();
        assert_eq!(rescan.attribute("reason"), Some("overflow"));
        let counted: usize = rescan.attribute("count").unwrap().parse().unwrap();
        assert_eq!(counted + drained.signals.iter().filter(|s| s.kind == "file.modified").count(), 100_000);
        assert_eq!(drained.signals[0].kind, "git.head");
        assert_eq!(drained.dropped, 0);
        assert_eq!(queue.drain(), Drained::default());
    }

    #[test]
    fn other_signals_are_dropped_oldest_first_and_counted() {
        let queue = SignalQueue::new(10);
        for i in 0..25 {
            queue.push(Signal::new("git.stash", "git", i));
        }
        let drained = queue.drain();
        assert_eq!(drained.dropped, 15);
        assert_eq!(drained.signals.iter().map(|s| s.time).collect::<Vec<_>>(), (15..25).collect::<Vec<_>>());
    }

    #[test]
    fn in_a_pause_nothing_is_taken_in_and_all_is_counted() {
        let queue = SignalQueue::default();
        queue.push(file("file.modified", "before"));
        queue.pause(u64::MAX);
        queue.push(file("file.modified", "a"));
        queue.push(Signal::new("git.index", "git", 1));
        assert_eq!((queue.drain(), queue.pause_ended()), (Drained::default(), None));
        assert_eq!(queue.paused_until(), Some(u64::MAX));
        queue.resume();
        assert_eq!((queue.pause_ended(), queue.pause_ended(), queue.paused_until()), (Some(3), None, None));
        queue.push(file("file.modified", "b"));
        assert_eq!(told(&queue.drain()), [("file.modified", "b")]);
        let seen = queue.seen();
        assert_eq!((seen["files"].told, seen["files"].thrown_away, seen["git"].thrown_away), (2, 2, 1));
        // By itself, when its time is over.
        queue.pause(1);
        assert_eq!((queue.paused_until(), queue.pause_ended()), (None, Some(0)));
    }

    #[test]
    fn rescans_add_up() {
        let queue = SignalQueue::new(10);
        queue.push(Signal::new("file.rescan", "files", 1).with("count", 5000).with("reason", "burst"));
        queue.push(Signal::new("file.rescan", "files", 2).with("count", 2000).with("reason", "burst"));
        let drained = queue.drain();
        assert_eq!(drained.signals.len(), 1);
        assert_eq!(drained.signals[0].attribute("count"), Some("7000"));
    }

    #[tokio::test]
    async fn only_urgent_signals_wake() {
        let queue = SignalQueue::default();
        queue.push(file("file.modified", "a"));
        let waits = tokio::time::timeout(Duration::from_millis(20), queue.urgent());
        assert!(waits.await.is_err());
        let other = queue.clone();
        let task = tokio::spawn(async move { other.urgent().await });
        queue.push(Signal::new("git.operation", "git", 0));
        tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
        queue.drain();
        assert!(tokio::time::timeout(Duration::from_millis(20), queue.urgent()).await.is_err());
    }
}
