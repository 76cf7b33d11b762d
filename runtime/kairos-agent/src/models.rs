//! Language models for plugins: one client for all, and each question is paid from budgets before it is sent.

use crate::ledger::Book;
use crate::now;
use async_trait::async_trait;
use kairos_core::config::Config;
use kairos_core::model::{Completion, Prompt};
use kairos_core::ports::{Model as Port, PortResult};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::redact::Redactor;
use kairos_model::{Client, Model, ModelError, Provider, Unconfigured, find};
use kairos_turn::{Heard, Mind};
use kairos_store::{Budget, Budgets, Reservation, Reserved, UserDb};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;

/// The model that the settings name, made when it is first asked for and again when they change: what it has learnt, that its key is
/// refused or that it wants to be left alone, holds until then, for all who ask.
pub(crate) struct Models {
    user: UserDb,
    current: Mutex<Option<Current>>,
}

struct Current {
    found: Result<Provider, String>,
    model: Arc<dyn Model>,
}

/// Who asks, when, and what for.
pub(crate) struct Occasion {
    /// The plugin.
    pub(crate) plugin: String,
    /// Such as `dream 20261121-030000 of mine-1a2b`: it has a budget of its own.
    pub(crate) name: String,
}

impl Models {
    pub(crate) fn new(user: UserDb) -> Self {
        Self { user, current: Mutex::default() }
    }

    /// The model for one plugin on one occasion, as the settings have it now. Questions are asked where this is called, in a task of
    /// their own.
    pub(crate) fn port(&self, config: &Config, occasion: Occasion) -> Arc<dyn Port> {
        let (day, each) = (config.number("model.tokens-a-day"), config.number("model.tokens-a-dream"));
        let paid = Paid { model: self.model(config), user: self.user.clone(), occasion, day, each };
        Arc::new(Asked { paid: Arc::new(paid), runtime: Handle::current() })
    }

    /// The model for a turn of its own, which may use what a day has left, and of it `each` tokens.
    pub(crate) fn mind(&self, config: &Config, occasion: Occasion, each: u64) -> Arc<dyn Mind> {
        let day = config.number("model.tokens-a-day");
        let paid = Paid { model: self.model(config), user: self.user.clone(), occasion, day, each };
        Arc::new(Asked { paid: Arc::new(paid), runtime: Handle::current() })
    }

    fn model(&self, config: &Config) -> Arc<dyn Model> {
        let found = find(config, |name| std::env::var(name).ok());
        let mut current = self.current.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(current) = current.as_ref().filter(|c| c.found == found) {
            return current.model.clone();
        }
        let client = found.clone().and_then(|provider| {
            let book = Arc::new(Book(self.user.clone()));
            Client::new(provider, book, Redactor::from_env()).map_err(|e| e.to_string())
        });
        let model: Arc<dyn Model> = match client {
            Ok(client) => Arc::new(client),
            Err(why) => Arc::new(Unconfigured(why)),
        };
        *current = Some(Current { found, model: model.clone() });
        model
    }
}

/// A model with a purse.
struct Paid {
    model: Arc<dyn Model>,
    user: UserDb,
    occasion: Occasion,
    /// Tokens of all plugins in a day.
    day: u64,
    /// Tokens of this occasion.
    each: u64,
}

impl Paid {
    async fn complete(&self, prompt: &Prompt, tokens_a_day: u64, heard: Heard<'_>) -> PortResult<Completion> {
        let kept = |e: kairos_store::StoreError| PortError::new(ErrorCode::Unavailable, format!("no budget can be kept: {e}"));
        let Occasion { plugin, name } = &self.occasion;
        let tokens = self.model.estimate(prompt);
        let wish = Reservation { at: now(), plugin: plugin.clone(), occasion: name.clone(), model: self.model.name(), tokens };
        let budgets = Budgets { day: self.day, plugin: tokens_a_day, occasion: self.each };
        let id = match self.user.reserve(wish, budgets).await.map_err(kept)? {
            Reserved::Yes(id) => id,
            Reserved::No(budget, left) => return Err(over(budget, budgets, tokens, left)),
        };
        let answer = self.model.complete(prompt, &format!("{name}, {plugin}"), heard).await;
        let settled = match &answer {
            Ok(completion) => self.user.settle(id, completion.usage.input, completion.usage.output).await,
            // What may have cost something stays set aside.
            Err(e) if e.may_cost() => Ok(()),
            Err(_) => self.user.settle(id, 0, 0).await,
        };
        if let Err(e) = settled {
            tracing::warn!("what {} used can't be recorded, so all that was set aside counts: {e}", self.model.name());
        }
        answer.map_err(|e| told(&e))
    }
}

fn over(budget: Budget, budgets: Budgets, tokens: u64, left: u64) -> PortError {
    let (whose, allowed, remedy) = match budget {
        Budget::Day => {
            ("of all plugins for 24 hours", budgets.day, "`model.tokens-a-day` in kairos.toml says how many there are")
        }
        Budget::Occasion => ("of this dream", budgets.occasion, "`model.tokens-a-dream` in kairos.toml says how many there are"),
        Budget::Plugin => ("of this plugin for 24 hours", budgets.plugin, "it asked for no more when you granted it a model"),
    };
    let text = format!(
        "the question may take {tokens} tokens, and of the {allowed} {whose} {left} are left; {remedy}, and nothing was sent"
    );
    PortError::new(ErrorCode::Exhausted, text)
}

fn told(error: &ModelError) -> PortError {
    let code = match error {
        ModelError::Prompt(_) => ErrorCode::Invalid,
        _ => ErrorCode::Unavailable,
    };
    PortError::new(code, error.to_string())
}

/// In a task of its own: its CPU time is not the plugin's, and what was sent is settled, whether or not the plugin still waits, or the
/// place where it ran is gone.
struct Asked {
    paid: Arc<Paid>,
    runtime: Handle,
}

#[async_trait]
impl Port for Asked {
    fn patience(&self) -> Duration {
        self.paid.model.patience()
    }

    async fn complete(&self, prompt: &Prompt, tokens_a_day: u64) -> PortResult<Completion> {
        let (paid, prompt) = (self.paid.clone(), prompt.clone());
        let asked = self.runtime.spawn(async move { paid.complete(&prompt, tokens_a_day, &|_| {}).await });
        asked.await.unwrap_or_else(|e| Err(PortError::new(ErrorCode::Other, format!("asking the model failed: {e}"))))
    }
}

#[async_trait]
impl Mind for Asked {
    async fn think(&self, prompt: &Prompt, heard: Heard<'_>) -> PortResult<Completion> {
        self.paid.complete(prompt, self.paid.day, heard).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::model::{Ending, Message, Part, Role, Usage};
    use kairos_model::Heard;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    /// Takes 100 tokens beforehand and 10 in the end; fails as often as it is told to.
    #[derive(Default)]
    struct Fake {
        asked: AtomicU32,
        fails: Mutex<Vec<ModelError>>,
    }

    #[async_trait]
    impl Model for Fake {
        fn name(&self) -> String {
            "fake".into()
        }
        fn patience(&self) -> Duration {
            Duration::from_secs(1)
        }
        fn estimate(&self, _: &Prompt) -> u64 {
            100
        }
        async fn complete(&self, _: &Prompt, _: &str, _: Heard<'_>) -> Result<Completion, ModelError> {
            self.asked.fetch_add(1, SeqCst);
            if let Some(error) = self.fails.lock().unwrap().pop() {
                return Err(error);
            }
            let usage = Usage { input: 7, cached: 0, output: 3 };
            Ok(Completion { text: "hi".into(), calls: Vec::new(), ending: Ending::Done, usage, model: "fake".into() })
        }
    }

    fn prompt() -> Prompt {
        let messages = vec![Message { role: Role::User, parts: vec![Part::Text("hi".into())] }];
        Prompt { instructions: String::new(), tools: Vec::new(), messages, schema: None, max_output: 10 }
    }

    #[tokio::test]
    async fn a_question_is_paid_before_it_is_sent_and_settled_after() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let model = Arc::new(Fake::default());
        let occasion = || Occasion { plugin: "reflect".into(), name: "dream 1".into() };
        let port = |day, each| {
            let (model, user): (Arc<dyn Model>, _) = (model.clone(), user.clone());
            let paid = Paid { model, user, occasion: occasion(), day, each };
            Asked { paid: Arc::new(paid), runtime: Handle::current() }
        };
        let ask = async |day, each, plugin| port(day, each).complete(&prompt(), plugin).await;
        assert_eq!(ask(500, 500, 500).await.unwrap().usage.input, 7);
        assert_eq!(user.spent(now()).await.unwrap(), 10);
        for (day, each, plugin, told) in
            [(109, 500, 500, "tokens-a-day"), (500, 109, 500, "tokens-a-dream"), (500, 500, 109, "this plugin")]
        {
            let error = ask(day, each, plugin).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::Exhausted);
            assert!(error.message.contains(told) && error.message.contains("99 are left"), "{error}");
        }
        assert_eq!(model.asked.load(SeqCst), 1, "over budget nothing is sent");
        let malformed = ModelError::Malformed { who: "x".into(), what: "y".into() };
        let refused = ModelError::Refused { who: "x".into(), status: 401, said: "y".into() };
        model.fails.lock().unwrap().extend([malformed, refused]);
        assert_eq!(ask(500, 500, 500).await.unwrap_err().code, ErrorCode::Unavailable);
        assert_eq!(user.spent(now()).await.unwrap(), 10, "who is refused pays nothing");
        ask(500, 500, 500).await.unwrap_err();
        assert_eq!(user.spent(now()).await.unwrap(), 110, "what may have cost something counts");
    }
}
