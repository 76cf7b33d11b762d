//! What came since a reader was here last, whichever day it was put into.

use super::error::{Error, Result};
use super::lines::{Blocks, Damage, MAX_LINE, Reason, each_line, id_of, parse};
use super::{Transcripts, day, is_forgotten};
use jiff::civil::Date;
use kairos_core::memory::Observation;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::str::FromStr;

/// Most text on a page, in bytes; one observation is always on it.
const MAX_TEXT: usize = 8 << 20;

/// Up to where a reader has read each day: the observation it read last there, and where its line ends. The id is what counts:
/// where lines before it were forgotten or mended, it is found again; where it is gone, the day is read anew.
/// Written down it is one line of JSON, about 45 bytes a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position(BTreeMap<Date, (u64, String)>);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: BTreeMap<String, &(u64, String)> = self.0.iter().map(|(day, end)| (day.to_string(), end)).collect();
        f.write_str(&serde_json::to_string(&days).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Position {
    type Err = Error;

    /// An empty text is the start.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::BadPosition(super::new::cut(text, 100).into());
        if text.is_empty() {
            return Ok(Self::default());
        }
        let days: BTreeMap<String, (u64, String)> = serde_json::from_str(text).map_err(|_| bad())?;
        let day = |(day, end): (String, _)| Ok((day.parse().map_err(|_| bad())?, end));
        days.into_iter().map(day).collect::<Result<_>>().map(Self)
    }
}

/// Some of what came since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Oldest day first, in file order. Empty only at the end. What was forgotten is not among them.
    pub observations: Vec<Observation>,
    /// Where to go on.
    pub position: Position,
    /// Days that are given from their start again, because what was read last there is gone: a file was replaced or shortened by
    /// hand. Observations of these may have been given before, with the same ids.
    pub again: Vec<Date>,
    /// What had to be skipped.
    pub damage: Damage,
}

impl Transcripts {
    /// What came since a position, at most `max` observations and 8 MiB of text. Days in which nothing was added are not read.
    pub fn since(&self, position: &Position, max: usize) -> Result<Page> {
        let mut page = Page::default();
        let mut room = MAX_TEXT;
        for day in self.days()? {
            let known = position.0.get(&day);
            if page.observations.len() >= max || room == 0 {
                // Not reached: as it was.
                page.position.0.extend(known.map(|end| (day, end.clone())));
                continue;
            }
            let path = day::file_of(&self.dir, day);
            let read = self.day_since(day, &path, known, max, &mut room, &mut page);
            match read {
                Ok(end) => page.position.0.extend(end.map(|end| (day, end))),
                // Removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::read(&path, error)),
            }
        }
        Ok(page)
    }

    fn day_since(
        &self,
        day: Date,
        path: &Path,
        known: Option<&(u64, String)>,
        max: usize,
        room: &mut usize,
        page: &mut Page,
    ) -> io::Result<Option<(u64, String)>> {
        let mut file = File::open(path)?;
        let mut end = match known {
            None => None,
            Some((offset, id)) if ends_at(&mut file, *offset, id)? => known.cloned(),
            Some((_, id)) => {
                let found = find(&mut file, id)?;
                if found.is_none() {
                    page.again.push(day);
                }
                found.map(|offset| (offset, id.clone()))
            }
        };
        let start = end.as_ref().map_or(0, |(offset, _)| *offset);
        file.seek(SeekFrom::Start(start))?;
        let mut broken = vec![];
        each_line(&mut Blocks::new(file, MAX_LINE), |(at, line)| {
            if page.observations.len() >= max || *room == 0 {
                return false;
            }
            let at = start + at;
            match line.map_err(Reason::TooLong).and_then(|line| Ok((line.len(), parse(line)?))) {
                Ok((length, observation)) => {
                    end = Some((at + length as u64 + 1, suffix(&observation.id).into()));
                    if !is_forgotten(&observation) {
                        *room = room.saturating_sub(observation.text.len().max(1));
                        page.observations.push(observation);
                    }
                }
                Err(reason) if broken.len() < super::lines::MAX_NAMED => broken.push((at, reason)),
                Err(_) => page.damage.count += 1,
            }
            true
        })?;
        for (at, reason) in broken {
            page.damage.add(path, at, reason).map_err(io::Error::other)?;
        }
        Ok(end)
    }
}

/// The day is known already.
fn suffix(id: &str) -> &str {
    id.split_once('-').map_or(id, |(_, rest)| rest)
}

/// Does a line with that id end there?
fn ends_at(file: &mut File, offset: u64, id: &str) -> io::Result<bool> {
    if offset > file.metadata()?.len() {
        return Ok(false);
    }
    // A line rarely has more than the first of these.
    for length in [4 << 10, MAX_LINE as u64 + 2] {
        let start = offset.saturating_sub(length);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![];
        file.take(offset - start).read_to_end(&mut bytes)?;
        let Some(line) = bytes.strip_suffix(b"\n") else { return Ok(false) };
        match memchr::memrchr(b'\n', line) {
            Some(before) => return Ok(id_of(&line[before + 1..]).is_some_and(|found| suffix(&found) == id)),
            None if start == 0 => return Ok(id_of(line).is_some_and(|found| suffix(&found) == id)),
            None => {}
        }
    }
    Ok(false)
}

/// Where the line with that id ends.
fn find(file: &mut File, id: &str) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(0))?;
    let mut found = None;
    each_line(&mut Blocks::new(file, MAX_LINE), |(at, line)| {
        if let Ok(line) = line
            && id_of(line).is_some_and(|found| suffix(&found) == id)
        {
            found = Some(at + line.len() as u64 + 1);
        }
        found.is_none()
    })?;
    Ok(found)
}
