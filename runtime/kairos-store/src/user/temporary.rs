//! What the user has set for a while, and until when: it outlives a restart, and ends by itself.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::OptionalExtension;

pub(super) const V6: &str = "
CREATE TABLE temporary (name TEXT PRIMARY KEY, value TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

impl UserDb {
    /// What is set under that name, and until when; none if nothing is, or it is over.
    pub async fn temporary(&self, name: &'static str, now: Millis) -> Result<Option<(String, Millis)>, StoreError> {
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached("SELECT value, until FROM temporary WHERE name = ?1 AND until > ?2")?;
                query.query_row((name, number(now)), |r| Ok((r.get(0)?, unsigned(r, 1)?))).optional()
            })
            .await
    }

    /// Sets it until then, instead of what was set before; or takes it away.
    pub async fn set_temporary(&self, name: &'static str, set: Option<(String, Millis)>) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                match set {
                    Some((value, until)) => {
                        tx.execute("INSERT OR REPLACE INTO temporary VALUES (?1, ?2, ?3)", (name, value, number(until)))
                    }
                    None => tx.execute("DELETE FROM temporary WHERE name = ?1", [name]),
                }
                .map(drop)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_outlives_a_restart_and_ends_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = UserDb::open(&file).await.unwrap();
        db.set_temporary("a", Some(("x".into(), 5))).await.unwrap();
        db.set_temporary("a", Some(("y".into(), 7))).await.unwrap();
        db.close().await;
        let db = UserDb::open(&file).await.unwrap();
        assert_eq!(db.temporary("a", 6).await.unwrap(), Some(("y".into(), 7)));
        assert_eq!(db.temporary("a", 7).await.unwrap(), None);
        assert_eq!(db.temporary("b", 0).await.unwrap(), None);
        db.set_temporary("a", None).await.unwrap();
        assert_eq!(db.temporary("a", 0).await.unwrap(), None);
    }
}
