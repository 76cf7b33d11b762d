//! The ways to the user, and whether they work.

use kairos_core::Urgency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelInfo {
    /// `terminal`, `desktop`, `webhook`, `command`.
    pub name: String,
    /// The least urgency of what goes through it; none for all that is announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Urgency>,
    /// Where it leads, without what could be a secret: a host, a program.
    pub to: String,
    /// Why nothing goes through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<String>,
}

/// Which channels to test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTestRequest {
    /// Only this one; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How a test message fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelOutcome {
    /// It was taken.
    Sent,
    /// It was not.
    Failed,
    /// There was nobody to send it to: the channel is off, or nothing is at its end now.
    Off,
}

impl ChannelOutcome {
    /// The name used in JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Off => "off",
        }
    }
}

/// What became of a test message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTest {
    /// Of the channel.
    pub name: String,
    /// How it fared.
    pub outcome: ChannelOutcome,
    /// To whom it went, or why it did not.
    pub what: String,
    /// What the user can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}
