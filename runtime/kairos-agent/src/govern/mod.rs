//! Whether a finding is announced, or goes to the inbox silently: a pure function. What is held back is kept with the reason.

pub(crate) mod feedback;
pub(crate) mod manners;
pub(crate) mod settings;

pub use kairos_api::Proactive;
use kairos_core::Urgency;

/// What counts for the decision.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// Of the finding.
    pub urgency: Urgency,
    /// What the user lets pass now.
    pub proactive: Proactive,
    /// Its detector is muted.
    pub muted: bool,
    /// It is within the quiet hours.
    pub quiet: bool,
    /// The user is away, or his screen is locked. Where that can't be told he is here.
    pub away: bool,
    /// Messages of today, of all detectors in all projects.
    pub announced_today: u64,
    /// `surfacing.daily-cap`.
    pub daily_cap: u64,
    /// Messages of the last hour by this detector, in all projects.
    pub announced_by_detector: u64,
    /// `surfacing.detector-rate`.
    pub detector_rate: u64,
}

/// Why a finding is not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// `proactive` excludes it.
    Proactive,
    /// Low ones are only listed.
    LowUrgency,
    /// Its detector is muted.
    Muted,
    /// It waits for their end.
    QuietHours,
    /// It waits until the user is back.
    Away,
    /// Its detector spoke often enough within the hour.
    DetectorRate,
    /// Enough was said today.
    DailyCap,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Proactive, Self::LowUrgency, Self::Muted, Self::QuietHours, Self::Away, Self::DetectorRate, Self::DailyCap];

    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proactive => "proactive",
            Self::LowUrgency => "low-urgency",
            Self::Muted => "muted",
            Self::QuietHours => "quiet-hours",
            Self::Away => "away",
            Self::DetectorRate => "detector-rate",
            Self::DailyCap => "daily-cap",
        }
    }

    /// What it keeps is said when its time is over.
    pub fn waits(self) -> bool {
        matches!(self, Self::QuietHours | Self::Away)
    }

    /// What the user reads about a finding that this plugin made and this rule kept.
    pub(crate) fn why(self, c: &Circumstances, plugin: &str) -> String {
        match self {
            Self::Proactive if c.proactive == Proactive::Off => "`proactive` is off".into(),
            Self::Proactive => "`proactive` lets only high and critical ones pass".into(),
            Self::LowUrgency => "of low urgency: listed, never announced".into(),
            Self::Muted => format!("its detector is muted; `kairos-run plugin unmute {plugin}` lets it speak"),
            Self::QuietHours => "quiet hours; it is said when they end".into(),
            Self::Away => "you were away; it is said when you are back".into(),
            Self::DetectorRate => format!("this detector spoke {} times within the hour", c.announced_by_detector),
            Self::DailyCap => {
                format!("{} messages were sent today, `surfacing.daily-cap` allows {}", c.announced_today, c.daily_cap)
            }
        }
    }
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Say it.
    Announce,
    /// Keep it in the inbox: the first rule that says so.
    Keep(Rule),
}

/// The rules in their order. First what is never said, then what is said later, then what there is no room for: so what
/// would not be said waits for nothing, and what waits uses up no room.
///
/// | | | |
/// |---|---|---|
/// | 1 | `proactive = "off"` | keeps everything: the user said so |
/// | 2 | critical | is announced, whatever else holds |
/// | 3 | low | is kept |
/// | 4 | its detector is muted | keeps it |
/// | 5 | `proactive = "important"` | keeps normal ones |
/// | 6 | quiet hours | let it wait |
/// | 7 | the user is away | lets normal ones wait; high ones are announced, for the channels may reach him |
/// | 8 | the detector's rate, then the daily cap | keep it |
pub fn decide(c: &Circumstances) -> Decision {
    use Decision::{Announce, Keep};
    match c.urgency {
        _ if c.proactive == Proactive::Off => Keep(Rule::Proactive),
        Urgency::Critical => Announce,
        Urgency::Low => Keep(Rule::LowUrgency),
        _ if c.muted => Keep(Rule::Muted),
        Urgency::Normal if c.proactive == Proactive::Important => Keep(Rule::Proactive),
        _ if c.quiet => Keep(Rule::QuietHours),
        Urgency::Normal if c.away => Keep(Rule::Away),
        _ if c.announced_by_detector >= c.detector_rate => Keep(Rule::DetectorRate),
        _ if c.announced_today >= c.daily_cap => Keep(Rule::DailyCap),
        _ => Announce,
    }
}

#[cfg(test)]
mod tests;
