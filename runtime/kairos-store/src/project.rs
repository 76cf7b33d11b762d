//! What belongs to one project: `<data>/projects/<slug>/state.db`.

pub(crate) mod conversations;
pub(crate) mod forget;
pub(crate) mod inbox;
pub(crate) mod journal;
mod journal_prune;
pub(crate) mod permissions;
mod signal_ids;
mod state;
pub(crate) mod usage;
mod wakes;

use crate::db::{Db, Spec, Synchronous};
use crate::error::StoreError;
use std::path::{Path, PathBuf};

const SPEC: Spec = Spec {
    application_id: 0x6b61_7270,
    synchronous: Synchronous::Normal,
    steps: &[
        &[signal_ids::V1, inbox::V1, state::V1, wakes::V1, journal::V1],
        &[inbox::V2],
        &[inbox::V3, usage::V3],
        &[permissions::V4, conversations::V4],
        &[conversations::V5],
    ],
};

/// Inbox, plugin state, wakes, tick journal, conversations, and what the user agreed to. Cheap to clone; every method waits its turn with the one writer.
///
/// A method whose future is dropped may still take effect: once queued, work is done.
#[derive(Clone, Debug)]
pub struct ProjectDb {
    pub(crate) db: Db,
}

impl ProjectDb {
    /// Opens or makes the database (file 0600, a new folder 0700), and migrates an older one after a backup beside it.
    /// A damaged, foreign or newer one is an error, and is left as it is.
    pub async fn open(file: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open(file.into(), SPEC).await? })
    }

    /// Looks through a database without a write to it, beside a process that may have it open. Reads all of it: up to a second
    /// for the largest. A damaged, foreign or newer one is an error, and so is none.
    pub fn check(file: &Path) -> Result<(), StoreError> {
        crate::db::check(file, SPEC)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.db.file()
    }

    /// Waits for what is queued, writes the log back into the file and closes it, for all clones. Not a duty: a handle
    /// that is dropped, and even a crash, loses nothing that was answered.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

#[cfg(test)]
mod tests;
