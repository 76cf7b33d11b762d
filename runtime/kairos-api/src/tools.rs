//! Tools, and what they answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A tool that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolCall {
    /// Its name.
    pub tool: String,
    /// As its schema wants it.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// In which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
