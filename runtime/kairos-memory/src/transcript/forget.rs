//! Forgetting: of single observations a tombstone stays.

use super::error::{Error, Result};
use super::file::{Line, sync_dir};
use super::lines::{id_of, parse};
use super::{FORGOTTEN, Transcripts, day, is_forgotten};
use jiff::civil::Date;
use kairos_core::Millis;
use kairos_core::memory::{Observation, Origin};
use std::collections::{BTreeMap, HashSet};
use std::fs;
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
                    self.with_day(day, |file| {
                        file.rewrite(|line| {
                            line.and_then(|line| tombstone(line, &found, day, now)).map_or(Line::Stays, Line::Becomes)
                        })
                    })?;
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

    /// The observations that hold some words: in their text, their attributes, their source or session.
    pub fn holding(&self, words: &str) -> Result<Vec<Observation>> {
        let line_form = escaped(words);
        let mut found = vec![];
        for day in self.days()? {
            self.each(day, |_, line| {
                let line = line.ok().filter(|line| memchr::memmem::find(line, line_form.as_bytes()).is_some());
                found.extend(line.and_then(|line| parse(line).ok()).filter(|o| !is_forgotten(o)));
                true
            })?;
        }
        Ok(found)
    }

    /// Takes lines away that are damaged and hold some words, and the files of lines that a crash cut off which do. Answers how
    /// many lines; `dry_run` only counts. A line over 1 MiB is not looked into.
    pub fn forget_damaged(&self, words: &str, now: Millis, dry_run: bool) -> Result<u64> {
        let forms = [escaped(words), words.to_owned()];
        let holds = |bytes: &[u8]| forms.iter().any(|form| memchr::memmem::find(bytes, form.as_bytes()).is_some());
        let mut count = 0;
        for day in self.days()? {
            let is_damaged = |line: &[u8]| holds(line) && parse(line).is_err();
            let mut here = 0;
            self.each(day, |_, line| {
                here += u64::from(line.is_ok_and(is_damaged));
                true
            })?;
            if here > 0 && !dry_run {
                self.with_day(day, |file| {
                    file.rewrite(|line| match line.filter(|line| is_damaged(line)) {
                        Some(line) => {
                            let time = day::start_of(day);
                            let id = super::id("", "", time, &String::from_utf8_lossy(line));
                            Line::Becomes(stone(id, time, Origin::File, String::new(), String::new(), now))
                        }
                        None => Line::Stays,
                    })
                })?;
                self.close_day(day);
            }
            count += here;
            let torn = day::torn_of(&self.dir, day);
            if fs::read(&torn).is_ok_and(|bytes| holds(&bytes)) {
                count += 1;
                if !dry_run {
                    fs::remove_file(&torn).map_err(|error| Error::write(&torn, "remove", error))?;
                    sync_dir(&self.dir)?;
                }
            }
        }
        Ok(count)
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
    Some(stone(id, time, origin, kind, hash, now))
}

fn stone(id: String, time: Millis, origin: Origin, kind: String, hash: String, now: Millis) -> Observation {
    let attributes = vec![(FORGOTTEN.to_string(), now.to_string())];
    let (source, session, text) = Default::default();
    Observation { id, time, source, session, origin, kind, attributes, hash, text }
}

/// As JSON writes it.
fn escaped(words: &str) -> String {
    let json = serde_json::Value::from(words).to_string();
    json[1..json.len() - 1].to_owned()
}
