//! The project's git repository, read-only and without running anything.
//!
//! A repository's configuration is as untrusted as its files, and can name programs: `filter.*.clean`,
//! `diff.*.textconv`, `core.fsmonitor`, hooks, credential helpers. The library used here knows no hooks or file system
//! monitor for what is called, has no transport compiled in, and would run filters only. So [`Git::open`] drops every
//! section of the configuration that isn't needed ([`KEPT_SECTIONS`]), includes are not followed, and no `GIT_*`
//! variable is read. What follows: a file under a filter (Git LFS) that git hasn't refreshed since may show as modified.
//!
//! Nothing of a repository is kept open between calls, apart from the decoded index for a few seconds.

mod branch_point;
mod changes;
mod diff;
mod follow;
mod index;
mod intended;
mod log;
mod shared;
mod status;
mod touched;
mod versions;

pub use intended::IntendedCommit;
pub(crate) use shared::Shared;

use gix::open::permissions;
use gix::sec::{Permission, Trust, trust::DefaultForLevel};
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a repository is read for: its format, its branches, and how its files map to blobs.
const KEPT_SECTIONS: &[&str] = &["core", "extensions", "branch", "remote", "index"];

/// Finds and opens the repository anew for each call, since it may come, go or be changed at any time.
pub(crate) struct Git {
    root: PathBuf,
    divergence: Mutex<Option<status::Divergence>>,
    branch_point: Mutex<Option<branch_point::BranchPoint>>,
    index: Mutex<Option<index::CachedIndex>>,
}

/// A repository, and where in its work tree the project is.
pub(crate) struct Opened {
    repo: gix::Repository,
    /// `""`, or the project's folder with a `/` at its end.
    prefix: String,
}

impl Git {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, divergence: Mutex::new(None), branch_point: Mutex::new(None), index: Mutex::new(None) }
    }

    /// The absolute git folder and common folder.
    pub(crate) fn dirs(&self) -> Option<(PathBuf, PathBuf)> {
        let opened = self.open().ok()?;
        Some((opened.repo.git_dir().canonicalize().ok()?, opened.repo.common_dir().canonicalize().ok()?))
    }

    /// Is the project a folder inside a work tree, and not the whole of it?
    pub(crate) fn is_below_work_tree(&self) -> bool {
        self.open().is_ok_and(|opened| !opened.prefix.is_empty())
    }

    fn open(&self) -> PortResult<Opened> {
        let mapping = gix::sec::trust::Mapping { full: options(Trust::Full), reduced: options(Trust::Reduced) };
        let repo = gix::ThreadSafeRepository::discover_opts(&self.root, gix::discover::upwards::Options::default(), mapping);
        let mut repo = repo.map_err(|error| no_repository(&error))?.to_thread_local();
        let workdir = repo.workdir().and_then(|dir| dir.canonicalize().ok()).ok_or_else(no_work_tree)?;
        let prefix = self.root.strip_prefix(&workdir).map_err(|_| no_work_tree())?;
        let mut prefix = prefix.to_str().ok_or_else(no_work_tree)?.to_owned();
        if !prefix.is_empty() {
            prefix.push('/');
        }
        check_link(&repo, &workdir)?;
        disarm(&mut repo).map_err(|error| failed("configuration", &error))?;
        Ok(Opened { repo, prefix })
    }
}

impl Opened {
    /// A repository's path as a project's path; `None` for what is outside the project or not UTF-8.
    fn project_path<'a>(&self, path: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(path).ok()?.strip_prefix(&self.prefix)
    }

    /// A project's path as a repository's path.
    fn repo_path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix).trim_end_matches('/').to_owned()
    }
}

fn options(trust: Trust) -> gix::open::Options {
    let mut env = permissions::Environment::isolated();
    // For the user's own ignore file.
    env.home = Permission::Allow;
    env.xdg_config_home = Permission::Allow;
    gix::open::Options::default_for_level(trust).permissions(gix::open::Permissions {
        config: permissions::Config { includes: false, env: false, ..permissions::Config::all() },
        attributes: permissions::Attributes::isolated(),
        env,
    })
}

/// Takes every section that could name a program out of the configuration in memory.
fn disarm(repo: &mut gix::Repository) -> gix::Result<()> {
    let mut config = repo.config_snapshot_mut();
    let dropped: Vec<_> = config
        .sections_and_ids()
        .filter(|(section, _)| !KEPT_SECTIONS.iter().any(|kept| section.header().name().eq_ignore_ascii_case(kept.as_bytes())))
        .map(|(_, id)| id)
        .collect();
    if !dropped.is_empty() {
        for id in dropped {
            config.remove_section_by_id(id);
        }
        config.commit()?;
    } else {
        config.forget();
    }
    Ok(())
}

/// A `.git` that is a file or a link could point at any repository of the user, whose history the project's plugins
/// would then read. So that repository has to name this work tree in turn, as linked work trees and submodules do.
fn check_link(repo: &gix::Repository, workdir: &Path) -> PortResult<()> {
    // A file in it can say that objects and branches lie elsewhere; of a linked work tree, they lie around it.
    let real = |dir: &Path| dir.canonicalize().ok();
    if !real(repo.git_dir()).zip(real(repo.common_dir())).is_some_and(|(own, common)| own.starts_with(common)) {
        let message = "`.git/commondir` points at another repository; a linked work tree is made by `git worktree add`";
        return Err(PortError::new(ErrorCode::Unavailable, message));
    }
    let dot_git = workdir.join(".git");
    if dot_git.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let git_dir = repo.git_dir();
    let linked =
        std::fs::read_to_string(git_dir.join("gitdir")).ok().and_then(|path| git_dir.join(path.trim_end()).canonicalize().ok());
    let configured =
        repo.config_snapshot().string("core.worktree").and_then(|path| git_dir.join(path.to_string()).canonicalize().ok());
    let back = linked.is_some_and(|path| dot_git.canonicalize().is_ok_and(|own| own == path))
        || configured.is_some_and(|path| path == workdir);
    if back {
        return Ok(());
    }
    let message =
        "`.git` points at a repository that doesn't know this folder; `git config core.worktree` in it names the folder";
    Err(PortError::new(ErrorCode::Unavailable, message))
}

fn no_work_tree() -> PortError {
    PortError::new(ErrorCode::Unavailable, "the project is not in the work tree of a git repository")
}

fn no_repository(error: &gix::Error) -> PortError {
    tracing::debug!(%error, "no git repository");
    PortError::new(ErrorCode::Unavailable, "the project is not a git repository, or it can't be read")
}

/// The library's messages name paths outside the project, so they go to the log alone.
fn failed(what: &str, error: &dyn std::fmt::Display) -> PortError {
    tracing::debug!(%error, what, "git can't be read");
    PortError::new(ErrorCode::Other, format!("the repository's {what} can't be read; `git fsck` may tell more"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
