//! What a claim rests on, looked up.

use kairos_plugin::memory::{Claim, Memory, Origin};
use kairos_plugin::prelude::*;
use std::collections::BTreeSet;

const DAY: u64 = 24 * 3600 * 1000;
/// The newest so many pieces of evidence are looked up: what they don't show, more of them won't.
const LOOKED_UP: usize = 16;
/// What a program showed needs so many sessions; whatever else was seen, so many sessions and days. As the host checks it.
const SHOWN: usize = 2;
const SESSIONS: usize = 2;
const DAYS: usize = 2;

/// The evidence of a claim in sum. What is untrusted counts for its age alone.
#[derive(Debug, Default)]
pub struct Support {
    /// The user said it in these words, and when last.
    pub stated: Option<u64>,
    /// All of it is trusted, and shows a program that ended well.
    pub verified: bool,
    sessions: BTreeSet<String>,
    days: BTreeSet<u64>,
    /// The newest of all.
    pub newest: u64,
}

impl Support {
    /// Looks up the claim's own evidence, and what was newly seen to bear it out. Forgotten evidence is none.
    pub fn of(memory: &impl Memory, claim: &Claim, new: &[String]) -> Result<Self, Error> {
        let words = plain(&claim.text);
        let mut it = Self { verified: true, ..Self::default() };
        let all: BTreeSet<&String> = claim.evidence.iter().rev().take(LOOKED_UP).chain(new.iter().take(LOOKED_UP)).collect();
        for id in all {
            let o = match memory.observation(id) {
                Ok(o) => o,
                Err(e) if e.code == ErrorCode::NotFound => continue,
                Err(e) => return Err(e),
            };
            it.newest = it.newest.max(o.time);
            it.verified &= o.origin == Origin::Tool && o.kind == "command" && o.attribute("exit-code") == Some("0");
            if !o.is_trusted() {
                continue;
            }
            it.days.insert(o.time / DAY);
            if o.origin == Origin::User && !words.is_empty() && plain(&o.text).contains(&words) {
                it.stated = it.stated.max(Some(o.time));
            }
            it.sessions.insert(o.session);
        }
        it.verified &= !it.sessions.is_empty();
        Ok(it)
    }

    /// May a tentative claim become a fact on this?
    pub fn carries(&self) -> Option<&'static str> {
        match () {
            () if self.stated.is_some() => Some("the user said so"),
            () if self.verified && self.sessions.len() >= SHOWN => Some("a program showed it in two sessions"),
            () if self.sessions.len() >= SESSIONS && self.days.len() >= DAYS => Some("it was borne out on two days, in two sessions"),
            () => None,
        }
    }

    /// Is any of it trusted?
    pub fn is_trusted(&self) -> bool {
        !self.sessions.is_empty()
    }
}

/// The words alone, with a space around each.
fn plain(text: &str) -> String {
    let spaced: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() { String::new() } else { format!(" {} ", words.join(" ")) }
}
