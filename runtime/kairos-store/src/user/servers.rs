//! Which MCP servers of projects the user trusts.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::number;
use kairos_core::Millis;
use rusqlite::OptionalExtension;

pub(super) const V9: &str = "
CREATE TABLE trusted_servers (
    project TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, trusted_at INTEGER NOT NULL, PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
";

impl UserDb {
    /// Trusts a server of a project exactly as it stands in its file now; replaces what was trusted under its name before.
    pub async fn trust_server(&self, project: &str, name: &str, digest: &str, now: Millis) -> Result<(), StoreError> {
        let values = (project.to_owned(), name.to_owned(), digest.to_owned(), number(now));
        let statement = "INSERT OR REPLACE INTO trusted_servers VALUES (?1, ?2, ?3, ?4)";
        self.db.write(move |tx| tx.execute(statement, values).map(drop)).await
    }

    /// The digest that is trusted under this name. Whether it is still the same is the caller's to compare.
    pub async fn trusted_server(&self, project: &str, name: &str) -> Result<Option<String>, StoreError> {
        let key = (project.to_owned(), name.to_owned());
        let question = "SELECT digest FROM trusted_servers WHERE project = ?1 AND name = ?2";
        self.db.read(move |c| c.query_row(question, key, |r| r.get(0)).optional()).await
    }

    /// Takes the trust away. Was there any?
    pub async fn distrust_server(&self, project: &str, name: &str) -> Result<bool, StoreError> {
        let key = (project.to_owned(), name.to_owned());
        let statement = "DELETE FROM trusted_servers WHERE project = ?1 AND name = ?2";
        self.db.write(move |tx| Ok(tx.execute(statement, key)? > 0)).await
    }
}
