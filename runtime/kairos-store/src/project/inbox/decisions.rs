//! What was decided about findings: announced, or kept, by which rule and why.

use super::rows::{COLUMNS, InboxItem, item};
use crate::error::StoreError;
use crate::project::ProjectDb;
use crate::sql::number;
use kairos_core::Millis;
use rusqlite::params_from_iter;

/// A decision about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Of the inbox row; an unknown one is ignored.
    pub id: u64,
    /// `announced`, or why not, for the user.
    pub decision: String,
    /// The rule that kept it; none if it is announced.
    pub kept_by: Option<String>,
}

impl ProjectDb {
    /// Keeps decisions, all or none of them.
    pub async fn decide(&self, decided: Vec<Decided>, now: Millis) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let mut update = tx.prepare_cached(
                    "UPDATE inbox SET decision = ?2, kept_by = ?3, announced_at = iif(?3 IS NULL, ?4, announced_at) WHERE id = ?1",
                )?;
                for d in &decided {
                    update.execute((number(d.id), &d.decision, &d.kept_by, number(now)))?;
                }
                Ok(())
            })
            .await
    }

    /// Open rows that these rules keep, in the order of their ids.
    pub async fn kept_by(&self, rules: &[&str]) -> Result<Vec<InboxItem>, StoreError> {
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        self.db
            .read(move |c| {
                let query = format!(
                    "SELECT {COLUMNS} FROM inbox WHERE status = 'open' AND kept_by IN ({}) ORDER BY id",
                    vec!["?"; rules.len()].join(", ")
                );
                c.prepare_cached(&query)?.query_map(params_from_iter(rules), item)?.collect()
            })
            .await
    }
}
