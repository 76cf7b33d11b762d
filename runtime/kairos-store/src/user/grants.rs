//! What the user allowed which plugin.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{json, number, to_json, unsigned};
use kairos_core::{Asked, Grant, Millis};
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

pub(super) const V1: &str = "
CREATE TABLE grants (
    origin         TEXT NOT NULL,
    file_name      TEXT NOT NULL,
    content_hash   TEXT NOT NULL,
    granted        TEXT NOT NULL,
    asked          TEXT NOT NULL,
    granted_at     INTEGER NOT NULL,
    follow_updates INTEGER NOT NULL,
    PRIMARY KEY (origin, file_name, content_hash)
) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "origin, file_name, content_hash, granted, asked, granted_at, follow_updates";

/// Whom a grant is for. Another file in the same place, or the same file in another place, is someone else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Where the plugin comes from: a plugins directory, or the embedded set.
    pub origin: String,
    /// Its file's name.
    pub file_name: String,
    /// Hash of its bytes.
    pub content_hash: String,
}

/// A grant with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// Whom it is for.
    pub identity: Identity,
    /// What is allowed. An empty one is an answer too: it keeps a grant that would come by default away.
    pub grant: Grant,
    /// What the plugin asked for when this was granted.
    pub asked: Asked,
    /// When.
    pub granted_at: Millis,
    /// The user trusts updates of this origin and file name that ask for no more.
    pub follow_updates: bool,
}

impl UserDb {
    /// Stores a grant in place of an earlier one of the same identity.
    pub async fn put_grant(&self, row: GrantRow) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let i = &row.identity;
                let values = (
                    &i.origin,
                    &i.file_name,
                    &i.content_hash,
                    to_json(&row.grant)?,
                    to_json(&row.asked)?,
                    number(row.granted_at),
                    row.follow_updates,
                );
                tx.execute(&format!("INSERT OR REPLACE INTO grants ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"), values)?;
                Ok(())
            })
            .await
    }

    /// The grant of exactly this identity.
    pub async fn grant(&self, identity: &Identity) -> Result<Option<GrantRow>, StoreError> {
        let i = identity.clone();
        self.db
            .read(move |c| {
                let query = format!("SELECT {COLUMNS} FROM grants WHERE origin = ?1 AND file_name = ?2 AND content_hash = ?3");
                c.query_row(&query, (i.origin, i.file_name, i.content_hash), row).optional()
            })
            .await
    }

    /// All grants, by origin and file name, the newest of each first.
    pub async fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        self.db
            .read(|c| {
                let query = format!("SELECT {COLUMNS} FROM grants ORDER BY origin, file_name, granted_at DESC, content_hash");
                c.prepare(&query)?.query_map([], row)?.collect()
            })
            .await
    }

    /// What an update of this path may inherit: the newest grant for it, where the user trusts its updates. Whether the
    /// update asks for no more ([`Asked::is_within`]) is the caller's to see.
    pub async fn find_followed(&self, origin: &str, file_name: &str) -> Result<Option<GrantRow>, StoreError> {
        let path = (origin.to_owned(), file_name.to_owned());
        self.db
            .read(move |c| {
                let query = format!(
                    "SELECT {COLUMNS} FROM grants WHERE origin = ?1 AND file_name = ?2
                     ORDER BY granted_at DESC, content_hash LIMIT 1"
                );
                Ok(c.query_row(&query, path, row).optional()?.filter(|newest| newest.follow_updates))
            })
            .await
    }

    /// Takes away this grant and all of the same origin and file name, so that nothing is left to inherit. Returns how
    /// many there were.
    pub async fn revoke(&self, origin: &str, file_name: &str) -> Result<usize, StoreError> {
        let path = (origin.to_owned(), file_name.to_owned());
        self.db.write(move |tx| tx.execute("DELETE FROM grants WHERE origin = ?1 AND file_name = ?2", path)).await
    }
}

fn row(r: &Row<'_>) -> rusqlite::Result<GrantRow> {
    Ok(GrantRow {
        identity: Identity { origin: r.get(0)?, file_name: r.get(1)?, content_hash: r.get(2)? },
        grant: json(r, 3)?,
        asked: json(r, 4)?,
        granted_at: unsigned(r, 5)?,
        follow_updates: r.get(6)?,
    })
}
