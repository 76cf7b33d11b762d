//! What can go wrong in a vault. Each message names the file and what to do about it.

use super::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// The result of a vault's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a vault refused or failed. Unless it is [`Error::Unfinished`], every file is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file system call failed.
    #[error("could not {doing} {}: {source}. {}", path.display(), remedy(source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what the caller saw when it decided on the change.
    #[error("{path} was changed by someone else since it was read: nothing was written. Read it again and decide anew")]
    Changed {
        /// Relative, as given.
        path: String,
        /// What it is now; none where it is gone.
        now: Option<Digest>,
    },
    /// A path that a vault does not keep.
    #[error("{path} can't be kept in a memory folder: {why}. Choose another name")]
    Path {
        /// As given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another process has been writing for longer than we wait.
    #[error("{} is held by {}: end it, or try again when it is done", path.display(), holder(*pid))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, where he said so.
        pid: Option<u32>,
    },
    /// A git program works on the same branch, or was stopped while it did.
    #[error("{} is there: wait until the other git program is done; if none runs, delete that file", path.display())]
    Busy {
        /// Git's lock file.
        path: PathBuf,
    },
    /// The history can't be read or written.
    #[error("the history in {} failed while it was asked for {doing}: {source}. Run `git fsck` there; moved away, it is made anew", path.display())]
    Git {
        /// What was being done.
        doing: &'static str,
        /// The git directory.
        path: PathBuf,
        /// What git's library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What should be the git directory is something that we don't touch.
    #[error("{} {why}. Name another folder for the history", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// There is no such commit in the history.
    #[error("{id} is no commit of {}. `memory log` lists them", path.display())]
    NoRevision {
        /// As asked for.
        id: String,
        /// The git directory.
        path: PathBuf,
    },
    /// The folder is not to be written.
    #[error("{} can't be written, so nothing in it is changed. Make it writable for your user and try again", path.display())]
    ReadOnly {
        /// Which.
        path: PathBuf,
    },
    /// It failed in the middle, and so did taking it back. Nothing is lost: the next [`lock`](super::Vault::lock) completes the change.
    #[error("the change is half written and will be completed by the next command that succeeds: {source}")]
    Unfinished {
        /// What failed.
        source: Box<Error>,
    },
}

impl Error {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    pub(super) fn git<E>(doing: &'static str, path: &Path) -> impl FnOnce(E) -> Self + use<E>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = path.to_owned();
        move |source| Self::Git { doing, path, source: source.into() }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Make room on this disk and try again",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => "Make it writable for your user and try again",
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
            "Move away what stands there under that name and try again"
        }
        _ => "Look after the disk and the file's permissions, then try again",
    }
}
