//! Reading: by id, by day, from a position on.

use super::error::{Error, Result};
use super::lines::{Blocks, Damage, MAX_LINE, MAX_NAMED, Reason, each_line, id_of, parse};
use super::{Transcripts, day, is_forgotten};
use jiff::civil::Date;
use kairos_core::memory::Observation;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;

/// What was asked for by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Got {
    /// In the order of the ids.
    pub found: Vec<Observation>,
    /// Ids of what was forgotten.
    pub forgotten: Vec<String>,
    /// Ids that name nothing that is there, or something that can't be read any more.
    pub missing: Vec<String>,
}

impl Transcripts {
    /// Observations by id. Each day's file is read once, and at most up to the last that is wanted of it.
    pub fn get<S: AsRef<str>>(&self, ids: &[S]) -> Result<Got> {
        let mut days: BTreeMap<Date, HashMap<&str, Option<Observation>>> = BTreeMap::new();
        for id in ids {
            if let Some(day) = day::day_of_id(id.as_ref()) {
                days.entry(day).or_default().insert(id.as_ref(), None);
            }
        }
        for (day, wanted) in &mut days {
            let mut left = wanted.len();
            self.each(*day, |_, line| {
                if let Ok(line) = line
                    && let Some(id) = id_of(line)
                    && let Some(place) = wanted.get_mut(id.as_str())
                    && place.is_none()
                    && let Ok(observation) = parse(line)
                {
                    *place = Some(observation);
                    left -= 1;
                }
                left > 0
            })?;
        }
        let mut got = Got::default();
        for id in ids {
            let id = id.as_ref();
            match day::day_of_id(id).and_then(|day| days.get(&day)?.get(id)?.clone()) {
                Some(observation) if is_forgotten(&observation) => got.forgotten.push(id.into()),
                Some(observation) => got.found.push(observation),
                None => got.missing.push(id.into()),
            }
        }
        Ok(got)
    }

    /// Everything of some days that was not forgotten, oldest day first, in file order, until `each` answers false. Answers what
    /// had to be skipped.
    pub fn scan(&self, days: RangeInclusive<Date>, mut each: impl FnMut(Observation) -> bool) -> Result<Damage> {
        let mut damage = Damage::default();
        for day in self.days()?.into_iter().filter(|day| days.contains(day)) {
            let mut broken = vec![];
            let mut more = true;
            self.each(day, |at, line| {
                match line.map_err(Reason::TooLong).and_then(parse) {
                    Ok(observation) if is_forgotten(&observation) => {}
                    Ok(observation) => more = each(observation),
                    Err(reason) if broken.len() < MAX_NAMED => broken.push((at, reason)),
                    Err(_) => damage.count += 1,
                }
                more
            })?;
            let path = day::file_of(&self.dir, day);
            for (at, reason) in broken {
                damage.add(&path, at, reason)?;
            }
            if !more {
                break;
            }
        }
        Ok(damage)
    }

    /// Every whole line of a day, with its offset, until `each` answers false. A day without a file has none.
    pub(super) fn each(&self, day: Date, mut each: impl FnMut(u64, Result<&[u8], u64>) -> bool) -> Result<()> {
        let path = day::file_of(&self.dir, day);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::read(&path, error)),
        };
        let mut blocks = Blocks::new(file, MAX_LINE);
        each_line(&mut blocks, |(at, line)| each(at, line)).map_err(|error| Error::read(&path, error))
    }
}
