//! One file a day: which day a time and an id belong to, and which days there are.

use super::error::{Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kairos_core::Millis;
use std::io;
use std::path::{Path, PathBuf};

/// The UTC day of a time. What lies past the calendar belongs to its last day.
pub fn day_of(time: Millis) -> Date {
    let stamp = i64::try_from(time).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    stamp.map_or(Date::MAX, |stamp| stamp.to_zoned(TimeZone::UTC).date())
}

/// The first instant of a UTC day.
pub(super) fn start_of(day: Date) -> Millis {
    let stamp = day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
    stamp.map_or(0, |ms| u64::try_from(ms).unwrap_or(0))
}

/// How ids of that day begin.
pub(super) fn prefix(day: Date) -> String {
    format!("{:04}{:02}{:02}-", day.year(), day.month(), day.day())
}

/// The day that an id names; none if it can't be an id.
pub(super) fn day_of_id(id: &str) -> Option<Date> {
    let (day, rest) = id.split_once('-')?;
    if day.len() != 8 || rest.is_empty() || !day.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(day[..4].parse().ok()?, day[4..6].parse().ok()?, day[6..].parse().ok()?).ok()
}

/// Where a day's observations are.
pub(super) fn file_of(dir: &Path, day: Date) -> PathBuf {
    dir.join(format!("{day}.jsonl"))
}

/// What is kept aside of a day's file: the end of a line that a crash cut off.
pub(super) fn torn_of(dir: &Path, day: Date) -> PathBuf {
    dir.join(format!("{day}.jsonl.torn"))
}

/// All days that have a file, oldest first. A folder that is not there has none.
pub(super) fn list(dir: &Path) -> Result<Vec<Date>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(Error::read(dir, error)),
    };
    let mut days = vec![];
    for entry in entries {
        let entry = entry.map_err(|error| Error::read(dir, error))?;
        let name = entry.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".jsonl")) else { continue };
        // Exactly our own names: other ways to write a date would give a day two files.
        if let Ok(day) = stem.parse::<Date>()
            && day.to_string() == stem
        {
            days.push(day);
        }
    }
    days.sort_unstable();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_an_id_and_a_file_agree_on_the_day() {
        let day = day_of(1_767_225_599_999);
        assert_eq!(day.to_string(), "2025-12-31");
        assert_eq!(day_of(1_767_225_600_000).to_string(), "2026-01-01");
        assert_eq!(prefix(day), "20251231-");
        assert_eq!(day_of_id("20251231-abc"), Some(day));
        assert_eq!(start_of(day), 1_767_139_200_000);
        assert_eq!(day_of(u64::MAX), Date::MAX);
        for no in ["", "20251231", "20251331-a", "2025123-a", "x", "２０２５1231-a"] {
            assert_eq!(day_of_id(no), None, "{no}");
        }
    }

    #[test]
    fn only_our_own_names_are_days() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["2026-01-02.jsonl", "2025-01-02.jsonl", "2026-01-02.jsonl.torn", "20260103.jsonl", "x.jsonl", "2026-01-04.json"]
        {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let days: Vec<String> = list(dir.path()).unwrap().iter().map(Date::to_string).collect();
        assert_eq!(days, ["2025-01-02", "2026-01-02"]);
        assert!(list(&dir.path().join("none")).unwrap().is_empty());
    }
}
