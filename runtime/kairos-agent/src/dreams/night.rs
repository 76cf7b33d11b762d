//! One dream, from what is remembered to what is done: strategies are asked in their sandboxes, memory decides.

use super::DreamError;
use super::quiet::Quiet;
use crate::control::ProjectHandle;
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
    pub(super) project: Arc<ProjectHandle>,
    pub(super) memory: Arc<Memory>,
    pub(super) quiet: Quiet,
}

impl Dreamer {
    /// Asks the strategies: these, else those set for this memory, else those of the settings. Writes nothing but what a person edited.
    pub(super) async fn think(&self, strategies: &[String]) -> Result<Night, DreamError> {
        let chain = self.chain(strategies).await?;
        let broken = drift::look(&self.memory, &self.project.view, None).await?;
        let (began, of) = (now(), self.memory.clone());
        let mut night = self.block(move || of.begin_dream(broken, Policy::default(), began)).await??;
        for strategy in chain {
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
        // It would count as a dream, and the next one begins where it ended.
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
            ([], None) => self.project.options.config.list("dream.strategies"),
            (asked, _) => asked.to_vec(),
        };
        let running = self.registry.running();
        let is = |r: &&Running, name: &str| {
            r.name == name && r.is_for(&self.project.root) && r.plugin.kinds.contains(&PluginKind::Dream)
        };
        let find = |name: String| running.iter().find(|r| is(r, &name)).cloned().ok_or(DreamError::NoStrategy(name));
        names.into_iter().map(find).collect()
    }

    async fn ask(&self, strategy: &Running, dream: &str, snapshot: MemorySnapshot) -> Result<Answer, DreamError> {
        let view: Arc<dyn ProjectView> = Arc::new(self.project.view.clone());
        let state: Arc<dyn StateStore> = Arc::new(self.project.inbox.db.clone());
        let access = Access::new(&strategy.name, view, state, &strategy.rights);
        let (plugin, project) = (strategy.name.clone(), self.project.slug.clone());
        let occasion = Occasion { kind: Kind::Plugin, plugin, name: format!("dream {dream} of {project}"), project };
        let access = access.with_model(self.registry.models.port(&self.project.options.config, occasion));
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

    /// Points new claims at what they name in the project. Answers the places of those that point at what is not there.
    async fn point(&self, operations: &mut [Operation]) -> BTreeSet<usize> {
        let mut finder = Finder::new(&self.project.view);
        let mut gone = BTreeSet::new();
        for (at, operation) in operations.iter_mut().enumerate() {
            let Change::Add(new) = &mut operation.change else { continue };
            for anchor in &mut new.anchors {
                match check(anchor, &self.project.view).await {
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
