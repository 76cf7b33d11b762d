//! A turn of a language model: what it is told, what it may call, when it ends.
//!
//! A [`Turn`] asks a [`Mind`] to go on with a [`Conversation`], has what it calls carried out by a [`Toolbox`], and asks again, until the
//! mind is done, wants to sleep, or has used up its [`Limits`]. A [`Witness`] sees all of it as it happens. Nothing here knows a
//! provider, a plugin or a file: who may do what is the toolbox's to judge, and what it costs is the mind's to pay.
//!
//! Whatever happens in between (an error, or nobody waits any more), the conversation can be gone on with.

mod apart;
mod compact;
mod conversation;
mod heartbeat;
mod task;
mod tick;
mod turn;

pub use compact::{Compacted, compact, compact_all, is_long};
pub use conversation::Conversation;
pub use heartbeat::checklist;
pub use task::TASK;
pub use tick::{Glimpse, INSTRUCTIONS, Seen, describe};
pub use turn::{End, Limits, Outcome, Toolbox, Turn, Witness};

use async_trait::async_trait;
pub use kairos_core::model::Heard;
use kairos_core::model::{Completion, Prompt};
use kairos_core::ports::PortResult;

/// A language model with a purse.
#[async_trait]
pub trait Mind: Send + Sync {
    /// Goes on with a conversation. `exhausted` where no budget is left, `unavailable` where nobody can be asked: in one line for the
    /// user, with what to do.
    async fn think(&self, prompt: &Prompt, heard: Heard<'_>) -> PortResult<Completion>;
}
