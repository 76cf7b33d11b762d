//! What a plugin, or the agent, may ask for: small object-safe traits. Their types mirror `wit/host`, and are
//! serialisable, because every answer is journalled.

use crate::edit::FileEdit;
pub use crate::git::*;
use crate::memory::{Claim, Observation, Relation};
use crate::model::{Completion, Prompt};
use crate::signal::Millis;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Mirrors `error-code` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ErrorCode {
    Denied,
    NotFound,
    Invalid,
    TooLarge,
    Exhausted,
    Unavailable,
    Other,
}

/// An error that a guest may see: the message names no path outside the project and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    /// What kind.
    pub code: ErrorCode,
    /// For a person.
    pub message: String,
}

impl PortError {
    /// An error of that kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What a port answers.
pub type PortResult<T> = Result<T, PortError>;

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum FileKind {
    File,
    Directory,
    Link,
    Other,
}

/// One entry of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Relative to the project, with `/`.
    pub path: String,
    /// What it is; a link is not followed.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Last change of the content.
    pub modified: Millis,
    /// Has an executable bit.
    pub executable: bool,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// At most 1,000, sorted by path.
    pub entries: Vec<FileInfo>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// A line that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Relative to the project.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// Without its end, cut at 400 bytes.
    pub text: String,
}

/// How to search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchOptions {
    /// Only these paths; empty for all.
    pub globs: Vec<String>,
    /// No regular expression.
    pub literal: bool,
    /// ASCII and Unicode case folding.
    pub ignore_case: bool,
    /// 1 to 1,000.
    pub max_matches: u32,
}

/// Most bytes of one `read` or `read_at`.
pub const MAX_READ: u32 = 1024 * 1024;
/// Most entries on a page.
pub const MAX_PAGE: usize = 1000;
/// Most matches of a search.
pub const MAX_MATCHES: u32 = 1000;

/// A project's files and git, read-only, confined to its folder. See `wit/host/services.wit` for what each call promises.
#[async_trait]
#[allow(missing_docs)]
pub trait ProjectView: Send + Sync {
    async fn read(&self, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>>;
    async fn stat(&self, path: &str) -> PortResult<FileInfo>;
    async fn list_files(&self, path: &str, depth: u32, after: Option<&str>) -> PortResult<Page>;
    async fn search(&self, pattern: &str, options: &SearchOptions) -> PortResult<Vec<Match>>;
    async fn git_status(&self) -> PortResult<Repository>;
    async fn git_changes(&self, since: Version, max: u32) -> PortResult<Vec<Change>>;
    async fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>>;
    async fn size_at(&self, version: Version, path: &str) -> PortResult<u64>;
    async fn git_log(&self, max: u32, path: Option<&str>) -> PortResult<Vec<Commit>>;
    async fn git_diff(&self, what: Comparison, paths: &[String]) -> PortResult<Patch>;
    async fn git_show(&self, revision: &str, paths: &[String]) -> PortResult<Shown>;
}

/// The key-value state of plugins in one project. Limits are the host's to check; this only stores.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// All keys and values of a plugin.
    async fn load(&self, plugin: &str) -> PortResult<Vec<(String, Vec<u8>)>>;
    /// Sets (`Some`) and deletes (`None`) keys, all or nothing.
    async fn apply(&self, plugin: &str, changes: Vec<(String, Option<Vec<u8>>)>) -> PortResult<()>;
}

/// A claim as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimView {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// Every anchor was found to hold when it was last looked at.
    pub anchored: bool,
    /// How often a search found it.
    pub recalls: u32,
    /// When one found it last.
    pub last_recall: Option<Millis>,
}

/// A claim near to a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Of the claim.
    pub id: String,
    /// 0 to 1.
    pub score: f32,
    /// What the text is to the claim's.
    pub relation: Relation,
}

/// How well a claim is borne out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// When the user last said so, in these words.
    pub stated: Option<Millis>,
    /// Days of the trusted evidence.
    pub days: usize,
    /// Sessions of the trusted evidence.
    pub sessions: usize,
    /// When it was last said or seen, whoever said it.
    pub latest: Option<Millis>,
    /// It is enough for a fact.
    pub enough: bool,
}

/// Memory as it was when a dream began; it stays the same while a strategy reads it. See `wit/dream/dream.wit` for limits and errors.
#[async_trait]
#[allow(missing_docs)]
pub trait Snapshot: Send + Sync {
    fn time(&self) -> Millis;
    async fn claims(&self, after: Option<&str>, max: u32) -> PortResult<Vec<ClaimView>>;
    async fn observations(&self, after: Option<&str>, max: u32) -> PortResult<Vec<Observation>>;
    async fn observation(&self, id: &str) -> PortResult<Observation>;
    async fn similar(&self, text: &str, max: u32) -> PortResult<Vec<Candidate>>;
    async fn support(&self, claim: &str, more: &[String]) -> PortResult<Support>;
    fn compare(&self, first: &str, second: &str) -> Relation;
}

/// How to run a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Seconds, 1 to [`MAX_RUN_SECONDS`].
    pub timeout_s: u32,
    /// It needs connections.
    pub network: bool,
}

/// Longest time of a command.
pub const MAX_RUN_SECONDS: u32 = 600;
/// Most bytes of a command line.
pub const MAX_COMMAND: usize = 16 * 1024;

/// What became of a command; mirrors `finished` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Its exit code; 128 + the signal's number where a signal ended it.
    pub exit: i32,
    /// At most 64 KiB, known secrets taken out.
    pub output: String,
    /// Bytes that were left out of its middle.
    pub omitted: u64,
    /// Its time was up.
    pub timed_out: bool,
    /// Milliseconds.
    pub duration_ms: u64,
    /// How it was confined, for a person.
    pub confinement: String,
}

/// Most bytes of a commit's message.
pub const MAX_MESSAGE: usize = 8 * 1024;

/// A commit that was made; mirrors `committed` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Full hash.
    pub id: String,
    /// What git and the repository's hooks printed, known secrets taken out.
    pub output: String,
}

/// Commands, for one plugin or the agent, on one occasion. The implementation judges each by the user's rules, asks him if need be, runs
/// it confined and records it; whoever calls has checked the plugin's own grant. See `wit/host/process.wit` for limits and errors.
#[async_trait]
pub trait Process: Send + Sync {
    /// So long one command takes at most, waiting for the user included.
    fn patience(&self) -> Duration;
    /// Runs a command line in the project's folder.
    async fn run(&self, command: &str, options: RunOptions) -> PortResult<Finished>;
    /// Commits these paths and nothing else, or, without paths, what is staged.
    async fn commit(&self, message: &str, paths: Vec<String>) -> PortResult<Committed>;
}

/// Changing files of the project, for one plugin on one occasion. See `wit/host/edit.wit` for limits and errors.
#[async_trait]
pub trait Edit: Send + Sync {
    /// So long the user may take to agree.
    fn patience(&self) -> Duration;
    /// Makes all of the changes or none, if the user's rules, or he himself, allow it.
    async fn apply(&self, edits: Vec<FileEdit>) -> PortResult<()>;
}

/// The beginning of what a web server answers.
pub struct WebAnswer {
    /// Of HTTP. A redirect is an answer, too, and is not followed.
    pub status: u16,
    /// `content-type`, `content-encoding` and `location`, where they are given.
    pub headers: Vec<(&'static str, String)>,
    /// The rest. Dropping it ends the transfer.
    pub body: Box<dyn WebBody>,
}

/// An answer's body, as it comes.
#[async_trait]
pub trait WebBody: Send {
    /// The next bytes; none at the end. `too-large` where there are more than are read.
    async fn piece(&mut self) -> PortResult<Option<Vec<u8>>>;
}

/// Pages of the web, for one plugin on one occasion. The implementation judges each address by the user's rules, asks him if need be, and
/// puts the request on record; see `wit/README.md` for limits.
#[async_trait]
pub trait Web: Send + Sync {
    /// So long one request takes at most, waiting for the user included.
    fn patience(&self) -> Duration;
    /// Asks for what is at an address, with this `accept` header, if its host is among `hosts`: patterns, as they were granted.
    async fn get(&self, url: &str, accept: &str, hosts: &[String]) -> PortResult<WebAnswer>;
}

/// A language model, for one plugin and one occasion; whose budget it is, and why it is asked, is known to whoever made it. See
/// `wit/host/model.wit` for limits and errors.
#[async_trait]
pub trait Model: Send + Sync {
    /// So long one completion takes at most, waits and further tries included.
    fn patience(&self) -> Duration;
    /// Goes on with a conversation, if no more than `tokens_a_day` are used by the plugin in a day.
    async fn complete(&self, prompt: &Prompt, tokens_a_day: u64) -> PortResult<Completion>;
}
