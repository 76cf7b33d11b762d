//! All watchers of one project behind one handle.

use crate::files::{FileConfig, FileWatch, WatchStatus};
use crate::git::{GitConfig, GitWatch};
use crate::queue::SignalQueue;

/// What to watch in a project.
#[derive(Clone)]
pub struct WatchConfig {
    /// Its files.
    pub files: FileConfig,
    /// Its repository, if it has one.
    pub git: Option<GitConfig>,
}

/// Watches a project until it is dropped; dropping waits for its threads.
pub struct Watch {
    files: FileWatch,
    git: Option<GitWatch>,
}

impl Watch {
    /// Starts all watchers; each appends to `queue`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: WatchConfig, queue: SignalQueue) -> std::io::Result<Self> {
        let files = FileWatch::start(config.files, queue.clone())?;
        let git = config.git.map(|git| GitWatch::start(git, queue)).transpose()?;
        Ok(Self { files, git })
    }

    /// How files are watched right now.
    pub fn status(&self) -> WatchStatus {
        self.files.status()
    }

    /// Compares git's state now, in the caller's thread.
    pub fn poll_git(&self) {
        if let Some(git) = &self.git {
            git.poll();
        }
    }
}
