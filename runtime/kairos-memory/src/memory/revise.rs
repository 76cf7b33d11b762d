//! Changes of the memory, looked at and undone; and whether everything is whole.

use super::{CLAIM, Error, Memory, Result, file_changes, signature};
use crate::book::{Clash, Files, OTHER_TOOL, USER};
use crate::recall::search::SearchIndex;
use crate::vault::{Difference, Revision, Write};
use kairos_core::Millis;
use kairos_core::memory::Status;
use serde::Serialize;

/// What `verify` found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Claims that are not retired.
    pub claims: usize,
    /// Observations in the transcripts.
    pub observations: u64,
    /// Commits of the history.
    pub revisions: usize,
    /// What is wrong, each with its remedy.
    pub problems: Vec<String>,
}

/// How far back a revision is looked for.
const FAR: usize = 100_000;

impl Memory {
    /// A change by the beginning of its id; the newest for none.
    ///
    /// # Errors
    /// Where there is none, or several begin so.
    pub fn find_revision(&self, start: Option<&str>) -> Result<Revision> {
        let start = start.unwrap_or_default();
        let max = if start.is_empty() { 1 } else { FAR };
        let mut found = self.vault.log(max, None)?.into_iter().filter(|r| r.id.starts_with(start));
        match (found.next(), found.next()) {
            (Some(revision), None) => Ok(revision),
            _ => Err(Error::NoRevision(start.to_owned())),
        }
    }

    /// The files that a change touched, before and after.
    ///
    /// # Errors
    /// Where the history can't be read.
    pub fn changes(&self, revision: &Revision) -> Result<Vec<Difference>> {
        Ok(self.vault.changes(&revision.id)?)
    }

    /// Undoes a change. Answers the claims that were changed again since, and that were left as they are.
    ///
    /// # Errors
    /// Where the history can't be read, or nothing written.
    pub fn revert_change(&self, revision: &Revision, now: Millis) -> Result<Vec<Clash>> {
        if revision.author == OTHER_TOOL {
            return Err(Error::NotOurs(revision.id.clone()));
        }
        let mut session = self.session()?;
        self.take_in(&mut session, now)?;
        let (before, after) = sides(self.vault.changes(&revision.id)?);
        let clashes = session.book.undo(&before, &after);
        let files = file_changes(&mut session.book, now);
        if !files.is_empty() {
            let message = format!("Undo: {}", revision.message.lines().next().unwrap_or_default());
            let trailers = revision.trailers.iter().filter(|(name, _)| name == CLAIM).cloned().collect();
            self.vault.write(&session.guard, Write { files, message, author: signature(USER), trailers, time: now })?;
        }
        Ok(clashes)
    }

    /// Looks at everything.
    ///
    /// # Errors
    /// Where something can't even be read.
    pub fn verify(&self, now: Millis) -> Result<Verified> {
        self.absorb(now)?;
        let book = self.book()?;
        let mut problems: Vec<String> = book.problems().into_iter().map(|p| format!("{} {}", p.file, p.text)).collect();
        let mut observations = 0;
        let days = self.transcripts.days()?;
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            let damage = self.transcripts.scan(*first..=*last, |_| {
                observations += 1;
                true
            })?;
            problems.extend(damage.first.iter().map(|line| format!("{line}; it is passed over: mend the line, or delete it")));
            if damage.count > damage.first.len() as u64 {
                problems.push(format!("{} more lines of the transcripts are damaged", damage.count - damage.first.len() as u64));
            }
        }
        let cited: Vec<&String> = book.claims().filter(|c| c.status != Status::Retired).flat_map(|c| &c.evidence).collect();
        let got = self.transcripts.get(&cited)?;
        for claim in book.claims().filter(|c| c.status == Status::Fact) {
            if !claim.evidence.is_empty()
                && claim.evidence.iter().all(|id| got.missing.contains(id) || got.forgotten.contains(id))
            {
                problems.push(format!(
                    "nothing bears claim {} out any more; `memory retire {0}` or say it again with `memory edit`",
                    claim.id
                ));
            }
        }
        if self.unfinished_forgetting()?.is_some() {
            problems.push(
                "a forgetting was stopped; `kairos-run memory forget` of the same, or of anything else, finishes it".into(),
            );
        }
        let index = SearchIndex::open(&self.home.index).and_then(|index| index.check());
        problems.extend(index.err().map(|e| e.to_string()));
        let claims = book.claims().filter(|c| c.status != Status::Retired).count();
        Ok(Verified { claims, observations, revisions: self.vault.log(FAR, None)?.len(), problems })
    }
}

/// What a change touched: as it was, as it became.
pub(crate) fn sides(changes: Vec<Difference>) -> (Files, Files) {
    let (mut before, mut after) = (Files::new(), Files::new());
    for Difference { path, before: was, after: is } in changes {
        if let Some(bytes) = was {
            before.insert(path.clone(), bytes);
        }
        if let Some(bytes) = is {
            after.insert(path, bytes);
        }
    }
    (before, after)
}
