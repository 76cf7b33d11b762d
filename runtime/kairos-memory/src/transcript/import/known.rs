//! What was heard through a hook and is in a session's file too: it is stored once.

use super::hook::HEARD;
use crate::transcript::{New, Result, Transcripts, day_of};
use jiff::civil::Date;
use kairos_core::Millis;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far the file's time of an entry may be from when the hook told of it.
const NEAR: Millis = 120_000;

/// By day, what was heard in it: whose session and what, and when.
#[derive(Default)]
pub(super) struct HeardOf(HashMap<Date, Heard>);

type Heard = HashMap<u64, Vec<Millis>>;

impl HeardOf {
    /// Is it there already?
    pub fn holds(&mut self, transcripts: &Transcripts, new: &New) -> Result<bool> {
        let day = day_of(new.time);
        let heard = match self.0.entry(day) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(heard_in(transcripts, day)?),
        };
        if heard.is_empty() {
            return Ok(false);
        }
        // As it would be stored: without secrets.
        let as_stored = transcripts.preview(new.clone());
        let key = key(&as_stored.session, &as_stored.kind, &as_stored.text, |name| as_stored.attribute(name));
        Ok(heard.get(&key).is_some_and(|times| times.iter().any(|time| time.abs_diff(new.time) <= NEAR)))
    }
}

fn heard_in(transcripts: &Transcripts, day: Date) -> Result<Heard> {
    let mut heard = Heard::new();
    transcripts.scan(day..=day, |o| {
        if o.attribute(HEARD).is_some() {
            heard.entry(key(&o.session, &o.kind, &o.text, |name| o.attribute(name))).or_default().push(o.time);
        }
        true
    })?;
    Ok(heard)
}

/// What makes it this one: of a message its words; of a command its line and of a reading what was read, since how the rest is told
/// differs.
fn key<'a>(session: &str, kind: &str, text: &'a str, attribute: impl Fn(&str) -> Option<&'a str>) -> u64 {
    let what = ["command", "path", "pattern", "url", "query"].iter().find_map(|name| attribute(name));
    let mut hash = DefaultHasher::new();
    (session, kind, attribute("tool"), attribute("speaker"), what.unwrap_or(text)).hash(&mut hash);
    hash.finish()
}
