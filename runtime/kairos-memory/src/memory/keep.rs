//! How long what was observed is kept. Evidence that a claim cites, or a dream that waits for the user, always is.

use super::{Memory, Result};
use crate::transcript::{Bounds, Dropped};
use kairos_core::Millis;
use kairos_core::dream::State;
use std::collections::HashSet;

impl Memory {
    /// Packs the history, where it has become many files.
    ///
    /// # Errors
    /// Where it can't be read or written.
    pub fn pack(&self) -> Result<bool> {
        let session = self.session()?;
        let due = self.vault.is_scattered()?;
        if due {
            self.vault.compact(&session.guard)?;
        }
        Ok(due)
    }

    /// Drops observations that are over the bounds, and answers what went, or would; also out of the search index.
    ///
    /// # Errors
    /// Where something can't be read or written; what is done then is done, and written down.
    pub fn keep_within(&self, bounds: Bounds, now: Millis, dry_run: bool) -> Result<Vec<Dropped>> {
        let session = self.session()?;
        let mut cited: HashSet<String> = session.book.claims().flat_map(|c| c.evidence.clone()).collect();
        let dreams = self.dreams()?;
        let waiting = dreams.iter().flat_map(|d| &d.steps).filter(|step| step.state == State::Waiting);
        cited.extend(waiting.flat_map(|step| step.operation.evidence.clone()));
        let dropped = self.transcripts.keep_within(bounds, &cited, now, dry_run)?;
        let ids: Vec<String> = dropped.iter().flat_map(|day| day.ids.clone()).collect();
        if !dry_run && !ids.is_empty() {
            self.unindex(&ids)?;
        }
        Ok(dropped)
    }
}
