//! The loop of one turn.

use crate::apart;
use crate::conversation::{Conversation, outcome};
use crate::{Heard, Mind};
use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use kairos_core::model::{Call, Completion, Ending, Message, Part, Prompt, Role, Tool};
use kairos_core::ports::PortResult;
use serde_json::Value;
use std::collections::HashMap;

/// What a turn may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Questions to the model.
    pub steps: u32,
    /// Calls in one answer; those behind them are not carried out.
    pub calls: usize,
    /// The same call, with the same input; the next is not carried out, and the one after that ends the turn.
    pub repeats: u32,
    /// Bytes of a call's input.
    pub input: usize,
    /// Bytes of an outcome that the model sees; the rest is left out, and it is told so.
    pub outcome: usize,
    /// Tokens of one answer.
    pub answer: u32,
    /// Questions of a part of the work that is done apart; zero: none is.
    pub apart: u32,
    /// Each answer has to be a call: text reaches nobody. Where a provider doesn't keep to it, text ends the turn all the same.
    pub calls_only: bool,
}

impl Limits {
    /// For a turn that nobody waits for.
    pub const TICK: Self =
        Self { steps: 12, calls: 8, repeats: 2, input: 64 << 10, outcome: 8 << 10, answer: 1024, apart: 0, calls_only: true };
    /// For one that the user asked for.
    pub const ASK: Self =
        Self { steps: 50, calls: 16, repeats: 3, input: 1 << 20, outcome: 24 << 10, answer: 8192, apart: 25, calls_only: false };
}

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For the model.
    pub text: String,
    /// It did not work.
    pub is_error: bool,
    /// The turn ends with it.
    pub ends: bool,
}

impl Outcome {
    /// It worked.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// It did not work, for this reason.
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, ends: false }
    }
}

/// What a model may call.
#[async_trait]
pub trait Toolbox: Send + Sync {
    /// All of them, in the same order each time, so that a provider's cache serves them.
    fn tools(&self) -> Vec<Tool>;
    /// Calls of it may run at the same time as others, since it changes nothing.
    fn is_read_only(&self, name: &str) -> bool;
    /// Carries a call out, if it may be. The name may be of no tool, and the input of any form.
    async fn call(&self, call: &Call) -> Outcome;
    /// Lets the loop itself carry a call out, if it may be.
    async fn around(&self, _call: &Call, work: BoxFuture<'_, Outcome>) -> Outcome {
        work.await
    }
}

/// Sees what happens.
pub trait Witness: Send + Sync {
    /// A piece of the model's text, as it comes.
    fn heard(&self, _piece: &str) {}
    /// One answer of the model is complete.
    fn answered(&self, _completion: &Completion) {}
    /// A call begins.
    fn called(&self, _call: &Call) {}
    /// And ends.
    fn came(&self, _call: &Call, _outcome: &Outcome) {}
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The model has said all.
    Said(String),
    /// A tool that ends turns was called.
    Slept,
    /// It was cut at the longest answer, or its provider refused to go on.
    Cut(Ending),
    /// It asked as often as it may.
    Steps(u32),
    /// It called the same again and again.
    Looped(String),
}

/// Who takes part in a turn.
pub struct Turn<'a> {
    /// Who thinks.
    pub mind: &'a dyn Mind,
    /// What it may call.
    pub tools: &'a dyn Toolbox,
    /// Who looks on.
    pub witness: &'a dyn Witness,
    /// Its bounds.
    pub limits: Limits,
}

impl Turn<'_> {
    /// Goes on until the end. The conversation's last message is the user's.
    ///
    /// # Errors
    /// The mind's; what was said and done before stays in the conversation.
    pub async fn run(&self, talk: &mut Conversation) -> PortResult<End> {
        let mut seen: HashMap<(String, String), u32> = HashMap::new();
        let mut tools = self.tools.tools();
        if self.limits.apart > 0 {
            tools.retain(|tool| tool.name != apart::NAME);
            tools.push(apart::tool());
        }
        for _ in 0..self.limits.steps {
            let heard: Heard<'_> = &|piece| self.witness.heard(piece);
            let must_call = self.limits.calls_only && !tools.is_empty();
            let prompt = Prompt { must_call, ..talk.prompt(tools.clone(), self.limits.answer) };
            let completion = self.mind.think(&prompt, heard).await?;
            self.witness.answered(&completion);
            let calls: Vec<Call> = completion.calls.iter().map(|call| self.bounded(call)).collect();
            talk.answer(&completion.text, &calls);
            if calls.is_empty() {
                return Ok(match completion.ending {
                    Ending::Length | Ending::Refused => End::Cut(completion.ending),
                    _ => End::Said(completion.text),
                });
            }
            let (outcomes, end) = self.carry_out(&calls, talk, &mut seen).await;
            talk.messages.push(Message { role: Role::User, parts: outcomes });
            if let Some(end) = end {
                return Ok(end);
            }
        }
        Ok(End::Steps(self.limits.steps))
    }

    /// Those that change nothing at the same time, all others one after the other, in the order in which they were wished for.
    async fn carry_out(
        &self,
        calls: &[Call],
        talk: &Conversation,
        seen: &mut HashMap<(String, String), u32>,
    ) -> (Vec<Part>, Option<End>) {
        let (mut outcomes, mut end) = (Vec::new(), None);
        let (now, late) = calls.split_at(calls.len().min(self.limits.calls));
        let looping = |call: &Call, seen: &mut HashMap<(String, String), u32>| {
            let times = seen.entry((call.name.clone(), call.input.to_string())).or_default();
            *times += 1;
            *times
        };
        let mut rest = now;
        while end.is_none() && !rest.is_empty() {
            let together = rest.iter().take_while(|call| self.reads(&call.name)).count().max(1);
            let (batch, after) = rest.split_at(together);
            rest = after;
            let times: Vec<u32> = batch.iter().map(|call| looping(call, seen)).collect();
            let done = join_all(batch.iter().zip(&times).map(|(call, times)| self.one(call, talk, *times))).await;
            for ((call, times), outcome_of) in batch.iter().zip(times).zip(done) {
                if times > self.limits.repeats + 1 {
                    end = end.or(Some(End::Looped(call.name.clone())));
                } else if outcome_of.ends {
                    end = end.or(Some(End::Slept));
                }
                outcomes.push(outcome(&call.id, outcome_of.text, outcome_of.is_error));
            }
        }
        let not_done = |call: &Call, why: &str| outcome(&call.id, why.into(), true);
        outcomes.extend(rest.iter().map(|call| not_done(call, "this was not done: the turn ended before it")));
        let many = format!("this was not done: at most {} calls are carried out at once", self.limits.calls);
        outcomes.extend(late.iter().map(|call| not_done(call, &many)));
        (outcomes, end)
    }

    fn reads(&self, name: &str) -> bool {
        name != apart::NAME && self.tools.is_read_only(name)
    }

    async fn one(&self, call: &Call, talk: &Conversation, times: u32) -> Outcome {
        self.witness.called(call);
        let outcome = if !call.input.is_object() {
            Outcome::error("the arguments are no JSON object, or too long: call it again with arguments that fit its schema")
        } else if times > self.limits.repeats {
            Outcome::error(format!(
                "you have called this {} times with the same arguments: what came of it stands above",
                times - 1
            ))
        } else {
            let outcome = match call.name.as_str() {
                apart::NAME if self.limits.apart > 0 => self.tools.around(call, self.apart(call, talk)).await,
                _ => self.tools.call(call).await,
            };
            Outcome { text: cut(outcome.text, self.limits.outcome), ..outcome }
        };
        self.witness.came(call, &outcome);
        outcome
    }

    /// Without an input that is longer than any tool takes: it would be sent back and paid for with each step.
    fn bounded(&self, call: &Call) -> Call {
        let size = call.input.to_string().len();
        if size <= self.limits.input {
            return call.clone();
        }
        Call {
            input: Value::String(format!("({size} bytes, left out: at most {} are taken)", self.limits.input)),
            ..call.clone()
        }
    }
}

/// At most so many bytes, with a word on what is missing.
fn cut(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let end = text.floor_char_boundary(most);
    format!("{}\n[{} more bytes are left out; ask for a part of it]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests;
