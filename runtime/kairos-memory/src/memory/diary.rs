//! What another agent wrote down by day, in the folder that its memory and ours share: observations, found by a search and no claims.

use super::{Error, Memory, Result};
use crate::book::{INDEX, is_topic_name};
use crate::transcript::import::others_notes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which files were read, by name: when they were changed, in milliseconds since 1970, and their size.
type Seen = BTreeMap<String, (u128, u64)>;
/// Larger ones are no notes, in bytes.
const MAX_NOTES: u64 = 4 << 20;

impl Memory {
    /// Reads the days' notes that are new or changed; where the index is the other agent's own long-term memory, that too.
    pub(super) fn read_diary(&self) -> Result<()> {
        let places = self.vault.places();
        let Some(state) = places.private.parent().filter(|_| self.home.foreign).map(|own| own.join("diary.json")) else {
            return Ok(());
        };
        let seen: Seen = std::fs::read(&state).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let mut now = found(&places.files, is_day);
        if let Some(top) = &places.index {
            now.extend(found(top, |name| name == INDEX));
        }
        let new: Vec<PathBuf> =
            now.iter().filter(|(name, (_, mark))| seen.get(*name) != Some(mark)).map(|(_, (path, _))| path.clone()).collect();
        if new.is_empty() {
            return Ok(());
        }
        others_notes(&new, &self.transcripts)?;
        let marks: Seen = now.into_iter().map(|(name, (_, mark))| (name, mark)).collect();
        let written = std::fs::write(&state, serde_json::to_vec(&marks).unwrap_or_default());
        // They would only be read again.
        written.map_err(|source| Error::Read { path: state, source })
    }
}

/// `2026-11-21.md`, `2026-11-21-standup.md`.
fn is_day(name: &str) -> bool {
    name.strip_suffix(".md").is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit()) && !is_topic_name(name))
}

fn found(folder: &Path, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, (PathBuf, (u128, u64))> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let one = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| wanted(name))?;
        let about = entry.metadata().ok().filter(|about| about.is_file() && about.len() <= MAX_NOTES)?;
        let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some((name, (entry.path(), (changed.as_millis(), about.len()))))
    };
    entries.filter_map(one).collect()
}
