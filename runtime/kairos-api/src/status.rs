//! How the process and its projects are.

use crate::dreams::DreamStatus;
use crate::manners::ProactiveStatus;
use kairos_core::{Millis, Urgency};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The running process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// When it began.
    pub started: Millis,
    /// What it watches, in the order of the command line.
    pub projects: Vec<ProjectStatus>,
    /// Plugins that run.
    pub plugins: u32,
    /// The service manager that started it: `systemd`, `launchd`; none if the user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// How the user's own memory dreams.
    #[serde(default)]
    pub dreams: DreamStatus,
    /// What may be said.
    #[serde(default)]
    pub proactive: ProactiveStatus,
    /// What is kept takes more room than it may, and no more of it can be spared: a sentence. None: all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<String>,
}

/// A watched project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectStatus {
    /// Its folder, absolute.
    pub path: String,
    /// Its name among our data.
    pub slug: String,
    /// Ticks so far, since the process began.
    pub tick: u64,
    /// Time between ticks, in milliseconds.
    #[serde(default)]
    pub every_ms: u64,
    /// Ticks are rarer because the machine runs on its battery.
    #[serde(default)]
    pub on_battery: bool,
    /// When the last tick began; none before the first.
    pub last_tick: Option<Millis>,
    /// When the next one is due; none while one runs.
    pub next_tick: Option<Millis>,
    /// Open findings by urgency.
    pub open: OpenFindings,
    /// How its files are watched.
    pub watch: Watch,
    /// Signals lost because the queue was full, since the process began.
    pub dropped_signals: u64,
    /// Until when no signal is taken in: the user has paused them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Millis>,
    /// Is it a git repository?
    pub git: bool,
    /// How it dreams.
    #[serde(default)]
    pub dreams: DreamStatus,
    /// Why it is not watched: not yet, not now, or no longer. Then all else is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Open findings by urgency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)]
pub struct OpenFindings {
    pub low: u32,
    pub normal: u32,
    pub high: u32,
    pub critical: u32,
}

impl OpenFindings {
    /// All together.
    pub fn total(self) -> u32 {
        self.low.saturating_add(self.normal).saturating_add(self.high).saturating_add(self.critical)
    }

    /// Counts one more.
    pub fn add(&mut self, urgency: Urgency) {
        let field = match urgency {
            Urgency::Low => &mut self.low,
            Urgency::Normal => &mut self.normal,
            Urgency::High => &mut self.high,
            Urgency::Critical => &mut self.critical,
        };
        *field = field.saturating_add(1);
    }
}

/// How files are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watch {
    /// `native`, `polling`, `off`.
    pub mode: String,
    /// Why not `native`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Folders that the system watches for us.
    pub watched_dirs: u64,
}
