//! One walk of the work tree for all who are called in the same tick.

use super::changes::since_index;
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
    changes: Arc<[Change]>,
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
        Ok(self.answer(git, since, stop)?.iter().take(max as usize).cloned().collect())
    }

    /// All that anyone may ask for, since the next one may want more. What changed since HEAD tells of the other versions, too:
    /// a walk of a hundred thousand files takes most of a second.
    fn answer(&self, git: &Git, since: Version, stop: Arc<AtomicBool>) -> PortResult<Arc<[Change]>> {
        let mut answer = lock(&self.answers[since as usize]);
        // Read under the lock, and before the walk: the walk sees all that happened before this tick began.
        let tick = self.tick.load(Ordering::Acquire);
        if let Some(answer) = answer.as_ref().filter(|a| a.tick == tick) {
            return Ok(answer.changes.clone());
        }
        let changes: Arc<[Change]> = match since {
            Version::Head => git.changes(since, MAX_CHANGES, stop)?,
            Version::BranchPoint => {
                git.since_branch_point(MAX_CHANGES, &stop, || self.answer(git, Version::Head, stop.clone()))?
            }
            Version::Index => match self.known(Version::Head, tick) {
                // Of a list that is full, what is only staged may have taken the place of what is not.
                Some(since_head) if since_head.len() < MAX_CHANGES as usize => since_index(&since_head),
                _ => git.changes(since, MAX_CHANGES, stop)?,
            },
        }
        .into();
        *answer = Some(Answer { tick, changes: changes.clone() });
        Ok(changes)
    }

    fn known(&self, since: Version, tick: u64) -> Option<Arc<[Change]>> {
        let answer = lock(&self.answers[since as usize]);
        answer.as_ref().filter(|a| a.tick == tick).map(|a| a.changes.clone())
    }
}
