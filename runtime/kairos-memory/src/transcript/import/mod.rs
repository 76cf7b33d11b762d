//! What other programs have written down, taken over as observations. Files are only read, a line at a time, and what is put in
//! twice is stored once.

mod claude;
mod git;
mod hook;
mod known;
mod notes;
mod own_words;
mod tool;

pub use claude::claude;
pub use git::{git, observed};
pub use hook::{HEARD, Heard, heard};
pub use notes::{notes, others_notes};

use super::error::{Error, Result};
use super::lines::{Blocks, Piece};
use super::{Damage, New, Reason, Transcripts, day_of};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest line that is read, in bytes: pictures stand in these files as text.
const MAX_LINE: usize = 8 << 20;
/// Stored at once.
const BATCH: usize = 1000;
/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 4;

/// How far an import is. Told at every file's start and at about every MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being read.
    pub file: &'a Path,
    /// Bytes read, of all files; commits, where there are no files.
    pub done: u64,
    /// As many there are in all.
    pub total: u64,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: u64,
    /// Lines, or paragraphs of notes.
    pub read: u64,
    /// Observations that were not there before.
    pub stored: u64,
    /// Observations that were.
    pub known: u64,
    /// What was left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Lines that could not be read.
    pub damage: Damage,
}

/// Told how far it is.
pub type Watcher<'a> = &'a mut dyn FnMut(Progress<'_>);

/// One import: gathers what is to be stored, and counts.
struct Import<'a> {
    transcripts: &'a Transcripts,
    watch: Watcher<'a>,
    batch: Vec<New>,
    summary: Summary,
    done: u64,
    total: u64,
    /// Days of which something was dropped: it is not to come back.
    dropped: HashSet<String>,
}

impl<'a> Import<'a> {
    fn new(transcripts: &'a Transcripts, files: &[Source], watch: Watcher<'a>) -> Result<Self> {
        let total = files.iter().map(|file| file.bytes).sum();
        let dropped = transcripts.dropped()?.into_iter().map(|dropped| dropped.day).collect();
        Ok(Self { transcripts, watch, batch: vec![], summary: Summary::default(), done: 0, total, dropped })
    }

    fn add(&mut self, new: New) -> Result<()> {
        if !self.dropped.is_empty() && self.dropped.contains(&day_of(new.time).to_string()) {
            self.skip("of days that were dropped by memory.keep or memory.size");
            return Ok(());
        }
        self.batch.push(new);
        if self.batch.len() >= BATCH { self.store() } else { Ok(()) }
    }

    fn skip(&mut self, reason: &'static str) {
        *self.summary.skipped.entry(reason).or_default() += 1;
    }

    fn store(&mut self) -> Result<()> {
        let appended = self.transcripts.append(std::mem::take(&mut self.batch))?;
        self.summary.stored += appended.stored.len() as u64;
        self.summary.known += (appended.ids.len() - appended.stored.len()) as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<Summary> {
        self.store()?;
        Ok(self.summary)
    }

    /// Hands every line of a file to `each`, with its offset, also the last that lacks a newline. Reads only what was there when
    /// the import began: a session may still be running.
    fn lines(&mut self, source: &Source, mut each: impl FnMut(&mut Self, u64, &[u8]) -> Result<()>) -> Result<()> {
        let path = &source.path;
        let read = |error| Error::read(path, error);
        let before = self.done;
        self.summary.files += 1;
        let mut blocks = Blocks::new(File::open(path).map_err(read)?.take(source.bytes), MAX_LINE);
        let (mut told, mut end) = (None, 0);
        while let Some((at, piece)) = blocks.next().map_err(read)? {
            if told.is_none_or(|told| at - told >= 1 << 20) {
                told = Some(at);
                (self.watch)(Progress { file: path, done: before + at, total: self.total });
            }
            end = at;
            match piece {
                Piece::TooLong(length) => {
                    end += length + 1;
                    self.summary.damage.add(path, at, Reason::TooLong(length))?;
                }
                Piece::Lines(bytes) => {
                    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                        each(self, end, &line[..line.len() - 1])?;
                        end += line.len() as u64;
                    }
                }
            }
        }
        if !blocks.rest().is_empty() {
            each(self, end, blocks.rest())?;
        }
        self.done = before + source.bytes;
        Ok(())
    }
}

/// A file to import.
struct Source {
    path: PathBuf,
    /// Below the folder that was asked for, with `/`; the file's name where a file was asked for.
    name: String,
    bytes: u64,
    /// Last changed, in milliseconds since 1970.
    changed: u64,
}

/// The files at a place that end in one of these, oldest first. Links are not followed.
fn sources(place: &Path, endings: &[&str]) -> Result<Vec<Source>> {
    let mut found = vec![];
    let file = |path: PathBuf, name: String| -> Result<Source> {
        let about = fs::metadata(&path).map_err(|error| Error::read(&path, error))?;
        let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let changed = changed.map_or(0, |since| since.as_millis().try_into().unwrap_or(0));
        Ok(Source { path, name, bytes: about.len(), changed })
    };
    let about = fs::metadata(place).map_err(|error| Error::read(place, error))?;
    if !about.is_dir() {
        let name = place.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return Ok(vec![file(place.into(), name)?]);
    }
    let mut folders = vec![(place.to_path_buf(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Error::read(&folder, error))? {
            let entry = entry.map_err(|error| Error::read(&folder, error))?;
            let kind = entry.file_type().map_err(|error| Error::read(&entry.path(), error))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(file(entry.path(), name)?);
            }
        }
    }
    found.sort_by(|a, b| (a.changed, &a.name).cmp(&(b.changed, &b.name)));
    Ok(found)
}

#[cfg(test)]
mod tests;
