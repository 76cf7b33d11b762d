//! Language models for plugins and for our own thinking: the same few for all, and each question is paid before it is sent.

mod mind;
mod paid;
mod port;

use crate::ledger::Book;
use kairos_core::config::Config;
use kairos_core::ports::Model as Port;
use kairos_exec::redact::Redactor;
use kairos_model::{Client, Model, Provider, find, find_local};
use kairos_store::UserDb;
use kairos_turn::Mind;
use paid::Paid;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// For so long it is believed which servers are on this machine.
const LOCAL_HOLDS: Duration = Duration::from_secs(60);

/// The models that the settings name, each made when it is first asked for: what it has learnt, that its key is refused or that it wants
/// to be left alone, holds for all who ask, until its settings change.
pub(crate) struct Models {
    user: UserDb,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    links: Vec<(Provider, Link)>,
    /// What was found on this machine, and when.
    local: Option<(Instant, Option<Provider>)>,
}

/// One of those who are asked in turn.
#[derive(Clone)]
pub(crate) struct Link {
    /// As `model.provider` has it.
    provider: &'static str,
    model: Arc<dyn Model>,
}

/// Who asks, when, and what for.
#[derive(Debug, Clone)]
pub(crate) struct Occasion {
    /// The plugin.
    pub(crate) plugin: String,
    /// Such as `dream 20261121-030000 of mine-1a2b`: it has a budget of its own.
    pub(crate) name: String,
    /// The setting that says how many tokens.
    pub(crate) budget: &'static str,
}

impl Models {
    pub(crate) fn new(user: UserDb) -> Self {
        Self { user, known: Mutex::default() }
    }

    /// The model on one occasion, as the settings have it now: whoever of the chain answers, paid from all budgets.
    pub(crate) fn paid(self: &Arc<Self>, config: &Config, occasion: Occasion) -> Paid {
        Paid::new(self.clone(), self.user.clone(), config.clone(), occasion)
    }

    /// The same for one plugin. Questions are asked where this is called, in a task of their own.
    pub(crate) fn port(self: &Arc<Self>, config: &Config, occasion: Occasion) -> Arc<dyn Port> {
        Arc::new(port::Asked { paid: Arc::new(self.paid(config, occasion)), runtime: Handle::current() })
    }

    /// The same for a turn of our own.
    pub(crate) fn mind(self: &Arc<Self>, config: &Config, occasion: Occasion) -> impl Mind + use<> {
        self.paid(config, occasion)
    }

    /// Whom to ask, one after the other; else why there is nobody.
    async fn chain(&self, config: &Config) -> Result<Vec<Link>, String> {
        let mut known = self.known.lock().await;
        let providers = match find(config, |name| std::env::var(name).ok()) {
            Ok(providers) => providers,
            Err(why) if config.text("model.provider") == "auto" => vec![self.local(&mut known, config).await.ok_or(why)?],
            Err(why) => return Err(why),
        };
        let mut links = Vec::new();
        for provider in providers {
            let link = match known.links.iter().find(|(p, _)| *p == provider) {
                Some((_, link)) => link.clone(),
                None => Link { provider: provider.preset.as_str(), model: Arc::new(self.client(&provider)?) },
            };
            links.push((provider, link));
        }
        known.links = links;
        Ok(known.links.iter().map(|(_, link)| link.clone()).collect())
    }

    fn client(&self, provider: &Provider) -> Result<Client, String> {
        let book = Arc::new(Book(self.user.clone()));
        Client::new(provider.clone(), book, Redactor::from_env()).map_err(|e| e.to_string())
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
