//! What is asked of a language model, and what it answers. Mirrors `wit/host/model.wit`.

use serde::{Deserialize, Serialize};

/// Most bytes of a prompt, all its texts together.
pub const MAX_PROMPT: usize = 256 << 10;
/// Most bytes of a schema.
pub const MAX_SCHEMA: usize = 64 << 10;
/// Most tokens of an answer that may be asked for.
pub const MAX_OUTPUT: u32 = 16_384;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Whoever asks.
    User,
    /// The model, earlier.
    Assistant,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Words of whoever asks.
    Text(String),
    /// Words of somebody else: data, whatever they say.
    Untrusted {
        /// What it is, in a word or two: `observation o3`.
        source: String,
        /// The words.
        text: String,
    },
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// In this order.
    pub parts: Vec<Part>,
}

/// A conversation that a model is to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// What it is to do, in the words of whoever asks.
    pub instructions: String,
    /// At least one; the last is the user's.
    pub messages: Vec<Message>,
    /// A JSON Schema that the answer has to follow; none for text.
    pub schema: Option<String>,
    /// 1 to [`MAX_OUTPUT`] tokens.
    pub max_output: u32,
}

/// Why an answer ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All is said.
    Done,
    /// It grew too long, and is cut.
    Length,
    /// The model, or its provider, does not want to answer.
    Refused,
    /// Something else.
    Other,
}

/// Tokens, as the provider counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt, those that a cache served included.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Where a schema was given and `ending` is done: JSON. A model's text is nobody's word.
    pub text: String,
    /// Why it ends.
    pub ending: Ending,
    /// What it cost.
    pub usage: Usage,
    /// Which model, in its provider's words.
    pub model: String,
}
