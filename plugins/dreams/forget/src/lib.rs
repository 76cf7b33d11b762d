//! Lets go of what nothing bore out: retention by kind. The README gives the reasons of every constant.

use kairos_plugin::memory::{Change, Claim, Kind, Memory, Operation, Status};
use kairos_plugin::prelude::*;

const DAY: u64 = 24 * 3600 * 1000;
/// Days without a recall and without new evidence, after which an inference about the project goes.
const TENTATIVE: u64 = 60;
/// Days after which a claim goes whose anchors no longer hold.
const STALE: u64 = 30;
/// Days without a recall after which a pointer goes.
const REFERENCE: u64 = 180;

struct Forget;

impl Dream for Forget {
    fn describe() -> Description {
        describe!("Retires inferences that nothing bore out, and what the project has outgrown")
            .reads_memory("to see which claims nothing bore out")
    }

    fn dream(memory: &impl Memory) -> Result<Vec<Operation>, Error> {
        let now = memory.time();
        let mut operations = Vec::new();
        for claim in memory.all_claims()? {
            if operations.len() == kairos_plugin::memory::MAX_OPERATIONS {
                break;
            }
            if let Some(reason) = outlived(memory, &claim, now)? {
                operations.push(Operation::new(Change::Retire(claim.id), &reason));
            }
        }
        Ok(operations)
    }
}

/// Why it may go, if it may.
fn outlived(memory: &impl Memory, claim: &Claim, now: u64) -> Result<Option<String>, Error> {
    let convention = matches!(claim.kind, Kind::User | Kind::Feedback);
    if claim.author == "user" || convention {
        return Ok(None);
    }
    if claim.status == Status::Stale {
        // Where it isn't known since when it is so, it stays.
        let gone = claim.valid_to.is_some_and(|since| now.saturating_sub(since) >= STALE * DAY);
        return Ok(gone.then(|| format!("what it points at is gone since {STALE} days and more")));
    }
    let (days, what) = match (claim.status, claim.kind) {
        (Status::Tentative, Kind::Project) => (TENTATIVE, "nothing bore it out and no search found it"),
        (Status::Tentative | Status::Fact, Kind::Reference) => (REFERENCE, "no search found it"),
        _ => return Ok(None),
    };
    let old = |time: u64| now.saturating_sub(time) >= days * DAY;
    // What costs nothing is asked first.
    if !old(claim.recorded) || !old(claim.last_recall.unwrap_or(0)) {
        return Ok(None);
    }
    let latest = memory.support(&claim.id, &[])?.latest.unwrap_or(0);
    if !old(latest) {
        return Ok(None);
    }
    Ok(Some(format!("{what} for {days} days")))
}

kairos_plugin::dream!(Forget);

#[cfg(test)]
mod tests;
