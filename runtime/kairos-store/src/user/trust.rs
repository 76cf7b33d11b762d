//! Which projects' own plugins may be loaded, and which plugins the user switched off.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

pub(super) const V1: &str = "
CREATE TABLE trusted_projects (path TEXT PRIMARY KEY, digest TEXT NOT NULL, trusted_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE disabled_plugins (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// A project whose plugins the user trusts, as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedProject {
    /// As the caller wrote it; canonical.
    pub path: String,
    /// Of all files below `.kairos/plugins`.
    pub digest: String,
    /// When.
    pub trusted_at: Millis,
}

impl UserDb {
    /// Trusts exactly these files of a project; replaces what was trusted before.
    pub async fn trust_project(&self, project: TrustedProject) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let values = (project.path, project.digest, number(project.trusted_at));
                tx.execute("INSERT OR REPLACE INTO trusted_projects VALUES (?1, ?2, ?3)", values).map(drop)
            })
            .await
    }

    /// The trust in a project. Whether its files are still the same is the caller's to compare.
    pub async fn trusted_project(&self, path: &str) -> Result<Option<TrustedProject>, StoreError> {
        let path = path.to_owned();
        self.db
            .read(move |c| {
                c.query_row("SELECT path, digest, trusted_at FROM trusted_projects WHERE path = ?1", [path], |r| {
                    Ok(TrustedProject { path: r.get(0)?, digest: r.get(1)?, trusted_at: unsigned(r, 2)? })
                })
                .optional()
            })
            .await
    }

    /// Takes the trust away. Was there any?
    pub async fn distrust_project(&self, path: &str) -> Result<bool, StoreError> {
        let path = path.to_owned();
        self.db.write(move |tx| Ok(tx.execute("DELETE FROM trusted_projects WHERE path = ?1", [path])? > 0)).await
    }

    /// Switches a plugin off or on, by name, in all projects.
    pub async fn set_disabled(&self, plugin: &str, disabled: bool) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        let statement = if disabled {
            "INSERT OR IGNORE INTO disabled_plugins VALUES (?1)"
        } else {
            "DELETE FROM disabled_plugins WHERE name = ?1"
        };
        self.db.write(move |tx| tx.execute(statement, [plugin]).map(drop)).await
    }

    /// The names of all that are switched off, sorted.
    pub async fn disabled(&self) -> Result<Vec<String>, StoreError> {
        self.db
            .read(|c| c.prepare("SELECT name FROM disabled_plugins ORDER BY name")?.query_map([], |r| r.get(0))?.collect())
            .await
    }
}
