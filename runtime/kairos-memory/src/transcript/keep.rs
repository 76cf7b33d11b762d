//! How long transcripts are kept: the oldest days go first, but for what is cited. What goes is written down before it does.

use super::error::{Error, Result};
use super::file::{Line, sync_dir};
use super::lines::id_of;
use super::{Transcripts, day};
use jiff::ToSpan;
use jiff::civil::Date;
use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write};
use std::time::Duration;

/// Where it stands what was dropped, one line a day and time.
const LEDGER: &str = "dropped.jsonl";
/// The clock is believed where so many of the days before today were seen; one that jumped ahead by a year must not cost a year.
const SEEN: usize = 2;
/// How far back these days lie at most.
const LATELY: i64 = 30;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long; none for ever.
    pub keep: Option<Duration>,
    /// How many bytes all days may take; none for as many as there are. Today is never dropped.
    pub size: Option<u64>,
}

/// A day of which something was dropped, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Such as `2026-01-02`.
    pub day: String,
    /// Observations that went.
    pub count: u64,
    /// Observations that stay, because claims cite them.
    pub kept: u64,
    /// Bytes that became free.
    pub bytes: u64,
    /// When.
    pub time: Millis,
    /// The setting that asked for it: `memory.keep` or `memory.size`.
    pub rule: String,
    /// The ids of what went. Not written down.
    #[serde(skip)]
    pub ids: Vec<String>,
}

impl Transcripts {
    /// Whether so much was seen lately that the clock can be believed.
    ///
    /// # Errors
    /// Where the folder can't be read.
    pub fn trusts_clock(&self, now: Millis) -> Result<bool> {
        let today = day::day_of(now);
        let from = today.checked_sub(LATELY.days()).unwrap_or(Date::MIN);
        Ok(self.days()?.iter().filter(|day| (from..today).contains(*day)).count() >= SEEN)
    }

    /// Drops what is over the bounds, the oldest day first, and answers what went. Observations whose ids are `cited` stay.
    ///
    /// # Errors
    /// Where something can't be read or written. What was answered before is done.
    pub fn keep_within(&self, bounds: Bounds, cited: &HashSet<String>, now: Millis, dry_run: bool) -> Result<Vec<Dropped>> {
        let today = day::day_of(now);
        let keep = bounds.keep.map(|keep| u64::try_from(keep.as_millis()).unwrap_or(u64::MAX));
        let oldest = keep.map_or(Date::MIN, |keep| day::day_of(now.saturating_sub(keep)));
        let mut sizes = vec![];
        for day in self.days()? {
            let path = day::file_of(&self.dir, day);
            sizes.push((day, fs::metadata(&path).map_err(|error| Error::read(&path, error))?.len()));
        }
        let mut over = sizes.iter().map(|(_, bytes)| bytes).sum::<u64>().saturating_sub(bounds.size.unwrap_or(u64::MAX));
        let mut dropped = vec![];
        for (day, _) in sizes.into_iter().filter(|(day, _)| *day < today) {
            let rule = match day < oldest {
                true => "memory.keep",
                false if over > 0 => "memory.size",
                false => break,
            };
            if let Some(done) = self.drop_day(day, cited, rule, now, dry_run)? {
                over = over.saturating_sub(done.bytes);
                dropped.push(done);
            }
        }
        Ok(dropped)
    }

    fn drop_day(&self, day: Date, cited: &HashSet<String>, rule: &str, now: Millis, dry_run: bool) -> Result<Option<Dropped>> {
        let stays = |line: Option<&[u8]>| line.and_then(id_of).is_some_and(|id| cited.contains(&id));
        let mut told = Dropped { day: day.to_string(), count: 0, kept: 0, bytes: 0, time: now, rule: rule.into(), ids: vec![] };
        self.each(day, |_, line| {
            if stays(line.ok()) {
                told.kept += 1;
            } else {
                told.count += 1;
                told.bytes += line.map_or_else(|length| length, |line| line.len() as u64) + 1;
                told.ids.extend(line.ok().and_then(id_of));
            }
            true
        })?;
        if told.count == 0 || dry_run {
            return Ok((told.count > 0).then_some(told));
        }
        self.note_dropped(&told)?;
        self.with_day(day, |file| {
            if told.kept == 0 { file.remove() } else { file.rewrite(|line| if stays(line) { Line::Stays } else { Line::Goes }) }
        })?;
        self.close_day(day);
        let torn = day::torn_of(&self.dir, day);
        match fs::remove_file(&torn) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&torn, "remove", error)),
            _ => Ok(Some(told)),
        }
    }

    /// What was dropped so far, in the order in which it was.
    ///
    /// # Errors
    /// Where the list can't be read.
    pub fn dropped(&self) -> Result<Vec<Dropped>> {
        let path = self.dir.join(LEDGER);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(Error::read(&path, error)),
        }
    }

    /// Of these ids those that lie in a day of which something was dropped, with what was said of it last.
    ///
    /// # Errors
    /// Where the list can't be read.
    pub fn find_dropped<'a>(&self, ids: &'a [String]) -> Result<HashMap<&'a str, Dropped>> {
        let all: HashMap<String, Dropped> = self.dropped()?.into_iter().map(|dropped| (dropped.day.clone(), dropped)).collect();
        let of = |id: &'a String| Some((id.as_str(), all.get(&day::day_of_id(id)?.to_string())?.clone()));
        Ok(ids.iter().filter_map(of).collect())
    }

    fn note_dropped(&self, dropped: &Dropped) -> Result<()> {
        let path = self.dir.join(LEDGER);
        let mut line = serde_json::to_vec(dropped).unwrap_or_default();
        line.push(b'\n');
        let file = super::file::open_private(fs::OpenOptions::new().append(true).create(true), &path);
        let written = file.and_then(|mut file| file.write_all(&line).and_then(|()| file.sync_all()));
        written.map_err(|error| Error::write(&path, "append", error))?;
        sync_dir(&self.dir)
    }
}

#[cfg(test)]
mod tests {
    use super::super::new::tests::new;
    use super::*;
    use kairos_exec::redact::Redactor;

    const DAY: u64 = 86_400_000;

    #[test]
    fn old_days_go_but_for_what_is_cited_and_it_is_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(dir.path(), Redactor::default());
        let ids =
            transcripts.append((0..12).map(|n| new(n / 2 * DAY + n, &format!("{n} {}", "x".repeat(50)))).collect()).unwrap().ids;
        let cited = HashSet::from([ids[0].clone()]);
        let now = 5 * DAY + 1000;
        let bounds = Bounds { keep: Some(Duration::from_secs(3 * 86_400)), size: None };
        let planned = transcripts.keep_within(bounds, &cited, now, true).unwrap();
        let counts = |all: &[Dropped]| all.iter().map(|d| (d.day.clone(), d.count, d.kept)).collect::<Vec<_>>();
        assert_eq!(counts(&planned), [("1970-01-01".into(), 1, 1), ("1970-01-02".into(), 2, 0)]);
        assert_eq!(transcripts.keep_within(bounds, &cited, now, false).unwrap(), planned);
        assert!(transcripts.keep_within(bounds, &cited, now, false).unwrap().is_empty());
        let got = transcripts.get(&ids).unwrap();
        assert_eq!((got.found.len(), got.missing.len()), (9, 3));
        assert_eq!(counts(&transcripts.dropped().unwrap()), counts(&planned));
        assert_eq!(transcripts.find_dropped(&ids[2..4]).unwrap()[ids[3].as_str()].rule, "memory.keep");
        // The size alone: from the oldest on, never today.
        let bounds = Bounds { keep: None, size: Some(1) };
        let dropped = transcripts.keep_within(bounds, &cited, now, false).unwrap();
        assert!(dropped.iter().all(|d| d.rule == "memory.size") && dropped.len() == 3, "{dropped:?}");
        assert_eq!(transcripts.days().unwrap().len(), 2);
        assert!(transcripts.trusts_clock(3 * DAY).is_ok_and(|trusts| !trusts));
    }

    #[test]
    fn a_clock_that_jumped_ahead_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(dir.path(), Redactor::default());
        transcripts.append((0..3).map(|n| new(n * DAY, "x")).collect()).unwrap();
        for (now, trusted) in [(2 * DAY, true), (3 * DAY, true), (400 * DAY, false)] {
            assert_eq!(transcripts.trusts_clock(now).unwrap(), trusted, "{now}");
        }
    }
}
