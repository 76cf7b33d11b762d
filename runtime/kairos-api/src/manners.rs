//! What may be said at all, and until when.

use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is announced; the setting `proactive`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proactive {
    /// Nothing.
    Off,
    /// High and critical findings.
    Important,
    /// All that pass the other rules.
    #[default]
    All,
}

impl Proactive {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Important, Self::All];

    /// The name used in settings, SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Important => "important",
            Self::All => "all",
        }
    }
}

impl std::str::FromStr for Proactive {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|p| p.as_str() == s).ok_or_else(|| format!("`{s}` is none of off, important, all"))
    }
}

/// What holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProactiveStatus {
    /// What is announced now.
    pub level: Proactive,
    /// Until then, by the user's word; none where it is the setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// What the settings say, and what holds afterwards. `all` while no project is watched.
    pub setting: Proactive,
}

/// Announce more or less for a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProactiveRequest {
    /// What is announced until then; none goes back to the setting at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Proactive>,
    /// Until when; at most 30 days from now. Without a level it means nothing.
    #[serde(default)]
    pub until: Millis,
}
