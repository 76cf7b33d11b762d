//! Is it worth asking a model? Decided before one is.

use kairos_core::config::Config;
use kairos_core::quiet::Hours;
use kairos_core::{Millis, Urgency};

/// How long after a failure nobody is asked; it doubles with each, up to [`LONGEST`].
const PAUSE: Millis = 60_000;
const LONGEST: Millis = 3_600_000;

/// When a model is woken, by the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// Least urgency of a new finding that wakes it; none: no finding does.
    findings: Option<Urgency>,
    /// Time between two looks at the checklist; zero: it is never looked at.
    every: Millis,
    /// The parts of the day in which it is; none: all day.
    hours: Vec<Hours>,
}

impl Gate {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            findings: config.text("think.on").parse().ok(),
            every: config.duration("heartbeat.every").as_millis() as u64,
            hours: config.list("heartbeat.hours").iter().filter_map(|h| h.parse().ok()).collect(),
        }
    }

    /// Those of the new findings that wake it.
    pub(super) fn worth(&self, news: &[(u64, Urgency)]) -> Vec<u64> {
        news.iter().filter(|(_, urgency)| self.findings.is_some_and(|least| *urgency >= least)).map(|(id, _)| *id).collect()
    }

    /// Is the checklist to be looked at? `minute` of the day, where the user is.
    pub(super) fn beats(&self, last: Millis, now: Millis, minute: u16) -> bool {
        self.has_beat()
            && now >= last.saturating_add(self.every)
            && (self.hours.is_empty() || self.hours.iter().any(|h| h.holds(minute)))
    }

    /// Could anything wake it?
    pub(super) fn is_open(&self) -> bool {
        self.findings.is_some() || self.has_beat()
    }

    /// Is there a checklist to look at?
    pub(super) fn has_beat(&self) -> bool {
        self.every > 0
    }
}

/// How long it is not asked, after so many failures in a row.
pub(super) fn pause(failures: u32) -> Millis {
    (PAUSE << failures.saturating_sub(1).min(10)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    fn gate(toml: &str) -> Gate {
        let mut config = Config::default();
        config.merge("kairos.toml", toml, Trust::User).unwrap();
        Gate::of(&config)
    }

    #[test]
    fn nothing_wakes_it_unless_the_user_says_so() {
        let shut = gate("");
        assert!(!shut.is_open() && shut.worth(&[(1, Urgency::Critical)]).is_empty() && !shut.beats(0, Millis::MAX, 0));
        let open = gate("think.on = \"high\"\nheartbeat.every = \"30m\"\nheartbeat.hours = [\"08:00-20:00\"]");
        let news = [(1, Urgency::Low), (2, Urgency::High), (3, Urgency::Critical), (4, Urgency::Normal)];
        assert_eq!(open.worth(&news), [2, 3]);
        let minutes = |n: u64| n * 60_000;
        assert!(!open.beats(0, minutes(29), 600) && open.beats(0, minutes(30), 600) && !open.beats(0, minutes(30), 1300));
    }

    #[test]
    fn who_fails_again_and_again_is_asked_ever_more_seldom() {
        assert_eq!([1, 2, 3, 30].map(|n| pause(n) / 1000), [60, 120, 240, 3600]);
    }
}
