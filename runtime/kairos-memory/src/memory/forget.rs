//! Forgetting for good: a claim, the text of its evidence, and every version of both in the history.

use super::{Error, Memory, Result};
use crate::book::{BookError, LEDGER, Topic};
use crate::vault::Guard;
use kairos_core::Millis;
use kairos_core::memory::{Claim, Observation};
use serde::Serialize;
use std::collections::BTreeSet;

/// What was forgotten, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct Forgotten {
    /// The claims.
    pub claims: Vec<Claim>,
    /// The observations that bore out nothing else.
    pub observations: Vec<Observation>,
    /// Observations that stay, because other claims rest on them.
    pub kept: Vec<String>,
    /// Remotes that the history may have been pushed to, and that can't be reached from here.
    pub remotes: Vec<String>,
}

impl Memory {
    /// Forgets claims and the evidence that nothing else rests on; `dry_run` only says what that would be. What is left is a tombstone
    /// in the transcript: an id, a time and a hash.
    ///
    /// # Errors
    /// Where there is no such claim, or something can't be written. It may be asked for again then: what is done is done.
    pub fn forget(&self, ids: &[String], dry_run: bool, now: Millis) -> Result<Forgotten> {
        let mut session = self.session()?;
        if !dry_run {
            self.take_in(&mut session, now)?;
        }
        let find = |id: &String| session.book.claim(id).cloned().ok_or_else(|| Error::from(BookError::NoClaim(id.clone())));
        let claims: Vec<Claim> = ids.iter().map(find).collect::<Result<_>>()?;
        let others = session.book.claims().filter(|c| !ids.contains(&c.id));
        let needed: BTreeSet<&String> = others.flat_map(|c| &c.evidence).collect();
        let (kept, gone): (BTreeSet<String>, BTreeSet<String>) =
            claims.iter().flat_map(|c| c.evidence.clone()).partition(|id| needed.contains(id));
        let gone: Vec<String> = gone.into_iter().collect();
        let observations = self.transcripts.get(&gone)?.found;
        let forgotten = Forgotten { claims, observations, kept: kept.into_iter().collect(), remotes: self.vault.remotes()? };
        if dry_run {
            return Ok(forgotten);
        }
        for id in ids {
            session.book.erase(id)?;
        }
        self.commit(&mut session, now, crate::book::USER, "Forget", &[])?;
        self.transcripts.forget(&gone, now, false)?;
        self.wipe(&session.guard, &forgotten)?;
        self.unindex(&[ids, &gone].concat())?;
        Ok(forgotten)
    }
}

/// What stands in the history in a forgotten text's place.
const FORGOTTEN: &str = "[forgotten]";

impl Memory {
    /// Rewrites the history, so that no version of any file and no message holds what was forgotten.
    fn wipe(&self, guard: &Guard, forgotten: &Forgotten) -> Result<()> {
        let ids: BTreeSet<&str> = forgotten.claims.iter().map(|c| c.id.as_str()).collect();
        let claims = forgotten.claims.iter().map(|c| c.text.as_str());
        let words: Vec<&str> =
            claims.chain(forgotten.observations.iter().map(|o| o.text.as_str())).filter(|t| !t.is_empty()).collect();
        let clean = |text: &str| words.iter().fold(text.to_owned(), |text, words| text.replace(words, FORGOTTEN));
        let file = |path: &str, bytes: &[u8]| {
            let bytes = without_claims(path, bytes, &ids);
            Some(match String::from_utf8(bytes) {
                // In JSON the words may stand with escapes.
                Ok(text) if path.starts_with(".kairos/") => {
                    words.iter().map(|w| escaped(w)).fold(clean(&text), |t, w| t.replace(&w, FORGOTTEN)).into_bytes()
                }
                Ok(text) => clean(&text).into_bytes(),
                Err(e) => e.into_bytes(),
            })
        };
        self.vault.rewrite(guard, file, clean)?;
        Ok(())
    }
}

/// An earlier version of a file without some claims, whatever their words were then.
fn without_claims(path: &str, bytes: &[u8], ids: &BTreeSet<&str>) -> Vec<u8> {
    if path == LEDGER {
        let named = |line: &&[u8]| ids.iter().any(|id| String::from_utf8_lossy(line).contains(&format!("\"id\":\"{id}\"")));
        return bytes.split_inclusive(|b| *b == b'\n').filter(|line| !named(line)).collect::<Vec<_>>().concat();
    }
    let Some(mut topic) = path.strip_suffix(".md").and_then(|_| Topic::read(bytes).ok()) else { return bytes.to_vec() };
    while let Some(at) = topic.bullets().iter().position(|b| b.id.as_deref().is_some_and(|id| ids.contains(id))) {
        topic.remove(at);
    }
    topic.render()
}

fn escaped(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}
