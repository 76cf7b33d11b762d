//! A model with a purse, and others behind it.

use super::{Link, Models, Occasion};
use crate::now;
use async_trait::async_trait;
use kairos_core::config::Config;
use kairos_core::model::{Completion, Prompt};
use kairos_model::{Heard, Model, ModelError, estimate};
use kairos_store::{Budget, Budgets, Reservation, Reserved, UserDb};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Whoever of the chain answers. Each is paid before it is asked: what was set aside and never settled, because nobody waited for the
/// answer any more, counts as used.
pub(crate) struct Paid {
    models: Arc<Models>,
    user: UserDb,
    config: Config,
    occasion: Occasion,
}

impl Paid {
    pub(super) fn new(models: Arc<Models>, user: UserDb, config: Config, occasion: Occasion) -> Self {
        Self { models, user, config, occasion }
    }

    /// `tokens_a_day` is what the plugin may use, where one asks.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
        why: &str,
        heard: Heard<'_>,
        tokens_a_day: Option<u64>,
    ) -> Result<Completion, ModelError> {
        let chain = self.models.chain(&self.config).await.map_err(ModelError::None)?;
        self.through(&chain, prompt, why, heard, tokens_a_day).await
    }

    async fn through(
        &self,
        chain: &[Link],
        prompt: &Prompt,
        why: &str,
        heard: Heard<'_>,
        tokens_a_day: Option<u64>,
    ) -> Result<Completion, ModelError> {
        let has_begun = AtomicBool::new(false);
        let listen = |text: &str| {
            has_begun.store(true, Relaxed);
            heard(text);
        };
        let mut first = None;
        for link in chain {
            match self.one(link, prompt, why, &listen, tokens_a_day).await {
                // What was heard can't be taken back, and what is wrong with a question is so for all.
                Err(error) if error.is_of_one() && !has_begun.load(Relaxed) => {
                    tracing::debug!("{} does not answer: {error}", link.provider);
                    first.get_or_insert(error);
                }
                answer => return answer,
            }
        }
        Err(first.unwrap_or_else(|| ModelError::None("nobody is named".into())))
    }

    async fn one(
        &self,
        link: &Link,
        prompt: &Prompt,
        why: &str,
        heard: Heard<'_>,
        tokens_a_day: Option<u64>,
    ) -> Result<Completion, ModelError> {
        let kept = |e: kairos_store::StoreError| ModelError::Budget(format!("no budget can be kept: {e}"));
        let Occasion { plugin, name, budget } = &self.occasion;
        let tokens = link.model.estimate(prompt);
        let wish = Reservation { at: now(), plugin: plugin.clone(), occasion: name.clone(), model: link.model.name(), tokens };
        let budgets = Budgets {
            day: self.config.number("model.tokens-a-day"),
            plugin: tokens_a_day.unwrap_or(u64::MAX),
            occasion: self.config.number(budget),
        };
        let id = match self.user.reserve(wish, budgets).await.map_err(kept)? {
            Reserved::Yes(id) => id,
            Reserved::No(over, left) => return Err(exceeded(over, budget, budgets, tokens, left)),
        };
        let why = if why.is_empty() { format!("{name}, {plugin}") } else { why.into() };
        let answer = link.model.complete(prompt, &why, heard).await;
        let settled = match &answer {
            Ok(completion) => self.user.settle(id, completion.usage.input, completion.usage.output).await,
            // What may have cost something stays set aside.
            Err(e) if e.may_cost() => Ok(()),
            Err(_) => self.user.settle(id, 0, 0).await,
        };
        if let Err(e) = settled {
            tracing::warn!("what {} used can't be recorded, so all that was set aside counts: {e}", link.model.name());
        }
        answer
    }
}

fn exceeded(over: Budget, setting: &str, budgets: Budgets, tokens: u64, left: u64) -> ModelError {
    let says = |setting: &str| format!("`{setting}` in kairos.toml says how many there are");
    let (whose, allowed, remedy) = match over {
        Budget::Day => ("of 24 hours", budgets.day, says("model.tokens-a-day")),
        Budget::Occasion => ("of this time", budgets.occasion, says(setting)),
        Budget::Plugin => {
            ("of this plugin for 24 hours", budgets.plugin, "it asked for no more when you granted it a model".to_owned())
        }
    };
    ModelError::Budget(format!(
        "the question may take {tokens} tokens, and of the {allowed} {whose} {left} are left; {remedy}, and nothing was sent"
    ))
}

#[async_trait]
impl Model for Paid {
    fn name(&self) -> String {
        self.config.text("model.provider").into()
    }

    /// Each of the chain may take its time, and so may looking for one on this machine.
    fn patience(&self) -> Duration {
        let others = self.config.list("model.fallback").len() as u32;
        self.config.duration("model.timeout") * (1 + others) + Duration::from_secs(3)
    }

    fn estimate(&self, prompt: &Prompt) -> u64 {
        estimate(prompt)
    }

    async fn complete(&self, prompt: &Prompt, why: &str, heard: Heard<'_>) -> Result<Completion, ModelError> {
        self.ask(prompt, why, heard, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::model::{Ending, Message, Part, Role, Usage};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    /// Takes 100 tokens beforehand and 10 in the end; fails as often as it is told to.
    #[derive(Default)]
    struct Fake {
        asked: AtomicU32,
        fails: Mutex<Vec<ModelError>>,
        /// Before it fails.
        says: &'static str,
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
        async fn complete(&self, _: &Prompt, _: &str, heard: Heard<'_>) -> Result<Completion, ModelError> {
            self.asked.fetch_add(1, SeqCst);
            if !self.says.is_empty() {
                heard(self.says);
            }
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

    fn link(model: &Arc<Fake>) -> Link {
        Link { provider: "fake", model: model.clone() }
    }

    fn paid(user: &UserDb, settings: &str) -> Paid {
        let mut config = Config::default();
        config.merge("kairos.toml", settings, kairos_core::config::Trust::User).unwrap();
        let occasion = Occasion { plugin: "reflect".into(), name: "dream 1".into(), budget: "model.tokens-a-dream" };
        Arc::new(Models::new(user.clone())).paid(&config, occasion)
    }

    fn malformed() -> ModelError {
        ModelError::Malformed { who: "x".into(), what: "y".into() }
    }

    fn refused() -> ModelError {
        ModelError::Refused { who: "x".into(), status: 401, said: "y".into() }
    }

    #[tokio::test]
    async fn a_question_is_paid_before_it_is_sent_and_settled_after() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let model = Arc::new(Fake::default());
        let ask = async |day: u64, each: u64, plugin: u64| {
            let paid = paid(&user, &format!("model.tokens-a-day = {day}\nmodel.tokens-a-dream = {each}"));
            paid.through(&[link(&model)], &prompt(), "", &|_| (), Some(plugin)).await
        };
        assert_eq!(ask(500, 500, 500).await.unwrap().usage.input, 7);
        assert_eq!(user.spent(now()).await.unwrap(), 10);
        for (day, each, plugin, told) in
            [(109, 500, 500, "tokens-a-day"), (500, 109, 500, "tokens-a-dream"), (500, 500, 109, "this plugin")]
        {
            let error = ask(day, each, plugin).await.unwrap_err();
            assert!(matches!(error, ModelError::Budget(_)));
            assert!(error.to_string().contains(told) && error.to_string().contains("99 are left"), "{error}");
        }
        assert_eq!(model.asked.load(SeqCst), 1, "over budget nothing is sent");
        model.fails.lock().unwrap().extend([malformed(), refused()]);
        ask(500, 500, 500).await.unwrap_err();
        assert_eq!(user.spent(now()).await.unwrap(), 10, "who is refused pays nothing");
        ask(500, 500, 500).await.unwrap_err();
        assert_eq!(user.spent(now()).await.unwrap(), 110, "what may have cost something counts");
    }

    #[tokio::test]
    async fn where_one_does_not_answer_the_next_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let (first, second) = (Arc::new(Fake::default()), Arc::new(Fake::default()));
        let paid = paid(&user, "");
        let ask = async |first| paid.through(&[link(first), link(&second)], &prompt(), "", &|_| (), None).await;
        first.fails.lock().unwrap().push(refused());
        ask(&first).await.unwrap();
        assert_eq!((first.asked.load(SeqCst), second.asked.load(SeqCst)), (1, 1));
        assert_eq!(user.spent(now()).await.unwrap(), 10);
        // Of two who fail, the first one's words count.
        first.fails.lock().unwrap().push(refused());
        second.fails.lock().unwrap().push(malformed());
        assert_eq!(ask(&first).await.unwrap_err(), refused());
        // A question that is wrong is so for all, and what was heard can't be taken back.
        first.fails.lock().unwrap().push(ModelError::Prompt("x".into()));
        ask(&first).await.unwrap_err();
        let talker = Arc::new(Fake { says: "So", ..Fake::default() });
        talker.fails.lock().unwrap().push(malformed());
        assert_eq!(ask(&talker).await.unwrap_err(), malformed());
        assert_eq!(second.asked.load(SeqCst), 2);
    }
}
