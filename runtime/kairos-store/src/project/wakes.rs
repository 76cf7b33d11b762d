//! When a plugin asked to be woken. At most one wish a plugin.

use super::ProjectDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::OptionalExtension;

pub(super) const V1: &str = "
CREATE TABLE wakes (plugin TEXT PRIMARY KEY, due INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

impl ProjectDb {
    /// Replaces an earlier wish.
    pub async fn set_wake(&self, plugin: &str, due: Millis) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        self.db
            .write(move |tx| {
                tx.execute("INSERT OR REPLACE INTO wakes VALUES (?1, ?2)", (plugin, number(due)))?;
                Ok(())
            })
            .await
    }

    /// Forgets the wish, if there is one.
    pub async fn cancel_wake(&self, plugin: &str) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        self.db.write(move |tx| tx.execute("DELETE FROM wakes WHERE plugin = ?1", [plugin]).map(drop)).await
    }

    /// The plugins whose time has come (`due <= now`), earliest first. They are forgotten: each is returned once.
    pub async fn take_due_wakes(&self, now: Millis) -> Result<Vec<(String, Millis)>, StoreError> {
        self.db
            .write(move |tx| {
                let mut query = tx.prepare_cached("DELETE FROM wakes WHERE due <= ?1 RETURNING plugin, due")?;
                let mut due: Vec<(String, Millis)> =
                    query.query_map([number(now)], |r| Ok((r.get(0)?, unsigned(r, 1)?)))?.collect::<Result<_, _>>()?;
                due.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
                Ok(due)
            })
            .await
    }

    /// Moves all wishes to an earlier time by so many milliseconds: after the clock was set back.
    pub async fn move_wakes_back(&self, by: Millis) -> Result<(), StoreError> {
        self.db.write(move |tx| tx.execute("UPDATE wakes SET due = max(0, due - ?1)", [number(by)]).map(drop)).await
    }

    /// When the next wish is due.
    pub async fn next_wake(&self) -> Result<Option<Millis>, StoreError> {
        self.db.read(|c| c.query_row("SELECT due FROM wakes ORDER BY due LIMIT 1", [], |r| unsigned(r, 0)).optional()).await
    }
}
