//! Language models for plugins and for our own thinking: the same few for all, and each question is paid before it is sent.

mod budgets;
mod mind;
mod paid;
mod port;

use crate::events::Events;
use crate::ledger::Book;
use budgets::Budget;
pub(crate) use budgets::unasked;
use kairos_api::Event;
use kairos_core::config::Config;
use kairos_core::ports::Model as Port;
use kairos_exec::redact::Redactor;
use kairos_model::{Client, Model, Provider, check, choose, fallback, find, find_local};
use kairos_store::UserDb;
use kairos_turn::Mind;
use paid::Paid;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// For so long it is believed which servers are on this machine.
const LOCAL_HOLDS: Duration = Duration::from_secs(60);

/// Models that are remembered, those of earlier settings included.
const MOST_LINKS: usize = 32;

/// The models that the settings name, each made when it is first asked for: what it has learnt, that its key is refused or that it wants
/// to be left alone, holds for all who ask, until its settings change.
pub(crate) struct Models {
    user: UserDb,
    events: Events,
    known: Mutex<Known>,
    /// Budgets of which it was said that they are nearly used up.
    warned: std::sync::Mutex<HashSet<String>>,
}

#[derive(Default)]
struct Known {
    /// The newest last; a project may have settings of its own.
    links: Vec<Link>,
    /// What was found on this machine, and when.
    local: Option<(Instant, Option<Provider>)>,
}

/// One of those who are asked in turn.
#[derive(Clone)]
pub(crate) struct Link {
    provider: Provider,
    /// What the user has taken out of all questions.
    patterns: Vec<String>,
    model: Arc<dyn Model>,
}

/// What a question is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A plugin asks, such as a dream's strategy.
    Plugin,
    /// A tick woke the model.
    Tick,
    /// The user asked.
    Ask,
}

impl Kind {
    /// As the database and `audit cost` have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Tick => "tick",
            Self::Ask => "ask",
        }
    }
}

/// Who asks, when, and what for.
#[derive(Debug, Clone)]
pub(crate) struct Occasion {
    /// Which budgets hold.
    pub(crate) kind: Kind,
    /// Its name, where it is a plugin.
    pub(crate) plugin: String,
    /// For which project, by its short name; may be none.
    pub(crate) project: String,
    /// Such as `dream 20261121-030000 of mine-1a2b`: it has a budget of its own.
    pub(crate) name: String,
}

impl Models {
    pub(crate) fn new(user: UserDb, events: Events) -> Self {
        Self { user, events, known: Mutex::default(), warned: std::sync::Mutex::default() }
    }

    /// The model on one occasion, as the settings have it now: whoever of the chain answers, paid from all budgets.
    pub(crate) fn paid(self: &Arc<Self>, config: &Config, occasion: Occasion) -> Paid {
        Paid::new(self.clone(), self.user.clone(), config.clone(), occasion, None)
    }

    /// The same for one plugin. Questions are asked where this is called, in a task of their own.
    pub(crate) fn port(self: &Arc<Self>, config: &Config, occasion: Occasion) -> Arc<dyn Port> {
        Arc::new(port::Asked { paid: Arc::new(self.paid(config, occasion)), runtime: Handle::current() })
    }

    /// The same for a turn of our own. `chosen`: the model that the user named; it alone is asked.
    pub(crate) fn mind(self: &Arc<Self>, config: &Config, occasion: Occasion, chosen: Option<String>) -> impl Mind + use<> {
        Paid::new(self.clone(), self.user.clone(), config.clone(), occasion, chosen)
    }

    /// Who is asked by the settings, one after the other; else why there is nobody.
    pub(crate) async fn providers(&self, config: &Config) -> Result<Vec<Provider>, String> {
        self.found(&mut *self.known.lock().await, config).await
    }

    /// The model that the user names, at the provider that serves it; else why there is none.
    pub(crate) async fn choose(&self, config: &Config, name: &str) -> Result<Provider, String> {
        let provider = choose(&self.providers(config).await?, name)?;
        check(&provider, Arc::new(Book(self.user.clone()))).await?;
        Ok(provider)
    }

    async fn found(&self, known: &mut Known, config: &Config) -> Result<Vec<Provider>, String> {
        let variable = |name: &str| std::env::var(name).ok();
        let mut found = find(config, variable);
        if found.is_err() && config.text("model.provider") == "auto" {
            let local = self.local(known, config).await;
            let all: Vec<_> = local.into_iter().chain(fallback(config, variable)?).collect();
            found = if all.is_empty() { found } else { Ok(all) };
        }
        found
    }

    /// Whom to ask, one after the other; else why there is nobody.
    async fn chain(&self, config: &Config, chosen: Option<&str>) -> Result<Vec<Link>, String> {
        let mut known = self.known.lock().await;
        let mut providers = self.found(&mut known, config).await?;
        if let Some(name) = chosen {
            providers = vec![choose(&providers, name)?];
        }
        let patterns = config.list("redact.patterns");
        let redactor = Redactor::from_env().with_patterns(&patterns);
        let redactor = redactor.map_err(|e| format!("`redact.patterns` in kairos.toml: {e}"))?;
        let mut links = Vec::new();
        for provider in providers {
            let same = |link: &&Link| link.provider == provider && link.patterns == patterns;
            if let Some(link) = known.links.iter().find(same) {
                links.push(link.clone());
                continue;
            }
            let model = Arc::new(self.client(&provider, &redactor)?);
            let link = Link { provider, patterns: patterns.clone(), model };
            known.links.push(link.clone());
            links.push(link);
        }
        let old = known.links.len().saturating_sub(MOST_LINKS);
        known.links.drain(..old);
        Ok(links)
    }

    /// Tells which of these budgets are nearly used up, once until they are no more; answers of how many.
    fn warn(&self, budgets: &[Budget], nearly: &[usize]) -> usize {
        let mut warned = self.warned.lock().unwrap_or_else(|e| e.into_inner());
        let mut said = 0;
        for (place, budget) in budgets.iter().enumerate() {
            let text = budget.nearly();
            if !nearly.contains(&place) {
                warned.remove(&text);
            } else if !warned.contains(&text) {
                self.events.send(Event::Budget { text: text.clone() });
                warned.insert(text);
                said += 1;
            }
        }
        said
    }

    fn client(&self, provider: &Provider, redactor: &Redactor) -> Result<Client, String> {
        let book = Arc::new(Book(self.user.clone()));
        Client::new(provider.clone(), book, redactor.clone()).map_err(|e| e.to_string())
    }

    /// Looked for on use alone, and not with each question.
    async fn local(&self, known: &mut Known, config: &Config) -> Option<Provider> {
        if let Some((at, found)) = &known.local
            && at.elapsed() < LOCAL_HOLDS
        {
            return found.clone();
        }
        let found = find_local(config, Arc::new(Book(self.user.clone()))).await;
        known.local = Some((Instant::now(), found.clone()));
        found
    }
}
