//! `claims.jsonl`: for each claim what a bullet can't say, one line a claim, sorted by id.
//!
//! The words of a claim stand in its topic file alone; here is their hash, by which an edit by hand is noticed. Only a retired claim,
//! which stands in no file, has its words here: nothing that was once said is lost but by `forget`.

use kairos_core::Millis;
use kairos_core::memory::{Anchor, Claim, ClaimKind, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    id: String,
    topic: String,
    kind: ClaimKind,
    status: Status,
    /// SHA-256 of the text.
    hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    evidence: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<Anchor>,
    recorded: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_to: Option<Millis>,
    author: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rivals: Vec<String>,
    /// What a newer program wrote there.
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// A claim as it was last written, with the hash of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Its text is empty until it is found in its file, unless it is retired.
    pub claim: Claim,
    pub hash: String,
    /// Keys that we don't know.
    other: BTreeMap<String, serde_json::Value>,
}

impl Record {
    pub fn new(claim: Claim) -> Self {
        Self { hash: hash(&claim.text), claim, other: BTreeMap::new() }
    }

    /// What a newer program wrote beside `old` goes on.
    pub fn keep_unknown(&mut self, old: Self) {
        self.other = old.other;
    }
}

/// A line that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} is damaged ({why}); `kairos-run memory log` shows when it was whole and `memory revert` brings it back, or delete it"
)]
pub struct Damaged {
    /// From 1.
    pub line: usize,
    /// What the reader says.
    pub why: String,
}

/// SHA-256 in hexadecimal.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All records, and the lines that are none. Of two lines with one id the last holds.
pub(super) fn read(bytes: &[u8]) -> (BTreeMap<String, Record>, Vec<Damaged>) {
    let (mut records, mut damaged) = (BTreeMap::new(), vec![]);
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Entry>(line) {
            Ok(entry) => drop(records.insert(entry.id.clone(), record(entry))),
            Err(e) => damaged.push(Damaged { line: at + 1, why: e.to_string() }),
        }
    }
    (records, damaged)
}

fn record(entry: Entry) -> Record {
    let Entry { id, topic, kind, status, hash, text, evidence, anchors, recorded, valid_from, valid_to, author, rivals, other } =
        entry;
    let text = text.unwrap_or_default();
    let claim = Claim { id, topic, kind, status, text, evidence, anchors, recorded, valid_from, valid_to, author, rivals };
    Record { claim, hash, other }
}

pub(super) fn write(records: &BTreeMap<String, Record>) -> Vec<u8> {
    let mut out = vec![];
    for Record { claim, hash, other } in records.values() {
        let Claim { id, topic, kind, status, text, evidence, anchors, recorded, valid_from, valid_to, author, rivals } =
            claim.clone();
        let text = (status == Status::Retired).then_some(text);
        let (hash, other) = (hash.clone(), other.clone());
        let entry = Entry {
            id,
            topic,
            kind,
            status,
            hash,
            text,
            evidence,
            anchors,
            recorded,
            valid_from,
            valid_to,
            author,
            rivals,
            other,
        };
        // Strings, numbers and lists always have a form in JSON.
        out.extend(serde_json::to_vec(&entry).unwrap_or_default());
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back_with_what_a_newer_program_added() {
        let line = r#"{"id":"aaaaaaaa","topic":"user","kind":"user","status":"fact","hash":"x","evidence":["1"],"recorded":5,"author":"user","new":{"a":1}}"#;
        let (records, damaged) = read(format!("\n{line}\nnonsense\n{{}}\n").as_bytes());
        assert_eq!(damaged.iter().map(|d| d.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(String::from_utf8(write(&records)).unwrap(), format!("{line}\n"));
    }
}
