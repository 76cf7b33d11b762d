//! Plugins that are kept from running after faults, by the hash of their bytes: a new build starts afresh.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{maybe_unsigned, number, unsigned};
use kairos_core::Millis;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

pub(super) const V1: &str = "
CREATE TABLE quarantine (
    content_hash TEXT NOT NULL,
    kind         TEXT NOT NULL,
    plugin       TEXT NOT NULL,
    until        INTEGER,
    strikes      INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    last_fault   INTEGER NOT NULL,
    PRIMARY KEY (content_hash, kind)
) STRICT, WITHOUT ROWID;
";

/// Most rows; those with the oldest fault go first.
const KEPT: u32 = 4096;

const COLUMNS: &str = "content_hash, kind, plugin, until, strikes, reason, last_fault";

/// The faults of a plugin, and how long it has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Hash of its bytes.
    pub content_hash: String,
    /// Which of its kinds, such as `detector`.
    pub kind: String,
    /// Its name.
    pub plugin: String,
    /// Until when; none: until its bytes change or the user says so.
    pub until: Option<Millis>,
    /// Faults that count.
    pub strikes: u32,
    /// The last fault, for a person.
    pub reason: String,
    /// When that was.
    pub last_fault: Millis,
}

impl UserDb {
    /// Stores it in place of an earlier one of the same hash and kind.
    pub async fn put_quarantine(&self, q: Quarantine) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let until = q.until.map(number);
                let values = (q.content_hash, q.kind, q.plugin, until, q.strikes, q.reason, number(q.last_fault));
                tx.execute(
                    &format!("INSERT OR REPLACE INTO quarantine ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
                    values,
                )?;
                tx.execute(
                    "DELETE FROM quarantine WHERE (content_hash, kind) IN
                     (SELECT content_hash, kind FROM quarantine ORDER BY last_fault DESC LIMIT -1 OFFSET ?1)",
                    [KEPT],
                )?;
                Ok(())
            })
            .await
    }

    /// What is known of these bytes, one entry a kind. Whether `until` has passed is the caller's to compare.
    pub async fn quarantine(&self, content_hash: &str) -> Result<Vec<Quarantine>, StoreError> {
        let hash = content_hash.to_owned();
        self.db
            .read(move |c| {
                let query = format!("SELECT {COLUMNS} FROM quarantine WHERE content_hash = ?1 ORDER BY kind");
                c.prepare_cached(&query)?.query_map([hash], row)?.collect()
            })
            .await
    }

    /// Everything, the last fault first.
    pub async fn quarantined(&self) -> Result<Vec<Quarantine>, StoreError> {
        self.db
            .read(|c| {
                let query = format!("SELECT {COLUMNS} FROM quarantine ORDER BY last_fault DESC, content_hash, kind");
                c.prepare(&query)?.query_map([], row)?.collect()
            })
            .await
    }

    /// Forgets all faults of these bytes. Were there any?
    pub async fn clear_quarantine(&self, content_hash: &str) -> Result<bool, StoreError> {
        let hash = content_hash.to_owned();
        self.db.write(move |tx| Ok(tx.execute("DELETE FROM quarantine WHERE content_hash = ?1", [hash])? > 0)).await
    }
}

fn row(r: &Row<'_>) -> rusqlite::Result<Quarantine> {
    Ok(Quarantine {
        content_hash: r.get(0)?,
        kind: r.get(1)?,
        plugin: r.get(2)?,
        until: maybe_unsigned(r, 3)?,
        strikes: r.get(4)?,
        reason: r.get(5)?,
        last_fault: unsigned(r, 6)?,
    })
}
