//! Whether a finding is announced, or goes to the inbox silently: a pure function. What is held back is kept with the reason.

use kairos_core::Urgency;

/// What counts for the decision.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// Of the finding.
    pub urgency: Urgency,
    /// Announced today, by all detectors.
    pub announced_today: u64,
    /// `surfacing.daily-cap`.
    pub daily_cap: u64,
    /// Announced in the last hour by this detector.
    pub announced_by_detector: u64,
    /// `surfacing.detector-rate`.
    pub detector_rate: u64,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Say it.
    Announce,
    /// Keep it in the inbox; the reason is for the user.
    Keep(String),
}

/// Critical findings pass, low ones never do, the others while there is room.
pub fn decide(c: &Circumstances) -> Decision {
    match c.urgency {
        Urgency::Critical => Decision::Announce,
        Urgency::Low => Decision::Keep("of low urgency: listed, never announced".into()),
        _ if c.announced_by_detector >= c.detector_rate => {
            Decision::Keep(format!("this detector announced {} findings within the hour", c.announced_by_detector))
        }
        _ if c.announced_today >= c.daily_cap => Decision::Keep(format!(
            "{} findings were announced today, `surfacing.daily-cap` allows {}",
            c.announced_today, c.daily_cap
        )),
        _ => Decision::Announce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_the_caps_but_for_critical_ones() {
        for announced_today in 0..10 {
            for announced_by_detector in 0..=announced_today {
                for urgency in [Urgency::Low, Urgency::Normal, Urgency::High, Urgency::Critical] {
                    let c = Circumstances { urgency, announced_today, daily_cap: 5, announced_by_detector, detector_rate: 3 };
                    let announced = decide(&c) == Decision::Announce;
                    let room = announced_today < 5 && announced_by_detector < 3;
                    let expected = match urgency {
                        Urgency::Critical => true,
                        Urgency::Low => false,
                        _ => room,
                    };
                    assert_eq!(announced, expected, "{c:?}");
                }
            }
        }
    }
}
