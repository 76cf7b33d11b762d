//! Looking up what is remembered: the port behind `kairos:host/recall`. See `wit/host/memory.wit` for what each call promises.

use crate::memory::{Observation, Origin, Status};
use crate::ports::{ClaimView, PortResult};
use crate::signal::Millis;
use async_trait::async_trait;

/// Most hits of one search.
pub const MAX_HITS: u32 = 50;
/// Longest question, in bytes.
pub const MAX_QUERY: usize = 1024;
/// Longest text of a hit, in bytes; of what stands beside it.
pub const MAX_HIT_TEXT: usize = 2 << 10;
/// See [`MAX_HIT_TEXT`].
pub const MAX_TURN_TEXT: usize = 1 << 10;
/// Turns on each side of a hit.
pub const BESIDE: u32 = 2;

/// Whose memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The project's.
    Project,
    /// The user's: claims only.
    User,
}

/// What to look among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sort {
    Both,
    Claims,
    Observations,
}

/// What one hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// A claim or an observation.
    Turn,
    /// The same, with what stands beside it.
    Window,
    /// A session, shown by its best turn.
    Session,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// A question or a few words.
    pub text: String,
    /// Whose memory.
    pub owner: Owner,
    /// What to look among.
    pub sort: Sort,
    /// What one hit is.
    pub granularity: Granularity,
    /// From then on.
    pub since: Option<Millis>,
    /// Before then.
    pub until: Option<Millis>,
    /// 1 to [`MAX_HITS`].
    pub max: u32,
}

/// What stands beside a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Of the observation.
    pub id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The whole text.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Of the claim or observation.
    pub id: String,
    /// None for an observation.
    pub status: Option<Status>,
    /// None for a claim.
    pub origin: Option<Origin>,
    /// Of the claim or observation.
    pub kind: String,
    /// A claim's topic.
    pub session: String,
    /// When it was said, or written down.
    pub time: Millis,
    /// In thousandths of the best hit's.
    pub score: u32,
    /// Why it should not be taken for true. One line.
    pub doubt: Option<String>,
    /// The whole text.
    pub text: String,
    /// At most [`BESIDE`], oldest first.
    pub before: Vec<Turn>,
    /// At most [`BESIDE`], oldest first.
    pub after: Vec<Turn>,
}

/// What is remembered of one project, and of the user. Each answer comes within a time that suits the caller, else it is `unavailable`.
#[async_trait]
#[allow(missing_docs)]
pub trait Recall: Send + Sync {
    async fn search(&self, question: Question) -> PortResult<Vec<Hit>>;
    async fn claim(&self, owner: Owner, id: &str) -> PortResult<ClaimView>;
    async fn observation(&self, id: &str) -> PortResult<Observation>;
}
