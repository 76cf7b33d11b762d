//! Times about a project's signals that outlive a restart: until when they are paused, which results of CI were told.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::OptionalExtension;

pub(super) const V5: &str = "
CREATE TABLE signal_times (project TEXT, name TEXT, at INTEGER NOT NULL, PRIMARY KEY (project, name)) STRICT, WITHOUT ROWID;
";

impl UserDb {
    /// The time of that name, of a project by its folder.
    pub async fn signal_time(&self, project: &str, name: &'static str) -> Result<Option<Millis>, StoreError> {
        let project = project.to_owned();
        self.db
            .read(move |c| {
                let sql = "SELECT at FROM signal_times WHERE project = ?1 AND name = ?2";
                c.query_row(sql, (project, name), |r| unsigned(r, 0)).optional()
            })
            .await
    }

    /// Sets it, or takes it away.
    pub async fn set_signal_time(&self, project: &str, name: &'static str, at: Option<Millis>) -> Result<(), StoreError> {
        let project = project.to_owned();
        self.db
            .write(move |tx| {
                match at {
                    Some(at) => {
                        tx.execute("INSERT OR REPLACE INTO signal_times VALUES (?1, ?2, ?3)", (project, name, number(at)))
                    }
                    None => tx.execute("DELETE FROM signal_times WHERE project = ?1 AND name = ?2", (project, name)),
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
    async fn a_time_is_kept_across_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = UserDb::open(&file).await.unwrap();
        db.set_signal_time("/p", "paused-until", Some(5)).await.unwrap();
        db.set_signal_time("/p", "paused-until", Some(7)).await.unwrap();
        db.close().await;
        let db = UserDb::open(&file).await.unwrap();
        assert_eq!(db.signal_time("/p", "paused-until").await.unwrap(), Some(7));
        assert_eq!(db.signal_time("/q", "paused-until").await.unwrap(), None);
        db.set_signal_time("/p", "paused-until", None).await.unwrap();
        assert_eq!(db.signal_time("/p", "paused-until").await.unwrap(), None);
    }
}
