//! What is gone and since when, kept after the branch is merged: a document doesn't become right by that.

use crate::gone::{Kind, Thing};
use crate::manifest::Runner;
use kairos_plugin::prelude::*;

const KEY: &str = "gone";
/// Bytes that are kept; a value of the host's has at most 64 KiB.
const MOST_BYTES: usize = 60_000;

/// A thing and when it was first seen to be gone while documents name it, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub since: u64,
    pub thing: Thing,
}

const KINDS: &[(&str, Kind)] = &[
    ("file", Kind::File),
    ("folder", Kind::Folder),
    ("npm", Kind::Command(Runner::Npm)),
    ("make", Kind::Command(Runner::Make)),
    ("just", Kind::Command(Runner::Just)),
    ("cargo", Kind::Command(Runner::Cargo)),
    ("program", Kind::Command(Runner::Program)),
    ("flag", Kind::Flag),
];

/// A word for the kind, as in a finding's key.
pub fn word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word)
}

pub fn load(host: &impl Host) -> Result<Vec<Entry>, Error> {
    let text = host.get_string(KEY)?.unwrap_or_default();
    Ok(text.lines().filter_map(parse).collect())
}

pub fn save(host: &impl Host, before: &[Entry], after: &[Entry]) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    let mut text = String::new();
    for Entry { since, thing } in after {
        let became = thing.became.as_deref().unwrap_or_default();
        let line = format!("{since}\t{}\t{}\t{became}\n", word(thing.kind), thing.name);
        let odd = thing.name.contains(['\t', '\n']) || became.contains(['\t', '\n']);
        if !odd && text.len() + line.len() <= MOST_BYTES {
            text.push_str(&line);
        }
    }
    host.set_string(KEY, &text)
}

fn parse(line: &str) -> Option<Entry> {
    let mut parts = line.split('\t');
    let since = parts.next()?.parse().ok()?;
    let word = parts.next()?;
    let kind = KINDS.iter().find(|(known, _)| *known == word)?.1;
    let name = parts.next()?.to_string();
    let became = parts.next().filter(|became| !became.is_empty()).map(String::from);
    Some(Entry { since, thing: Thing { kind, name, became } })
}
