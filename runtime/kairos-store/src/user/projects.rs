//! The projects that the daemon watches.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::number;
use kairos_core::Millis;

pub(super) const V2: &str = "
CREATE TABLE projects (path TEXT PRIMARY KEY, added_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

impl UserDb {
    /// Adds a project by its canonical folder. One that is there already stays as it is.
    pub async fn add_project(&self, path: &str, now: Millis) -> Result<(), StoreError> {
        let values = (path.to_owned(), number(now));
        self.db.write(move |tx| tx.execute("INSERT OR IGNORE INTO projects VALUES (?1, ?2)", values).map(drop)).await
    }

    /// Takes a project off the list; its data stay. Was it there?
    pub async fn remove_project(&self, path: &str) -> Result<bool, StoreError> {
        let path = path.to_owned();
        self.db.write(move |tx| Ok(tx.execute("DELETE FROM projects WHERE path = ?1", [path])? > 0)).await
    }

    /// The folders, in the order in which they were added.
    pub async fn projects(&self) -> Result<Vec<String>, StoreError> {
        self.db
            .read(|c| c.prepare("SELECT path FROM projects ORDER BY added_at, path")?.query_map([], |r| r.get(0))?.collect())
            .await
    }
}
