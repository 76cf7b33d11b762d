//! The inbox: findings with a life. The rules of that life are in [`life`], apart from their SQL.

mod changes;
mod decisions;
pub(crate) mod life;
mod rows;

pub use decisions::Decided;
pub use life::{Change, Status};
pub use rows::{Filter, InboxItem, OpenCounts};

use serde::{Deserialize, Serialize};

pub(super) const V1: &str = "
CREATE TABLE inbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin          TEXT NOT NULL,
    key             TEXT NOT NULL,
    title           TEXT NOT NULL,
    detail          TEXT NOT NULL,
    urgency         TEXT NOT NULL,
    evidence        TEXT NOT NULL,
    remedy          TEXT,
    status          TEXT NOT NULL,
    snoozed_until   INTEGER,
    first_seen      INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,
    resolved_at     INTEGER,
    resolved_reason TEXT,
    times_reopened  INTEGER NOT NULL DEFAULT 0,
    occurrences     INTEGER NOT NULL DEFAULT 1,
    decision        TEXT,
    announced_at    INTEGER,
    UNIQUE (plugin, key)
) STRICT;
CREATE INDEX inbox_status ON inbox (status, last_seen, id);
CREATE TABLE announced (
    at     INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    inbox  INTEGER NOT NULL
) STRICT;
CREATE INDEX announced_at ON announced (at, plugin);
";

// What was put aside is compared with its urgency at that time; `urgency` is what the plugin said last. A row without
// `resolved_at` holds, whatever the user has answered.
pub(super) const V2: &str = "
ALTER TABLE inbox ADD COLUMN put_aside TEXT;
UPDATE inbox SET put_aside = urgency;
UPDATE inbox SET resolved_at = NULL, resolved_reason = NULL WHERE status IN ('open', 'snoozed', 'accepted');
CREATE INDEX inbox_holds ON inbox (plugin, key) WHERE resolved_at IS NULL;
";

// `kept_by` names the rule that kept a finding from being announced; `opened_at` is since when it holds. Announcements are
// counted for the user as a whole, in his own database, so the list of one project's goes.
pub(super) const V3: &str = "
ALTER TABLE inbox ADD COLUMN kept_by TEXT;
ALTER TABLE inbox ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;
UPDATE inbox SET opened_at = first_seen;
UPDATE inbox SET kept_by = CASE
    WHEN decision LIKE 'of low urgency%' THEN 'low-urgency' WHEN decision LIKE 'this detector%' THEN 'detector-rate' ELSE 'daily-cap' END
    WHERE decision <> 'announced';
DROP TABLE announced;
CREATE INDEX inbox_kept ON inbox (kept_by) WHERE kept_by IS NOT NULL;
";

/// Most rows of each status that is not alive (resolved, dismissed, accepted); those seen longest ago go first.
pub(crate) const KEPT: u32 = 10_000;
/// Most open and snoozed rows of one plugin; a new key over that is [`Change::Refused`].
pub(crate) const ALIVE: u32 = 1_000;

/// What became of a finding that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Of the inbox row; 0 when [`Change::Refused`].
    pub id: u64,
    /// What it means for the user.
    pub change: Change,
    /// An open finding is more urgent than it was.
    pub rose: bool,
}

/// What became of a whole report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Rows that its cleared keys resolved, and that it doesn't report again.
    pub resolved: Vec<InboxItem>,
    /// One for each of its findings, in their order.
    pub seen: Vec<Seen>,
}
