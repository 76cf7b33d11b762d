//! Asks a provider: key, tries, and what its answers mean.

use crate::anthropic::Messages;
use crate::draft::{Fault, Reading};
use crate::error::ModelError;
use crate::find::{Preset, Provider};
use crate::learnt::Learnt;
use crate::openai::Chat;
use crate::render::{Rendered, estimate, guess, render};
use crate::wire::{Wire, complaint};
use crate::{Heard, Model};
use async_trait::async_trait;
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_core::model::{Completion, Ending, Prompt};
use kairos_exec::redact::{REDACTED, Redactor};
use kairos_net::{Allow, Answer, Ledger, Net, NetError, Post, Reach, Timeouts, host_of};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Most bytes of an answer: each token may come in an event of some hundred bytes.
const MAX_ANSWER: usize = 16 << 20;
/// Most time between two pieces of an answer: a model may think in silence.
const STALL: Duration = Duration::from_secs(90);
/// How long it may take to get a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Tries of one completion.
const TRIES: u32 = 3;
/// The wait before the second try; it doubles. Up to half of it comes on top, so that many clients don't come back at once.
const WAIT: Duration = Duration::from_secs(1);
/// Characters of a server's complaint that are told.
const MAX_SAID: usize = 200;

/// A provider that can be asked. It lives as long as its settings hold: what it learns (that the key is refused, that it is to wait)
/// holds for all who ask.
pub struct Client {
    provider: Provider,
    host: String,
    wire: Box<dyn Wire>,
    ledger: Arc<dyn Ledger>,
    redactor: Redactor,
    learnt: Learnt,
}

impl Client {
    /// Opens nothing yet. `redactor` takes secrets out of all that is sent.
    ///
    /// # Errors
    /// Where the provider's address is no URL.
    pub fn new(provider: Provider, ledger: Arc<dyn Ledger>, redactor: Redactor) -> Result<Self, ModelError> {
        let host = host_of(&provider.url)?;
        let wire: Box<dyn Wire> = match provider.preset {
            Preset::Anthropic => Box::new(Messages),
            preset => Box::new(Chat { preset }),
        };
        Ok(Self { provider, host, wire, ledger, redactor, learnt: Learnt::default() })
    }

    /// Read each time: a new key counts at once, and none is kept.
    fn key(&self) -> Result<Option<String>, ModelError> {
        let Some(place) = &self.provider.key else { return Ok(None) };
        let key = place.read("model.key").map_err(ModelError::Key)?;
        if key.is_empty() { Err(ModelError::Key("the key is empty".into())) } else { Ok(Some(key)) }
    }

    /// One try. Text is handed on as it comes, so behind the first of it there is no other try.
    async fn once(&self, question: &Question<'_>, key: Option<&str>, left: Duration) -> Result<Completion, ModelError> {
        let reach = if self.provider.own { Reach::Anywhere } else { Reach::Public };
        let timeouts = Timeouts { connect: CONNECT.min(left), read: STALL, total: left };
        let net = Net::new(Allow::default().host(&self.host, reach), timeouts, self.ledger.clone());
        let content = ("content-type", "application/json".to_owned());
        let headers = self.wire.headers(key).into_iter().chain([content]).map(|(name, value)| (name.into(), value)).collect();
        let url = format!("{}{}", self.provider.url, self.wire.path());
        let (why, body) = (question.why.to_owned(), question.body.clone());
        let mut incoming =
            net.open(Post { url, headers, body, why, redacted: question.redacted, max_answer: MAX_ANSWER }).await?;
        if incoming.status != 200 {
            return Err(self.complaint(&incoming.rest().await, key));
        }
        let mut reading = Reading::new(&*self.wire);
        while !reading.is_over() {
            let Some(piece) = incoming.piece().await? else { break };
            reading.feed(&piece, question.heard).map_err(|fault| self.fault(fault, reading.is_empty(), key))?;
        }
        incoming.close().await;
        let (mut completion, usage) = reading.end(question.heard).map_err(|fault| self.fault(fault, true, key))?;
        completion.usage = usage.unwrap_or_else(|| guess(question.prompt, &completion));
        Ok(completion)
    }

    /// Why there is no answer behind this status.
    fn complaint(&self, answer: &Answer, key: Option<&str>) -> ModelError {
        let (who, status) = (self.host.clone(), answer.status);
        let said = || {
            let told = serde_json::from_slice(&answer.body).ok().and_then(|body| complaint(&body));
            let text = told.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
            self.said(if text.trim_start().starts_with('<') { "" } else { &text }, key)
        };
        match status {
            401 | 403 => ModelError::Refused { who, status, said: said() },
            _ if is_passing(status) => ModelError::Busy { who, status, said: said(), after: answer.retry_after(now()) },
            300..=399 => ModelError::Rejected { who, status, said: "it is a redirect, and none is followed".into() },
            _ => ModelError::Rejected { who, status, said: said() },
        }
    }

    /// Why there is no answer, though it began. Where nothing of it was of use, it is as if it had not.
    fn fault(&self, fault: Fault, is_empty: bool, key: Option<&str>) -> ModelError {
        let who = self.host.clone();
        match fault {
            Fault::Form(what) => ModelError::Malformed { who, what },
            Fault::Stopped { status, said } => {
                let said = self.said(&said, key);
                match status.filter(|_| is_empty) {
                    Some(status) if is_passing(status) => ModelError::Busy { who, status, said, after: None },
                    Some(status) => ModelError::Rejected { who, status, said },
                    None => ModelError::Stopped { who, said },
                }
            }
        }
    }

    /// A server's complaint, on one line, without the key that it may repeat.
    fn said(&self, text: &str, key: Option<&str>) -> String {
        let text = key.map_or_else(|| text.to_owned(), |key| text.replace(key, REDACTED));
        let text: String = one_line(&self.redactor.redact(&text)).chars().take(MAX_SAID).collect();
        if text.is_empty() { "it does not say why".into() } else { text }
    }

    /// The answer as it was asked for: where that is JSON, nothing else.
    fn shaped(&self, mut completion: Completion, prompt: &Rendered) -> Result<Completion, ModelError> {
        if prompt.schema.is_some() && completion.ending == Ending::Done {
            let json = unfenced(&completion.text);
            if serde_json::from_str::<Value>(json).is_err() {
                let what = "text, though JSON was asked for; this model or server can't follow a schema";
                return Err(ModelError::Malformed { who: self.host.clone(), what: what.into() });
            }
            completion.text = json.to_owned();
        }
        Ok(completion)
    }
}

/// What is asked, in each try.
struct Question<'a> {
    prompt: &'a Prompt,
    body: Vec<u8>,
    /// Secrets that were taken out of it.
    redacted: u32,
    why: &'a str,
    heard: Heard<'a>,
}

/// Too slow, too early, too often, overloaded.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

#[async_trait]
impl Model for Client {
    fn name(&self) -> String {
        self.provider.name()
    }

    fn patience(&self) -> Duration {
        self.provider.timeout
    }

    fn estimate(&self, prompt: &Prompt) -> u64 {
        estimate(prompt)
    }

    async fn complete(&self, prompt: &Prompt, why: &str, heard: Heard<'_>) -> Result<Completion, ModelError> {
        let end = Instant::now() + self.provider.timeout;
        let rendered = render(prompt, &self.redactor)?;
        let key = self.key()?;
        let hash = Sha256::digest(key.as_deref().unwrap_or_default()).into();
        let body = serde_json::to_vec(&self.wire.body(&self.provider.model, &rendered))
            .map_err(|e| ModelError::Prompt(e.to_string()))?;
        let question = Question { prompt, body, redacted: rendered.redacted, why, heard };
        let mut wait = WAIT;
        self.learnt.may_ask(&self.host, &hash)?;
        for number in 1.. {
            let left = end.saturating_duration_since(Instant::now());
            let error = match self.once(&question, key.as_deref(), left).await {
                Ok(completion) => {
                    self.learnt.answered();
                    return self.shaped(completion, &rendered);
                }
                Err(error) => error,
            };
            self.learnt.failed(&hash, &error);
            let pause = match &error {
                ModelError::Busy { after, .. } => after.unwrap_or_default().max(jittered(wait)),
                // Nobody was asked yet. What broke off later may have cost something, and is not asked twice.
                ModelError::Net(NetError::Connect(..) | NetError::Resolve(_)) => jittered(wait),
                _ => return Err(error),
            };
            let left = end.saturating_duration_since(Instant::now());
            if number == TRIES || pause >= left || self.learnt.is_resting() {
                self.learnt.leave_alone(&error);
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
        Err(ModelError::Prompt("it was never sent".into()))
    }
}

/// Half as much again at most.
fn jittered(wait: Duration) -> Duration {
    let part = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait + wait.mul_f64(f64::from(part) / f64::from(u32::MAX) / 2.0)
}

/// JSON without the fence in which a model that was only asked for it may put it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|t| t.strip_suffix("```"));
    inner.unwrap_or(text).trim()
}

fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_fences_go() {
        let waits: Vec<Duration> = (0..8).map(|_| jittered(WAIT)).collect();
        assert!(waits.iter().all(|w| (WAIT..=WAIT * 3 / 2).contains(w)) && waits.iter().any(|w| *w != waits[0]));
        for text in ["{\"a\": 1}", "```json\n{\"a\": 1}\n```", " ```\n{\"a\": 1}``` "] {
            assert_eq!(unfenced(text), "{\"a\": 1}");
        }
    }
}
