//! MCP servers of others, whose tools the model may call.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The servers of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct McpServers {
    /// By name: the user's own, then the project's.
    pub servers: Vec<McpServer>,
    /// What is wrong in the files.
    pub problems: Vec<String>,
}

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum McpState {
    /// A project names it, and the user has not said that he trusts it.
    Untrusted,
    /// It is started, or reached, by the first turn that may need it.
    Idle,
    /// It answers.
    Running,
    /// It can't be used; tried again after a while.
    Failed,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct McpServer {
    /// As in the file.
    pub name: String,
    /// The file.
    pub file: String,
    /// Its command line or address, with variables as they stand in the file.
    pub line: String,
    /// SHA-256 of what the file says of it, in hexadecimal.
    pub digest: String,
    /// How it is.
    pub state: McpState,
    /// The tools that it offers, as the model and the rules name them; known while it runs.
    pub tools: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Trust a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct McpTrust {
    /// Of which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Of what the user has seen: another entry under this name is not trusted.
    pub digest: String,
}
