//! What the user wants looked at at set times: a line of a crontab, whose command is a wish in words.

use crate::Millis;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::str::FromStr;

/// Most characters of a wish.
pub const MAX_WISH: usize = 160;

/// Such as `0 9 * * mon-fri Is main green?` or `@daily What changed in the docs?`: five fields as in crontab(5), in the user's time zone,
/// or one of `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Where the clocks go forward past a fixed time it comes right after the
/// gap, and where they go back, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    cron: Cron,
    /// Its fields, as they were written.
    pub when: String,
    /// What is wanted then, on one line.
    pub wish: String,
}

impl Schedule {
    /// When it next comes after `last`; none where it never does.
    pub fn after(&self, last: Millis, zone: &TimeZone) -> Option<Millis> {
        let last = Timestamp::from_millisecond(i64::try_from(last).ok()?).ok()?.to_zoned(zone.clone());
        let next = self.cron.find_next_occurrence(&last, false).ok()?;
        Millis::try_from(next.timestamp().as_millisecond()).ok()
    }

    /// The whole line, in one form.
    pub fn line(&self) -> String {
        format!("{} {}", self.when, self.wish)
    }

    /// In words, such as "At 09:00, on Monday."
    pub fn in_words(&self) -> String {
        self.cron.describe()
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write five fields and a wish, such as \"0 9 * * mon-fri Is main green?\", or \"@daily ...\"";
        let text = text.trim();
        let fields = if text.starts_with('@') { 1 } else { 5 };
        let mut words = text.split_whitespace();
        let when = words.by_ref().take(fields).collect::<Vec<_>>().join(" ");
        let wish = words.collect::<Vec<_>>().join(" ");
        if wish.is_empty() {
            return Err(format!("`{text}` does not say what is wanted: {FORM}"));
        }
        // Some crontabs have a field for seconds, too.
        if wish.starts_with("* ") {
            return Err(format!("`{text}` has more than five fields: {FORM}"));
        }
        if wish.chars().count() > MAX_WISH || wish.contains(char::is_control) {
            return Err(format!("what is wanted has to be one line of at most {MAX_WISH} characters, in `{when} ...`"));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&when).map_err(|e| format!("`{when}` is no time: {e}; {FORM}"))?;
        let schedule = Self { cron, when, wish };
        match schedule.after(0, &TimeZone::UTC) {
            Some(_) => Ok(schedule),
            None => Err(format!("`{}` never comes: there is no such day", schedule.when)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &TimeZone, time: &str) -> Millis {
        let time: jiff::civil::DateTime = time.parse().unwrap();
        time.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond() as Millis
    }

    fn next(schedule: &str, zone: &TimeZone, last: &str) -> String {
        let schedule: Schedule = format!("{schedule} look").parse().unwrap();
        let next = schedule.after(at(zone, last), zone).unwrap();
        Timestamp::from_millisecond(next as i64).unwrap().to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string()
    }

    #[test]
    fn it_comes_by_the_clock_on_the_wall() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // A Friday; the next working day is a Monday.
        assert_eq!(next("0 9 * * mon-fri", &zone, "2026-11-20T09:00"), "11-23 09:00");
        assert_eq!(next("*/15 8-9 * * *", &zone, "2026-11-20T09:45"), "11-21 08:00");
        assert_eq!(next("@daily", &zone, "2026-11-20T09:45"), "11-21 00:00");
        assert_eq!(next("0 0 29 2 *", &zone, "2026-11-20T09:45"), "02-29 00:00");
        // The clocks go forward at 2: 2:30 is not there that day.
        assert_eq!(next("30 2 * * *", &zone, "2026-03-28T12:00"), "03-29 03:00");
        assert_eq!(next("30 2 * * *", &zone, "2026-10-24T12:00"), "10-25 02:30");
        assert_eq!(next("30 2 * * *", &zone, "2026-10-25T02:31"), "10-26 02:30");
    }

    #[test]
    fn what_is_no_schedule_is_told() {
        let schedule: Schedule = " 0  9 * * 1-5   Is main\tgreen? ".parse().unwrap();
        assert_eq!((&*schedule.when, &*schedule.wish), ("0 9 * * 1-5", "Is main green?"));
        assert_eq!(schedule.in_words(), "At 09:00, on Monday, Tuesday, Wednesday, Thursday, and Friday.");
        for (wrong, told) in [
            ("", "does not say what is wanted"),
            ("0 9 * * 1-5", "does not say what is wanted"),
            ("@daily", "does not say what is wanted"),
            ("0 25 * * * look", "is no time"),
            ("@reboot look", "is no time"),
            ("* * * * * * look", "more than five fields"),
            ("Is main green, and is it so on all of them?", "is no time"),
            ("0 0 30 2 * look", "never comes"),
            (&format!("@daily {}", "x".repeat(161)), "at most 160"),
        ] {
            let error = wrong.parse::<Schedule>().map(drop).expect_err(wrong);
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }
}
