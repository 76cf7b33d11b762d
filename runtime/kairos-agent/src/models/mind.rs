//! A paid model as our own turns reach it.

use super::paid::Paid;
use super::port::told;
use async_trait::async_trait;
use kairos_core::model::{Completion, Prompt};
use kairos_core::ports::PortResult;
use kairos_turn::{Heard, Mind};

#[async_trait]
impl Mind for Paid {
    async fn think(&self, prompt: &Prompt, heard: Heard<'_>) -> PortResult<Completion> {
        self.ask(prompt, heard, None).await.map_err(|e| told(&e))
    }
}
