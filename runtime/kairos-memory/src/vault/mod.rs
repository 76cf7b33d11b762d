//! A folder of files that is written all or nothing, and its history in git.
//!
//! A change is checked against what is there, its objects and its intent are made durable, then the files take their new bytes and
//! the branch its new commit. Stopped at any point, the next [`Vault::lock`] finds the intent and completes it: what opens is the old
//! state or the new one. The git directory is an ordinary one that git's own commands work on.
//!
//! All calls wait for the disk; a task calls them where blocking is allowed.

mod delta;
mod disk;
mod error;
mod history;
mod intent;
mod merge;
mod message;
mod objects;
mod pack;
mod paths;
mod recover;
mod repo;
mod rewrite;
mod tree;
mod types;
mod write;

#[cfg(test)]
mod tests;

pub use error::{Error, Result};
pub use merge::{Merged, merge};
pub use rewrite::Rewritten;
pub use types::{Author, Difference, Digest, Edit, FileChange, Note, Places, Recovery, Revision, Write};

use std::fs::File;
use std::path::PathBuf;

/// A folder of files with its history. Cheap to clone: it holds nothing open.
#[derive(Debug, Clone)]
pub struct Vault {
    places: Places,
}

/// Nobody else writes while it lives. It is of the vault that gave it.
#[derive(Debug)]
pub struct Guard {
    recovery: Recovery,
    _lock: File,
}

impl Guard {
    /// What had to be mended when the lock was taken.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }
}

impl Vault {
    /// Opens a vault: makes what is missing, completes a change that was stopped, begins the history anew where there is none or
    /// where it can't be read. All of that is told. One that is not to be written opens as it is, and can be read.
    pub fn open(mut places: Places) -> Result<(Self, Recovery)> {
        disk::make_folder(&places.files)?;
        // The folder itself may be a link that the user made; what lies in it may not.
        let files = places.files.canonicalize().map_err(Error::io("find", &places.files))?;
        for inside in [&mut places.private, &mut places.git] {
            if let Ok(rest) = inside.strip_prefix(&places.files) {
                *inside = files.join(rest);
            }
        }
        places.files = files;
        if let Some(index) = &mut places.index {
            *index = index.canonicalize().map_err(Error::io("find", index))?;
        }
        disk::make_folder(&places.private)?;
        if let Some(parent) = places.git.parent() {
            disk::make_folder(parent)?;
        }
        let vault = Self { places };
        let recovery = match vault.guard(true) {
            Ok(guard) => guard.recovery,
            Err(Error::ReadOnly { path }) if vault.places.git.is_dir() => Recovery { notes: vec![Note::ReadOnly(path)] },
            Err(error) => return Err(error),
        };
        Ok((vault, recovery))
    }

    /// Where it keeps what.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// It can be read, and nothing else.
    pub fn is_read_only(&self) -> bool {
        self.sealed().is_some()
    }

    /// A folder of it that can't be written.
    fn sealed(&self) -> Option<&PathBuf> {
        let Places { files, private, git, .. } = &self.places;
        // Where what is private lies elsewhere, the files are another tool's, and not all that is written goes there.
        let ours = [files, private, git].into_iter().filter(|place| *place != files || private.starts_with(files));
        ours.filter(|place| place.is_dir()).find(|place| !disk::is_writable(place))
    }

    /// Waits up to 5 s until nobody else writes. Completes what another process began and did not finish.
    pub fn lock(&self) -> Result<Guard> {
        self.guard(false)
    }

    fn guard(&self, thorough: bool) -> Result<Guard> {
        if let Some(path) = self.sealed() {
            return Err(Error::ReadOnly { path: path.clone() });
        }
        let lock = repo::flock(&self.places.private.join("lock"))?;
        let recovery = recover::settle(&self.places, thorough)?;
        Ok(Guard { recovery, _lock: lock })
    }
}
