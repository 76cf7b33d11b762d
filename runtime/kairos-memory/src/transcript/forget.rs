//! Forgetting: of single observations a tombstone stays, of whole days nothing.

use super::error::{Error, Result};
use super::file::sync_dir;
use super::lines::{id_of, parse};
use super::{FORGOTTEN, Transcripts, day, is_forgotten};
use jiff::civil::Date;
use kairos_core::Millis;
use kairos_core::memory::{Observation, Origin};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::PathBuf;

/// What was forgotten, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Ids whose text is gone.
    pub forgotten: Vec<String>,
    /// Ids of what had been forgotten before.
    pub already: Vec<String>,
    /// Ids that name nothing that is there.
    pub missing: Vec<String>,
    /// Bytes of text that went.
    pub bytes: u64,
    /// Files that were written anew or removed.
    pub files: Vec<PathBuf>,
}

/// A day that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Which.
    pub day: Date,
    /// The ids that were in it: claims that rest on them have lost this evidence.
    pub ids: Vec<String>,
    /// Of the file.
    pub bytes: u64,
}

impl Transcripts {
    /// Takes the words of observations away for good: text, attributes, source and session. Id, time, kind, origin and the hash
    /// of the text stay, with the attribute `forgotten`, so that evidence is known to have been there and an import doesn't bring
    /// it back. A file is written anew beside the old one and put in its place: readers see the old or the new, and their
    /// positions stay valid, as lines keep their ids and order. What the disk, a backup or a snapshot keeps of the old file can't
    /// be reached.
    pub fn forget<S: AsRef<str>>(&self, ids: &[S], now: Millis, dry_run: bool) -> Result<Forgotten> {
        let mut days: BTreeMap<Date, HashSet<&str>> = BTreeMap::new();
        let mut done = Forgotten::default();
        for id in ids.iter().map(AsRef::as_ref) {
            match day::day_of_id(id) {
                Some(day) => _ = days.entry(day).or_default().insert(id),
                None => done.missing.push(id.into()),
            }
        }
        for (day, wanted) in days {
            let path = day::file_of(&self.dir, day);
            let (mut found, mut already) = (BTreeMap::new(), HashSet::new());
            self.each(day, |_, line| {
                if let Ok(line) = line
                    && let Some(id) = id_of(line)
                    && wanted.contains(id.as_str())
                {
                    match parse(line) {
                        Ok(observation) if is_forgotten(&observation) => _ = already.insert(id),
                        Ok(observation) => _ = found.insert(id, observation.text.len()),
                        // Damaged, but it may hold the words.
                        Err(_) => _ = found.insert(id, line.len()),
                    }
                }
                true
            })?;
            if !found.is_empty() {
                done.files.push(path);
                if !dry_run {
                    self.with_day(day, |file| file.rewrite(|line| tombstone(line, &found, day, now)))?;
                    self.close_day(day);
                }
            }
            // A line that a crash cut off may hold the beginning of the same words.
            let torn = day::torn_of(&self.dir, day);
            let fragments = fs::read(&torn).unwrap_or_default();
            if wanted.iter().any(|id| memchr::memmem::find(&fragments, id.as_bytes()).is_some()) {
                if !dry_run {
                    fs::remove_file(&torn).map_err(|error| Error::write(&torn, "remove", error))?;
                    sync_dir(&self.dir)?;
                }
                done.files.push(torn);
            }
            for id in wanted {
                match found.get(id) {
                    Some(bytes) => {
                        done.bytes += *bytes as u64;
                        done.forgotten.push(id.into());
                    }
                    None if already.contains(id) => done.already.push(id.into()),
                    None => done.missing.push(id.into()),
                }
            }
        }
        [&mut done.forgotten, &mut done.already, &mut done.missing].into_iter().for_each(|ids| ids.sort_unstable());
        Ok(done)
    }

    /// Removes the days before `oldest` whole, and answers what went: only the caller knows what rested on it.
    pub fn retain(&self, oldest: Date, dry_run: bool) -> Result<Vec<Removed>> {
        let mut removed = vec![];
        for day in self.days()?.into_iter().filter(|day| *day < oldest) {
            let path = day::file_of(&self.dir, day);
            let bytes = fs::metadata(&path).map_err(|error| Error::read(&path, error))?.len();
            let mut ids = vec![];
            self.each(day, |_, line| {
                ids.extend(line.ok().and_then(id_of));
                true
            })?;
            if !dry_run {
                self.with_day(day, |file| file.remove())?;
                self.close_day(day);
                let torn = day::torn_of(&self.dir, day);
                match fs::remove_file(&torn) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(Error::write(&torn, "remove", error));
                    }
                    _ => {}
                }
            }
            removed.push(Removed { day, ids, bytes });
        }
        Ok(removed)
    }
}

/// What stands in place of a line; none if it stays.
fn tombstone(line: &[u8], found: &BTreeMap<String, usize>, day: Date, now: Millis) -> Option<Observation> {
    let id = id_of(line).filter(|id| found.contains_key(id))?;
    let (time, origin, kind, hash) = match parse(line) {
        Ok(observation) if is_forgotten(&observation) => return None,
        Ok(observation) => (observation.time, observation.origin, observation.kind, observation.hash),
        Err(_) => (day::start_of(day), Origin::File, String::new(), String::new()),
    };
    let attributes = vec![(FORGOTTEN.to_string(), now.to_string())];
    let (source, session, text) = Default::default();
    Some(Observation { id, time, source, session, origin, kind, attributes, hash, text })
}
