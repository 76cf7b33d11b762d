//! The tools that plugins bring, as one project may call them.

use crate::inbox::Inbox;
use crate::recollection::Recollection;
use crate::registry::{Registry, Running};
use kairos_core::PluginKind;
use kairos_core::ports::{Edit, Process, ProjectView, StateStore, Web};
use kairos_host::{Access, CallError, Definition, ToolOutput, call_tool};
use kairos_project::Project;
use kairos_store::ProjectDb;
use serde_json::Value;
use std::sync::Arc;

/// All that a turn may do to the world, and what it sees of it.
pub(crate) trait Effects: Edit + Process + Web {
    /// The project, as far as it may be read.
    fn sight(&self) -> &Project;
}

/// Who calls tools, and where. Clones share it.
#[derive(Clone)]
pub(crate) struct Tools {
    registry: Arc<Registry>,
    view: Project,
    db: ProjectDb,
    recollection: Recollection,
    effects: Option<Arc<dyn Effects>>,
}

impl Tools {
    pub(crate) fn new(registry: Arc<Registry>, view: Project, inbox: &Inbox, recollection: Recollection) -> Self {
        Self { registry, view, db: inbox.db.clone(), recollection, effects: None }
    }

    /// The same, for a turn that may change files, run commands and ask for pages if the user agrees.
    pub(crate) fn with_effects(self, effects: Arc<dyn Effects>) -> Self {
        Self { view: effects.sight().clone(), effects: Some(effects), ..self }
    }

    /// All that can be called, by plugin; of two with the same name, the user's stands before the project's own.
    pub(crate) fn list(&self) -> Vec<(Running, Definition)> {
        let mut running = self.registry.running();
        running.retain(|r| r.is_for(self.view.root()));
        running.sort_by_key(Running::is_projects_own);
        let mut all: Vec<(Running, Definition)> = Vec::new();
        for plugin in running {
            for definition in &plugin.described.definitions {
                if all.iter().all(|(_, d)| d.name != definition.name) {
                    all.push((plugin.clone(), definition.clone()));
                }
            }
        }
        all
    }

    /// The tool of that name.
    pub(crate) fn find(&self, name: &str) -> Option<(Running, Definition)> {
        let mut running = self.registry.running_where(|described| described.definitions.iter().any(|d| d.name == name));
        running.retain(|r| r.is_for(self.view.root()));
        let plugin = running.into_iter().min_by_key(Running::is_projects_own)?;
        let definition = plugin.described.definitions.iter().find(|d| d.name == name)?.clone();
        Some((plugin, definition))
    }

    /// Calls the tool of that name with a JSON object; none where there is no such tool.
    pub(crate) async fn call(&self, name: &str, input: &Value) -> Option<Result<ToolOutput, CallError>> {
        let (tool, _) = self.find(name)?;
        let view: Arc<dyn ProjectView> = Arc::new(self.view.clone());
        let state: Arc<dyn StateStore> = Arc::new(self.db.clone());
        let access = Access::new(&tool.name, view, state, &tool.rights).with_recall(self.recollection.for_tools());
        let access = match &self.effects {
            Some(effects) => access.with_edit(effects.clone()).with_process(effects.clone()).with_web(effects.clone()),
            None => access,
        };
        let access = self.registry.lend(&tool.name, &tool.plugin.hash, access);
        let outcome = call_tool(&self.registry.host, &tool.plugin, Access::clone(&access), name, input).await;
        let fault = match &outcome.result {
            Err(CallError::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.registry.count(&tool.name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
        self.registry.settle_call(&tool.name, &tool.plugin.hash, PluginKind::Tool, fault.as_ref()).await;
        Some(outcome.result)
    }
}
