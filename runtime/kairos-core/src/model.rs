//! What is asked of a language model, and what it answers. Mirrors `wit/host/model.wit`.

use crate::ports::{ErrorCode, PortError, PortResult};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most bytes of a prompt, all its texts together.
pub const MAX_PROMPT: usize = 256 << 10;
/// Most bytes of a schema.
pub const MAX_SCHEMA: usize = 64 << 10;
/// Most tokens of an answer that may be asked for.
pub const MAX_OUTPUT: u32 = 16_384;
/// Most messages of a prompt.
pub const MAX_MESSAGES: usize = 256;
/// Most tools of a prompt.
pub const MAX_TOOLS: usize = 256;
/// Most parts of a message.
pub const MAX_PARTS: usize = 1000;

/// Gets the text of an answer, piece by piece, as it comes.
pub type Heard<'a> = &'a (dyn Fn(&str) + Send + Sync);

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
    /// Words of whoever asks, or of the model.
    Text(String),
    /// Words of somebody else: data, whatever they say.
    Untrusted {
        /// What it is, in a word or two: `observation o3`.
        source: String,
        /// The words.
        text: String,
    },
    /// The model wants a tool called; in its own messages alone.
    Call(Call),
    /// What came of a call, in the message behind it: data, as any words of somebody else.
    Outcome {
        /// Of the call.
        id: String,
        /// What the tool says.
        text: String,
        /// It did not work.
        is_error: bool,
    },
}

/// A tool, as a model is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// 1 to 64 letters, digits, `_` and `-`.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of an object.
    pub input_schema: Value,
}

impl Tool {
    fn is_named_well(&self, others: &[Tool]) -> bool {
        let is_plain = self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (1..=64).contains(&self.name.len()) && is_plain && others.iter().all(|o| o.name != self.name)
    }
}

/// A wish to have a tool called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Tells it from the other calls of the conversation; the provider's.
    pub id: String,
    /// Of the tool, as the model has it: there may be none of that name.
    pub name: String,
    /// What the model wrote; a string where that is no JSON object.
    pub input: Value,
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
    /// What it may call; at most [`MAX_TOOLS`].
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// It has to call one of them: what it says beside is read by nobody.
    #[serde(default)]
    pub must_call: bool,
    /// At least one; the last is the user's.
    pub messages: Vec<Message>,
    /// A JSON Schema that the answer has to follow; none for text.
    pub schema: Option<String>,
    /// 1 to [`MAX_OUTPUT`] tokens.
    pub max_output: u32,
}

impl Prompt {
    /// Bytes of all its texts.
    pub fn size(&self) -> usize {
        let part = |p: &Part| match p {
            Part::Text(text) => text.len(),
            Part::Untrusted { source, text } => source.len() + text.len(),
            Part::Call(call) => call.name.len() + call.input.to_string().len(),
            Part::Outcome { text, .. } => text.len(),
        };
        let tool = |t: &Tool| t.name.len() + t.description.len() + t.input_schema.to_string().len();
        self.instructions.len()
            + self.tools.iter().map(tool).sum::<usize>()
            + self.messages.iter().flat_map(|m| &m.parts).map(part).sum::<usize>()
    }

    /// Is it one that may be sent?
    ///
    /// # Errors
    /// `invalid` or `too-large`, with the limit that it breaks.
    pub fn check(&self) -> PortResult<()> {
        let error = |code, text: String| Err(PortError::new(code, text));
        if self.messages.last().is_none_or(|m| m.role != Role::User) {
            return error(ErrorCode::Invalid, "the last message has to be the user's".into());
        }
        if !(1..=MAX_OUTPUT).contains(&self.max_output) {
            return error(ErrorCode::Invalid, format!("an answer may have 1 to {MAX_OUTPUT} tokens, not {}", self.max_output));
        }
        if self.tools.len() > MAX_TOOLS {
            return error(ErrorCode::TooLarge, format!("more than {MAX_TOOLS} tools"));
        }
        if let Some(tool) = self.tools.iter().enumerate().find_map(|(i, t)| (!t.is_named_well(&self.tools[..i])).then_some(t)) {
            return error(ErrorCode::Invalid, format!("`{}` is no name of a tool, or that of another", tool.name));
        }
        if !self.is_paired() {
            return error(ErrorCode::Invalid, "each call has to have its outcome in the message behind it".into());
        }
        if self.messages.len() > MAX_MESSAGES || self.messages.iter().any(|m| m.parts.len() > MAX_PARTS) {
            return error(ErrorCode::TooLarge, format!("more than {MAX_MESSAGES} messages, or {MAX_PARTS} parts in one"));
        }
        if self.size() > MAX_PROMPT {
            return error(ErrorCode::TooLarge, format!("the texts have more than {MAX_PROMPT} bytes"));
        }
        match &self.schema {
            Some(schema) if schema.len() > MAX_SCHEMA => {
                error(ErrorCode::TooLarge, format!("the schema has more than {MAX_SCHEMA} bytes"))
            }
            Some(schema) if serde_json::from_str::<Map<String, Value>>(schema).is_err() => {
                error(ErrorCode::Invalid, "the schema is no JSON object".into())
            }
            _ => Ok(()),
        }
    }

    /// What a message wants called, the one behind it answers, and nothing else: providers take no other conversation.
    fn is_paired(&self) -> bool {
        let mut wanted = Vec::new();
        self.messages.iter().all(|message| {
            let (mut calls, mut answered) = (Vec::new(), Vec::new());
            for part in &message.parts {
                match part {
                    Part::Call(call) => calls.push(&call.id),
                    Part::Outcome { id, .. } => answered.push(id),
                    Part::Text(_) | Part::Untrusted { .. } => {}
                }
            }
            answered.sort_unstable();
            calls.sort_unstable();
            let is_answered = answered == wanted;
            wanted = calls;
            is_answered && (wanted.is_empty() || message.role == Role::Assistant)
        })
    }
}

/// Why an answer ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All is said.
    Done,
    /// It waits for the outcome of its calls.
    Calls,
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
    /// Those of the prompt that a cache served; 0 where nobody says.
    #[serde(default)]
    pub cached: u64,
    /// Of the answer.
    pub output: u64,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Where a schema was given and `ending` is done: JSON. A model's text is nobody's word.
    pub text: String,
    /// What it wants called, in this order.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// Why it ends.
    pub ending: Ending,
    /// What it cost.
    pub usage: Usage,
    /// Which model, in its provider's words.
    pub model: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_prompt_is_refused() {
        let message = |role, text: &str| Message { role, parts: vec![Part::Text(text.into())] };
        let ok = || Prompt {
            instructions: "Sum it up.".into(),
            tools: Vec::new(),
            must_call: false,
            messages: vec![message(Role::User, "hi")],
            schema: Some("{}".into()),
            max_output: 10,
        };
        assert_eq!((ok().check(), ok().size()), (Ok(()), 12));
        let call = Part::Call(Call { id: "1".into(), name: "look".into(), input: Value::Null });
        let outcome = |id: &str| Part::Outcome { id: id.into(), text: String::new(), is_error: false };
        let called =
            |parts| vec![Message { role: Role::Assistant, parts: vec![call.clone()] }, Message { role: Role::User, parts }];
        let tool = |name: &str| Tool { name: name.into(), description: String::new(), input_schema: Value::Null };
        assert_eq!(Prompt { messages: called(vec![outcome("1")]), tools: vec![tool("a"), tool("b")], ..ok() }.check(), Ok(()));
        let parts = vec![Part::Text(String::new()); MAX_PARTS + 1];
        for (wrong, code) in [
            (Prompt { messages: vec![], ..ok() }, ErrorCode::Invalid),
            (Prompt { messages: vec![message(Role::Assistant, "hi")], ..ok() }, ErrorCode::Invalid),
            (Prompt { max_output: 0, ..ok() }, ErrorCode::Invalid),
            (Prompt { tools: vec![tool("a b")], ..ok() }, ErrorCode::Invalid),
            (Prompt { tools: vec![tool("a"), tool("a")], ..ok() }, ErrorCode::Invalid),
            (Prompt { messages: called(vec![]), ..ok() }, ErrorCode::Invalid),
            (Prompt { messages: called(vec![outcome("2")]), ..ok() }, ErrorCode::Invalid),
            (Prompt { messages: vec![Message { role: Role::User, parts: vec![outcome("1")] }], ..ok() }, ErrorCode::Invalid),
            (Prompt { schema: Some("[1]".into()), ..ok() }, ErrorCode::Invalid),
            (Prompt { schema: Some("x".repeat(MAX_SCHEMA + 1)), ..ok() }, ErrorCode::TooLarge),
            (Prompt { messages: vec![message(Role::User, &"x".repeat(MAX_PROMPT))], ..ok() }, ErrorCode::TooLarge),
            (Prompt { messages: vec![Message { role: Role::User, parts }], ..ok() }, ErrorCode::TooLarge),
        ] {
            assert_eq!(wrong.check().unwrap_err().code, code);
        }
    }
}
