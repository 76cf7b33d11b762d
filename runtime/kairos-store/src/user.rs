//! What belongs to the user: `<data>/state.db`. Several running kairos-run share it.

pub(crate) mod attention;
pub(crate) mod descriptions;
pub(crate) mod egress;
pub(crate) mod grants;
pub(crate) mod muted;
pub(crate) mod outbox;
pub(crate) mod projects;
pub(crate) mod quarantine;
mod servers;
mod signal_times;
pub(crate) mod spending;
mod temporary;
pub(crate) mod trust;

use crate::db::{Db, Spec, Synchronous};
use crate::error::StoreError;
use std::path::{Path, PathBuf};

const SPEC: Spec = Spec {
    application_id: 0x6b61_7275,
    synchronous: Synchronous::Full,
    steps: &[
        &[grants::V1, trust::V1, quarantine::V1, descriptions::V1],
        &[projects::V2],
        &[egress::V3],
        &[attention::V4, muted::V4],
        &[signal_times::V5],
        &[temporary::V6, outbox::V6],
        &[spending::V7],
        &[spending::V8, egress::V8],
        &[servers::V9],
    ],
};

/// Grants, trust, projects, quarantine, cached descriptions, what left the machine, what the user was told and what he answered, what models cost. Cheap to clone; every method waits its
/// turn with the one writer.
#[derive(Clone, Debug)]
pub struct UserDb {
    pub(crate) db: Db,
}

impl UserDb {
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
