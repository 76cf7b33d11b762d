//! The settings that govern what is said.

use super::Proactive;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_core::quiet::{Hours, day};
use std::time::Duration;

/// What the user wants to hear, and when. All but the detector's rate is the same in all projects.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) proactive: Proactive,
    pub(crate) daily_cap: u64,
    pub(crate) detector_rate: u64,
    /// Without input for so long the user is away; zero: never.
    pub(crate) away_after: Duration,
    hours: Vec<Hours>,
    days: Vec<usize>,
    pub(crate) zone: TimeZone,
}

impl Settings {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            proactive: config.text("proactive").parse().unwrap_or_default(),
            daily_cap: config.number("surfacing.daily-cap"),
            detector_rate: config.number("surfacing.detector-rate"),
            away_after: config.duration("presence.away-after"),
            // Both were checked when they were set.
            hours: config.list("quiet.hours").iter().filter_map(|h| h.parse().ok()).collect(),
            days: config.list("quiet.days").iter().filter_map(|d| day(d).ok()).collect(),
            zone: zone(config),
        }
    }

    fn at(&self, now: Millis) -> Zoned {
        let now = i64::try_from(now).ok().and_then(|now| Timestamp::from_millisecond(now).ok());
        now.unwrap_or_default().to_zoned(self.zone.clone())
    }

    /// Is it quiet then, by the clock on the wall?
    pub(crate) fn is_quiet(&self, now: Millis) -> bool {
        if self.hours.is_empty() && self.days.is_empty() {
            return false;
        }
        let now = self.at(now);
        let minute = now.hour().unsigned_abs() as u16 * 60 + now.minute().unsigned_abs() as u16;
        let weekday = now.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        self.days.contains(&weekday) || self.hours.iter().any(|h| h.holds(minute))
    }

    /// When that day began where the user lives; where clocks were changed at midnight, its first moment.
    pub(crate) fn day_began(&self, now: Millis) -> Millis {
        let began = self.at(now).start_of_day().ok().and_then(|z| u64::try_from(z.timestamp().as_millisecond()).ok());
        began.unwrap_or_else(|| now.saturating_sub(86_400_000))
    }
}

/// Where the user lives.
pub(crate) fn zone(config: &Config) -> TimeZone {
    let name = config.text("quiet.zone");
    if name.is_empty() { TimeZone::system() } else { TimeZone::get(name).unwrap_or_else(|_| TimeZone::system()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    fn settings(text: &str) -> Settings {
        let mut config = Config::default();
        config.merge("f", text, Trust::User).unwrap();
        Settings::of(&config)
    }

    fn at(time: &str) -> Millis {
        time.parse::<Timestamp>().unwrap().as_millisecond() as Millis
    }

    #[test]
    fn quiet_is_by_the_clock_on_the_wall_of_the_zone() {
        let night = settings("[quiet]\nhours = [\"22:00-07:00\"]\nzone = \"Europe/Berlin\"");
        // In winter an hour ahead of UTC, in summer two.
        for (time, quiet) in [
            ("2026-01-10T20:59:00Z", false),
            ("2026-01-10T21:00:00Z", true),
            ("2026-01-11T05:59:00Z", true),
            ("2026-01-11T06:00:00Z", false),
            ("2026-07-10T19:59:00Z", false),
            ("2026-07-10T20:00:00Z", true),
            ("2026-07-11T05:00:00Z", false),
            // The night in which the clocks go forward, and the one in which they go back.
            ("2026-03-29T04:59:00Z", true),
            ("2026-03-29T05:00:00Z", false),
            ("2026-10-25T05:59:00Z", true),
            ("2026-10-25T06:00:00Z", false),
        ] {
            assert_eq!(night.is_quiet(at(time)), quiet, "{time}");
        }
        // The hour that comes twice is quiet both times.
        let twice = settings("[quiet]\nhours = [\"02:00-03:00\"]\nzone = \"Europe/Berlin\"");
        assert!(["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].iter().all(|t| twice.is_quiet(at(t))));
        assert!(!twice.is_quiet(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn whole_days_are_quiet_and_a_day_begins_at_its_first_moment() {
        let weekend = settings("[quiet]\ndays = [\"sat\", \"sun\"]\nzone = \"America/New_York\"");
        assert!(!weekend.is_quiet(at("2026-11-21T04:59:00Z")), "still Friday there");
        assert!(weekend.is_quiet(at("2026-11-21T05:00:00Z")) && weekend.is_quiet(at("2026-11-23T04:59:00Z")));
        assert!(!settings("").is_quiet(0));
        let began = |zone: &str, time| settings(&format!("quiet.zone = \"{zone}\"")).day_began(at(time));
        assert_eq!(began("America/New_York", "2026-11-21T04:59:00Z"), at("2026-11-20T05:00:00Z"));
        // There midnight is left out in spring.
        assert_eq!(began("Africa/Cairo", "2026-04-24T09:00:00Z"), at("2026-04-23T22:00:00Z"));
    }
}
