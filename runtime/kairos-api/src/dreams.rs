//! Dreams.

use kairos_core::Millis;
use kairos_core::dream::{Dream, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Dream now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamRequest {
    /// In which project, by folder or slug; `user` for the user's own memory; not needed where only one is watched.
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

/// Whose dreams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DreamFilter {
    /// Of which project, by folder or slug; `user` for the user's own memory; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// Which operations of a dream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamSteps {
    /// Of which project, by folder or slug; `user` for the user's own memory; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Their numbers; all that can be where none is named.
    #[serde(default)]
    pub operations: Vec<usize>,
    /// Where a claim was changed since, undo the dream's part of it. Only undoing looks at this.
    #[serde(default)]
    pub merge: bool,
}

/// The strategies of a project's next dreams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamStrategies {
    /// Of which project, by folder or slug; `user` for the user's own memory; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Plugins, in their order; those of the settings where none is named.
    #[serde(default)]
    pub strategies: Vec<String>,
}

/// A dream in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamSummary {
    /// Its time, as `20261121-030000`.
    pub id: String,
    /// When it began.
    pub time: Millis,
    /// The strategies, in the order in which they were asked.
    pub strategies: Vec<String>,
    /// What became of it.
    pub state: State,
    /// What it came to, or would: `3 claims added, 1 superseded`.
    pub outcome: String,
    /// Operations that passed the checks.
    pub passed: usize,
    /// Those that did not.
    pub refused: usize,
}

impl From<&Dream> for DreamSummary {
    fn from(d: &Dream) -> Self {
        let passed = d.passed().count();
        Self {
            id: d.id.clone(),
            time: d.time,
            strategies: d.strategies.clone(),
            state: d.state,
            outcome: d.outcome(),
            passed,
            refused: d.steps.len() - passed,
        }
    }
}

/// How a project dreams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DreamStatus {
    /// Also when nobody asks, as the settings say.
    #[serde(default)]
    pub auto: bool,
    /// Dreaming right now.
    #[serde(default)]
    pub under_way: bool,
    /// The last dream that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<DreamSummary>,
    /// Dreams that wait for the user, newest first.
    #[serde(default)]
    pub waiting: Vec<String>,
    /// Why no dream begins unasked any more, until the user says so; none: all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}
