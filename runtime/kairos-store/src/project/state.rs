//! The key-value state of plugins. Limits are the host's to check.

use super::ProjectDb;
use crate::error::StoreError;
use async_trait::async_trait;
use kairos_core::ports::{PortResult, StateStore};

pub(super) const V1: &str = "
CREATE TABLE plugin_state (
    plugin TEXT NOT NULL,
    key    TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (plugin, key)
) STRICT;
";

#[async_trait]
impl StateStore for ProjectDb {
    async fn load(&self, plugin: &str) -> PortResult<Vec<(String, Vec<u8>)>> {
        let plugin = plugin.to_owned();
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached("SELECT key, value FROM plugin_state WHERE plugin = ?1 ORDER BY key")?;
                query.query_map([plugin], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
            })
            .await
            .map_err(|e| refuse(&e))
    }

    async fn apply(&self, plugin: &str, changes: Vec<(String, Option<Vec<u8>>)>) -> PortResult<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let plugin = plugin.to_owned();
        self.db
            .write(move |tx| {
                let mut set = tx.prepare_cached(
                    "INSERT INTO plugin_state VALUES (?1, ?2, ?3)
                     ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value",
                )?;
                let mut delete = tx.prepare_cached("DELETE FROM plugin_state WHERE plugin = ?1 AND key = ?2")?;
                for (key, value) in changes {
                    match value {
                        Some(value) => set.execute((&plugin, key, value))?,
                        None => delete.execute((&plugin, key))?,
                    };
                }
                Ok(())
            })
            .await
            .map_err(|e| refuse(&e))
    }
}

fn refuse(error: &StoreError) -> kairos_core::PortError {
    tracing::warn!(%error, "plugin state");
    error.to_port()
}
