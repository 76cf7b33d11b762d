//! The view of a project: files, search, git.
//!
//! Everything a plugin reads of a project passes through [`Project`]. It writes nothing but whole files through [`Project::apply`], for
//! a caller that has judged whether that may be; it never leaves the project's
//! folder, never runs a program and never hands out the content of private files. All text that it returns is
//! untrusted. Names that are not UTF-8 are skipped: the contract's paths are text.

mod at_hand;
mod edit;
mod files;
mod git;
mod path;
mod private;
mod search;
#[cfg(test)]
mod tests;

pub use edit::Planned;
pub use git::IntendedCommit;
pub use private::{PatternError, PrivatePaths};

use async_trait::async_trait;
use cap_std::{ambient_authority, fs::Dir};
use kairos_core::ports::{
    Change, Commit, Comparison, FileInfo, Match, Page, Patch, PortResult, ProjectView, Repository, SearchOptions, Shown, Version,
};
use kairos_core::{ErrorCode, PortError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// The longest that one call may take. After it the call ends with `unavailable`.
pub const CALL_TIME: Duration = Duration::from_secs(10);

/// A call that has taken so long when it is given up, and does not end then, hangs.
const LONG: Duration = Duration::from_secs(5);

/// Why a project can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder doesn't exist or can't be entered.
    #[error("can't open the project folder {}: {source}; check that it exists and that you may read it", path.display())]
    Folder {
        /// The folder as it was given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A private pattern isn't a glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// Says of a path why its content is not handed out; none where it may be.
pub type Forbids = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A project that is open for reading. Cheap to clone; holds one directory handle and no repository.
#[derive(Clone)]
pub struct Project {
    inner: Arc<Inner>,
    shared: Option<Arc<git::Shared>>,
}

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) root: PathBuf,
    pub(crate) dir: Arc<Dir>,
    /// Its files are on a disk of this machine.
    pub(crate) is_local: bool,
    pub(crate) private: Arc<PrivatePaths>,
    pub(crate) forbids: Option<Forbids>,
    pub(crate) git: Arc<git::Git>,
    /// The last call that was given up after a long time; it may still hang.
    given_up: Arc<Mutex<Option<AbortHandle>>>,
}

impl Project {
    /// Opens the folder `root`, with links resolved. `private_globs` are added to the built-in private patterns.
    /// It needn't be a git repository, and may become one later.
    pub fn open(root: &Path, private_globs: &[String]) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { path: root.to_owned(), source };
        let real = root.canonicalize().map_err(failed)?;
        let dir = Dir::open_ambient_dir(&real, ambient_authority()).map_err(failed)?;
        let private = PrivatePaths::new(private_globs)?;
        let inner = Inner {
            git: Arc::new(git::Git::new(real.clone())),
            root: real,
            is_local: at_hand::is_local(&dir),
            dir: Arc::new(dir),
            private: Arc::new(private),
            forbids: None,
            given_up: Arc::default(),
        };
        Ok(Self { inner: Arc::new(inner), shared: None })
    }

    /// A handle for those who are called in ticks. Through it and its clones, one walk of the work tree answers all who
    /// ask for the same changes between two calls of [`Self::begin_tick`]; all else is asked anew, as without.
    ///
    /// The rule that makes this safe: an answer is never older than the tick. What the tick's signals tell of happened
    /// before the tick began, so the answer has it; what happens later brings a signal of its own, to a later tick. Who
    /// isn't called because of signals, such as a tool, has to ask through another handle.
    pub fn for_ticks(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Some(Arc::default()) }
    }

    /// A handle through which nothing is handed out of files that are withheld, by their name or by that of the file that a link
    /// leads to: they are not read, in no version, not searched, and not listed.
    pub fn without(&self, forbids: Forbids) -> Self {
        Self { inner: Arc::new(Inner { forbids: Some(forbids), ..Inner::clone(&self.inner) }), shared: None }
    }

    /// A tick begins: earlier answers are not handed out again. To be called after the tick's signals were taken from
    /// the queue, and before anyone is called with them. Does nothing for a handle that isn't [`Self::for_ticks`].
    pub fn begin_tick(&self) {
        if let Some(shared) = &self.shared {
            shared.begin_tick();
        }
    }

    /// The project's folder: absolute, without links.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// The paths whose content is never handed out.
    pub fn private_paths(&self) -> &PrivatePaths {
        &self.inner.private
    }

    /// The state of git at this moment, without a walk of the work tree: a few milliseconds. Blocks. `None` where
    /// there is no work tree.
    pub fn snapshot(&self) -> Option<kairos_core::ports::GitSnapshot> {
        self.inner.git.snapshot()
    }

    /// The absolute folder of this work tree's git state (`HEAD`, `index`, `MERGE_HEAD`); `None` without a repository.
    pub fn git_dir(&self) -> Option<PathBuf> {
        self.inner.git.dirs().map(|(git, _)| git)
    }

    /// The absolute folder that all work trees of the repository share (`refs`, `logs`, `config`); `None` without one.
    pub fn common_dir(&self) -> Option<PathBuf> {
        self.inner.git.dirs().map(|(_, common)| common)
    }

    /// False while a call that was given up after a long time has not come back: the folder hangs, as that of a network
    /// disk does when its server is gone. Then all calls end with `unavailable` at once.
    pub fn answers(&self) -> bool {
        self.inner.given_up().as_ref().is_none_or(AbortHandle::is_finished)
    }

    /// What HEAD has at `path` or, by the renames that commits show, had there once: the path of a file or folder. `None` for what
    /// was deleted, was never there or vanished more than 20,000 commits ago, and without a repository. `unavailable` where half a
    /// second was too short.
    pub async fn became(&self, path: &str) -> PortResult<Option<String>> {
        let path = path::normalise(path)?;
        self.blocking(move |inner, stop| inner.git.became(&path, &stop)).await
    }

    /// The newest 1 to 1,000 commits with the files that each changed against its first parent; no files for a commit of more
    /// than 200. For imports: no tick waits for it.
    pub async fn log_with_files(&self, max: u32) -> PortResult<Vec<(Commit, Vec<String>)>> {
        self.blocking(move |inner, stop| inner.git.log_with_files(max, &stop)).await
    }

    /// What a commit of these paths would be about, or, without paths, one of what is staged. `invalid` where that is nothing, or in
    /// conflict.
    pub async fn intended_commit(&self, paths: Vec<String>) -> PortResult<IntendedCommit> {
        self.blocking(move |inner, stop| inner.intended_commit(&paths, stop)).await
    }

    /// Runs `work` on a thread that may block. It sees the flag when the call is dropped or over time.
    async fn blocking<T, F>(&self, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Inner, Arc<AtomicBool>) -> PortResult<T> + Send + 'static,
    {
        if !self.answers() {
            return Err(PortError::new(ErrorCode::Unavailable, "the project's folder does not answer"));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (inner, flag) = (self.inner.clone(), stop.clone());
        let job = tokio::task::spawn_blocking(move || work(&inner, flag));
        let _call = Call { inner: &self.inner, stop, job: job.abort_handle(), begun: Instant::now() };
        match tokio::time::timeout(CALL_TIME, job).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(PortError::new(ErrorCode::Other, "reading the project failed; see the host's log")),
            Err(_) => Err(took_too_long()),
        }
    }
}

impl Inner {
    fn given_up(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropping it asks the work to stop: a plugin that is gone shouldn't keep a thread busy. One that can't stop is remembered.
struct Call<'a> {
    inner: &'a Inner,
    stop: Arc<AtomicBool>,
    job: AbortHandle,
    begun: Instant,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if !self.job.is_finished() && self.begun.elapsed() > LONG {
            *self.inner.given_up() = Some(self.job.clone());
        }
    }
}

pub(crate) fn took_too_long() -> PortError {
    PortError::new(ErrorCode::Unavailable, format!("this took longer than {} s; ask for less", CALL_TIME.as_secs()))
}

#[async_trait]
impl ProjectView for Project {
    async fn read(&self, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        if let Some(bytes) = self.inner.read_at_hand(path, offset, length)? {
            return Ok(bytes);
        }
        let path = path.to_owned();
        self.blocking(move |inner, _| inner.read(&path, offset, length)).await
    }

    async fn stat(&self, path: &str) -> PortResult<FileInfo> {
        let path = path.to_owned();
        self.blocking(move |inner, _| inner.stat(&path)).await
    }

    async fn list_files(&self, path: &str, depth: u32, after: Option<&str>) -> PortResult<Page> {
        let (path, after) = (path.to_owned(), after.map(str::to_owned));
        self.blocking(move |inner, stop| inner.list_files(&path, depth, after.as_deref(), &stop)).await
    }

    async fn search(&self, pattern: &str, options: &SearchOptions) -> PortResult<Vec<Match>> {
        let (pattern, options) = (pattern.to_owned(), options.clone());
        self.blocking(move |inner, stop| inner.search(&pattern, &options, &stop)).await
    }

    async fn git_status(&self) -> PortResult<Repository> {
        self.blocking(|inner, _| inner.git.status()).await
    }

    async fn git_changes(&self, since: Version, max: u32) -> PortResult<Vec<Change>> {
        let shared = self.shared.clone();
        let changes = self.blocking(move |inner, stop| match shared {
            Some(shared) => shared.changes(&inner.git, since, max, stop),
            None => inner.git.changes(since, max, stop),
        });
        let mut changes = changes.await?;
        changes.retain(|change| self.inner.why_withheld(&change.path).is_none());
        Ok(changes)
    }

    async fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        let path = path.to_owned();
        self.blocking(move |inner, _| inner.git.read_at(version, &inner.content_path(&path)?, offset, length)).await
    }

    async fn size_at(&self, version: Version, path: &str) -> PortResult<u64> {
        let path = path.to_owned();
        self.blocking(move |inner, _| inner.git.size_at(version, &inner.content_path(&path)?)).await
    }

    async fn git_log(&self, max: u32, path: Option<&str>) -> PortResult<Vec<Commit>> {
        let path = path.map(path::normalise).transpose()?;
        self.blocking(move |inner, stop| inner.git.log(max, path.as_deref(), &stop)).await
    }

    async fn git_diff(&self, what: Comparison, paths: &[String]) -> PortResult<Patch> {
        let paths = paths.to_vec();
        self.blocking(move |inner, stop| inner.git_diff(what, &paths, stop)).await
    }

    async fn git_show(&self, revision: &str, paths: &[String]) -> PortResult<Shown> {
        let (revision, paths) = (revision.to_owned(), paths.to_vec());
        self.blocking(move |inner, stop| inner.git_show(&revision, &paths, &stop)).await
    }
}
