//! What can be done with a conversation beside going on with it, and what answers in it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Has a conversation summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompactRequest {
    /// As in [`crate::AskRequest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What the summary has to keep above all, in the user's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub focus: String,
}

/// The user leaves a conversation, which can be gone on with all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaveRequest {
    /// As in [`crate::AskRequest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Why.
    #[serde(default)]
    pub why: Leaving,
}

/// Why the user leaves a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leaving {
    /// He begins another.
    New,
    /// He goes on with another.
    Resume,
    /// He has had enough.
    Exit,
    /// For another reason.
    #[default]
    Other,
}

/// For whom a model would answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ModelFilter {
    /// In which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// In which conversation, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// If the user chose this model: see [`crate::AskRequest::model`]. An error says why it can't be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Models {
    /// The model that the user chose, as he named it; it alone is asked. None: those of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Those of the settings: the first is asked, and each further one where the one before it does not answer.
    pub models: Vec<ModelInfo>,
    /// The one that would be asked first.
    pub first: ModelInfo,
}

/// A model at a provider's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelInfo {
    /// As `model.provider` in the settings has it.
    pub provider: String,
    /// Its name there.
    pub model: String,
    /// Where it is.
    pub host: String,
}

/// A skill, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkillInfo {
    /// The user calls it by `/name`.
    pub name: String,
    /// What it is for, in a line.
    pub description: String,
    /// The project brings it: anyone may have written it.
    pub is_projects: bool,
}
