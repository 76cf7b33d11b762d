//! Is a finding worth asking a model? Decided before one is.

use kairos_core::config::Config;
use kairos_core::{Millis, Urgency};

/// How long after a failure nobody is asked; it doubles with each, up to [`LONGEST`].
const PAUSE: Millis = 60_000;
const LONGEST: Millis = 3_600_000;

/// Which findings wake a model, by the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// Least urgency of a new finding that wakes it; none: no finding does.
    findings: Option<Urgency>,
}

impl Gate {
    pub(super) fn of(config: &Config) -> Self {
        Self { findings: config.text("think.on").parse().ok() }
    }

    /// Those of the new findings that wake it.
    pub(super) fn worth(&self, news: &[(u64, Urgency)]) -> Vec<u64> {
        news.iter().filter(|(_, urgency)| self.findings.is_some_and(|least| *urgency >= least)).map(|(id, _)| *id).collect()
    }

    /// Could any wake it?
    pub(super) fn is_open(&self) -> bool {
        self.findings.is_some()
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
        assert!(!shut.is_open() && shut.worth(&[(1, Urgency::Critical)]).is_empty());
        let open = gate("think.on = \"high\"");
        let news = [(1, Urgency::Low), (2, Urgency::High), (3, Urgency::Critical), (4, Urgency::Normal)];
        assert_eq!(open.worth(&news), [2, 3]);
    }

    #[test]
    fn who_fails_again_and_again_is_asked_ever_more_seldom() {
        assert_eq!([1, 2, 3, 30].map(|n| pause(n) / 1000), [60, 120, 240, 3600]);
    }
}
