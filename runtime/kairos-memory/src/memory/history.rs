//! Why a claim is believed, and what became of it.

use super::{CLAIM, Memory, Result};
use crate::transcript::Dropped;
use crate::vault::Revision;
use kairos_core::memory::{Claim, Observation};
use serde::Serialize;

/// A claim with all that it rests on.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// The claim.
    pub claim: Claim,
    /// What bears it out, in the order in which it was cited.
    pub evidence: Vec<Observation>,
    /// Evidence that was forgotten, or is gone.
    pub gone: Vec<String>,
    /// What of it was dropped because it was old, with when and by which setting.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// The changes that touched it, newest first.
    pub history: Vec<Trace>,
}

/// A change in a claim's life.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// The commit, by who and when.
    #[serde(flatten)]
    pub revision: Revision,
}

/// How far back a claim's history is looked for, in commits.
const FAR: usize = 10_000;

impl Memory {
    /// Everything about one claim.
    ///
    /// # Errors
    /// Where there is none, or its evidence can't be read.
    pub fn why(&self, id: &str) -> Result<Why> {
        let claim = self.claim(id)?;
        let got = self.transcripts.get(&claim.evidence)?;
        let mut dropped: Vec<Dropped> = self.transcripts.find_dropped(&got.missing)?.into_values().collect();
        dropped.sort_by(|a, b| a.day.cmp(&b.day));
        dropped.dedup();
        let gone = got.forgotten.into_iter().chain(got.missing).collect();
        let touched = |r: &Revision| r.trailers.iter().any(|(name, value)| name == CLAIM && value == id);
        let history = self.vault.log(FAR, None)?.into_iter().filter(touched).map(|revision| Trace { revision }).collect();
        Ok(Why { claim, evidence: got.found, gone, dropped, history })
    }

    /// The newest changes of the folder.
    ///
    /// # Errors
    /// Where the history can't be read.
    pub fn log(&self, max: usize) -> Result<Vec<Revision>> {
        Ok(self.vault.log(max, None)?)
    }
}
