//! Keeping the journal within its bounds.

use super::ProjectDb;
use super::journal::Pruned;
use crate::error::StoreError;
use crate::sql::number;
use kairos_core::Millis;
use rusqlite::Connection;
use std::time::Duration;

impl ProjectDb {
    /// Takes out ticks that began longer than `keep` before `now`, and then the oldest until about `max_bytes` remain.
    /// Freed space goes back to the system.
    pub async fn prune(&self, now: Millis, keep: Duration, max_bytes: u64) -> Result<Pruned, StoreError> {
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let pruned = self.db.write(move |tx| prune(tx, number(now.saturating_sub(keep)), number(max_bytes))).await?;
        if pruned.ticks > 0 {
            self.db
                .call(|c| {
                    // Each row that is asked for frees a page.
                    let mut vacuum = c.prepare("PRAGMA incremental_vacuum")?;
                    let mut pages = vacuum.query([])?;
                    while pages.next()?.is_some() {}
                    Ok(())
                })
                .await?;
        }
        Ok(pruned)
    }

    /// Takes out the oldest ticks until about `max_bytes` remain, and answers how many do. What is freed goes back to the system
    /// at once.
    pub async fn cut_journal(&self, max_bytes: u64) -> Result<u64, StoreError> {
        let pruned = self.prune(0, Duration::ZERO, max_bytes).await?;
        if pruned.ticks > 0 {
            // Only then does the file get smaller. Somebody who reads meanwhile puts it off.
            self.db.call(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).await?;
        }
        Ok(pruned.bytes)
    }
}

fn prune(tx: &Connection, oldest: i64, max: i64) -> rusqlite::Result<Pruned> {
    let by_age: i64 = tx.query_row("SELECT coalesce(max(id), 0) FROM ticks WHERE started < ?1", [oldest], |r| r.get(0))?;
    // What a tick costs, and each body with the last tick that needs it: so much is freed when all up to there go.
    let mut query = tx.prepare(
        "SELECT tick, sum(n) FROM
           (SELECT id AS tick, bytes AS n FROM ticks UNION ALL SELECT last_tick, stored + 128 FROM bodies)
         GROUP BY tick ORDER BY tick DESC",
    )?;
    let mut rows = query.query([])?;
    let (mut kept, mut last) = (0_i64, by_age);
    while let Some(row) = rows.next()? {
        let (tick, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
        if tick <= by_age || kept.saturating_add(bytes) > max {
            last = tick.max(by_age);
            break;
        }
        kept += bytes;
    }
    drop(rows);
    let ticks = tx.execute("DELETE FROM ticks WHERE id <= ?1", [last])?;
    for statement in [
        "DELETE FROM deliveries WHERE tick <= ?1",
        "DELETE FROM host_calls WHERE tick <= ?1",
        "DELETE FROM signals WHERE tick <= ?1",
        "DELETE FROM bodies WHERE last_tick <= ?1",
    ] {
        tx.execute(statement, [last])?;
    }
    Ok(Pruned { ticks: ticks as u64, bytes: kept.unsigned_abs() })
}
