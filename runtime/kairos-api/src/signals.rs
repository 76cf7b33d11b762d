//! What is watched in each project and why, pauses, and results of CI.

use kairos_core::{Millis, Signal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is watched in a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectSignals {
    /// Its folder.
    pub project: String,
    /// Until when nothing is taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Millis>,
    /// Each source, also those that are switched off.
    pub sources: Vec<SignalSource>,
}

/// Something that signals come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignalSource {
    /// Such as `files`.
    pub name: String,
    /// Is it watched?
    pub on: bool,
    /// What exactly is watched and how; or why it is not.
    pub what: Vec<String>,
    /// The setting that switches it off, or on, as a line of `kairos.toml`.
    pub switch: String,
    /// Signals since the project was opened.
    pub told: u64,
    /// The last of them, as a detector sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Signal>,
    /// Signals that were lost because the queue was full.
    pub dropped: u64,
    /// Signals that came during a pause, and were not kept.
    pub thrown_away: u64,
}

/// Take in nothing for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseRequest {
    /// In which project, by folder or slug; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Until when; none ends a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// Which project's signals to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignalFilter {
    /// By folder or slug; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// A command that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandReport {
    /// The command line as the user typed it.
    pub command: String,
    /// Where it ran, absolute; which project it belongs to follows from it.
    pub folder: String,
    /// 128 + n when signal n ended it.
    pub exit_code: i32,
    /// How long it ran.
    pub duration_ms: u64,
    /// `exec` or `shell`.
    pub source: String,
    /// The end of its output without terminal codes, at most 16 KiB; empty from a shell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}
