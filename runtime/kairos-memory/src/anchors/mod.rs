//! Whether what a claim points at in the project is still so.
//!
//! [`find`] reads a claim and anchors what of it stands in the project; [`check`] says of one anchor whether it holds; [`check_all`]
//! goes through the claims whose files changed, in the tick in which they did. A project that can't be read makes nothing stale.

mod check;
mod code;
mod define;
mod find;
mod mention;
mod sight;
#[cfg(test)]
mod tests;
mod watch;

pub use check::check;
pub use find::{Finder, find};
pub use watch::{Change, Checked, Places, State, check_all};

use async_trait::async_trait;
use kairos_core::ports::{PortResult, ProjectView};

/// What a check says of an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was.
    Holds,
    /// It is now in the file of this path.
    Moved(String),
    /// It is no longer there, and not found elsewhere.
    Gone {
        /// What is missing.
        what: Lost,
    },
    /// The project couldn't be read; for a person. Never a reason to call a claim stale.
    Unknown(String),
}

/// What of an anchor is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The file or folder.
    Path,
    /// The definition of the identifier.
    Symbol,
    /// The quoted words.
    Quote,
}

/// A project whose history tells what became of a path.
#[async_trait]
pub trait Followed: ProjectView {
    /// What HEAD has at `path` or, by renames, had there once; `None` for what was deleted.
    async fn became(&self, path: &str) -> PortResult<Option<String>>;
}

#[async_trait]
impl Followed for kairos_project::Project {
    async fn became(&self, path: &str) -> PortResult<Option<String>> {
        kairos_project::Project::became(self, path).await
    }
}
