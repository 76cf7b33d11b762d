//! For how long a word of the user's holds: what he agreed to, or did not.

use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::str::FromStr;

/// How far an answer reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// For exactly this, once.
    #[default]
    Once,
    /// For the same files, command line or host, in this conversation.
    Conversation,
    /// For the same, in this project, for 24 hours.
    Day,
    /// For the same, in this project, until it is taken back.
    Always,
}

impl Scope {
    /// All of them, from narrow to wide.
    pub const ALL: [Self; 4] = [Self::Once, Self::Conversation, Self::Day, Self::Always];

    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Conversation => "conversation",
            Self::Day => "day",
            Self::Always => "always",
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|x| x.as_str() == s);
        found.ok_or_else(|| format!("`{s}` is no scope: use once, conversation, day or always"))
    }
}
