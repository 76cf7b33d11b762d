//! The life of a finding, as pure functions.

use kairos_core::{Millis, Urgency};
use serde::{Deserialize, Serialize};

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds, and the user has not answered.
    Open,
    /// The user wants to hear of it later.
    Snoozed,
    /// The user has taken it on; quiet until it is resolved.
    Accepted,
    /// The user doesn't want it; quiet until its urgency rises.
    Dismissed,
    /// Its plugin said that it no longer holds.
    Resolved,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Open, Self::Snoozed, Self::Accepted, Self::Dismissed, Self::Resolved];

    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Resolved => "resolved",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|x| x.as_str() == s);
        found.ok_or_else(|| format!("`{s}` is no status: use open, snoozed, accepted, dismissed or resolved"))
    }
}

/// What a report of a finding means for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Not known before.
    New,
    /// Open, and still so.
    Again,
    /// It had left the open ones, and is back.
    Reopened,
    /// Dismissed, accepted or snoozed, and still so: say nothing.
    Quiet,
    /// Not stored: its plugin has 1,000 open and snoozed findings already.
    Refused,
}

/// What a row holds before a report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub status: Status,
    pub urgency: Urgency,
    pub snoozed_until: Option<Millis>,
}

/// A row's next status and urgency when its finding is reported.
///
/// - dismissed and snoozed ones stay so, unless the finding is more urgent than what the user put aside; a snooze also
///   ends by itself
/// - accepted ones stay so until they are resolved
/// - resolved ones reopen; if a snooze still runs, back into it: a finding that goes and comes (a branch switched to
///   and fro) is no news
pub(super) fn reported(before: Before, urgency: Urgency, now: Millis) -> (Status, Urgency, Change) {
    let rises = urgency > before.urgency;
    let asleep = before.snoozed_until.is_some_and(|until| until > now);
    match before.status {
        Status::Open => (Status::Open, urgency, Change::Again),
        Status::Accepted => (Status::Accepted, urgency, Change::Quiet),
        // The urgency that was put aside is kept: down and up again is no rise.
        Status::Dismissed if !rises => (Status::Dismissed, before.urgency, Change::Quiet),
        Status::Snoozed | Status::Resolved if asleep && !rises => (Status::Snoozed, before.urgency, Change::Quiet),
        Status::Dismissed | Status::Snoozed | Status::Resolved => (Status::Open, urgency, Change::Reopened),
    }
}

/// What the user can do with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accept,
    Dismiss,
    Snooze,
}

/// A row's status after the user's answer. What is resolved can't be taken on or put off, but it can be dismissed for ever.
pub(super) fn answered(status: Status, answer: Answer) -> Status {
    match (status, answer) {
        (_, Answer::Dismiss) => Status::Dismissed,
        (Status::Resolved, _) => Status::Resolved,
        (_, Answer::Accept) => Status::Accepted,
        (_, Answer::Snooze) => Status::Snoozed,
    }
}

/// Does a row leave the inbox when its plugin says that the finding no longer holds? A dismissal outlives that, or the
/// user would have to dismiss the same false alarm again and again.
pub(super) fn resolves(status: Status) -> bool {
    matches!(status, Status::Open | Status::Snoozed | Status::Accepted)
}
