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
    /// It had left the open ones, and is back: it holds again, or is more urgent than what the user put aside.
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
    /// The urgency that it had when the user put it aside.
    pub put_aside: Urgency,
    pub snoozed_until: Option<Millis>,
}

/// A row's next status when its finding is reported.
///
/// - dismissed and snoozed ones stay so, unless the finding is more urgent than what the user put aside (down and up
///   again is no rise); a snooze also ends by itself
/// - accepted ones stay so until they are resolved
/// - resolved ones reopen; if a snooze still runs, back into it: a finding that goes and comes (a branch switched to
///   and fro) is no news
pub(super) fn reported(before: Before, urgency: Urgency, now: Millis) -> (Status, Change) {
    let rises = urgency > before.put_aside;
    let asleep = before.snoozed_until.is_some_and(|until| until > now);
    match before.status {
        Status::Open => (Status::Open, Change::Again),
        Status::Accepted => (Status::Accepted, Change::Quiet),
        Status::Dismissed if !rises => (Status::Dismissed, Change::Quiet),
        Status::Snoozed | Status::Resolved if asleep && !rises => (Status::Snoozed, Change::Quiet),
        Status::Dismissed | Status::Snoozed | Status::Resolved => (Status::Open, Change::Reopened),
    }
}

/// What the user can do with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accept,
    Dismiss,
    Snooze,
}

/// A row's status after the user's answer. What is gone can't be taken on or put off, but it can be dismissed for ever;
/// who takes that back has nothing else to decide until it returns.
pub(super) fn answered(gone: bool, answer: Answer) -> Status {
    match answer {
        Answer::Dismiss => Status::Dismissed,
        Answer::Accept | Answer::Snooze if gone => Status::Resolved,
        Answer::Accept => Status::Accepted,
        Answer::Snooze => Status::Snoozed,
    }
}

/// A row's status when its plugin says that the finding no longer holds: it leaves the inbox. A dismissal outlives that,
/// or the user would have to dismiss the same false alarm again and again.
pub(super) fn cleared(status: Status) -> Status {
    if status == Status::Dismissed { Status::Dismissed } else { Status::Resolved }
}
