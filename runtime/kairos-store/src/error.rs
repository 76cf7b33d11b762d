//! What can go wrong with a database, and what the user can do about it.

use kairos_core::{ErrorCode, PortError};
use std::path::{Path, PathBuf};

/// Why a database can't be opened, read or written. The message names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is damaged, or is no database. It is left as it is.
    #[error(
        "{} is damaged ({detail}). It was left as it is. Move it away, and kairos-run starts with an empty one: \
         mv '{}' '{}.corrupt'{remedy}",
        file.display(), file.display(), file.display()
    )]
    Corrupt {
        /// The database.
        file: PathBuf,
        /// What SQLite found.
        detail: String,
        /// More to do: a log beside it, a backup.
        remedy: String,
    },
    /// A later kairos-run has written it.
    #[error(
        "{} was written by a newer kairos-run (schema {found}, this one knows {known}); \
         update kairos-run or set KAIROS_HOME to another folder",
        file.display()
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// It is a good database, but not one of this kind.
    #[error("{} is a database of something else; move it away or set KAIROS_HOME to another folder", file.display())]
    Foreign {
        /// The database.
        file: PathBuf,
    },
    /// No space. What was to be written is not; what was there stays.
    #[error("the disk is full: {} can't be written; free some space and go on", file.display())]
    Full {
        /// The database.
        file: PathBuf,
    },
    /// The file or its folder may not be written.
    #[error("{} can't be written: make the file and its folder writable for you, or set KAIROS_HOME to another folder", file.display())]
    ReadOnly {
        /// The database.
        file: PathBuf,
    },
    /// Another process kept it locked for more than five seconds.
    #[error("{} is locked by another process; see which other kairos-run is running and try again", file.display())]
    Busy {
        /// The database.
        file: PathBuf,
    },
    /// The system said no.
    #[error("{} can't be used: {detail}; check that the disk and the folder are there and yours", file.display())]
    Io {
        /// The database, or a file beside it.
        file: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The writer is gone: the database was closed.
    #[error("{} is closed; restart kairos-run", file.display())]
    Closed {
        /// The database.
        file: PathBuf,
    },
    /// Any other error of SQLite, or a row that can't be understood: a fault of this program.
    #[error("{}: {source}; please report this as a fault of kairos-run", file.display())]
    Sql {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// It may be well later without anyone touching the file: the disk is full, another process holds the lock, the device
    /// had a hiccup.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    /// Sorts an error of SQLite by what the user can do about it.
    pub(crate) fn from_sql(file: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ffi::ErrorCode as C;
        let file = file.to_path_buf();
        let detail = source.to_string();
        match source.sqlite_error_code() {
            Some(C::DatabaseCorrupt | C::NotADatabase) => Self::corrupt(file, detail),
            Some(C::DiskFull) => Self::Full { file },
            Some(C::ReadOnly) => Self::ReadOnly { file },
            Some(C::DatabaseBusy | C::DatabaseLocked) => Self::Busy { file },
            Some(C::CannotOpen | C::SystemIoFailure | C::PermissionDenied) => Self::Io { file, detail },
            _ => Self::Sql { file, source },
        }
    }

    pub(crate) fn from_io(file: &Path, source: &std::io::Error) -> Self {
        let file = file.to_path_buf();
        match source.kind() {
            std::io::ErrorKind::StorageFull => Self::Full { file },
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Self::ReadOnly { file },
            _ => Self::Io { file, detail: source.to_string() },
        }
    }

    pub(crate) fn corrupt(file: PathBuf, detail: String) -> Self {
        let mut remedy = String::new();
        let log = beside(&file, "-wal");
        if log.metadata().is_ok_and(|m| m.len() > 0) {
            remedy = format!(" && mv '{0}' '{1}.corrupt-wal'", log.display(), file.display());
        }
        Self::Corrupt { file, detail, remedy }
    }

    /// For a guest: without the path, which lies outside the project.
    pub(crate) fn to_port(&self) -> PortError {
        let why = match self {
            Self::Full { .. } => "the disk is full",
            Self::ReadOnly { .. } => "it can't be written",
            Self::Busy { .. } => "it is locked",
            Self::Corrupt { .. } => "it is damaged",
            _ => "it can't be used",
        };
        PortError::new(ErrorCode::Unavailable, format!("the host's state database: {why}"))
    }
}

/// The path with something added to its name.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
