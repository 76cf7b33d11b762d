//! Search over claims and transcripts. The index is brought up to date before it is asked: what was said a moment ago is found.

use super::recalls::{Recalled, Recalls};
use super::{Memory, Result};
use crate::recall::Table;
use crate::recall::search::{Hit, Search, SearchIndex};
use kairos_core::Millis;
use kairos_core::memory::{Claim, Observation, Status};
use kairos_core::ports::ClaimView;
use serde::{Deserialize, Serialize};

/// How far the index has read. Kept in the index itself.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    transcripts: String,
    /// The newest commit of the claims.
    claims: Option<String>,
}

/// Observations that are read at once.
const PAGE: usize = 10_000;

impl Memory {
    /// What is remembered about something, best first. The claims found are counted as recalled at `now`.
    ///
    /// # Errors
    /// Where the transcripts or the index can't be read.
    pub fn search(&self, search: &Search, now: Millis) -> Result<Vec<Hit>> {
        let hits = self.index()?.search(search)?;
        self.recalled(hits.iter().filter(|h| h.claim).map(|h| &h.id), now);
        Ok(hits)
    }

    /// Counts these claims as found by a search.
    pub(crate) fn recalled<'a>(&self, claims: impl Iterator<Item = &'a String>, now: Millis) {
        Recalls::note(&self.home.index, claims, now);
    }

    /// How often searches found each claim.
    pub fn recalls(&self) -> Recalls {
        Recalls::read(&self.home.index)
    }

    /// One claim as a plugin sees it, retired ones too.
    ///
    /// # Errors
    /// Where there is none.
    pub fn claim_view(&self, id: &str) -> Result<ClaimView> {
        let claim = self.claim(id)?;
        let Recalled { times, last } = self.recalls().of(id);
        Ok(ClaimView { anchored: claim.status != Status::Stale, claim, recalls: times, last_recall: last })
    }

    /// Observations whose text has a line that the pattern matches; newest day first. For identifiers and error messages.
    ///
    /// # Errors
    /// Where the pattern is none, or the transcripts can't be read.
    pub fn grep(&self, pattern: &str, literal: bool, limit: usize) -> Result<Vec<Observation>> {
        Ok(self.transcripts.grep(pattern, literal, limit)?)
    }

    /// The index, up to date. Where another process is just bringing it up to date, as it was: that is a moment old at most.
    pub(super) fn index(&self) -> Result<SearchIndex> {
        use crate::recall::search::SearchError::Busy;
        let mut index = SearchIndex::open(&self.home.index)?;
        if let Some(table) = Table::embedded() {
            index = index.with_table(table);
        }
        match self.catch_up(&index) {
            Ok(()) | Err(super::Error::Search(Busy(_))) => Ok(index),
            Err(error) => Err(error),
        }
    }

    fn catch_up(&self, index: &SearchIndex) -> Result<()> {
        let mut read: Read = index.position()?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut changed = false;
        loop {
            let page = self.transcripts.since(&read.transcripts.parse()?, PAGE)?;
            read.transcripts = page.position.to_string();
            if page.observations.is_empty() {
                break;
            }
            changed = true;
            index.add(&page.observations)?;
        }
        let head = self.vault.head()?;
        if read.claims != head {
            let claims: Vec<Claim> = self.book()?.claims().cloned().collect();
            index.put_claims(&claims)?;
            (read.claims, changed) = (head, true);
        }
        if changed {
            index.commit(&serde_json::to_string(&read).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Takes what was forgotten out of the index.
    pub(super) fn unindex(&self, ids: &[String]) -> Result<()> {
        let index = SearchIndex::open(&self.home.index)?;
        self.catch_up(&index)?;
        index.delete(ids)?;
        let position = index.position()?.unwrap_or_default();
        index.commit(&position)?;
        let folder = &self.home.index;
        Recalls::forget(folder, ids).map_err(|source| super::Error::Write { path: folder.clone(), source })
    }
}
