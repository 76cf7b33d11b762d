//! What can go wrong with transcripts, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be stored, read or forgotten. The message names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Writing is not allowed there.
    #[error(
        "{path}: can't be written ({source}); nothing was written. Give yourself the right to write there, or choose another data folder"
    )]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    #[error(
        "{path}: the disk is full ({source}); nothing was written. Free some space, or shorten how long transcripts are kept"
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("{path}: can't {action}: {source}. Check that the disk is in order and try again")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// More was observed than could be stored in time. This observation was not taken.
    #[error("{queued} observations wait to be stored and no more fit{}", because(.trouble))]
    QueueFull {
        /// How many wait.
        queued: usize,
        /// Why they are not stored, where storing fails.
        trouble: Option<String>,
    },
    /// Observations that were taken could not be stored.
    #[error("{count} observations are not stored: {trouble}")]
    NotStored {
        /// How many.
        count: u64,
        /// Why.
        trouble: String,
    },
    /// Not a position that [`since`](super::Transcripts::since) answered.
    #[error("`{0}` is no position in transcripts: use one as it was answered, or an empty one to begin at the start")]
    BadPosition(String),
    /// Not a regular expression, or one that is too large.
    #[error("the pattern can't be used: {0}. Correct it, or search for it literally")]
    BadPattern(String),
}

fn because(trouble: &Option<String>) -> String {
    trouble.as_ref().map_or_else(|| ": wait a moment".into(), |trouble| format!(", because of this: {trouble}"))
}

/// The result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Of writing: tells apart what the user can mend.
    pub(super) fn write(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Io { path, action, source },
        }
    }

    /// Of reading.
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), action: "read", source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_file_and_the_remedy() {
        for (kind, remedy) in [
            (io::ErrorKind::PermissionDenied, "right to write"),
            (io::ErrorKind::ReadOnlyFilesystem, "right to write"),
            (io::ErrorKind::StorageFull, "Free some space"),
            (io::ErrorKind::TimedOut, "try again"),
        ] {
            let message = Error::write(Path::new("/x/2026-01-02.jsonl"), "append", kind.into()).to_string();
            assert!(message.contains("/x/2026-01-02.jsonl") && message.contains(remedy), "{message}");
        }
    }
}
