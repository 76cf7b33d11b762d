//! The tools that plugins bring.

use crate::agent::Agent;
use crate::registry::Running;
use kairos_api::{ApiError, ApiResult, ToolCall, ToolInfo, ToolOutput};
use kairos_core::PluginKind;
use kairos_core::ports::{ProjectView, StateStore};
use kairos_host::{Access, CallError, call_tool};
use std::sync::Arc;

impl Agent {
    pub(super) fn tools(&self) -> Vec<ToolInfo> {
        let running = self.registry.running();
        let tools = running.iter().flat_map(|r| {
            r.described.definitions.iter().map(|d| ToolInfo {
                name: d.name.clone(),
                plugin: r.name.clone(),
                description: d.description.clone(),
                read_only: d.read_only,
                input_schema: serde_json::from_str(&d.input_schema).unwrap_or_default(),
            })
        });
        tools.collect()
    }

    pub(super) async fn call_tool(&self, call: ToolCall) -> ApiResult<ToolOutput> {
        let project = self.project(call.project.as_deref())?;
        if !call.input.is_object() {
            return Err(ApiError::invalid("a tool's input is a JSON object, such as '{\"path\": \"README.md\"}'"));
        }
        let running = self.registry.running();
        let has_it = |r: &&Running| r.is_for(&project.root) && r.described.definitions.iter().any(|d| d.name == call.tool);
        // A project's own tool can't stand in for one of the user's.
        let tool = running.iter().filter(has_it).min_by_key(|r| r.is_projects_own()).ok_or_else(|| {
            ApiError::not_found(format!("there is no tool `{}`", call.tool)).with_hint("`kairos-run tool list` shows all of them")
        })?;
        let view: Arc<dyn ProjectView> = Arc::new(project.view.clone());
        let state: Arc<dyn StateStore> = Arc::new(project.inbox.db.clone());
        let access = Access::new(&tool.name, view, state, &tool.rights).with_recall(project.recollection.for_tools());
        let access = self.registry.lend(&tool.name, &tool.plugin.hash, access);
        let outcome = call_tool(&self.registry.host, &tool.plugin, Access::clone(&access), &call.tool, &call.input).await;
        let fault = match &outcome.result {
            Err(CallError::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.registry.count(&tool.name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
        self.registry.settle_call(&tool.name, &tool.plugin.hash, PluginKind::Tool, fault.as_ref()).await;
        Ok(match outcome.result {
            Ok(o) => ToolOutput { text: o.text, structured: o.structured, truncated: o.truncated, is_error: false },
            Err(e) => ToolOutput { text: e.to_string(), is_error: true, ..ToolOutput::default() },
        })
    }
}
