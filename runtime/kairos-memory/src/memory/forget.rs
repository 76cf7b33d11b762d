//! Forgetting for good: claims, the text of their evidence, what dreams noted of them, and every version of all that in the history.
//!
//! What is to go is noted first, by ids alone; whatever stops a forgetting, the next one finishes it. The transcripts go last: until
//! then they hold the words by which everything else is found.

use super::wipe::Wipe;
use super::{Error, Memory, Result};
use crate::book::BookError;
use crate::vault::{Digest, FileChange};
use kairos_core::Millis;
use kairos_core::memory::{Claim, Observation, Status};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is to be forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forget {
    /// Claims and observations, by id.
    pub ids: Vec<String>,
    /// Words: every claim and observation that holds them, and wherever else they stand.
    pub containing: Option<String>,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Forgotten {
    /// The claims; with those asked for go the ones that were merged into them.
    pub claims: Vec<Claim>,
    /// The observations that bore out nothing else, or were asked for.
    pub observations: Vec<Observation>,
    /// Observations that stay, because other claims rest on them.
    pub kept: Vec<String>,
    /// Lines of transcripts that are damaged, and hold the words.
    pub damaged_lines: u64,
    /// Files of the memory folder that speak of it beside the claims themselves: records of dreams, a person's own text.
    pub files: Vec<String>,
    /// Remotes that the history may have been pushed to, and that can't be reached from here.
    pub remotes: Vec<String>,
    /// What was put aside because it was damaged, and may hold the words. It is the user's to delete.
    pub aside: Vec<PathBuf>,
    /// The words by which it is found elsewhere.
    #[serde(skip)]
    pub words: Vec<String>,
}

/// Words that are shorter, in bytes, are found by id alone: `ok` stands everywhere.
const MIN_WORDS: usize = 12;
/// Shortest text that may be asked for, in bytes.
const MIN_ASKED: usize = 4;
/// Where a forgetting under way is noted. The dot keeps it out of the history.
const NOTE: &str = ".forgetting";

impl Memory {
    /// Forgets claims, the evidence that nothing else rests on, and observations; or whatever holds some words. `dry_run` only says
    /// what that would be. What is left is a tombstone in the transcript: an id, a time and a hash.
    ///
    /// # Errors
    /// Where there is no such claim or observation, or something can't be written. It may be asked for again then, and goes on
    /// where it was stopped.
    pub fn forget(&self, forget: &Forget, dry_run: bool, now: Millis) -> Result<Forgotten> {
        if forget.containing.as_ref().is_some_and(|text| text.len() < MIN_ASKED) {
            return Err(Error::TooShort { least: MIN_ASKED });
        }
        let mut session = self.session()?;
        if !dry_run {
            self.take_in(&mut session, now)?;
        }
        let note = self.unfinished_forgetting()?;
        let claims = self.claims_to_forget(&session.book, forget, note.as_ref())?;
        let gone: BTreeSet<String> = claims.iter().map(|c| c.id.clone()).collect();
        let (observations, kept) = self.observations_to_forget(&session.book, &claims, forget, note.as_ref())?;
        let containing = forget.containing.as_deref();
        let damaged_lines = containing.map_or(Ok(0), |text| self.transcripts.forget_damaged(text, now, true))?;
        let words = words(&claims, &observations, containing);
        let wipe = Wipe::new(&gone, &observations, &words, containing.is_some());
        let changes = self.changes_beside(&wipe)?;
        let files = changes.iter().map(|change| change.path.clone()).collect();
        let (remotes, aside) = (self.vault.remotes()?, self.vault.aside()?);
        let forgotten = Forgotten { claims, observations, kept, damaged_lines, files, remotes, aside, words: words.clone() };
        if dry_run {
            return Ok(forgotten);
        }
        for id in &gone {
            session.book.erase(id)?;
        }
        let observed: Vec<String> = forgotten.observations.iter().map(|o| o.id.clone()).collect();
        let ids = gone.iter().chain(&observed).cloned().collect();
        let note = Forget { ids, containing: None };
        self.vault.note(NOTE, Some(&serde_json::to_vec(&note).unwrap_or_default()))?;
        self.commit_with(&mut session, now, "Forget", changes, |bytes, path| wipe.beside(path, bytes))?;
        self.vault.rewrite(&session.guard, |path, bytes| Some(wipe.version(path, bytes)), |text| wipe.message(text))?;
        self.unindex(&note.ids)?;
        if let Some(text) = containing {
            self.transcripts.forget_damaged(text, now, false)?;
        }
        self.transcripts.forget(&observed, now, false)?;
        self.vault.note(NOTE, None)?;
        Ok(forgotten)
    }

    /// What a forgetting that was stopped had set out to do.
    pub(super) fn unfinished_forgetting(&self) -> Result<Option<Forget>> {
        let note = self.vault.read_note(NOTE)?;
        Ok(note.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Those asked for, by id or by what they say, and those that were merged into one of them: they said the same.
    fn claims_to_forget(&self, book: &crate::book::Book, forget: &Forget, note: Option<&Forget>) -> Result<Vec<Claim>> {
        let mut ids: BTreeSet<&str> = note.iter().flat_map(|note| &note.ids).map(String::as_str).collect();
        for id in forget.ids.iter().filter(|id| !id.contains('-')) {
            if book.claim(id).is_none() && !ids.contains(id.as_str()) {
                return Err(BookError::NoClaim(id.clone()).into());
            }
            ids.insert(id);
        }
        let holds = |c: &Claim| {
            let anchored = c.anchors.iter().flat_map(|a| a.quote.iter().chain(&a.symbol).chain([&a.path]));
            forget.containing.as_ref().is_some_and(|text| anchored.chain([&c.text]).any(|words| words.contains(text.as_str())))
        };
        let mut found: BTreeMap<&str, &Claim> =
            book.claims().filter(|c| ids.contains(c.id.as_str()) || holds(c)).map(|c| (c.id.as_str(), c)).collect();
        loop {
            let merged = |c: &&Claim| {
                c.status == Status::Retired
                    && !found.contains_key(c.id.as_str())
                    && !c.evidence.is_empty()
                    && c.rivals
                        .iter()
                        .any(|by| found.get(by.as_str()).is_some_and(|by| c.evidence.iter().all(|e| by.evidence.contains(e))))
            };
            let more: Vec<&Claim> = book.claims().filter(merged).collect();
            if more.is_empty() {
                return Ok(found.into_values().cloned().collect());
            }
            found.extend(more.into_iter().map(|c| (c.id.as_str(), c)));
        }
    }

    /// The evidence that no other claim needs, and what was asked for; and the evidence that stays.
    fn observations_to_forget(
        &self,
        book: &crate::book::Book,
        claims: &[Claim],
        forget: &Forget,
        note: Option<&Forget>,
    ) -> Result<(Vec<Observation>, Vec<String>)> {
        let others = book.claims().filter(|c| !claims.iter().any(|gone| gone.id == c.id));
        let needed: BTreeSet<&String> = others.flat_map(|c| &c.evidence).collect();
        let (kept, free): (BTreeSet<String>, BTreeSet<String>) =
            claims.iter().flat_map(|c| c.evidence.clone()).partition(|id| needed.contains(id));
        let asked: BTreeSet<String> = forget.ids.iter().filter(|id| id.contains('-')).cloned().collect();
        let noted = note.iter().flat_map(|note| &note.ids).filter(|id| id.contains('-')).cloned();
        let all: Vec<String> = free.into_iter().chain(asked.iter().cloned()).chain(noted).collect();
        let got = self.transcripts.get(&all)?;
        if let Some(missing) = got.missing.iter().find(|id| asked.contains(*id)) {
            return Err(Error::NoObservation(missing.clone()));
        }
        let mut found: BTreeMap<String, Observation> = got.found.into_iter().map(|o| (o.id.clone(), o)).collect();
        if let Some(text) = &forget.containing {
            found.extend(self.transcripts.holding(text)?.into_iter().map(|o| (o.id.clone(), o)));
        }
        let kept = kept.into_iter().filter(|id| !found.contains_key(id)).collect();
        Ok((found.into_values().collect(), kept))
    }

    /// Files other than the ledger and the claims' bullets in which something is to be overwritten.
    fn changes_beside(&self, wipe: &Wipe<'_>) -> Result<Vec<FileChange>> {
        let mut changes = vec![];
        for path in self.vault.list()? {
            let Some(bytes) = self.vault.read(&path)? else { continue };
            if let Some(clean) = wipe.beside(&path, &bytes) {
                changes.push(FileChange { path, was: Some(Digest::of(&bytes)), now: Some(clean) });
            }
        }
        Ok(changes)
    }
}

/// What claims and observations said, the longest first, so that none hides in another.
fn words(claims: &[Claim], observations: &[Observation], asked: Option<&str>) -> Vec<String> {
    if let Some(asked) = asked {
        return vec![asked.to_owned()];
    }
    let lines = observations.iter().filter_map(|o| o.attribute("command"));
    let said = claims.iter().map(|c| c.text.as_str()).chain(observations.iter().map(|o| o.text.as_str())).chain(lines);
    let all: BTreeSet<&str> = said.map(str::trim).filter(|text| text.len() >= MIN_WORDS).collect();
    let mut all: Vec<String> = all.into_iter().map(str::to_owned).collect();
    all.sort_by_key(|text| std::cmp::Reverse(text.len()));
    all
}
