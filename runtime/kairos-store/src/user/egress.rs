//! What left the machine: each request with when, to whom, why, how much, and how it ended. Written before the first byte leaves.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::params;
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

/// Most rows; the oldest go first.
const KEPT: u32 = 10_000;

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
}

impl UserDb {
    /// Keeps a request that is about to be sent; answers its number.
    pub async fn begin_egress(&self, row: EgressRow) -> Result<u64, StoreError> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO egress (at, target, why, bytes, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![number(row.at), row.target, row.why, number(row.bytes), row.hash],
                )?;
                let id = tx.last_insert_rowid();
                tx.execute("DELETE FROM egress WHERE id <= ?1", [id - i64::from(KEPT)])?;
                Ok(id.unsigned_abs())
            })
            .await
    }

    /// How it ended.
    pub async fn end_egress(&self, id: u64, outcome: &str) -> Result<(), StoreError> {
        let outcome = outcome.to_owned();
        self.db
            .write(move |tx| tx.execute("UPDATE egress SET outcome = ?2 WHERE id = ?1", params![number(id), outcome]).map(drop))
            .await
    }

    /// The last requests, the newest first.
    pub async fn egress(&self, limit: u32) -> Result<Vec<EgressRow>, StoreError> {
        self.db
            .read(move |c| {
                let query = "SELECT id, at, target, why, bytes, hash, outcome FROM egress ORDER BY id DESC LIMIT ?1";
                c.prepare_cached(query)?
                    .query_map([limit], |r| {
                        Ok(EgressRow {
                            id: unsigned(r, 0)?,
                            at: unsigned(r, 1)?,
                            target: r.get(2)?,
                            why: r.get(3)?,
                            bytes: unsigned(r, 4)?,
                            hash: r.get(5)?,
                            outcome: r.get(6)?,
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
        };
        let first = db.begin_egress(row(1)).await.unwrap();
        let second = db.begin_egress(row(2)).await.unwrap();
        db.end_egress(first, "204").await.unwrap();
        let rows = db.egress(10).await.unwrap();
        assert_eq!(rows.iter().map(|r| (r.id, r.outcome.as_deref())).collect::<Vec<_>>(), [(second, None), (first, Some("204"))]);
        let insert = format!("UPDATE sqlite_sequence SET seq = {KEPT} WHERE name = 'egress'");
        db.db.write(move |tx| tx.execute(&insert, []).map(drop)).await.unwrap();
        let last = db.begin_egress(row(3)).await.unwrap();
        assert_eq!(db.egress(10).await.unwrap().iter().map(|r| r.id).collect::<Vec<_>>(), [last, second]);
    }
}
