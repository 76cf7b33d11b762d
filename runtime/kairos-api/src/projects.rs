//! Which projects are watched, and whether what they bring is trusted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Watch a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectAdd {
    /// Its folder, absolute.
    pub path: String,
}

/// The plugins that a project brings, and the user's trust in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustRequest {
    /// Of what the user has seen: other files that lie there by now are not trusted.
    pub digest: String,
}
