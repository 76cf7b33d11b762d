//! The signals that wait for one detector: bounded, and never silent about what it could not keep.

use kairos_core::Signal;
use kairos_host::SharedSignal;
use std::sync::Arc;

/// Signals that wait at most, one `file.rescan` apart: as many as the contract allows in one call.
const MAX: usize = 999;

/// A signal, and the form in which it is delivered.
#[derive(Clone)]
pub(crate) struct Delivered {
    pub(crate) signal: Arc<Signal>,
    pub(crate) shared: SharedSignal,
}

impl Delivered {
    pub(crate) fn new(signal: Signal) -> Self {
        Self { shared: kairos_host::share(&signal), signal: Arc::new(signal) }
    }
}

/// What a detector gets at its next call.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: Vec<Delivered>,
    /// The detector takes `file.rescan`.
    pub(crate) rescans: bool,
    /// Signals that can't be told, not even by a rescan.
    pub(crate) dropped: u64,
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn take(&mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.waiting)
    }

    /// When too many wait, those about files become one `file.rescan`. Where that would not be understood the oldest of them
    /// goes, and where there are none, the oldest of all.
    pub(crate) fn give(&mut self, signal: &Delivered) {
        self.waiting.push(signal.clone());
        if self.waiting.len() <= MAX {
            return;
        }
        let is_file = |d: &Delivered| d.signal.kind.starts_with("file.");
        let mut files = Vec::new();
        if self.rescans {
            (files, self.waiting) = self.take().into_iter().partition(is_file);
        }
        if self.waiting.len() > MAX {
            let oldest = self.waiting.iter().position(is_file).unwrap_or(0);
            self.waiting.remove(oldest);
            self.dropped += 1;
        }
        self.look_again(&files, "overflow");
    }

    /// Before what has come since.
    pub(crate) fn give_back(&mut self, batch: &[Delivered]) {
        let newer = self.take();
        batch.iter().chain(&newer).for_each(|d| self.give(d));
    }

    /// One `file.rescan` in place of signals that the detector will not see.
    pub(crate) fn look_again(&mut self, missed: &[Delivered], reason: &str) {
        let count: u64 = missed.iter().map(|d| d.signal.attribute("count").and_then(|c| c.parse().ok()).unwrap_or(1)).sum();
        let Some(last) = missed.last() else { return };
        if !self.rescans {
            self.dropped += count;
            return;
        }
        let mut rescan = Signal::new("file.rescan", "kairos", last.signal.time).with("count", count).with("reason", reason);
        // It takes the number of the last one that it stands for.
        rescan.id = last.signal.id;
        self.waiting.push(Delivered::new(rescan));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(id: u64, kind: &str) -> Delivered {
        let mut signal = Signal::new(kind, "files", id).with("path", id);
        signal.id = id;
        Delivered::new(signal)
    }

    fn flood(rescans: bool) -> Backlog {
        let mut backlog = Backlog { rescans, ..Backlog::default() };
        backlog.give(&signal(1, "project.opened"));
        for id in 2..=2500 {
            backlog.give(&signal(id, "file.modified"));
        }
        backlog.give(&signal(2501, "git.index"));
        backlog
    }

    #[test]
    fn a_flood_of_files_is_one_rescan_that_counts_them_and_pushes_nothing_else_out() {
        let mut backlog = flood(true);
        let kept = backlog.take();
        assert!(kept.len() <= MAX + 1);
        assert_eq!(kept[0].signal.kind, "project.opened");
        assert_eq!(kept.last().map(|d| d.signal.kind.as_str()), Some("git.index"));
        let told: u64 = kept
            .iter()
            .filter(|d| d.signal.kind.starts_with("file."))
            .map(|d| d.signal.attribute("count").map_or(1, |c| c.parse().unwrap()))
            .sum();
        assert_eq!(told, 2499);
        assert_eq!(backlog.dropped, 0);
    }

    #[test]
    fn what_can_not_be_told_is_counted() {
        let mut backlog = flood(false);
        let kept = backlog.take();
        assert_eq!((kept.len() as u64 + backlog.dropped, kept.len()), (2501, MAX), "the newest stay");
        assert_eq!(kept[0].signal.kind, "project.opened", "and what is not about files");
        let mut others = Backlog { rescans: true, ..Backlog::default() };
        for id in 0..1500 {
            others.give(&signal(id, "command.finished"));
        }
        assert_eq!(others.take().len() as u64 + others.dropped, 1500);
    }

    #[test]
    fn there_is_never_more_than_one_call_may_have() {
        for rescans in [true, false] {
            let mut backlog = Backlog { rescans, ..Backlog::default() };
            for id in 0..6000 {
                backlog.give(&signal(id, if id < 1500 || id % 7 == 0 { "file.modified" } else { "command.finished" }));
                assert!(backlog.waiting.len() <= MAX + 1, "{id}");
            }
            let told = |d: &Delivered| d.signal.attribute("count").map_or(1, |c| c.parse::<u64>().unwrap());
            assert_eq!(backlog.take().iter().map(told).sum::<u64>() + backlog.dropped, 6000);
        }
    }

    #[test]
    fn what_is_given_back_comes_first() {
        let mut backlog = Backlog::default();
        backlog.give(&signal(1, "git.head"));
        let batch = backlog.take();
        backlog.give(&signal(2, "git.index"));
        backlog.give_back(&batch);
        let ids: Vec<_> = backlog.take().iter().map(|d| d.signal.id).collect();
        assert_eq!(ids, [1, 2]);
    }
}
