//! Dreams.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Dream now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamRequest {
    /// In which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only say what would come of it.
    #[serde(default)]
    pub dry_run: bool,
    /// Leave everything that passes for the user to decide, whatever the settings say.
    #[serde(default)]
    pub review: bool,
    /// Ask these plugins, in this order; those that are set where none is named.
    #[serde(default)]
    pub strategies: Vec<String>,
}
