//! A dream undone, whole or by operation, and that it stays so.

use super::evidence::Seen;
use super::night::{DREAM, OPERATION, chosen};
use crate::book::Clash;
use crate::compare::Parsed;
use crate::memory::{CLAIM, Memory, Result, file_changes, sides, signature};
use crate::vault::Write;
use kairos_core::Millis;
use kairos_core::dream::{Conflict, Dream, Reverted, State};
use kairos_core::memory::{Change, Claim, Operation, Relation};

/// How many commits back a dream is looked for.
const FAR: usize = 100_000;

impl Memory {
    /// Undoes a dream, or some operations of it, the last first. What was changed since by somebody else is left and named, with a
    /// merge where there is one; `merge` carries that out.
    ///
    /// # Errors
    /// Where there is no such dream, nothing of it was done, or nothing can be written.
    pub fn revert(&self, id: &str, steps: Option<&[usize]>, merge: bool, now: Millis) -> Result<Reverted> {
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        let mut dream = self.dream(id)?;
        let wanted = chosen(&dream, steps, State::Applied)?;
        let mut conflicts = vec![];
        let mut writes = vec![];
        // Newest first, as the history lists them.
        for revision in self.vault().log(FAR, None)? {
            let trailer = |name: &str| revision.trailers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
            let number = trailer(OPERATION).and_then(|n| n.parse::<usize>().ok()).filter(|_| trailer(DREAM) == Some(id));
            let Some(number) = number.filter(|n| wanted.contains(n)) else { continue };
            let (before, after) = sides(self.vault().changes(&revision.id)?);
            let clashes = session.book.undo(&before, &after);
            for clash in &clashes {
                let conflict = conflict(clash);
                if let Some(text) = conflict.merged.as_ref().filter(|_| merge) {
                    // The words of a claim that is there: nothing that could be refused.
                    let _ = session.book.update(&clash.id, |c| c.text.clone_from(text));
                } else if let Some(known) = conflicts.iter_mut().find(|c: &&mut Conflict| c.id == conflict.id) {
                    // Of several operations on one claim: from before the first to after the last.
                    known.before = conflict.before;
                } else {
                    conflicts.push(conflict);
                }
            }
            let touched = revision.trailers.iter().filter(|(name, _)| name == CLAIM || name == DREAM).cloned();
            writes.push(Write {
                files: file_changes(&mut session.book, now),
                message: format!("Undo: {}", revision.message.lines().next().unwrap_or_default()),
                author: signature(crate::book::USER),
                trailers: touched.collect(),
                time: now,
            });
            let done = clashes.is_empty() || merge;
            dream.steps.iter_mut().filter(|s| s.number == number && done).for_each(|s| s.state = State::Reverted);
        }
        dream.settle();
        self.keep(&session, &dream, writes, now)?;
        Ok(Reverted { dream, conflicts })
    }
}

/// What the user undid or rejected does not come back, whoever proposes it, as long as nothing newer bears it out.
pub(super) struct Undone(Vec<(Parsed, String, Millis)>);

impl Undone {
    /// Of these dreams.
    pub fn by(dreams: &[Dream]) -> Self {
        let steps = dreams.iter().flat_map(|d| d.steps.iter().map(move |s| (d.time, s)));
        let undone = steps.filter(|(_, s)| matches!(s.state, State::Reverted | State::Rejected));
        let added = undone.filter_map(|(time, s)| match &s.operation.change {
            Change::Add(new) => Some((Parsed::new(&new.text), s.touched.first()?.id.clone(), time)),
            _ => None,
        });
        Self(added.collect())
    }

    /// The claim that was undone which this would bring back.
    pub fn refuses(&self, operation: &Operation, seen: &Seen) -> Option<String> {
        let Change::Add(new) = &operation.change else { return None };
        let latest = operation.evidence.iter().filter_map(|id| seen.get(id)).map(|o| o.time).max()?;
        let said = Parsed::new(&new.text);
        let same = |(undone, _, time): &&(Parsed, String, Millis)| latest <= *time && said.relation(undone) == Relation::Same;
        self.0.iter().find(same).map(|(_, claim, _)| claim.clone())
    }
}

fn conflict(clash: &Clash) -> Conflict {
    let words = |claim: &Option<Claim>| claim.as_ref().map(|c| c.text.split(' ').collect::<Vec<_>>().join("\n"));
    let merged = match (words(&clash.before), words(&clash.after), words(&clash.now)) {
        (Some(before), Some(dreamt), Some(now)) => {
            let merged = crate::vault::merge(dreamt.as_bytes(), now.as_bytes(), before.as_bytes());
            (merged.conflicts == 0).then(|| String::from_utf8_lossy(&merged.text).split('\n').collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    Conflict { id: clash.id.clone(), before: clash.before.clone(), dreamt: clash.after.clone(), now: clash.now.clone(), merged }
}
