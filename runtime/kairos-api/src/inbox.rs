//! Findings, and what the user decides about them.

use kairos_core::{Evidence, Millis, Urgency};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The life of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InboxStatus {
    /// It holds, and nobody has decided.
    Open,
    /// It no longer holds.
    Resolved,
    /// The user takes care of it.
    Accepted,
    /// The user does not want it.
    Dismissed,
    /// Hidden until a time.
    Snoozed,
}

impl InboxStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Open, Self::Resolved, Self::Accepted, Self::Dismissed, Self::Snoozed];

    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
        }
    }
}

impl std::str::FromStr for InboxStatus {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|u| u.as_str() == s)
            .ok_or_else(|| format!("`{s}` is no status: use open, resolved, accepted, dismissed or snoozed"))
    }
}

/// Which findings to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InboxFilter {
    /// Only this status; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<InboxStatus>,
    /// Only this project, by folder or slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only those that were kept from being announced.
    #[serde(default)]
    pub suppressed: bool,
}

/// A finding in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    /// Unique among all projects that the process watches: what the user types.
    pub id: String,
    /// The project's folder.
    pub project: String,
    /// Which plugin says so.
    pub plugin: String,
    /// Names the fact within plugin and project.
    pub key: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub detail: String,
    /// How much it wants to be seen.
    pub urgency: Urgency,
    /// Where it can be seen.
    pub evidence: Vec<Evidence>,
    /// What the user can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Where in its life it is.
    pub status: InboxStatus,
    /// When it was first reported.
    pub first_seen: Millis,
    /// When it was last reported.
    pub last_seen: Millis,
    /// How often it was reported.
    pub occurrences: u64,
    /// How often it came back after it was resolved.
    pub times_reopened: u64,
    /// When a snooze ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Millis>,
    /// Since when it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Millis>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_reason: Option<String>,
    /// `announced`, or why it went to the inbox alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The rule that kept it from being announced: `proactive`, `low-urgency`, `muted`, `quiet-hours`, `away`, `detector-rate`,
    /// `daily-cap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<String>,
}

/// A decision about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxDecision {
    /// What is decided.
    #[serde(flatten)]
    pub action: InboxAction,
    /// The program that decides of its own accord, such as another agent; none where it is the user. Its decision is no feedback to
    /// the detector, and what only the user can grant it can't decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl From<InboxAction> for InboxDecision {
    fn from(action: InboxAction) -> Self {
        Self { action, by: None }
    }
}

/// What the user wants with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum InboxAction {
    /// I take care of it.
    Accept,
    /// I don't want it.
    Dismiss,
    /// Not now.
    Snooze {
        /// Hidden until then.
        until: Millis,
    },
}
