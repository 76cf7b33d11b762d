//! Detectors whose findings are kept from being announced, because the user dismissed most of them, or said so.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;

// `until` is when it was last unmuted; NULL while it is muted. What was dismissed before that is forgiven.
pub(super) const V4: &str = "
CREATE TABLE muted (plugin TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER) STRICT, WITHOUT ROWID;
";

impl UserDb {
    /// Mutes it. One that is muted already stays so since then.
    pub async fn mute(&self, plugin: &str, now: Millis) -> Result<(), StoreError> {
        let values = (plugin.to_owned(), number(now));
        self.db
            .write(move |tx| {
                let statement = "INSERT INTO muted VALUES (?1, ?2, NULL)
                     ON CONFLICT (plugin) DO UPDATE SET since = ?2, until = NULL WHERE until IS NOT NULL";
                tx.execute(statement, values).map(drop)
            })
            .await
    }

    /// Lets it speak again. Was it muted?
    pub async fn unmute(&self, plugin: &str, now: Millis) -> Result<bool, StoreError> {
        let values = (plugin.to_owned(), number(now));
        self.db
            .write(move |tx| Ok(tx.execute("UPDATE muted SET until = ?2 WHERE plugin = ?1 AND until IS NULL", values)? > 0))
            .await
    }

    /// Those that are muted, by name, and since when.
    pub async fn muted(&self) -> Result<Vec<(String, Millis)>, StoreError> {
        self.db
            .read(|c| {
                let mut query = c.prepare_cached("SELECT plugin, since FROM muted WHERE until IS NULL ORDER BY plugin")?;
                query.query_map([], |r| Ok((r.get(0)?, unsigned(r, 1)?)))?.collect()
            })
            .await
    }
}
