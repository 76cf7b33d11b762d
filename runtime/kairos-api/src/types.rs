//! What goes over the socket. Fields are only added, with `serde(default)`, so that a newer side reads an older one.

use kairos_core::{Asked, Evidence, Grant, Millis, PluginKind, Request, Urgency};
use serde::{Deserialize, Serialize};

/// What the API answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// What kind of error; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// 404: no such finding, plugin, tool.
    NotFound,
    /// 400: what was asked is malformed.
    Invalid,
    /// 409: not possible in this state.
    Conflict,
    /// 413: the request is over [`crate::MAX_BODY`].
    TooLarge,
    /// 426: client and server are of different versions.
    Version,
    /// 500: our own fault.
    Internal,
}

/// An error that a person reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{error}")]
pub struct ApiError {
    /// What kind.
    pub kind: ErrorKind,
    /// What is wrong, in one line.
    pub error: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ApiError {
    /// An error without a hint.
    pub fn new(kind: ErrorKind, error: impl Into<String>) -> Self {
        Self { kind, error: error.into(), hint: None }
    }

    /// There is no such thing.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, error)
    }

    /// The request is malformed.
    pub fn invalid(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, error)
    }

    /// Our own fault.
    pub fn internal(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, error)
    }

    /// Adds what to do.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The running process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// When it began.
    pub started: Millis,
    /// What it watches, in the order of the command line.
    pub projects: Vec<ProjectStatus>,
    /// Plugins that run.
    pub plugins: u32,
}

/// A watched project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectStatus {
    /// Its folder, absolute.
    pub path: String,
    /// Its name among our data.
    pub slug: String,
    /// Ticks so far, since the process began.
    pub tick: u64,
    /// Time between ticks, in milliseconds.
    #[serde(default)]
    pub every_ms: u64,
    /// Ticks are rarer because the machine runs on its battery.
    #[serde(default)]
    pub on_battery: bool,
    /// When the last tick began; none before the first.
    pub last_tick: Option<Millis>,
    /// When the next one is due; none while one runs.
    pub next_tick: Option<Millis>,
    /// Open findings by urgency.
    pub open: OpenFindings,
    /// How its files are watched.
    pub watch: Watch,
    /// Signals lost because the queue was full, since the process began.
    pub dropped_signals: u64,
    /// Until when no signal is taken in: the user has paused them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Millis>,
    /// Is it a git repository?
    pub git: bool,
    /// Why it is not watched: not yet, not now, or no longer. Then all else is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Open findings by urgency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OpenFindings {
    pub low: u32,
    pub normal: u32,
    pub high: u32,
    pub critical: u32,
}

impl OpenFindings {
    /// All together.
    pub fn total(self) -> u32 {
        self.low.saturating_add(self.normal).saturating_add(self.high).saturating_add(self.critical)
    }

    /// Counts one more.
    pub fn add(&mut self, urgency: Urgency) {
        let field = match urgency {
            Urgency::Low => &mut self.low,
            Urgency::Normal => &mut self.normal,
            Urgency::High => &mut self.high,
            Urgency::Critical => &mut self.critical,
        };
        *field = field.saturating_add(1);
    }
}

/// How files are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// `native`, `polling`, `off`.
    pub mode: String,
    /// Why not `native`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Folders that the system watches for us.
    pub watched_dirs: u64,
}

/// The life of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InboxStatus {
    /// It holds, and nobody has decided.
    Open,
    /// It no longer holds.
    Resolved,
    /// The user takes care of it.
    Accepted,
    /// The user does not want it.
    Dismissed,
    /// Hidden until a time.
    Snoozed,
}

impl InboxStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Open, Self::Resolved, Self::Accepted, Self::Dismissed, Self::Snoozed];

    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
        }
    }
}

impl std::str::FromStr for InboxStatus {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|u| u.as_str() == s)
            .ok_or_else(|| format!("`{s}` is no status: use open, resolved, accepted, dismissed or snoozed"))
    }
}

/// Which findings to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFilter {
    /// Only this status; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<InboxStatus>,
    /// Only this project, by folder or slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only those that were kept from being announced.
    #[serde(default)]
    pub suppressed: bool,
}

/// A finding in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// Unique among all projects that the process watches: what the user types.
    pub id: String,
    /// The project's folder.
    pub project: String,
    /// Which plugin says so.
    pub plugin: String,
    /// Names the fact within plugin and project.
    pub key: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub detail: String,
    /// How much it wants to be seen.
    pub urgency: Urgency,
    /// Where it can be seen.
    pub evidence: Vec<Evidence>,
    /// What the user can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Where in its life it is.
    pub status: InboxStatus,
    /// When it was first reported.
    pub first_seen: Millis,
    /// When it was last reported.
    pub last_seen: Millis,
    /// How often it was reported.
    pub occurrences: u64,
    /// How often it came back after it was resolved.
    pub times_reopened: u64,
    /// When a snooze ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Millis>,
    /// Since when it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Millis>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_reason: Option<String>,
    /// `announced`, or why it went to the inbox alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The rule that kept it from being announced: `proactive`, `low-urgency`, `muted`, `quiet-hours`, `away`, `detector-rate`,
    /// `daily-cap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<String>,
}

/// What the user wants with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum InboxAction {
    /// I take care of it.
    Accept,
    /// I don't want it.
    Dismiss,
    /// Not now.
    Snooze {
        /// Hidden until then.
        until: Millis,
    },
}

/// How a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// It is called.
    Running,
    /// It asks for something that the user has not granted.
    WaitingForGrant,
    /// It comes with a project whose files the user has not trusted: nothing of it was run, not even to ask what it is.
    Untrusted,
    /// The user switched it off.
    Disabled,
    /// Too many faults; comes back by itself, or when its file changes.
    Quarantined,
    /// It could not be loaded.
    Refused,
    /// Another file of the same name is used instead.
    Overridden,
}

impl PluginState {
    /// The name used in JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::WaitingForGrant => "waiting-for-grant",
            Self::Untrusted => "untrusted",
            Self::Disabled => "disabled",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
            Self::Overridden => "overridden",
        }
    }
}

/// Figures of a plugin since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that ended, well or not.
    pub calls: u64,
    /// Median duration, in microseconds.
    pub p50_us: u64,
    /// 99th percentile, in microseconds.
    pub p99_us: u64,
    /// Most memory that an instance had, in bytes.
    pub memory_bytes: u64,
    /// Faults.
    pub faults: u64,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
}

/// A plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// The file's name without `.wasm`; for one that comes with a project, `@` and the project's slug behind it.
    pub name: String,
    /// As it says itself; empty when it could not be asked.
    pub version: String,
    /// As it says itself.
    pub summary: String,
    /// What it can be used for.
    pub kinds: Vec<PluginKind>,
    /// Its file; empty for one of the standard set.
    pub file: String,
    /// `standard`, or the folder it was found in.
    pub origin: String,
    /// SHA-256 in hexadecimal.
    pub content_hash: String,
    /// Bytes of its file.
    pub size: u64,
    /// How it is.
    pub state: PluginState,
    /// Why it is so, with what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Since when what it finds goes to the inbox silently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_since: Option<Millis>,
    /// What it asks for.
    pub asked: Asked,
    /// What the user granted it.
    pub granted: Grant,
    /// What it asks for and lacks.
    pub missing: Vec<Request>,
    /// How it does.
    pub figures: Figures,
}

/// What to grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRequest {
    /// Only these capabilities; none for all that it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Later files at the same path keep the grant as long as they ask for no more.
    #[serde(default)]
    pub follow_updates: bool,
}

/// Watch a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAdd {
    /// Its folder, absolute.
    pub path: String,
}

/// The plugins that a project brings, and the user's trust in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectTrust {
    /// The project's folder.
    pub project: String,
    /// SHA-256 of all names and contents, in hexadecimal; empty where it brings none.
    pub digest: String,
    /// Does the user trust exactly these?
    pub trusted: bool,
    /// Those that could be loaded.
    pub files: Vec<ProjectFile>,
}

/// A plugin that a project brings, as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFile {
    /// What it is called as a plugin.
    pub name: String,
    /// Its path.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub content_hash: String,
}

/// Trust what a project brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRequest {
    /// Of what the user has seen: other files that lie there by now are not trusted.
    pub digest: String,
}

/// A command that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReport {
    /// The command line as the user typed it.
    pub command: String,
    /// Where it ran, absolute; which project it belongs to follows from it.
    pub folder: String,
    /// 128 + n when signal n ended it.
    pub exit_code: i32,
    /// How long it ran.
    pub duration_ms: u64,
    /// `exec` or `shell`.
    pub source: String,
    /// The end of its output without terminal codes, at most 16 KiB; empty from a shell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

/// A tool that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolInfo {
    /// Its name, unique among all tools.
    pub name: String,
    /// Which plugin has it.
    pub plugin: String,
    /// What it does.
    pub description: String,
    /// A JSON schema of its input.
    pub input_schema: serde_json::Value,
    /// It changes nothing.
    pub read_only: bool,
}

/// Call a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Its name.
    pub tool: String,
    /// As its schema wants it.
    pub input: serde_json::Value,
    /// In which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// For a person or a model.
    pub text: String,
    /// The same as JSON, where the tool says it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<serde_json::Value>,
    /// There was more than is shown.
    #[serde(default)]
    pub truncated: bool,
    /// The tool says that it failed; `text` says why.
    #[serde(default)]
    pub is_error: bool,
}
