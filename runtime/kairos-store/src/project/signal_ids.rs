//! The counter behind a signal's id: it rises within a project and is never reused.

use super::ProjectDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};

pub(super) const V1: &str = "
CREATE TABLE signal_ids (next INTEGER NOT NULL) STRICT;
INSERT INTO signal_ids VALUES (1);
";

impl ProjectDb {
    /// Reserves `count` ids and returns the first; a block that is not used up leaves a gap.
    pub async fn reserve_signal_ids(&self, count: u32) -> Result<u64, StoreError> {
        self.db
            .write(move |tx| {
                tx.query_row("UPDATE signal_ids SET next = next + ?1 RETURNING next - ?1", [number(count.into())], |r| {
                    unsigned(r, 0)
                })
            })
            .await
    }
}
