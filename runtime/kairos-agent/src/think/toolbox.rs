//! All that a model may call in one turn: our own tools, and those of plugins.

use super::builtin::{self, Builtin};
use super::effects::Effects;
use crate::tools::Tools;
use async_trait::async_trait;
use kairos_core::model::{Call, Tool};
use kairos_turn::{Outcome, Toolbox};
use std::sync::Arc;

pub(super) struct ProjectToolbox {
    pub(super) builtin: Builtin,
    pub(super) plugins: Tools,
    pub(super) effects: Arc<Effects>,
    /// Nobody waits for an answer: the model may end its turn by sleeping.
    pub(super) asleep: bool,
}

#[async_trait]
impl Toolbox for ProjectToolbox {
    fn tools(&self) -> Vec<Tool> {
        let mut all = builtin::tools(self.asleep, !self.builtin.skills.list().is_empty());
        for (_, definition) in self.plugins.list() {
            // A plugin can't stand in for the host.
            if all.iter().all(|t| t.name != definition.name) {
                let input_schema = serde_json::from_str(&definition.input_schema).unwrap_or_default();
                all.push(Tool { name: definition.name, description: definition.description, input_schema });
            }
        }
        all
    }

    fn is_read_only(&self, name: &str) -> bool {
        self.plugins.find(name).is_some_and(|(_, d)| d.read_only)
    }

    async fn call(&self, call: &Call) -> Outcome {
        self.effects.around(call, !self.is_read_only(&call.name), self.carry_out(call)).await
    }
}

impl ProjectToolbox {
    async fn carry_out(&self, call: &Call) -> Outcome {
        if let Some(outcome) = self.builtin.call(call).await {
            return outcome;
        }
        match self.plugins.call(&call.name, &call.input).await {
            None => Outcome::error(format!("there is no tool `{}`", call.name)),
            Some(Err(e)) => Outcome::error(e.to_string()),
            Some(Ok(output)) if output.truncated => Outcome::ok(format!("{}\n[there is more]", output.text)),
            Some(Ok(output)) => Outcome::ok(output.text),
        }
    }
}
