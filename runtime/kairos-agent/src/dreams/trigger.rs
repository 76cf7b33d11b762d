//! When a dream begins that nobody asked for: a pure function of the settings and of how things stand.

use crate::govern::settings::zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_core::quiet;
use std::fmt;

/// What the user has set.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    auto: bool,
    /// Milliseconds; none: idleness begins no dream.
    pub(super) idle_after: Option<Millis>,
    /// A minute of the day.
    schedule: Option<u16>,
    zone: TimeZone,
    least_every: Millis,
    /// Observations.
    pub(super) least_new: usize,
}

/// How things stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) now: Millis,
    /// Since when nobody has typed, edited or committed.
    pub(super) quiet_since: Millis,
    /// When the last dream began that nobody asked for.
    pub(super) begun: Option<Millis>,
    /// What was due by then at a time of day was done, or was not this process's to do.
    pub(super) scheduled: Millis,
    pub(super) on_battery: bool,
    /// The circuit breaker is open.
    pub(super) stopped: bool,
    /// A dream waits for the user.
    pub(super) waiting: bool,
}

/// Why a dream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nothing has happened for so many minutes.
    Idle(u64),
    /// It is the time of day.
    Schedule,
    /// The user wants it.
    Asked,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle(minutes) => write!(f, "nothing has happened for {minutes} min"),
            Self::Schedule => f.write_str("it is the time of `dream.schedule`"),
            Self::Asked => f.write_str("you asked for it"),
        }
    }
}

impl Rules {
    pub(super) fn of(config: &Config) -> Self {
        let millis = |key| u64::try_from(config.duration(key).as_millis()).unwrap_or(u64::MAX);
        Self {
            auto: config.flag("dream.auto"),
            idle_after: Some(millis("dream.idle-after")).filter(|after| *after > 0),
            schedule: quiet::minute(config.text("dream.schedule")),
            zone: zone(config),
            least_every: millis("dream.least-every"),
            least_new: usize::try_from(config.number("dream.least-new")).unwrap_or(usize::MAX).max(1),
        }
    }

    /// May one begin by itself at all?
    pub(super) fn auto(&self) -> bool {
        self.auto && (self.idle_after.is_some() || self.schedule.is_some())
    }

    /// Why a dream is due, if it is. The time of day comes before idleness, and a dream at it need not keep its distance: it comes once a
    /// day at most. One that was missed (the machine slept, or ran on its battery) is due until it is made up for, once.
    pub(super) fn due(&self, s: Situation) -> Option<Reason> {
        if !self.auto() || s.on_battery || s.stopped || s.waiting {
            return None;
        }
        // A dream of the future was dreamt before the clock was set back.
        let begun = s.begun.filter(|begun| *begun <= s.now);
        if let Some(time) = self.last_time(s.now)
            && time > begun.unwrap_or(0).max(s.scheduled.min(s.now))
        {
            return Some(Reason::Schedule);
        }
        let quiet = s.now.saturating_sub(s.quiet_since);
        let idle = self.idle_after.is_some_and(|after| quiet >= after);
        let apart = begun.is_none_or(|begun| s.now - begun >= self.least_every);
        (idle && apart).then_some(Reason::Idle(quiet / 60_000))
    }

    /// When it was the scheduled time of day last, where the user lives. A time that the clocks leave out is what it would be without.
    fn last_time(&self, now: Millis) -> Option<Millis> {
        let minute = self.schedule?;
        let local = Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()?.to_zoned(self.zone.clone());
        let time = jiff::civil::time(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0);
        let on = |date: jiff::civil::Date| {
            u64::try_from(date.to_datetime(time).to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond()).ok()
        };
        let today = on(local.date()).filter(|today| *today <= now);
        today.or_else(|| on(local.date().yesterday().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    const MINUTE: Millis = 60_000;
    const HOUR: Millis = 60 * MINUTE;

    fn rules(text: &str) -> Rules {
        let mut config = Config::default();
        config.merge("f", text, Trust::User).unwrap();
        Rules::of(&config)
    }

    fn at(time: &str) -> Millis {
        time.parse::<Timestamp>().unwrap().as_millisecond() as Millis
    }

    /// Long quiet, nothing in the way.
    fn quiet(now: Millis) -> Situation {
        let scheduled = now;
        Situation { now, quiet_since: now - HOUR, begun: None, scheduled, on_battery: false, stopped: false, waiting: false }
    }

    #[test]
    fn idleness_begins_one_where_nothing_is_in_the_way() {
        let (rules, now) = (rules(""), at("2026-11-21T12:00:00Z"));
        assert_eq!(rules.due(quiet(now)), Some(Reason::Idle(60)));
        for (what, s) in [
            ("somebody works", Situation { quiet_since: now - 29 * MINUTE, ..quiet(now) }),
            ("a clock that was set back", Situation { quiet_since: now + HOUR, ..quiet(now) }),
            ("the last was a moment ago", Situation { begun: Some(now - 5 * HOUR), ..quiet(now) }),
            ("on battery", Situation { on_battery: true, ..quiet(now) }),
            ("stopped", Situation { stopped: true, ..quiet(now) }),
            ("one waits", Situation { waiting: true, ..quiet(now) }),
        ] {
            assert_eq!(rules.due(s), None, "{what}");
        }
        assert!(rules.due(Situation { begun: Some(now - 6 * HOUR), ..quiet(now) }).is_some());
        assert!(rules.due(Situation { begun: Some(now + 9 * HOUR), ..quiet(now) }).is_some(), "begun by a clock that was ahead");
        for off in ["dream.auto = false", "dream.idle-after = \"0s\""] {
            assert_eq!(super::tests::rules(off).due(quiet(now)), None, "{off}");
        }
    }

    #[test]
    fn the_time_of_day_comes_once_where_the_user_lives_and_is_made_up_for() {
        let rules = rules("[dream]\nschedule = \"03:00\"\nidle-after = \"0s\"\n[quiet]\nzone = \"Europe/Berlin\"");
        let situation = |now: &str, begun: Option<&str>, scheduled: &str| Situation {
            quiet_since: at(now),
            begun: begun.map(at),
            scheduled: at(scheduled),
            ..quiet(at(now))
        };
        let due = |now, begun, scheduled| rules.due(situation(now, begun, scheduled)) == Some(Reason::Schedule);
        // (now, last dream, looked at, due); three in Berlin is two of UTC in winter, one in summer.
        for (now, begun, scheduled, expected) in [
            ("2026-11-21T01:59:59Z", None, "2026-11-20T20:00:00Z", false),
            ("2026-11-21T02:00:00Z", None, "2026-11-20T20:00:00Z", true),
            ("2026-11-21T02:00:30Z", Some("2026-11-21T02:00:00Z"), "2026-11-20T20:00:00Z", false),
            // It slept for three nights.
            ("2026-11-24T07:00:00Z", Some("2026-11-21T02:00:00Z"), "2026-11-20T20:00:00Z", true),
            ("2026-11-24T07:01:00Z", Some("2026-11-24T07:00:00Z"), "2026-11-20T20:00:00Z", false),
            // Too little was new then, and it was looked at.
            ("2026-11-24T07:01:00Z", Some("2026-11-21T02:00:00Z"), "2026-11-24T02:00:10Z", false),
            // One a while before does not take its place.
            ("2026-11-21T02:00:00Z", Some("2026-11-21T00:30:00Z"), "2026-11-20T20:00:00Z", true),
            // The night in which three o'clock comes after a gap, and the one in which two comes twice.
            ("2026-03-29T01:00:00Z", Some("2026-03-28T02:00:00Z"), "2026-03-28T02:00:00Z", true),
            ("2026-10-25T01:59:00Z", Some("2026-10-24T01:00:00Z"), "2026-10-24T01:00:00Z", false),
            ("2026-10-25T02:00:00Z", Some("2026-10-24T01:00:00Z"), "2026-10-24T01:00:00Z", true),
        ] {
            assert_eq!(due(now, begun, scheduled), expected, "{now} {begun:?}");
        }
        let on_battery = Situation { on_battery: true, ..situation("2026-11-21T02:00:00Z", None, "2026-11-20T20:00:00Z") };
        assert_eq!(rules.due(on_battery), None);
        let gap = super::tests::rules("[dream]\nschedule = \"02:30\"\n[quiet]\nzone = \"Europe/Berlin\"");
        assert_eq!(gap.last_time(at("2026-03-29T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")), "half past two is left out");
    }
}
