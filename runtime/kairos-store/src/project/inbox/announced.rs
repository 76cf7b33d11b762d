//! What was decided about a finding, and how often the user was disturbed. A finding that comes back may be announced
//! again, so announcements are counted in a list of their own.

use crate::error::StoreError;
use crate::project::ProjectDb;
use crate::sql::number;
use kairos_core::Millis;

/// Announcements are counted for at most so long.
const COUNTED: Millis = 8 * 24 * 3600 * 1000;

impl ProjectDb {
    /// Keeps the decision about a row: `announced`, or why not. With `announced_at`, it counts as announced then.
    /// Unknown ids are ignored.
    pub async fn set_decision(&self, id: u64, decision: &str, announced_at: Option<Millis>) -> Result<(), StoreError> {
        let decision = decision.to_owned();
        self.db
            .write(move |tx| {
                let at = announced_at.map(number);
                tx.execute(
                    "UPDATE inbox SET decision = ?2, announced_at = coalesce(?3, announced_at) WHERE id = ?1",
                    (number(id), decision, at),
                )?;
                if let Some(now) = announced_at {
                    tx.execute("INSERT INTO announced SELECT ?2, plugin, id FROM inbox WHERE id = ?1", (number(id), at))?;
                    tx.execute("DELETE FROM announced WHERE at < ?1", [number(now.saturating_sub(COUNTED))])?;
                }
                Ok(())
            })
            .await
    }

    /// Announcements from `since` (at most eight days ago) until `now`, of one plugin or of all. Later ones are of a clock
    /// that was ahead: they must not use up the cap of every day until then.
    pub async fn announced_since(&self, plugin: Option<&str>, since: Millis, now: Millis) -> Result<u32, StoreError> {
        let plugin = plugin.map(str::to_owned);
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT count(*) FROM announced WHERE at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR plugin = ?3)",
                )?;
                query.query_row((number(since), number(now), plugin), |r| r.get(0))
            })
            .await
    }
}
