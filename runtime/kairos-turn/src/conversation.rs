//! What was said so far, always such that it can be gone on with.

use kairos_core::model::{Call, Message, Part, Prompt, Role, Tool};

/// Answers a call that nobody has carried out.
const INTERRUPTED: &str = "this was not done: the turn was interrupted";

/// A conversation with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// What the model is told before all else. Does not change, so that a provider's cache serves it.
    pub instructions: String,
    pub(crate) messages: Vec<Message>,
}

impl Conversation {
    /// An empty one.
    pub fn new(instructions: impl Into<String>) -> Self {
        Self { instructions: instructions.into(), messages: Vec::new() }
    }

    /// One that goes on where it was.
    pub fn resumed(instructions: impl Into<String>, messages: Vec<Message>) -> Self {
        Self { instructions: instructions.into(), messages }
    }

    /// The user, or the host in his place, says this. Calls that were left open are answered first.
    pub fn say(&mut self, parts: Vec<Part>) {
        let mut all: Vec<Part> = self.open_calls().map(|call| outcome(&call.id, INTERRUPTED.into(), true)).collect();
        all.extend(parts);
        match self.messages.last_mut() {
            Some(last) if last.role == Role::User => last.parts.extend(all),
            _ => self.messages.push(Message { role: Role::User, parts: all }),
        }
    }

    /// The model says this, and wants these called.
    pub(crate) fn answer(&mut self, text: &str, calls: &[Call]) {
        let text = Some(text).filter(|t| !t.trim().is_empty()).map(|t| Part::Text(t.into()));
        let parts: Vec<Part> = text.into_iter().chain(calls.iter().cloned().map(Part::Call)).collect();
        if !parts.is_empty() {
            self.messages.push(Message { role: Role::Assistant, parts });
        }
    }

    /// A copy, as it was before the model's last answer.
    pub(crate) fn before_answer(&self) -> Self {
        let mut copy = self.clone();
        copy.messages.pop_if(|last| last.role == Role::Assistant);
        copy
    }

    /// As it is sent.
    pub fn prompt(&self, tools: Vec<Tool>, max_output: u32) -> Prompt {
        let (instructions, messages) = (self.instructions.clone(), self.messages.clone());
        Prompt { instructions, tools, must_call: false, messages, schema: None, max_output }
    }

    /// What was said, the oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Bytes of all that was said.
    pub fn size(&self) -> usize {
        self.prompt(Vec::new(), 1).size()
    }

    fn open_calls(&self) -> impl Iterator<Item = &Call> {
        let last = self.messages.last().filter(|m| m.role == Role::Assistant);
        last.into_iter().flat_map(|m| &m.parts).filter_map(|part| match part {
            Part::Call(call) => Some(call),
            _ => None,
        })
    }
}

pub(crate) fn outcome(id: &str, text: String, is_error: bool) -> Part {
    Part::Outcome { id: id.into(), text, is_error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_interrupted_can_be_gone_on_with() {
        let mut talk = Conversation::new("Be brief.");
        talk.say(vec![Part::Text("hi".into())]);
        talk.say(vec![Part::Text("are you there?".into())]);
        let call = Call { id: "1".into(), name: "read-file".into(), input: json!({}) };
        talk.answer("", std::slice::from_ref(&call));
        talk.say(vec![Part::Text("go on".into())]);
        let roles: Vec<Role> = talk.messages().iter().map(|m| m.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
        assert_eq!(talk.messages()[2].parts[0], outcome("1", INTERRUPTED.into(), true));
        assert!(talk.prompt(Vec::new(), 10).check().is_ok());
        talk.answer(" ", &[]);
        assert_eq!(talk.messages().len(), 3, "nothing said is no message");
    }
}
