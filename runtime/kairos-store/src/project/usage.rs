//! What plugins cost, summed up by the hour: the journal, which has it call by call, is thrown away much earlier.

use super::ProjectDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::Connection;

pub(super) const V3: &str = "
CREATE TABLE usage (
    hour    INTEGER NOT NULL,
    plugin  TEXT NOT NULL,
    calls   INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    PRIMARY KEY (hour, plugin)
) STRICT, WITHOUT ROWID;
";

/// The name under which ticks are counted; no plugin has it.
pub const TICKS: &str = "";
/// A year: what no digest reaches.
const KEPT: Millis = 366 * 24 * HOUR;
const HOUR: Millis = 3_600_000;

/// What one plugin cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Its name, or [`TICKS`].
    pub plugin: String,
    /// How often it was called; ticks that called somebody.
    pub calls: u64,
    /// Microseconds: of CPU; for ticks, from their beginning to their end.
    pub time_us: u64,
}

/// Counts one call.
pub(super) fn count(tx: &Connection, at: Millis, plugin: &str, time_us: u64) -> rusqlite::Result<()> {
    let hour = number(at / HOUR);
    let mut add = tx.prepare_cached(
        "INSERT INTO usage VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (hour, plugin) DO UPDATE SET calls = calls + 1, time_us = time_us + excluded.time_us RETURNING calls",
    )?;
    let calls: i64 = add.query_row((hour, plugin, number(time_us)), |r| r.get(0))?;
    if calls == 1 {
        tx.execute("DELETE FROM usage WHERE hour < ?1", [number(at.saturating_sub(KEPT) / HOUR)])?;
    }
    Ok(())
}

impl ProjectDb {
    /// What each plugin cost since then, to the hour, by name.
    pub async fn usage(&self, since: Millis) -> Result<Vec<Usage>, StoreError> {
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT plugin, sum(calls), sum(time_us) FROM usage WHERE hour >= ?1 GROUP BY plugin ORDER BY plugin",
                )?;
                query
                    .query_map([number(since / HOUR)], |r| {
                        Ok(Usage { plugin: r.get(0)?, calls: unsigned(r, 1)?, time_us: unsigned(r, 2)? })
                    })?
                    .collect()
            })
            .await
    }
}
