//! Plugins, and what they are granted.

use kairos_core::{Asked, Grant, Millis, PluginKind, Request};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantRequest {
    /// Only these capabilities; none for all that it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Later files at the same path keep the grant as long as they ask for no more.
    #[serde(default)]
    pub follow_updates: bool,
}
