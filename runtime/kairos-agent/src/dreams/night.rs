//! One dream, from what is remembered to what is done: strategies are asked in their sandboxes, memory decides.

use super::DreamError;
use super::quiet::Quiet;
use super::sleeper::{Sleeper, Whose};
use crate::drift;
use crate::models::{Kind, Occasion};
use crate::now;
use crate::registry::{Registry, Running};
use kairos_core::dream::Dream;
use kairos_core::memory::{Anchor, Change, Operation};
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::{ErrorCode, PluginKind};
use kairos_host::{Access, CallError};
use kairos_memory::anchors::{Finder, Verdict, check};
use kairos_memory::dream::{MemorySnapshot, Night, Policy};
use kairos_memory::memory::Memory;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often one strategy is asked: what it added in one round, it may promote or judge in the next. Most are done after the second.
const ROUNDS: usize = 3;

/// What a strategy says.
enum Answer {
    /// What it proposes, and whether it asked a model.
    Operations { operations: Vec<Operation>, asked_model: bool },
    /// It lacks something, such as a model.
    Nothing(String),
}

/// Who dreams, and over what.
pub(super) struct Dreamer {
    pub(super) registry: Arc<Registry>,
    pub(super) sleeper: Sleeper,
    pub(super) memory: Arc<Memory>,
    pub(super) quiet: Quiet,
}

impl Dreamer {
    /// Asks the strategies: these, else those set for this memory, else those of the settings. Writes nothing but what a person edited.
    pub(super) async fn think(&self, strategies: &[String]) -> Result<Night, DreamError> {
        let chain = self.chain(strategies).await?;
        let broken = match &self.sleeper.whose {
            Whose::Project { view, .. } => drift::look(&self.memory, view, None).await?,
            Whose::User(_) => BTreeSet::new(),
        };
        let (began, of, sleeper) = (now(), self.memory.clone(), self.sleeper.clone());
        let begin = move || {
            let mut night = of.begin_dream(broken, Policy::default(), began)?;
            night.hear(&of, sleeper.told());
            Ok::<_, DreamError>(night)
        };
        let mut night = self.block(begin).await??;
        for strategy in chain {
            let (of, name) = (self.memory.clone(), strategy.name.clone());
            let turn = move || {
                night.turn(&of, &name)?;
                Ok::<_, DreamError>(night)
            };
            night = self.block(turn).await??;
            for _ in 0..ROUNDS {
                let snapshot = night.snapshot();
                let (mut operations, asked_model) = match self.ask(&strategy, &night.plan().id, snapshot).await? {
                    Answer::Operations { operations, asked_model } => (operations, asked_model),
                    Answer::Nothing(why) => {
                        night.skip(&strategy.name, &why);
                        break;
                    }
                };
                let gone = self.point(&mut operations).await;
                let before = night.plan().passed().count();
                let name = strategy.name.clone();
                night = self
                    .block(move || {
                        night.propose(&name, operations, &gone);
                        night
                    })
                    .await?;
                // A model that is asked the same again costs the same again, and says something else.
                if asked_model || night.plan().passed().count() == before {
                    break;
                }
            }
        }
        // Where nobody could do anything, nothing was dreamt.
        match night.plan().skipped.first() {
            Some(first) if night.plan().strategies.is_empty() => {
                Err(DreamError::Unable { strategy: first.strategy.clone(), why: first.why.clone() })
            }
            _ => Ok(night),
        }
    }

    /// Carries out what passed, or leaves it for the user.
    pub(super) async fn end(&self, night: Night, review: bool) -> Result<Dream, DreamError> {
        let memory = self.memory.clone();
        Ok(self.block(move || memory.end_dream(night, review)).await??)
    }

    async fn chain(&self, asked: &[String]) -> Result<Vec<Running>, DreamError> {
        let of = self.memory.clone();
        let set = self.block(move || of.strategies()).await??;
        let names = match (asked, set) {
            ([], Some(set)) => set,
            ([], None) => self.sleeper.config.list("dream.strategies"),
            (asked, _) => asked.to_vec(),
        };
        let running = self.registry.running();
        let called = |r: &Running| match &self.sleeper.whose {
            Whose::Project { root, .. } => r.is_for(root),
            Whose::User(_) => !r.is_projects_own(),
        };
        let is = |r: &&Running, name: &str| r.name == name && called(r) && r.plugin.kinds.contains(&PluginKind::Dream);
        let find = |name: String| running.iter().find(|r| is(r, &name)).cloned().ok_or(DreamError::NoStrategy(name));
        names.into_iter().map(find).collect()
    }

    async fn ask(&self, strategy: &Running, dream: &str, snapshot: MemorySnapshot) -> Result<Answer, DreamError> {
        let (plugin, project) = (strategy.name.clone(), self.sleeper.name.clone());
        let occasion = Occasion { kind: Kind::Plugin, plugin, name: format!("dream {dream} of {project}"), project };
        let model = self.registry.models.port(&self.sleeper.config, occasion);
        let access = self.access(strategy).with_model(model);
        let access = self.registry.lend(&strategy.name, &strategy.plugin.hash, access);
        let (registry, plugin) = (self.registry.clone(), strategy.plugin.clone());
        // The access is lent for as long as the call holds it.
        let call = async move {
            let own = Access::clone(&access);
            kairos_host::dream(&registry.host, &plugin, own, Arc::new(snapshot)).await
        };
        let outcome = self.quiet.run(call).await.ok_or(DreamError::Stopped)?;
        let fault = match &outcome.result {
            Err(CallError::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.registry.count(&strategy.name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
        self.registry.settle_call(&strategy.name, &strategy.plugin.hash, PluginKind::Dream, fault.as_ref()).await;
        match outcome.result {
            Ok(operations) => {
                let asked_model = outcome.host_calls.iter().any(|c| c.function == kairos_host::COMPLETE);
                Ok(Answer::Operations { operations, asked_model })
            }
            // Nothing is wrong with it; the others go on.
            Err(CallError::Guest(e)) if matches!(e.code, ErrorCode::Unavailable | ErrorCode::Exhausted) => {
                Ok(Answer::Nothing(e.message))
            }
            Err(error) => Err(DreamError::Strategy { strategy: strategy.name.clone(), error: error.to_string() }),
        }
    }

    /// What it may reach beside memory: in the user's own there is no project, and nothing to keep beside what the dream proposes.
    fn access(&self, strategy: &Running) -> Access {
        match &self.sleeper.whose {
            Whose::Project { view, .. } => {
                let view: Arc<dyn ProjectView> = Arc::new(view.clone());
                let state: Arc<dyn StateStore> = Arc::new(self.sleeper.inbox.db.clone());
                Access::new(&strategy.name, view, state, &strategy.rights)
            }
            Whose::User(_) => {
                let access = Access::none(&strategy.name);
                access.set_rights(&strategy.rights);
                access
            }
        }
    }

    /// Points new claims at what they name in the project. Answers the places of those that point at what is not there.
    async fn point(&self, operations: &mut [Operation]) -> BTreeSet<usize> {
        let mut gone = BTreeSet::new();
        let new = operations.iter_mut().enumerate().filter_map(|(at, operation)| match &mut operation.change {
            Change::Add(new) => Some((at, new)),
            _ => None,
        });
        let Whose::Project { view, .. } = &self.sleeper.whose else {
            new.for_each(|(_, new)| new.anchors.clear());
            return gone;
        };
        let mut finder = Finder::new(view);
        for (at, new) in new {
            for anchor in &mut new.anchors {
                match check(anchor, view).await {
                    Verdict::Moved(path) => anchor.path = path,
                    Verdict::Gone { .. } => drop(gone.insert(at)),
                    Verdict::Holds | Verdict::Unknown(_) => {}
                }
            }
            for found in finder.find(&new.text).await {
                let is = |a: &&mut Anchor| (&a.path, &a.symbol, &a.quote) == (&found.path, &found.symbol, &found.quote);
                match new.anchors.iter_mut().find(is) {
                    Some(known) => known.blob = found.blob,
                    None => new.anchors.push(found),
                }
            }
            new.anchors.sort();
            new.anchors.dedup();
        }
        gone
    }

    async fn block<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, DreamError> {
        self.quiet.block(work).await.ok_or(DreamError::Stopped)
    }
}
