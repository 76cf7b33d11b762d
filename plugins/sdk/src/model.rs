//! A language model of the user's choice. Needs the capability `model`: [`Description::asks_model`](crate::Description::asks_model).

use crate::live::Live;
use crate::types::Error;

pub use crate::bindings::model::kairos::host::model::{Completion, Ending, Message, Part, Prompt, Role, Untrusted, Usage};

/// Goes on with conversations. `wit/host/model.wit` says what a call promises. Inside a component that is [`Live`]; in a native test
/// it is whatever the test has, so that a plugin's whole decision is tested without a model.
pub trait Model {
    /// One answer; at most 16 a call of the plugin.
    fn complete(&self, prompt: &Prompt) -> Result<Completion, Error>;
}

impl Model for Live {
    fn complete(&self, prompt: &Prompt) -> Result<Completion, Error> {
        crate::bindings::model::kairos::host::model::complete(prompt)
    }
}

impl Prompt {
    /// What the model is to do, and the longest answer in tokens (1 to 16,384).
    pub fn new(instructions: &str, max_output: u32) -> Self {
        let first = Message { role: Role::User, parts: Vec::new() };
        Self { instructions: instructions.into(), messages: vec![first], schema: None, max_output }
    }

    /// The answer has to follow this JSON Schema.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Adds words of the plugin's own to the last message.
    pub fn text(self, text: &str) -> Self {
        self.part(Part::Text(text.into()))
    }

    /// Adds words of somebody else: the host marks them as data.
    pub fn untrusted(self, source: &str, text: &str) -> Self {
        self.part(Part::Untrusted(Untrusted { source: source.into(), text: text.into() }))
    }

    fn part(mut self, part: Part) -> Self {
        if let Some(last) = self.messages.last_mut() {
            last.parts.push(part);
        }
        self
    }
}
