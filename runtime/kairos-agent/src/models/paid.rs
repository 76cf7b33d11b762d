//! A model with a purse, and others behind it.

use super::budgets::{Budget, budgets};
use super::{Link, Models, Occasion};
use crate::now;
use kairos_core::config::Config;
use kairos_core::model::{Completion, Prompt, Usage};
use kairos_model::{Heard, ModelError, Price};
use kairos_store::{Reservation, Reserved, Spent, Unit, UserDb};
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
    /// The model that the user named; it alone is asked.
    chosen: Option<String>,
}

impl Paid {
    pub(super) fn new(models: Arc<Models>, user: UserDb, config: Config, occasion: Occasion, chosen: Option<String>) -> Self {
        Self { models, user, config, occasion, chosen }
    }

    /// So long an answer may take: each of the chain may take its time, and so may looking for one on this machine.
    pub(super) fn patience(&self) -> Duration {
        let others = self.config.list("model.fallback").len() as u32;
        self.config.duration("model.timeout") * (1 + others) + Duration::from_secs(3)
    }

    /// `tokens_a_day` is what the plugin may use, where one asks.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
        heard: Heard<'_>,
        tokens_a_day: Option<u64>,
    ) -> Result<Completion, ModelError> {
        let chain = self.models.chain(&self.config, self.chosen.as_deref()).await.map_err(ModelError::None)?;
        self.through(&chain, prompt, heard, tokens_a_day).await
    }

    async fn through(
        &self,
        chain: &[Link],
        prompt: &Prompt,
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
            match self.one(link, prompt, &listen, tokens_a_day).await {
                // What was heard can't be taken back, and what is wrong with a question is so for all.
                Err(error) if error.is_of_one() && !has_begun.load(Relaxed) => {
                    tracing::debug!("{} does not answer: {error}", link.provider.name());
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
        heard: Heard<'_>,
        tokens_a_day: Option<u64>,
    ) -> Result<Completion, ModelError> {
        let provider = &link.provider;
        let budgets =
            budgets(&self.config, &self.occasion, provider.preset.as_str(), tokens_a_day).map_err(ModelError::Budget)?;
        let price =
            Price::of(provider, &self.config.list("model.prices"), !prompt.tools.is_empty()).map_err(ModelError::Budget)?;
        let id = self.reserve(link, prompt, &budgets, price).await?;
        let Occasion { plugin, name, .. } = &self.occasion;
        let answer = link.model.complete(prompt, &format!("{name}, {plugin}"), heard).await;
        let spent = match &answer {
            Ok(completion) => {
                let Usage { input, cached, output } = completion.usage;
                Spent { input, cached, output, cost: price.map(|p| p.cost(completion.usage)) }
            }
            // What may have cost something stays set aside.
            Err(e) if e.may_cost() => return answer,
            Err(_) => Spent { cost: Some(0), ..Spent::default() },
        };
        if let Err(e) = self.user.settle(id, spent).await {
            tracing::warn!("what {} used can't be recorded, so all that was set aside counts: {e}", link.model.name());
        }
        answer
    }

    /// Sets aside what the question may take at most.
    async fn reserve(&self, link: &Link, prompt: &Prompt, budgets: &[Budget], price: Option<Price>) -> Result<u64, ModelError> {
        let tokens = link.model.estimate(prompt);
        let output = u64::from(prompt.max_output).min(tokens);
        let cost = price.map(|p| p.cost(Usage { input: tokens - output, cached: 0, output }));
        let Occasion { kind, plugin, project, name } = self.occasion.clone();
        let wish = Reservation {
            at: now(),
            kind: kind.as_str().into(),
            plugin,
            project,
            occasion: name,
            provider: link.provider.preset.as_str().into(),
            model: link.provider.model.clone(),
            tokens,
            cost,
        };
        let limits = budgets.iter().map(|b| b.limit.clone()).collect();
        let reserved = self.user.reserve(wish, limits).await;
        match reserved.map_err(|e| ModelError::Budget(format!("no budget can be kept: {e}")))? {
            Reserved::Yes(id, nearly) => {
                self.models.warn(budgets, &nearly);
                Ok(id)
            }
            Reserved::No(place, left) => {
                let wanted = if budgets[place].limit.unit == Unit::Tokens { tokens } else { cost.unwrap_or(0) };
                Err(budgets[place].over(wanted, left))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Kind;
    use async_trait::async_trait;
    use kairos_core::model::{Ending, Message, Part, Role};
    use kairos_model::Model;
    use kairos_model::find;
    use kairos_store::{Limit, Whose};
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
        Prompt { instructions: String::new(), tools: Vec::new(), must_call: false, messages, schema: None, max_output: 10 }
    }

    fn link(model: &Arc<Fake>) -> Link {
        let mut config = Config::default();
        config.set("model.provider", "\"anthropic\"").unwrap();
        Link { provider: find(&config, |_| None).unwrap().remove(0), patterns: Vec::new(), model: model.clone() }
    }

    fn paid(user: &UserDb, settings: &str) -> Paid {
        let mut config = Config::default();
        config.merge("kairos.toml", settings, kairos_core::config::Trust::User).unwrap();
        let occasion = Occasion { kind: Kind::Plugin, plugin: "reflect".into(), project: "mine".into(), name: "dream 1".into() };
        Arc::new(Models::new(user.clone(), Default::default())).paid(&config, occasion)
    }

    async fn used(user: &UserDb, unit: Unit) -> u64 {
        user.spent(Limit { whose: Whose::All, within: 1_000_000, unit, allowed: 0 }, now()).await.unwrap()
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
            paid.through(&[link(&model)], &prompt(), &|_| (), Some(plugin)).await
        };
        assert_eq!(ask(500, 500, 500).await.unwrap().usage.input, 7);
        assert_eq!(used(&user, Unit::Tokens).await, 10);
        for (day, each, plugin, told) in
            [(109, 500, 500, "tokens-a-day"), (500, 109, 500, "tokens-a-dream"), (500, 500, 109, "this plugin")]
        {
            let error = ask(day, each, plugin).await.unwrap_err();
            assert!(matches!(error, ModelError::Budget(_)));
            assert!(error.to_string().contains(told) && error.to_string().contains("99 tokens are left"), "{error}");
        }
        assert_eq!(model.asked.load(SeqCst), 1, "over budget nothing is sent");
        assert_eq!(used(&user, Unit::Money).await, 7 + 15, "at a dollar and five per million tokens");
        model.fails.lock().unwrap().extend([malformed(), refused()]);
        ask(500, 500, 500).await.unwrap_err();
        assert_eq!(used(&user, Unit::Tokens).await, 10, "who is refused pays nothing");
        ask(500, 500, 500).await.unwrap_err();
        assert_eq!(used(&user, Unit::Tokens).await, 110, "what may have cost something counts");
    }

    #[tokio::test]
    async fn where_one_does_not_answer_the_next_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let (first, second) = (Arc::new(Fake::default()), Arc::new(Fake::default()));
        let paid = paid(&user, "");
        let ask = async |first| paid.through(&[link(first), link(&second)], &prompt(), &|_| (), None).await;
        first.fails.lock().unwrap().push(refused());
        ask(&first).await.unwrap();
        assert_eq!((first.asked.load(SeqCst), second.asked.load(SeqCst)), (1, 1));
        assert_eq!(used(&user, Unit::Tokens).await, 10);
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

    #[tokio::test]
    async fn money_is_a_budget_and_the_log_says_once_that_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let model = Arc::new(Fake::default());
        // The question may take 90 tokens, and the answer 10: 140 millionths of a dollar.
        let paid = paid(&user, "model.budgets = [\"day 0.00016 usd\"]");
        let ask = async || paid.through(&[link(&model)], &prompt(), &|_| (), None).await;
        ask().await.unwrap();
        let error = ask().await.unwrap_err().to_string();
        assert!(
            error.contains("may take $0.0001")
                && error.contains("of the $0.0002 for 24 hours")
                && error.contains("model.budgets"),
            "{error}"
        );
        assert_eq!(model.asked.load(SeqCst), 1);
        let budgets = budgets(&paid.config, &paid.occasion, "anthropic", None).unwrap();
        assert_eq!(
            (paid.models.warn(&budgets, &[0, 2]), paid.models.warn(&budgets, &[2]), paid.models.warn(&budgets, &[0])),
            (2, 0, 1)
        );
    }
}
