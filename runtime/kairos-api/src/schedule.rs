//! What the user wants looked at at set times.

use kairos_core::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of `heartbeat.schedules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// The folder of the project.
    pub project: String,
    /// Its fields, such as `0 9 * * mon-fri`.
    pub when: String,
    /// The same in words.
    pub in_words: String,
    /// What is wanted then.
    pub wish: String,
    /// When it was last due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Millis>,
    /// When it is next due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Millis>,
}
