//! What plugins said of themselves, so that nobody is asked twice.

use super::UserDb;
use crate::error::StoreError;
use rusqlite::OptionalExtension;

pub(super) const V1: &str = "
CREATE TABLE descriptions (
    id           INTEGER PRIMARY KEY,
    content_hash TEXT NOT NULL,
    host         TEXT NOT NULL,
    description  TEXT NOT NULL,
    UNIQUE (content_hash, host)
) STRICT;
";

/// Most answers kept; those stored first go first. Twice the plugins that may be loaded at once.
const KEPT: u32 = 4096;

impl UserDb {
    /// The answer that plugin gave to this version of the host, as it was stored.
    pub async fn description(&self, content_hash: &str, host: &str) -> Result<Option<String>, StoreError> {
        let key = (content_hash.to_owned(), host.to_owned());
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached("SELECT description FROM descriptions WHERE content_hash = ?1 AND host = ?2")?;
                query.query_row(key, |r| r.get(0)).optional()
            })
            .await
    }

    /// Stores an answer (JSON text, not looked at) in place of an earlier one.
    pub async fn put_description(&self, content_hash: &str, host: &str, json: &str) -> Result<(), StoreError> {
        let values = (content_hash.to_owned(), host.to_owned(), json.to_owned());
        self.db
            .write(move |tx| {
                tx.execute("INSERT OR REPLACE INTO descriptions (content_hash, host, description) VALUES (?1, ?2, ?3)", values)?;
                tx.execute("DELETE FROM descriptions WHERE id <= (SELECT max(id) FROM descriptions) - ?1", [KEPT])?;
                Ok(())
            })
            .await
    }
}
