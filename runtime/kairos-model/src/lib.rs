//! Language models behind one small trait.
//!
//! A [`Client`] speaks one of two wire formats, OpenAI-compatible chat completions or Anthropic Messages, to a provider that
//! [`find`] takes from the settings and the environment, or that [`find_local`] finds on this machine; where there is none,
//! [`Unconfigured`] says what to do. What is sent
//! leaves through `kairos-net`, which writes it down first, and only after known secrets were taken out of it. Words of others
//! in a prompt are marked as data. A key is read when it is needed, and stands in no error, log or `Debug`.
//!
//! After a refusal of the key nothing is asked again until the key or the address changes; a provider that wants to be left alone
//! for a while, or that failed five times in a row, is. Budgets are not kept here: who calls reserves first, by [`Model::estimate`] and [`Price`].
//!
//! What the model wants called comes back as data, in both formats alike; nobody here calls anything.

mod anthropic;
mod choose;
mod client;
mod draft;
mod error;
mod events;
mod find;
mod learnt;
mod mark;
mod openai;
mod prices;
mod render;
mod wire;

pub use choose::{check, choose};
pub use client::Client;
pub use error::ModelError;
pub use find::{Preset, Provider, fallback, find, find_local};
pub use prices::Price;
pub use render::estimate;

use async_trait::async_trait;
pub use kairos_core::model::Heard;
use kairos_core::model::{Completion, Prompt};
use std::time::Duration;

/// Something that goes on with a conversation.
#[async_trait]
pub trait Model: Send + Sync {
    /// Which model where, for a person: `claude-haiku-4-5 at api.anthropic.com`.
    fn name(&self) -> String;
    /// So long one completion takes at most, further tries included.
    fn patience(&self) -> Duration;
    /// Tokens that it may take at most, as far as can be told beforehand: the prompt's, generously, and the longest answer's.
    fn estimate(&self, prompt: &Prompt) -> u64;
    /// Asks. `why` stands in the ledger of what left the machine; `heard` gets each piece of the text as it comes, and the whole of
    /// it stands in the answer once more. Whoever no longer wants the answer drops the future.
    ///
    /// # Errors
    /// See [`ModelError`]; [`ModelError::may_cost`] tells whether it may have used tokens.
    async fn complete(&self, prompt: &Prompt, why: &str, heard: Heard<'_>) -> Result<Completion, ModelError>;
}

/// No model: it says why, and what to do.
#[derive(Debug, Clone)]
pub struct Unconfigured(pub String);

#[async_trait]
impl Model for Unconfigured {
    fn name(&self) -> String {
        "none".into()
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn estimate(&self, _: &Prompt) -> u64 {
        0
    }

    async fn complete(&self, _: &Prompt, _: &str, _: Heard<'_>) -> Result<Completion, ModelError> {
        Err(ModelError::None(self.0.clone()))
    }
}
