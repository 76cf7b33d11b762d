//! Changes of a project's files. Mirrors `wit/host/edit.wit`.

use serde::{Deserialize, Serialize};

/// A file that is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEdit {
    /// Relative to the project, with `/`.
    pub path: String,
    /// SHA-256, in hexadecimal, of the content that the change was made for; none where there must be no such file.
    pub expected: Option<String>,
    /// The whole new content; none to remove the file.
    pub content: Option<Vec<u8>>,
}
