//! What left the machine: each request with when, to whom, why, how much, and how it ended. Written before the first byte leaves.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{maybe_unsigned, number, unsigned};
use kairos_core::Millis;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

pub(super) const V3: &str = "
CREATE TABLE egress (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    target  TEXT NOT NULL,
    why     TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    outcome TEXT
) STRICT;
";

/// Bodies stand in a table of their own, so that those who list requests don't read past them.
pub(super) const V8: &str = "
ALTER TABLE egress ADD COLUMN received INTEGER;
ALTER TABLE egress ADD COLUMN redacted INTEGER NOT NULL DEFAULT 0;
CREATE TABLE egress_bodies (
    id   INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
";

/// Most rows; the oldest go first.
const KEPT: u32 = 10_000;
/// Most bytes of bodies, looked after with each sixteenth of at most a mebibyte; the oldest go first.
const KEPT_BYTES: i64 = 48 << 20;
/// How long bodies are kept.
const KEPT_FOR: Millis = 7 * 24 * 3600 * 1000;

/// A request that was sent, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressRow {
    /// In the order of sending; 0 for a row that is not yet kept.
    pub id: u64,
    /// When.
    pub at: Millis,
    /// To whom: scheme, host and port.
    pub target: String,
    /// Why, such as the ids of findings.
    pub why: String,
    /// Size of the body.
    pub bytes: u64,
    /// SHA-256 of the body, in hexadecimal digits.
    pub hash: String,
    /// A status, or why there is none; nothing while it is under way, or when we ended before it did.
    pub outcome: Option<String>,
    /// Bytes of the answer's body; none while it is under way.
    pub received: Option<u64>,
    /// Secrets that were taken out before it was sent.
    pub redacted: u32,
}

impl UserDb {
    /// Keeps a request that is about to be sent, with its body; answers its number. The newest 64 MiB of bodies, of seven days, stay.
    pub async fn begin_egress(&self, row: EgressRow, body: Vec<u8>) -> Result<u64, StoreError> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO egress (at, target, why, bytes, hash, redacted) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![number(row.at), row.target, row.why, number(row.bytes), row.hash, row.redacted],
                )?;
                let id = tx.last_insert_rowid();
                tx.execute("DELETE FROM egress WHERE id <= ?1", [id - i64::from(KEPT)])?;
                tx.execute("INSERT OR REPLACE INTO egress_bodies (id, body) VALUES (?1, ?2)", params![id, body])?;
                let before = number(row.at.saturating_sub(KEPT_FOR));
                tx.execute("DELETE FROM egress_bodies WHERE id <= (SELECT max(id) FROM egress WHERE at < ?1)", [before])?;
                if id % 16 == 0 {
                    tx.execute(
                        "DELETE FROM egress_bodies WHERE id IN (SELECT id FROM
                            (SELECT id, sum(length(body)) OVER (ORDER BY id DESC) AS bytes FROM egress_bodies) WHERE bytes > ?1)",
                        [KEPT_BYTES],
                    )?;
                }
                Ok(id.unsigned_abs())
            })
            .await
    }

    /// How it ended, and the bytes that came back.
    pub async fn end_egress(&self, id: u64, outcome: &str, received: u64) -> Result<(), StoreError> {
        let outcome = outcome.to_owned();
        self.db
            .write(move |tx| {
                let values = params![number(id), outcome, number(received)];
                tx.execute("UPDATE egress SET outcome = ?2, received = ?3 WHERE id = ?1", values).map(drop)
            })
            .await
    }

    /// The last requests, the newest first.
    pub async fn egress(&self, limit: u32) -> Result<Vec<EgressRow>, StoreError> {
        self.db
            .read(move |c| {
                let query = format!("SELECT {COLUMNS} FROM egress ORDER BY id DESC LIMIT ?1");
                c.prepare_cached(&query)?.query_map([limit], row)?.collect()
            })
            .await
    }

    /// One request, and its body, byte for byte, if that is still kept.
    pub async fn egress_body(&self, id: u64) -> Result<Option<(EgressRow, Option<Vec<u8>>)>, StoreError> {
        self.db
            .read(move |c| {
                let query = format!("SELECT {COLUMNS} FROM egress WHERE id = ?1");
                let Some(row) = c.prepare_cached(&query)?.query_row([number(id)], row).optional()? else { return Ok(None) };
                let mut body = c.prepare_cached("SELECT body FROM egress_bodies WHERE id = ?1")?;
                Ok(Some((row, body.query_row([number(id)], |r| r.get(0)).optional()?)))
            })
            .await
    }
}

const COLUMNS: &str = "id, at, target, why, bytes, hash, outcome, received, redacted";

fn row(r: &Row<'_>) -> rusqlite::Result<EgressRow> {
    Ok(EgressRow {
        id: unsigned(r, 0)?,
        at: unsigned(r, 1)?,
        target: r.get(2)?,
        why: r.get(3)?,
        bytes: unsigned(r, 4)?,
        hash: r.get(5)?,
        outcome: r.get(6)?,
        received: maybe_unsigned(r, 7)?,
        redacted: r.get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_kept_with_how_they_ended_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let row = |at| EgressRow {
            id: 0,
            at,
            target: "https://example.org:443".into(),
            why: "3".into(),
            bytes: 5,
            hash: "aa".into(),
            outcome: None,
            received: None,
            redacted: 2,
        };
        let first = db.begin_egress(row(1), b"hello".to_vec()).await.unwrap();
        let second = db.begin_egress(row(2), vec![0xff]).await.unwrap();
        db.end_egress(first, "204", 7).await.unwrap();
        let (kept, body) = db.egress_body(first).await.unwrap().unwrap();
        assert_eq!((kept.received, kept.redacted, body.as_deref()), (Some(7), 2, Some(&b"hello"[..])));
        assert_eq!(db.egress_body(9).await.unwrap(), None);
        let rows = db.egress(10).await.unwrap();
        assert_eq!(rows.iter().map(|r| (r.id, r.outcome.as_deref())).collect::<Vec<_>>(), [(second, None), (first, Some("204"))]);
        let insert = format!("UPDATE sqlite_sequence SET seq = {KEPT} WHERE name = 'egress'");
        db.db.write(move |tx| tx.execute(&insert, []).map(drop)).await.unwrap();
        let last = db.begin_egress(row(3 + KEPT_FOR), Vec::new()).await.unwrap();
        assert_eq!(db.egress(10).await.unwrap().iter().map(|r| r.id).collect::<Vec<_>>(), [last, second]);
        assert_eq!(db.egress_body(second).await.unwrap().unwrap().1, None, "a body is kept for a week");
        for _ in 0..100 {
            db.begin_egress(row(4 + KEPT_FOR), vec![0; 1 << 20]).await.unwrap();
        }
        let kept = "SELECT sum(length(body)) FROM egress_bodies";
        let bytes: i64 = db.db.read(move |c| c.query_row(kept, [], |r| r.get(0))).await.unwrap();
        assert!((KEPT_BYTES..=64 << 20).contains(&bytes), "{bytes}");
    }
}
