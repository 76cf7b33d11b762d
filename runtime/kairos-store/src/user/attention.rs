//! What the user was told, or not told, and what he answered: over all projects. Caps, the judgement about a detector and the
//! digest are counted from it.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{named, number, unsigned};
use kairos_core::Millis;
use serde::{Deserialize, Serialize};

// `message`: what was announced together has the same number, and counts once.
pub(super) const V4: &str = "
CREATE TABLE attention (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    project TEXT NOT NULL,
    plugin  TEXT NOT NULL,
    finding INTEGER NOT NULL,
    what    TEXT NOT NULL,
    why     TEXT NOT NULL,
    message INTEGER NOT NULL
) STRICT;
CREATE INDEX attention_at ON attention (at, plugin);
CREATE INDEX attention_finding ON attention (finding, project);
CREATE INDEX attention_plugin ON attention (plugin, id);
";

/// Most rows; the oldest go first. At a hundred a day that is more than a year.
const KEPT: i64 = 50_000;

/// What happened to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The user was told.
    Announced,
    /// It went to the inbox silently.
    Kept,
    /// The user took it on.
    Accepted,
    /// The user doesn't want it.
    Dismissed,
    /// The user put it off.
    Snoozed,
}

impl What {
    /// The name used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Kept => "kept",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
        }
    }
}

impl std::str::FromStr for What {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Announced, Self::Kept, Self::Accepted, Self::Dismissed, Self::Snoozed]
            .into_iter()
            .find(|w| w.as_str() == s)
            .ok_or_else(|| format!("`{s}` can't happen to a finding"))
    }
}

/// Something that happened to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The project's folder.
    pub project: String,
    /// Who found it.
    pub plugin: String,
    /// Its number in that project's inbox.
    pub finding: u64,
    /// What happened.
    pub what: What,
    /// The rule by which it was kept; else empty.
    pub why: String,
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// To findings of this plugin.
    pub plugin: String,
    /// What.
    pub what: What,
    /// By which rule.
    pub why: String,
    /// Findings.
    pub findings: u64,
    /// Messages, in which they were told.
    pub messages: u64,
}

impl UserDb {
    /// Keeps what happened at one time. What is announced among it is one message.
    pub async fn note(&self, at: Millis, notes: Vec<Note>) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let message: i64 = tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM attention", [], |r| r.get(0))?;
                let mut insert = tx.prepare_cached(
                    "INSERT INTO attention (at, project, plugin, finding, what, why, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?;
                for n in &notes {
                    insert.execute((number(at), &n.project, &n.plugin, number(n.finding), n.what.as_str(), &n.why, message))?;
                }
                tx.execute("DELETE FROM attention WHERE id <= ?1", [message - KEPT]).map(drop)
            })
            .await
    }

    /// Messages from `since` until `now`, of one plugin or of all. Later ones are of a clock that was ahead: they must not use
    /// up the cap of every day until then.
    pub async fn announced(&self, plugin: Option<&str>, since: Millis, now: Millis) -> Result<u64, StoreError> {
        let plugin = plugin.map(str::to_owned);
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT count(DISTINCT message) FROM attention
                     WHERE at BETWEEN ?1 AND ?2 AND what = 'announced' AND (?3 IS NULL OR plugin = ?3)",
                )?;
                query.query_row((number(since), number(now), plugin), |r| unsigned(r, 0))
            })
            .await
    }

    /// The last answers to a plugin's findings since it was last unmuted, the newest first: was it dismissed? Each finding
    /// counts once, with its last answer.
    pub async fn dismissals(&self, plugin: &str, limit: u32) -> Result<Vec<bool>, StoreError> {
        let plugin = plugin.to_owned();
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT what = 'dismissed' FROM attention a
                     WHERE plugin = ?1 AND what IN ('accepted', 'dismissed')
                       AND at > coalesce((SELECT until FROM muted WHERE plugin = ?1), -1)
                       AND NOT EXISTS (SELECT 1 FROM attention b WHERE b.finding = a.finding AND b.project = a.project
                                       AND b.plugin = a.plugin AND b.what IN ('accepted', 'dismissed') AND b.id > a.id)
                     ORDER BY id DESC LIMIT ?2",
                )?;
                query.query_map((plugin, limit), |r| r.get(0))?.collect()
            })
            .await
    }

    /// What happened from `since` until `now`, by plugin. What was kept and announced later counts as announced only.
    pub async fn attention(&self, since: Millis, now: Millis) -> Result<Vec<Count>, StoreError> {
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT plugin, what, why, count(DISTINCT finding || ' ' || project), count(DISTINCT message) FROM attention a
                     WHERE at BETWEEN ?1 AND ?2
                       AND (what <> 'kept' OR NOT EXISTS (SELECT 1 FROM attention b WHERE b.finding = a.finding
                            AND b.project = a.project AND b.plugin = a.plugin AND b.what IN ('announced', 'kept') AND b.id > a.id))
                     GROUP BY plugin, what, why ORDER BY plugin, what, why",
                )?;
                query
                    .query_map((number(since), number(now)), |r| {
                        Ok(Count {
                            plugin: r.get(0)?,
                            what: named(r, 1)?,
                            why: r.get(2)?,
                            findings: unsigned(r, 3)?,
                            messages: unsigned(r, 4)?,
                        })
                    })?
                    .collect()
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(project: &str, plugin: &str, finding: u64, what: What, why: &str) -> Note {
        Note { project: project.into(), plugin: plugin.into(), finding, what, why: why.into() }
    }

    async fn open() -> (tempfile::TempDir, UserDb) {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        (dir, db)
    }

    #[tokio::test]
    async fn messages_are_counted_over_all_projects_and_a_clock_that_was_ahead_uses_nothing_up() {
        use What::{Announced, Kept};
        let (_dir, db) = open().await;
        db.note(10, vec![note("/a", "p", 1, Announced, ""), note("/a", "p", 2, Announced, "")]).await.unwrap();
        db.note(20, vec![note("/b", "q", 1, Announced, ""), note("/b", "q", 2, Kept, "low-urgency")]).await.unwrap();
        db.note(99, vec![note("/b", "p", 3, Announced, "")]).await.unwrap();
        assert_eq!(db.announced(None, 0, 50).await.unwrap(), 2);
        assert_eq!(db.announced(Some("p"), 0, 50).await.unwrap(), 1);
        assert_eq!(db.announced(None, 11, 99).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn the_last_answer_to_a_finding_counts_and_unmuting_starts_afresh() {
        use What::{Accepted, Dismissed};
        let (_dir, db) = open().await;
        for (at, finding, what) in [(1, 1, Dismissed), (2, 2, Dismissed), (3, 1, Accepted)] {
            db.note(at, vec![note("/a", "p", finding, what, "")]).await.unwrap();
        }
        db.note(4, vec![note("/b", "p", 1, Dismissed, "")]).await.unwrap();
        db.note(4, vec![note("/b", "other", 2, Dismissed, "")]).await.unwrap();
        assert_eq!(db.dismissals("p", 10).await.unwrap(), [true, false, true]);
        assert_eq!(db.dismissals("p", 2).await.unwrap(), [true, false]);
        assert!(!db.unmute("p", 5).await.unwrap());
        db.mute("p", 6).await.unwrap();
        db.mute("p", 7).await.unwrap();
        assert_eq!(db.muted().await.unwrap(), [("p".to_string(), 6)]);
        assert!(db.unmute("p", 8).await.unwrap());
        assert_eq!(db.muted().await.unwrap(), []);
        assert_eq!(db.dismissals("p", 10).await.unwrap(), [] as [bool; 0]);
        db.note(9, vec![note("/a", "p", 2, Dismissed, "")]).await.unwrap();
        assert_eq!(db.dismissals("p", 10).await.unwrap(), [true]);
    }

    #[tokio::test]
    async fn what_waited_and_was_said_later_was_said() {
        use What::{Announced, Dismissed, Kept};
        let (_dir, db) = open().await;
        let kept = |finding| note("/a", "p", finding, Kept, "quiet-hours");
        db.note(1, vec![kept(1), kept(2), kept(3)]).await.unwrap();
        db.note(2, vec![note("/a", "p", 1, Announced, ""), note("/a", "p", 2, Announced, "")]).await.unwrap();
        db.note(3, vec![note("/a", "p", 3, Kept, "daily-cap"), note("/a", "p", 1, Dismissed, "")]).await.unwrap();
        let counts = db.attention(0, 9).await.unwrap();
        let short: Vec<_> = counts.iter().map(|c| (c.what, c.why.as_str(), c.findings, c.messages)).collect();
        assert_eq!(short, [(Announced, "", 2, 1), (Dismissed, "", 1, 1), (Kept, "daily-cap", 1, 1)]);
    }

    #[tokio::test]
    async fn the_oldest_go() {
        let (_dir, db) = open().await;
        db.note(1, vec![note("/a", "p", 1, What::Announced, "")]).await.unwrap();
        db.db.write(|tx| tx.execute("UPDATE attention SET id = id - 1", []).map(drop)).await.unwrap();
        let insert = format!("UPDATE sqlite_sequence SET seq = {KEPT} WHERE name = 'attention'");
        db.db.write(move |tx| tx.execute(&insert, []).map(drop)).await.unwrap();
        db.note(2, vec![note("/a", "p", 2, What::Announced, "")]).await.unwrap();
        db.note(3, vec![note("/a", "p", 3, What::Announced, "")]).await.unwrap();
        assert_eq!(db.announced(None, 0, 9).await.unwrap(), 2);
    }
}
