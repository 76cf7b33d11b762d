//! What a dream that waits points at, looked at again before the user's answer is carried out: the project went on meanwhile.

use crate::anchors::{Followed, State, Verdict, check, check_all};
use crate::memory::{Memory, Result};
use kairos_core::dream::{self, Dream};
use kairos_core::memory::{Change, Claim, Status};
use std::collections::BTreeSet;

/// What no longer stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fallen {
    /// Claims whose anchors don't hold.
    pub claims: BTreeSet<String>,
    /// Operations, by number, that would add a claim with such an anchor.
    pub steps: BTreeSet<usize>,
}

impl Fallen {
    /// Compares a dream that waits, and the claims it speaks of, with the project.
    ///
    /// # Errors
    /// Where memory can't be read, or there is no such dream.
    pub async fn of(memory: &Memory, id: &str, project: &dyn Followed) -> Result<Self> {
        let dream = memory.dream(id)?;
        let claims = touched(memory, &dream)?;
        let stale = claims.iter().filter(|c| c.status == Status::Stale).map(|c| c.id.clone());
        let mut fallen = Self { claims: stale.collect(), steps: BTreeSet::new() };
        for change in check_all(&claims, None, project).await.changes {
            match change.state {
                State::Stale { .. } => fallen.claims.insert(change.claim),
                State::Holds | State::Moved { .. } => fallen.claims.remove(&change.claim),
            };
        }
        for step in dream.steps.iter().filter(|s| s.state == dream::State::Waiting) {
            let Change::Add(new) = &step.operation.change else { continue };
            for anchor in &new.anchors {
                if matches!(check(anchor, project).await, Verdict::Gone { .. }) {
                    fallen.steps.insert(step.number);
                }
            }
        }
        Ok(fallen)
    }
}

/// The claims as they are now.
fn touched(memory: &Memory, dream: &Dream) -> Result<Vec<Claim>> {
    let book = memory.book()?;
    let ids: BTreeSet<&String> = dream.steps.iter().flat_map(|s| &s.touched).map(|t| &t.id).collect();
    Ok(ids.into_iter().filter_map(|id| book.claim(id)).cloned().collect())
}
