//! What can go wrong with a memory.

use crate::book::BookError;
use std::path::PathBuf;

/// The result of a memory's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Each message names the file or claim, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// About a claim.
    #[error(transparent)]
    Book(#[from] BookError),
    /// About the files.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// About the transcripts.
    #[error(transparent)]
    Transcript(#[from] crate::transcript::Error),
    /// About the full-text index.
    #[error(transparent)]
    Search(#[from] crate::recall::search::SearchError),
    /// A file could not be read.
    #[error("could not read {}: {source}. Look after its permissions and try again", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write below {}: {source}. Look after its permissions and the space on the disk, then try again", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A setting names no folder that could be used.
    #[error("{key} = \"{setting}\" can't be used: {why}")]
    Folder {
        /// Which.
        key: &'static str,
        /// Its value.
        setting: String,
        /// Why not, and the remedy.
        why: &'static str,
    },
    /// What another tool did in its own folder.
    #[error("change {0} is what another tool wrote into its own folder; undo it there")]
    NotOurs(String),
    /// No such commit, or several.
    #[error("no change, or more than one, begins with `{0}`; `kairos-run memory log` lists them")]
    NoRevision(String),
    /// No such observation.
    #[error("there is no observation {0}; `kairos-run memory search` shows their ids")]
    NoObservation(String),
    /// It would stand everywhere.
    #[error("a text to forget has at least {least} characters; shorter ones stand everywhere")]
    TooShort {
        /// In bytes.
        least: usize,
    },
    /// There is no such dream.
    #[error("there is no dream {0}; `kairos-run dream list` names them")]
    NoDream(String),
    /// The dream is past that.
    #[error("dream {id} is {state}: {remedy}")]
    DreamState {
        /// Which.
        id: String,
        /// What became of it.
        state: &'static str,
        /// What can be done.
        remedy: &'static str,
    },
    /// What was stored could not be found again.
    #[error("what was just stored in the transcripts is not there; look after the disk, then try again")]
    Unstored,
}
