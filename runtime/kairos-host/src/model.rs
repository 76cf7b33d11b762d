//! A language model, behind the right to ask one. What was asked and answered is not journalled, as memory isn't: the journal says
//! how much it was.

use crate::bindings::wit;
use crate::bindings::wit::model as api;
use crate::context::Context;
use kairos_core::model::{Completion, Ending, Message, Part, Prompt, Role};
use kairos_core::{ErrorCode, PortError};
use wasmtime::Result;

/// Under this name the calls are on record.
pub const COMPLETE: &str = "model.complete";
/// How often a plugin may ask in one call.
const MAX_COMPLETIONS: u32 = 16;

impl api::Host for Context {
    async fn complete(&mut self, prompt: api::Prompt) -> Result<std::result::Result<api::Completion, wit::types::Error>> {
        self.enter()?;
        let prompt: Prompt = prompt.into();
        let answer = async {
            let (model, tokens) = self.access.model()?;
            prompt.check()?;
            self.completions += 1;
            if self.completions > MAX_COMPLETIONS {
                let text = format!("a model may be asked {MAX_COMPLETIONS} times in one call");
                return Err(PortError::new(ErrorCode::Exhausted, text));
            }
            let completion = model.complete(&prompt, tokens).await?;
            self.hand_over(completion.text.len())?;
            Ok(completion)
        }
        .await;
        let noted = answer.as_ref().map(|c| (&c.model, c.usage, c.text.len())).map_err(|e| e.code);
        self.note(COMPLETE, prompt.size(), &noted);
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl From<api::Prompt> for Prompt {
    fn from(p: api::Prompt) -> Self {
        let part = |p| match p {
            api::Part::Text(text) => Part::Text(text),
            api::Part::Untrusted(u) => Part::Untrusted { source: u.source, text: u.text },
        };
        let message = |m: api::Message| Message {
            role: match m.role {
                api::Role::User => Role::User,
                api::Role::Assistant => Role::Assistant,
            },
            parts: m.parts.into_iter().map(part).collect(),
        };
        let messages = p.messages.into_iter().map(message).collect();
        Self {
            instructions: p.instructions,
            tools: Vec::new(),
            must_call: false,
            messages,
            schema: p.schema,
            max_output: p.max_output,
        }
    }
}

impl From<Completion> for api::Completion {
    fn from(c: Completion) -> Self {
        Self {
            text: c.text,
            ending: match c.ending {
                Ending::Done => api::Ending::Done,
                Ending::Length => api::Ending::Length,
                Ending::Refused => api::Ending::Refused,
                // A plugin's prompt has no tools to call.
                Ending::Calls | Ending::Other => api::Ending::Other,
            },
            usage: api::Usage { input: c.usage.input, output: c.usage.output },
            model: c.model,
        }
    }
}
