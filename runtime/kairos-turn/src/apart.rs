//! A part of the work, done apart: it knows all that was said, and nothing of it but its result enters the conversation.

use crate::conversation::Conversation;
use crate::turn::{End, Limits, Outcome, Toolbox, Turn, Witness};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kairos_core::model::{Call, Completion, Part, Tool};
use serde_json::json;

/// The tool that begins it.
pub(crate) const NAME: &str = "task";

/// As the model is told of it.
pub(crate) fn tool() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Does a part of your work apart: what is read and tried there stays out of this conversation, and only its result \
                      comes back. For what takes many calls and has a short answer: finding a place, trying out a cause, tidying up."
            .into(),
        input_schema: json!({
            "type": "object",
            "properties": {"goal": {"type": "string", "minLength": 1, "description": "What is to be found out or done, and what to report"}},
            "required": ["goal"],
            "additionalProperties": false,
        }),
    }
}

impl Turn<'_> {
    /// Does it in a copy of what was said before the call, so that a provider's cache serves that.
    pub(crate) fn apart<'a>(&'a self, call: &'a Call, talk: &Conversation) -> BoxFuture<'a, Outcome> {
        let mut talk = talk.before_answer();
        async move {
            let Some(goal) = call.input["goal"].as_str().filter(|goal| !goal.trim().is_empty()) else {
                return Outcome::error("say in `goal` what is to be done");
            };
            talk.say(vec![Part::Text(format!(
                "Leave all else. Do this alone, and report in a few lines what came of it:\n{goal}"
            ))]);
            let limits = Limits { steps: self.limits.apart, apart: 0, ..self.limits };
            let (tools, witness) = (Apart(self.tools), Unheard(self.witness));
            let turn = Turn { mind: self.mind, tools: &tools, witness: &witness, limits };
            match turn.run(&mut talk).await {
                Ok(End::Said(text)) if !text.trim().is_empty() => Outcome::ok(text),
                Ok(End::Said(_) | End::Slept) => Outcome::ok("it is done; there is no report"),
                Ok(End::Cut(_)) => Outcome::error("its report was cut"),
                Ok(End::Steps(n)) => {
                    Outcome::error(format!("it is not done after {n} questions; what it did stays: ask for less"))
                }
                Ok(End::Looped(tool)) => Outcome::error(format!("it called {tool} again and again; what it did stays")),
                Err(e) => Outcome::error(e.message),
            }
        }
        .boxed()
    }
}

/// The same tools, so that the beginning of the prompt is the same; a task in a task is refused.
struct Apart<'a>(&'a dyn Toolbox);

#[async_trait]
impl Toolbox for Apart<'_> {
    fn tools(&self) -> Vec<Tool> {
        let mut tools = self.0.tools();
        tools.retain(|known| known.name != NAME);
        tools.push(tool());
        tools
    }

    fn is_read_only(&self, name: &str) -> bool {
        self.0.is_read_only(name)
    }

    async fn call(&self, call: &Call) -> Outcome {
        match call.name.as_str() {
            NAME => Outcome::error("this is such a task already: do it yourself"),
            _ => self.0.call(call).await,
        }
    }

    async fn around(&self, call: &Call, work: BoxFuture<'_, Outcome>) -> Outcome {
        self.0.around(call, work).await
    }
}

/// Sees all that is done. What is said there is for the conversation, not for the user.
struct Unheard<'a>(&'a dyn Witness);

impl Witness for Unheard<'_> {
    fn answered(&self, completion: &Completion) {
        self.0.answered(completion);
    }

    fn called(&self, call: &Call) {
        self.0.called(call);
    }

    fn came(&self, call: &Call, outcome: &Outcome) {
        self.0.came(call, outcome);
    }
}
