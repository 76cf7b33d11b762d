//! The tools that plugins bring.

use crate::agent::Agent;
use kairos_api::{ApiError, ApiResult, ToolCall, ToolInfo, ToolOutput};

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
        let result = project.tools.call(&call.tool, &call.input).await.ok_or_else(|| {
            ApiError::not_found(format!("there is no tool `{}`", call.tool)).with_hint("`kairos-run tool list` shows all of them")
        })?;
        Ok(match result {
            Ok(o) => ToolOutput { text: o.text, structured: o.structured, truncated: o.truncated, is_error: false },
            Err(e) => ToolOutput { text: e.to_string(), is_error: true, ..ToolOutput::default() },
        })
    }
}
