//! Something that happened in a project.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = u64;

/// The longest body of a signal, in bytes. What is longer keeps its end: the end of an output says why it failed.
pub const MAX_BODY: usize = 16 * 1024;

/// An envelope: kinds and attributes are documented in `wit/SIGNALS.md`, and grow without a new contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signal {
    /// Rises within a project; never reused. 0 until the queue numbers it.
    pub id: u64,
    /// A dotted name, such as `file.modified`.
    pub kind: String,
    /// When it was noticed.
    pub time: Millis,
    /// Who noticed it.
    pub source: String,
    /// Named values.
    pub attributes: Vec<(String, String)>,
    /// Free text; untrusted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Signal {
    /// A signal without attributes, not yet numbered.
    pub fn new(kind: &str, source: &str, time: Millis) -> Self {
        Self { id: 0, kind: kind.into(), time, source: source.into(), attributes: Vec::new(), body: String::new() }
    }

    /// Adds an attribute.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push((name.into(), value.to_string()));
        self
    }

    /// Sets the body, keeping the last [`MAX_BODY`] bytes of it.
    pub fn with_body(mut self, body: &str) -> Self {
        let mut start = body.len().saturating_sub(MAX_BODY);
        while !body.is_char_boundary(start) {
            start += 1;
        }
        self.body = body[start..].into();
        self
    }

    /// The first attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A signal that should not wait for the next tick: the user is looking at the result right now.
    pub fn is_urgent(&self) -> bool {
        matches!(self.kind.as_str(), "project.opened" | "kairos.loaded" | "git.operation")
            || (self.kind == "command.finished" && self.attribute("exit-code") != Some("0"))
    }
}

/// Does a signal's kind match a pattern: the kind itself, or a prefix that ends in `*`?
pub fn kind_matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_keeps_its_end_on_a_character_boundary() {
        let long = "é".repeat(MAX_BODY);
        let signal = Signal::new("command.finished", "exec", 0).with_body(&format!("{long}x"));
        assert!(signal.body.len() <= MAX_BODY);
        assert!(signal.body.ends_with("éx"));
    }

    #[test]
    fn a_pattern_is_a_kind_or_a_prefix() {
        assert!(kind_matches("git.*", "git.head"));
        assert!(kind_matches("git.head", "git.head"));
        assert!(!kind_matches("git.head", "git.header"));
        assert!(!kind_matches("git.*", "file.created"));
    }
}
