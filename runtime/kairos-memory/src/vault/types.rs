//! What is put into a vault and what comes out of it.

use super::paths::INDEX;
use kairos_core::signal::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::path::PathBuf;

/// Where a vault keeps what. The three may lie apart, so that `files` can be another tool's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder that a person reads: `MEMORY.md` and the topic files.
    pub files: PathBuf,
    /// The folder of `MEMORY.md`, where it is not `files`.
    pub index: Option<PathBuf>,
    /// The ledger, the intent and the lock; usually `<files>/.kairos`. Paths that begin with `.kairos/` lie here.
    pub private: PathBuf,
    /// The git directory, usually `<files>/.git`. Anywhere else it is made without a work tree, and `files` is another tool's: of its
    /// files only those that were written or recorded are in the history.
    pub git: PathBuf,
}

impl Places {
    /// Everything in one folder.
    pub fn within(files: impl Into<PathBuf>) -> Self {
        let files = files.into();
        Self { private: files.join(".kairos"), git: files.join(".git"), index: None, files }
    }

    /// The file that lists what there is.
    pub fn index_file(&self) -> PathBuf {
        self.index.as_ref().unwrap_or(&self.files).join(INDEX)
    }
}

/// SHA-256 of a file's bytes; written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a digest is 64 hexadecimal digits";
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(WRONG);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| WRONG)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(bytes))
    }
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative, with `/`; `.kairos/...` is private.
    pub path: String,
    /// What it has to be now; none where it must not exist.
    pub was: Option<Digest>,
    /// What it is to be; none deletes it.
    pub now: Option<Vec<u8>>,
}

/// Whom the history names for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// A person, a plugin, a dream. Angle brackets and line ends are left out.
    pub name: String,
    /// May be empty.
    pub email: String,
}

/// A change of one or more files: one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Each path once. None at all makes a commit that changes nothing.
    pub files: Vec<FileChange>,
    /// What was done, in words. Its first line stands in lists.
    pub message: String,
    /// Who did it.
    pub author: Author,
    /// Named values at the message's end: letters, digits and `-` in a name, one line in a value.
    pub trailers: Vec<(String, String)>,
    /// When. The history keeps seconds.
    pub time: Millis,
}

/// A commit of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Git's, 40 hexadecimal digits. [`rewrite`](super::Vault::rewrite) gives new ones.
    pub id: String,
    /// When, to the second.
    pub time: Millis,
    /// The author's name.
    pub author: String,
    /// Without the trailers.
    pub message: String,
    /// In the order in which they were given.
    pub trailers: Vec<(String, String)>,
}

/// One file before and after a commit; none where it did not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Relative, with `/`.
    pub path: String,
    /// Its bytes in the parent.
    pub before: Option<Vec<u8>>,
    /// Its bytes in the commit.
    pub after: Option<Vec<u8>>,
}

/// How a file differs from the newest commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// It is not in the history.
    Added,
    /// Its bytes are others.
    Modified,
    /// It is gone.
    Deleted,
}

/// What was found and mended when a vault was opened or locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// In the order in which it was done.
    pub notes: Vec<Note>,
}

/// One thing that was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A change that had been stopped was completed; these files were still old.
    Completed(Vec<String>),
    /// A change had been stopped, and this file was edited since: it was left as it is.
    Kept(String),
    /// A change had been stopped, and the history went on without it: both were joined by a commit.
    Joined,
    /// The record of a change could not be read. It lies here; the files are as they were found.
    IntentDamaged(PathBuf),
    /// There was no history: it begins now, with this many files.
    HistoryBegun(usize),
    /// The history was damaged. It lies here, and a new one begins.
    HistoryDamaged(PathBuf),
    /// This folder can't be written: everything is shown as it is there, and nothing is changed.
    ReadOnly(PathBuf),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(paths) => write!(f, "completed a change that had been stopped ({})", paths.join(", ")),
            Self::Kept(path) => write!(f, "{path} was edited after a change to it had been stopped: the edit stays"),
            Self::Joined => write!(f, "joined a change that had been stopped with commits made since"),
            Self::IntentDamaged(path) => {
                write!(f, "could not read the record of a stopped change; it lies in {}", path.display())
            }
            Self::HistoryBegun(files) => write!(f, "there was no history: it begins now, with {files} files"),
            Self::HistoryDamaged(path) => write!(f, "the history was damaged and lies in {}; a new one begins", path.display()),
            Self::ReadOnly(path) => {
                write!(f, "{} can't be written: it is shown as it is, and nothing is changed", path.display())
            }
        }
    }
}
