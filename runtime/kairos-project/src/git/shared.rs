//! One walk of the work tree for all who are called in the same tick.

use super::{Git, lock};
use crate::path::check_max;
use kairos_core::ports::{Change, MAX_CHANGES, PortResult, Version};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The answers of the tick that runs, by version. See [`crate::Project::for_ticks`] for how old they may be.
#[derive(Default)]
pub(crate) struct Shared {
    tick: AtomicU64,
    answers: [Mutex<Option<Answer>>; 3],
}

struct Answer {
    /// The tick in which the walk began.
    tick: u64,
    changes: Vec<Change>,
}

impl Shared {
    /// Never waits: a walk that is under way belongs to the tick before, and what it finds won't be handed out again.
    pub(crate) fn begin_tick(&self) {
        self.tick.fetch_add(1, Ordering::AcqRel);
        for answer in &self.answers {
            if let Ok(mut answer) = answer.try_lock() {
                *answer = None;
            }
        }
    }

    /// As [`Git::changes`]. Who comes while another's walk is under way waits for it.
    pub(crate) fn changes(&self, git: &Git, since: Version, max: u32, stop: Arc<AtomicBool>) -> PortResult<Vec<Change>> {
        check_max(max, MAX_CHANGES, "changes")?;
        let mut answer = lock(&self.answers[since as usize]);
        // Read under the lock, and before the walk: the walk sees all that happened before this tick began.
        let tick = self.tick.load(Ordering::Acquire);
        if answer.as_ref().is_none_or(|answer| answer.tick != tick) {
            // All that anyone may ask for, since the next one may want more.
            *answer = Some(Answer { tick, changes: git.changes(since, MAX_CHANGES, stop)? });
        }
        let changes = answer.iter().flat_map(|answer| &answer.changes);
        Ok(changes.take(max as usize).cloned().collect())
    }
}
