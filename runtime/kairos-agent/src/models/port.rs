//! A paid model as plugins reach it.

use super::paid::Paid;
use async_trait::async_trait;
use kairos_core::model::{Completion, Prompt};
use kairos_core::ports::{Model as Port, PortResult};
use kairos_core::{ErrorCode, PortError};
use kairos_model::ModelError;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// In a task of its own: its CPU time is not the plugin's, and what was sent is settled, whether or not the plugin still waits, or the
/// place where it ran is gone.
pub(super) struct Asked {
    pub(super) paid: Arc<Paid>,
    pub(super) runtime: Handle,
}

#[async_trait]
impl Port for Asked {
    fn patience(&self) -> Duration {
        self.paid.patience()
    }

    async fn complete(&self, prompt: &Prompt, tokens_a_day: u64) -> PortResult<Completion> {
        let (paid, prompt) = (self.paid.clone(), prompt.clone());
        let asked = self.runtime.spawn(async move { paid.ask(&prompt, &|_| (), Some(tokens_a_day)).await });
        match asked.await {
            Ok(answer) => answer.map_err(|e| told(&e)),
            Err(e) => Err(PortError::new(ErrorCode::Other, format!("asking the model failed: {e}"))),
        }
    }
}

pub(super) fn told(error: &ModelError) -> PortError {
    let code = match error {
        ModelError::Prompt(_) => ErrorCode::Invalid,
        ModelError::Budget(_) => ErrorCode::Exhausted,
        _ => ErrorCode::Unavailable,
    };
    PortError::new(code, error.to_string())
}
