//! What claims, topics and their files may be called, and what a claim may say.

use super::BookError;
use kairos_core::memory::{ClaimKind, MAX_CLAIM};

/// What a claim's id looks like.
pub fn is_claim_id(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Files that tell agents how to behave, and the index: no topics, whoever's folder they lie in.
const BOOT: [&str; 14] = [
    "AGENTS",
    "BOOT",
    "BOOTSTRAP",
    "CLAUDE",
    "CLAUDE.local",
    "DREAMS",
    "GEMINI",
    "HEARTBEAT",
    "IDENTITY",
    "MEMORY",
    "README",
    "SOUL",
    "TOOLS",
    "USER",
];

/// May a file be called that? Not a day's notes (`2026-11-21`, `2026-11-21-standup`): what is in them was so that day.
pub fn is_topic_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !name.starts_with('.')
        && !BOOT.contains(&name)
        && name.get(..10).is_none_or(|start| start.parse::<jiff::civil::Date>().is_err())
}

pub(super) fn check_text(text: &str) -> Result<(), BookError> {
    let one_line = !text.trim().is_empty() && !text.contains(['\n', '\r']);
    if one_line && text.len() <= MAX_CLAIM { Ok(()) } else { Err(BookError::Text(text.len())) }
}

pub(super) fn topic_of(path: &str) -> Option<&str> {
    path.strip_suffix(".md").filter(|name| is_topic_name(name))
}

pub(super) fn file_of(topic: &str) -> String {
    format!("{topic}.md")
}

pub(super) fn description(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::User => "Who the user is and how he wants to work",
        ClaimKind::Feedback => "What to do again, and what to avoid",
        ClaimKind::Project => "How things are in this project",
        ClaimKind::Reference => "Where to find what",
    }
}
