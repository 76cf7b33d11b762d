//! All that a model may call in one turn: our own tools, those of plugins, and those of MCP servers.

use super::builtin::{self, Builtin};
use super::effects::Effects;
use crate::mcp::Offered;
use crate::tools::Tools;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use kairos_core::model::{Call, Tool};
use kairos_exec::redact::Redactor;
use kairos_host::Definition;
use kairos_turn::{Outcome, Toolbox};
use serde_json::Value;
use std::sync::Arc;

pub(super) struct ProjectToolbox {
    pub(super) builtin: Builtin,
    pub(super) plugins: Tools,
    /// Of MCP servers.
    pub(super) remote: Vec<Offered>,
    /// Judges what they are called with.
    pub(super) effects: Arc<Effects>,
    /// The plugins' tools that are offered; empty: all.
    pub(super) only: Vec<String>,
    /// Nobody waits for an answer: the model may end its turn by sleeping.
    pub(super) asleep: bool,
}

#[async_trait]
impl Toolbox for ProjectToolbox {
    fn tools(&self) -> Vec<Tool> {
        let builtin = builtin::tools(self.asleep, !self.builtin.skills.list().is_empty());
        let as_told = |definition: Definition| {
            let input_schema = serde_json::from_str(&definition.input_schema).unwrap_or_default();
            Tool { name: definition.name, description: definition.description, input_schema }
        };
        // A plugin can't stand in for the host.
        let plugins = self.plugins.list().into_iter().map(|(_, d)| d).filter(|d| builtin.iter().all(|t| t.name != d.name));
        let plugins = plugins.filter(|d| self.only.is_empty() || self.only.contains(&d.name));
        // Who looks first what there is, a small model above all, takes what stands first: reading before changing.
        let (reads, changes): (Vec<_>, Vec<_>) = plugins.partition(|d| d.read_only);
        let mut all: Vec<Tool> = reads.into_iter().map(as_told).collect();
        all.extend(builtin);
        all.extend(changes.into_iter().map(as_told));
        for offered in &self.remote {
            // Whose words these are is said in each: a server may describe its tool as an order.
            let description = format!("[of the MCP server {}, in its words] {}", offered.server, offered.remote.description);
            all.push(Tool { name: offered.name.clone(), description, input_schema: offered.remote.input_schema.clone() });
        }
        all
    }

    fn is_read_only(&self, name: &str) -> bool {
        self.plugins.find(name).is_some_and(|(_, d)| d.read_only)
    }

    async fn call(&self, call: &Call) -> Outcome {
        self.effects.around(call, !self.is_read_only(&call.name), self.carry_out(call)).await
    }

    async fn around(&self, call: &Call, work: BoxFuture<'_, Outcome>) -> Outcome {
        // Not alone: what hooks say of a task says nothing of the calls in it.
        self.effects.around(call, false, work).await
    }
}

impl ProjectToolbox {
    async fn carry_out(&self, call: &Call) -> Outcome {
        if let Some(outcome) = self.builtin.call(call).await {
            return outcome;
        }
        if let Some(offered) = self.remote.iter().find(|offered| offered.name == call.name) {
            return self.call_remote(offered, &call.input).await.unwrap_or_else(Outcome::error);
        }
        match self.plugins.call(&call.name, &call.input).await {
            None => Outcome::error(format!("there is no tool `{}`", call.name)),
            Some(Err(e)) => Outcome::error(e.to_string()),
            Some(Ok(output)) if output.truncated => Outcome::ok(format!("{}\n[there is more]", output.text)),
            Some(Ok(output)) => Outcome::ok(output.text),
        }
    }
}

impl ProjectToolbox {
    /// What a server does is out of our sight: so the user's rules, or he himself, decide about each call.
    async fn call_remote(&self, offered: &Offered, input: &Value) -> Result<Outcome, String> {
        let input = redacted(&Redactor::from_env(), input.clone());
        self.effects.use_tool(&offered.name, &input).await.map_err(|e| e.message)?;
        let (text, failed) = offered.call(input).await?;
        Ok(if failed { Outcome::error(text) } else { Outcome::ok(text) })
    }
}

/// Without the secrets in its texts.
pub(super) fn redacted(redactor: &Redactor, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.redact(&text)),
        Value::Array(all) => all.into_iter().map(|value| redacted(redactor, value)).collect(),
        Value::Object(all) => all.into_iter().map(|(name, value)| (name, redacted(redactor, value))).collect(),
        other => other,
    }
}
