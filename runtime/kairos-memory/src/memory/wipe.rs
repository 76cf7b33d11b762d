//! What stands in the place of what was forgotten: in versions of files, in messages of the history, in records of dreams.

use crate::book::{LEDGER, Topic};
use crate::dream::FOLDER;
use kairos_core::memory::Observation;
use serde_json::Value;
use std::collections::BTreeSet;

/// What stands in a forgotten text's place.
const FORGOTTEN: &str = "[forgotten]";
/// Where words stand in a step of a dream that speaks of something forgotten.
const WORDS: [&str; 6] = ["reason", "text", "quote", "symbol", "path", "what"];

/// What is to be overwritten.
pub(super) struct Wipe<'a> {
    claims: &'a BTreeSet<String>,
    observations: BTreeSet<String>,
    words: &'a [String],
    /// Also in a person's own text.
    everywhere: bool,
}

impl<'a> Wipe<'a> {
    pub fn new(claims: &'a BTreeSet<String>, observations: &[Observation], words: &'a [String], everywhere: bool) -> Self {
        Self { claims, observations: observations.iter().map(|o| o.id.clone()).collect(), words, everywhere }
    }

    /// A file as it stands, without the words, where they stand in it beside the claims themselves. A person's own text is left as
    /// it is, unless it was asked for by its words.
    pub fn beside(&self, path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        if path.starts_with(FOLDER) {
            return Some(self.record(bytes)).filter(|clean| clean != bytes);
        }
        let rest = self.without_claims(path, bytes);
        (self.everywhere && self.clean_bytes(&rest) != rest).then(|| self.clean_bytes(bytes))
    }

    /// An earlier version of a file.
    pub fn version(&self, path: &str, bytes: &[u8]) -> Vec<u8> {
        match path.starts_with(FOLDER) {
            true => self.record(bytes),
            false => self.clean_bytes(&self.without_claims(path, bytes)),
        }
    }

    /// A message of the history. One about a forgotten claim says nothing any more.
    pub fn message(&self, text: &str) -> String {
        let about = |line: &str| line.strip_prefix(super::CLAIM).and_then(|rest| rest.strip_prefix(": ")).map(str::to_owned);
        if !text.lines().filter_map(about).any(|id| self.claims.contains(id.trim())) {
            return self.clean(text);
        }
        let trailers: Vec<&str> = text.rsplit_once("\n\n").map(|(_, trailers)| trailers.lines().collect()).unwrap_or_default();
        let left: Vec<&str> =
            trailers.into_iter().filter(|l| !about(l).is_some_and(|id| self.claims.contains(id.trim()))).collect();
        if left.is_empty() { format!("{FORGOTTEN}\n") } else { format!("{FORGOTTEN}\n\n{}\n", left.join("\n")) }
    }

    /// The record of a dream, whose steps about forgotten claims and evidence keep their numbers and verdicts alone.
    fn record(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(mut record) = serde_json::from_slice::<Value>(bytes) else { return self.clean_bytes(bytes) };
        for step in record["steps"].as_array_mut().into_iter().flatten() {
            let about = names_any(step, &|id| self.claims.contains(id) || self.observations.contains(id));
            self.clean_value(step, about);
        }
        let rendered = serde_json::from_value(record.clone()).map(|dream| crate::dream::render(&dream));
        rendered.unwrap_or_else(|_| self.clean_bytes(record.to_string().as_bytes()))
    }

    fn clean_value(&self, value: &mut Value, about: bool) {
        match value {
            Value::String(text) => *text = self.clean(text),
            Value::Array(all) => all.iter_mut().for_each(|value| self.clean_value(value, about)),
            Value::Object(all) => {
                for (name, value) in all {
                    match value {
                        Value::String(text) if about && WORDS.contains(&name.as_str()) => *text = FORGOTTEN.into(),
                        _ => self.clean_value(value, about),
                    }
                }
            }
            _ => {}
        }
    }

    fn clean(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, words| text.replace(words.as_str(), FORGOTTEN))
    }

    /// As they are, and as JSON writes them.
    fn clean_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
        let escaped = |words: &String| {
            let json = Value::from(words.as_str()).to_string();
            json[1..json.len() - 1].to_owned()
        };
        self.words.iter().map(escaped).fold(self.clean(text), |text, words| text.replace(&words, FORGOTTEN)).into_bytes()
    }

    /// A version of a file without the claims, whatever their words were then.
    fn without_claims(&self, path: &str, bytes: &[u8]) -> Vec<u8> {
        if path == LEDGER {
            let named =
                |line: &&[u8]| self.claims.iter().any(|id| String::from_utf8_lossy(line).contains(&format!("\"id\":\"{id}\"")));
            return bytes.split_inclusive(|b| *b == b'\n').filter(|line| !named(line)).collect::<Vec<_>>().concat();
        }
        let Some(mut topic) = path.strip_suffix(".md").and_then(|_| Topic::read(bytes).ok()) else { return bytes.to_vec() };
        while let Some(at) = topic.bullets().iter().position(|b| b.id.as_ref().is_some_and(|id| self.claims.contains(id))) {
            topic.remove(at);
        }
        topic.render()
    }
}

/// Does such an id stand anywhere in it?
fn names_any(value: &Value, is: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(all) => all.iter().any(|value| names_any(value, is)),
        Value::Object(all) => all.values().any(|value| names_any(value, is)),
        _ => false,
    }
}
