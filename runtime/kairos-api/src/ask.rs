//! Asking the model, with somebody waiting for the answer.

use kairos_core::Millis;
use kairos_core::permission::Scope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A question, or a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskRequest {
    /// In which project, by folder or slug; not needed where only one is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// In the user's words.
    pub text: String,
    /// Which conversation goes on, by its id; none: a new one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Which model answers in this conversation from now on: its name, a provider of the settings, or `PROVIDER/MODEL`; `default`: those
    /// of the settings again. None: as before. It alone is asked, no other in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A skill whose text stands in front of what is said. `/name` at the beginning of the text is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// Somebody is there to answer what has to be permitted; else that waits in the inbox, and is refused for now.
    #[serde(default)]
    pub attended: bool,
}

/// What happens while the model works. When nobody reads any more, it stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum AskEvent {
    /// It begins.
    Began {
        /// The conversation's id.
        session: String,
    },
    /// The conversation was summed up for the model; the whole of it stays in the transcript.
    Compacted {
        /// Bytes that it had.
        before: u64,
        /// Bytes that it has.
        after: u64,
    },
    /// A piece of what the model says.
    Text {
        /// Markdown.
        text: String,
    },
    /// A tool is called.
    Call {
        /// Its name.
        tool: String,
        /// Its input, as JSON, cut to a line.
        input: String,
    },
    /// And answers.
    Outcome {
        /// Its name.
        tool: String,
        /// What it says, cut.
        text: String,
        /// It did not work.
        is_error: bool,
    },
    /// Something may only be done if the user agrees: answer it, or the turn waits until its time is up, and it is refused.
    Permission {
        /// To answer it by.
        id: String,
        /// What is to be done, in a line.
        action: String,
        /// What would change: a unified difference.
        preview: String,
        /// Which rule wants it asked; empty where none speaks of it.
        rule: String,
    },
    /// Something may only be done if the user agrees, and he is not there: it waits in the inbox. The model goes on without it.
    Waits {
        /// To answer it by.
        id: String,
        /// What is to be done, in a line.
        action: String,
        /// Until then; without an answer it counts as refused.
        until: Millis,
    },
    /// The model is done.
    Ended {
        /// The whole of its last answer.
        text: String,
        /// Why it ended, where that is not because all is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Questions, calls and tokens, in words.
        summary: String,
    },
    /// It broke off; what was said and done before stays in the conversation.
    Failed {
        /// Why, in a line, with what to do.
        error: String,
    },
}

/// The user's answer to [`AskEvent::Permission`], or to what waits in the inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PermissionAnswer {
    /// It may be done.
    pub allow: bool,
    /// How far a yes reaches; a no holds for exactly what was shown.
    #[serde(default)]
    pub scope: Scope,
}

/// Something that waits for the user's word, or his word on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Permission {
    /// Names it.
    pub id: String,
    /// The project's folder.
    pub project: String,
    /// What is to be done, in a line.
    pub action: String,
    /// The turn, or conversation, in which it was asked.
    pub session: String,
    /// His answer; none while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<PermissionAnswer>,
    /// Since when it waits, or when it was answered.
    pub at: Millis,
    /// Until when it waits, or the answer holds; none: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// What would be done: a command line, or a difference. Only while it waits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub preview: String,
}

/// Which project is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProjectFilter {
    /// By folder or slug. Without it, a list is of all projects; what concerns one is about the only one that is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// A conversation that can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// Names it: [`AskRequest::session`].
    pub id: String,
    /// The project's folder.
    pub project: String,
    /// The first words of the user.
    pub title: String,
    /// When it began.
    pub began: Millis,
    /// When something was said last.
    pub at: Millis,
    /// How often the user spoke.
    pub turns: u64,
    /// How long it is.
    pub bytes: u64,
}
