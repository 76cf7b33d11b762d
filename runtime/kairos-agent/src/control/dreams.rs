//! A dream on request: strategies are asked in their sandboxes, memory decides.

use super::ProjectHandle;
use crate::agent::Agent;
use crate::drift;
use crate::models::Occasion;
use crate::now;
use crate::registry::Running;
use kairos_api::{ApiError, ApiResult, DreamRequest, ErrorKind};
use kairos_core::dream::Dream;
use kairos_core::memory::{Change, Operation};
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::{ErrorCode, PluginKind};
use kairos_exec::redact::Redactor;
use kairos_host::{Access, CallError};
use kairos_memory::anchors::{Finder, Verdict, check};
use kairos_memory::dream::{MemorySnapshot, Policy};
use kairos_memory::memory::{Home, Memory};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// How often one strategy is asked: what it added in one round, it may promote or judge in the next. Most are done after the second.
const ROUNDS: usize = 3;

impl Agent {
    pub(super) async fn dream(&self, request: DreamRequest) -> ApiResult<Dream> {
        let project = self.project(request.project.as_deref())?;
        let Ok(_one) = self.dreaming.try_lock() else {
            return Err(ApiError::new(ErrorKind::Conflict, "a dream is under way").with_hint("kairos-run dream list"));
        };
        let folder = project.options.db.parent().map(Path::to_path_buf).unwrap_or_default();
        let memory =
            blocking(move || Memory::open(Home::within(&folder), Redactor::from_env()).map(|(memory, _)| memory)).await?;
        let memory = Arc::new(memory);
        let chain = self.chain(&project, &memory, &request.strategies).await?;
        let broken = drift::look(&memory, &project.view, None).await.map_err(conflict)?;
        let (began, of) = (now(), memory.clone());
        let mut night = blocking(move || of.begin_dream(broken, Policy::default(), began)).await?;
        for strategy in chain {
            for _ in 0..ROUNDS {
                let snapshot = night.snapshot();
                let name = format!("dream {} of {}", night.plan().id, project.slug);
                let (mut operations, asked_model) = match self.ask(&project, &strategy, snapshot, name).await? {
                    Answer::Operations { operations, asked_model } => (operations, asked_model),
                    Answer::Nothing(why) => {
                        night.skip(&strategy.name, &why);
                        break;
                    }
                };
                let gone = point(&project, &mut operations).await;
                let before = night.plan().passed().count();
                let name = strategy.name.clone();
                night = blocking(move || {
                    night.propose(&name, operations, &gone);
                    Ok(night)
                })
                .await?;
                // A model that is asked the same again costs the same again, and says something else.
                if asked_model || night.plan().passed().count() == before {
                    break;
                }
            }
        }
        // It would count as a dream, and the next one begins where it ended.
        if let (true, Some(first)) = (night.plan().strategies.is_empty(), night.plan().skipped.first()) {
            return Err(ApiError::new(ErrorKind::Conflict, format!("`{}` can't dream now: {}", first.strategy, first.why))
                .with_hint(format!("`kairos-run plugin info {}` tells what it may do", first.strategy)));
        }
        if request.dry_run {
            return Ok(night.plan().clone());
        }
        let review = request.review || project.options.config.flag("dream.review");
        blocking(move || memory.end_dream(night, review)).await
    }

    /// The strategies to ask: those of the request, else those set for this memory, else those of the settings.
    async fn chain(&self, project: &ProjectHandle, memory: &Arc<Memory>, asked: &[String]) -> ApiResult<Vec<Running>> {
        let of = memory.clone();
        let set = blocking(move || of.strategies()).await?;
        let names = match (asked, set) {
            ([], Some(set)) => set,
            ([], None) => project.options.config.list("dream.strategies"),
            (asked, _) => asked.to_vec(),
        };
        let running = self.registry.running();
        let is =
            |r: &&Running, name: &str| r.name == name && r.is_for(&project.root) && r.plugin.kinds.contains(&PluginKind::Dream);
        let find = |name: String| {
            let found = running.iter().find(|r| is(r, &name)).cloned();
            found.ok_or_else(|| {
                ApiError::not_found(format!("there is no dream strategy `{name}` that runs"))
                    .with_hint("`kairos-run plugin list` shows what there is, and what waits for your grant")
            })
        };
        names.into_iter().map(find).collect()
    }

    async fn ask(
        &self,
        project: &ProjectHandle,
        strategy: &Running,
        snapshot: MemorySnapshot,
        occasion: String,
    ) -> ApiResult<Answer> {
        let view: Arc<dyn ProjectView> = Arc::new(project.view.clone());
        let state: Arc<dyn StateStore> = Arc::new(project.inbox.db.clone());
        let access = Access::new(&strategy.name, view, state, &strategy.rights);
        let occasion = Occasion { plugin: strategy.name.clone(), name: occasion };
        let access = access.with_model(self.registry.models.port(&project.options.config, occasion));
        let access = self.registry.lend(&strategy.name, &strategy.plugin.hash, access);
        let outcome = kairos_host::dream(&self.registry.host, &strategy.plugin, Access::clone(&access), Arc::new(snapshot)).await;
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
            Err(error) => Err(ApiError::new(
                ErrorKind::Conflict,
                format!("the strategy `{}` failed: {error}; memory is as it was", strategy.name),
            )
            .with_hint("`kairos-run plugin info` tells more; `dream now --strategy NAME` asks another")),
        }
    }
}

/// What a strategy says.
enum Answer {
    /// What it proposes, and whether it asked a model.
    Operations { operations: Vec<Operation>, asked_model: bool },
    /// It lacks something, such as a model.
    Nothing(String),
}

/// Points new claims at what they name in the project. Answers the places of those that point at what is not there.
async fn point(project: &ProjectHandle, operations: &mut [Operation]) -> BTreeSet<usize> {
    let mut finder = Finder::new(&project.view);
    let mut gone = BTreeSet::new();
    for (at, operation) in operations.iter_mut().enumerate() {
        let Change::Add(new) = &mut operation.change else { continue };
        for anchor in &mut new.anchors {
            match check(anchor, &project.view).await {
                Verdict::Moved(path) => anchor.path = path,
                Verdict::Gone { .. } => drop(gone.insert(at)),
                Verdict::Holds | Verdict::Unknown(_) => {}
            }
        }
        new.anchors.extend(finder.find(&new.text).await);
        new.anchors.sort();
        new.anchors.dedup();
    }
    gone
}

/// As [`drift::blocking`], with the errors of the API.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> kairos_memory::memory::Result<T> + Send + 'static) -> ApiResult<T> {
    drift::blocking(work).await.map_err(conflict)
}

#[allow(clippy::needless_pass_by_value)]
fn conflict(error: kairos_memory::memory::Error) -> ApiError {
    ApiError::new(ErrorKind::Conflict, error.to_string())
}
