//! Looks for documents that name what is gone.

use crate::docs::{self, GLOBS, is_doc};
use crate::gone::{Kind, Thing, exists};
use crate::mention::{Mention, mention, resolve};
use kairos_plugin::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Searches a call, and bytes of a pattern: the host takes 4 KiB.
const MOST_SEARCHES: usize = 4;
const MOST_PATTERN: usize = 3_500;
/// Documents that are read a call, and bytes of all.
const MOST_DOCS: usize = 32;
const MOST_BYTES: usize = 1 << 20;
const MOST_BYTES_A_DOC: u64 = 512 << 10;

/// A line of a document that names a thing.
#[derive(Debug, Clone)]
pub struct Place {
    pub doc: String,
    pub line: u32,
    pub text: String,
    pub link: bool,
}

/// For each thing the places that name it, by document and line.
pub fn places(host: &impl Host, things: &[&Thing]) -> Result<Vec<Vec<Place>>, Error> {
    let mut found: Vec<Vec<Place>> = things.iter().map(|_| Vec::new()).collect();
    let mut left = MOST_BYTES;
    for (path, named) in documents(host, things)?.into_iter().take(MOST_DOCS) {
        let Ok(bytes) = host.read_all(&path, MOST_BYTES_A_DOC) else { continue };
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        let text = String::from_utf8_lossy(&bytes);
        let lines = docs::lines(&text);
        for index in named {
            let (thing, places) = (things[index], &mut found[index]);
            for line in lines.iter().filter(|line| line.text.contains(last_part(thing))) {
                let Some(kind) = mention(&path, line, thing) else { continue };
                if kind == Mention::Name && means_another(host, &path, thing) {
                    break;
                }
                let link = kind == Mention::Link;
                places.push(Place { doc: path.clone(), line: line.number, text: line.text.trim().to_string(), link });
            }
        }
    }
    Ok(found)
}

/// Documents, and which of the things may stand in them: with many of both, most pairs needn't be looked at.
fn documents(host: &impl Host, things: &[&Thing]) -> Result<BTreeMap<String, BTreeSet<usize>>, Error> {
    let names: BTreeSet<String> =
        things.iter().map(|thing| crate::escape(last_part(thing))).filter(|name| name.len() < MOST_PATTERN).collect();
    let mut patterns = vec![String::new()];
    for name in names {
        let last = patterns.len() - 1;
        if patterns[last].len() + name.len() >= MOST_PATTERN {
            patterns.push(name);
        } else {
            if !patterns[last].is_empty() {
                patterns[last].push('|');
            }
            patterns[last].push_str(&name);
        }
    }
    let globs: Vec<String> = GLOBS.iter().map(ToString::to_string).collect();
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for pattern in patterns.iter().filter(|pattern| !pattern.is_empty()).take(MOST_SEARCHES) {
        let hits = host.search(pattern, &SearchOptions { globs: globs.clone(), ..SearchOptions::default() })?;
        for hit in hits.into_iter().filter(|hit| is_doc(&hit.path)) {
            // Of a long line the host shows the beginning.
            let cut = hit.text.len() + 4 > 400;
            let named = things.iter().enumerate().filter(|(_, thing)| cut || hit.text.contains(last_part(thing)));
            found.entry(hit.path).or_default().extend(named.map(|(index, _)| index));
        }
    }
    Ok(found)
}

/// By a link a path is named in part; the end of it is there in any case.
fn last_part(thing: &Thing) -> &str {
    match thing.kind {
        Kind::File => thing.name.rsplit('/').next().unwrap_or(&thing.name),
        _ => &thing.name,
    }
}

/// A path may be meant from the document's own folder; and the end of a new path is still a way to name it.
fn means_another(host: &impl Host, doc: &str, thing: &Thing) -> bool {
    if !matches!(thing.kind, Kind::File | Kind::Folder) {
        return false;
    }
    let moved_below = thing.became.as_ref().is_some_and(|new| new.ends_with(&format!("/{}", thing.name)));
    moved_below || resolve(doc, &thing.name).is_some_and(|path| path != thing.name && exists(host, &path))
}
