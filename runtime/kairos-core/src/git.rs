//! What git knows of a project, in the contract's words: see the interface `git` in `wit/host/services.wit`.

use crate::signal::Millis;
use serde::{Deserialize, Serialize};

/// Most changes of one `changes`.
pub const MAX_CHANGES: u32 = 10_000;
/// Most commits of one `log`.
pub const MAX_COMMITS: u32 = 1000;
/// Most files of one `diff`.
pub const MAX_PATCH_FILES: usize = 500;

/// A stash entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stash {
    /// When it was made.
    pub time: Millis,
    /// Its message.
    pub message: String,
}

/// The state of a git repository, without its files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Short name; none when detached.
    pub branch: Option<String>,
    /// Full hash; none before the first commit.
    pub head: Option<String>,
    /// `merge`, `rebase`, `cherry-pick`, `revert`, `bisect`, `am`.
    pub operation: Option<String>,
    /// When that began.
    pub operation_since: Option<Millis>,
    /// Short name of the followed branch.
    pub upstream: Option<String>,
    /// Commits that the upstream lacks, up to 1,000.
    pub ahead: u32,
    /// Commits that the branch lacks, up to 1,000.
    pub behind: u32,
    /// Newest first, at most 100.
    pub stashes: Vec<Stash>,
}

/// A recorded version of the project's files; mirrors `version` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// What a commit would record.
    Index,
    /// The last commit.
    Head,
    /// The merge base of HEAD and the remote's default branch.
    BranchPoint,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    Renamed,
    TypeChanged,
    Conflicted,
    Untracked,
}

/// A path that differs between a version and the work tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Relative to the project.
    pub path: String,
    /// Its name before, where it was renamed.
    pub renamed_from: Option<String>,
    /// HEAD against the branch point; none unless that was asked for.
    pub committed: Option<ChangeKind>,
    /// Index against HEAD; none when only the work tree was asked for.
    pub staged: Option<ChangeKind>,
    /// Work tree against index.
    pub unstaged: Option<ChangeKind>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Full hash.
    pub id: String,
    /// Name and address.
    pub author: String,
    /// Of the committer.
    pub time: Millis,
    /// First line.
    pub summary: String,
    /// The rest, at most 8 KiB.
    pub body: String,
}

/// What is compared with what; mirrors `comparison` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The work tree with the index.
    Unstaged,
    /// The index with the last commit.
    Staged,
    /// The work tree with the last commit.
    Head,
    /// The work tree with the branch point.
    BranchPoint,
}

/// Why lines of a file are not told; mirrors `withheld` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    /// The user's private patterns name it.
    Private,
    /// It is no UTF-8 text.
    Binary,
    /// It has more than 1 MiB.
    TooLarge,
    /// There were too many lines already.
    Cut,
    /// A link, a submodule, in conflict, or gone meanwhile.
    Unreadable,
}

/// What changed in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    /// Relative to the project.
    pub path: String,
    /// Its name before, where it was renamed.
    pub renamed_from: Option<String>,
    /// How it changed.
    pub kind: ChangeKind,
    /// Lines; 0 where no text was compared.
    pub added: u32,
    /// Lines; 0 where no text was compared.
    pub removed: u32,
    /// In the unified format, from the first `@@` on.
    pub hunks: String,
    /// Why not all of them are there.
    pub withheld: Option<Withheld>,
}

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Sorted by path, at most [`MAX_PATCH_FILES`].
    pub files: Vec<FilePatch>,
    /// There are more files.
    pub more: bool,
}

/// A commit and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The commit.
    pub commit: Commit,
    /// Full hashes.
    pub parents: Vec<String>,
    /// Against the first parent.
    pub patch: Patch,
}

/// What a watcher compares to notice that git moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSnapshot {
    /// The short name of the branch, also before its first commit; none when detached.
    pub branch: Option<String>,
    /// The commit's full hash; none before the first commit.
    pub head: Option<String>,
    /// An unfinished operation: `merge`, `rebase`, `cherry-pick`, `revert`, `bisect`, `am`.
    pub operation: Option<String>,
    /// The short name of the branch that this one follows.
    pub upstream: Option<String>,
    /// Commits that the upstream lacks, up to 1,000.
    pub ahead: u32,
    /// Commits that the branch lacks, up to 1,000.
    pub behind: u32,
    /// Stashes, up to 100.
    pub stash_count: u32,
    /// Changes when something is staged; none without an index.
    pub index_stamp: Option<IndexStamp>,
}

/// Tells one state of the index file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexStamp {
    /// Nanoseconds since 1970.
    pub modified_ns: u64,
    /// Bytes.
    pub size: u64,
}
