//! What is kept of a dream: each operation with its verdict and what it did.

use crate::Millis;
use crate::memory::{Change, Claim, Operation, Relation};
use serde::{Deserialize, Serialize};

/// What became of a dream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing passed: memory is as it was.
    Nothing,
    /// It waits for the user.
    Waiting,
    /// What passed was done.
    Applied,
    /// The user did not want it.
    Rejected,
    /// It was done and undone.
    Reverted,
}

impl State {
    /// The name used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Waiting => "waiting",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Reverted => "reverted",
        }
    }
}

/// A claim that an operation touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Touched {
    /// Its id.
    pub id: String,
    /// As it was; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Claim>,
    /// As it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Claim>,
}

/// One operation of a dream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// From 1, in the order in which they were proposed.
    pub number: usize,
    /// Who proposed it.
    pub strategy: String,
    /// What.
    pub operation: Operation,
    /// Why it was not done; none where it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What became of it.
    pub state: State,
    /// What it did, or would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<Touched>,
}

/// A dream and its operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dream {
    /// Its time, as `20261121-030000`.
    pub id: String,
    /// When it began.
    pub time: Millis,
    /// The strategies, in the order in which they were asked.
    pub strategies: Vec<String>,
    /// Those that could not do anything, such as for lack of a model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// What became of it.
    pub state: State,
    /// Everything that was proposed.
    pub steps: Vec<Step>,
    /// How far the transcripts were read. The next dream begins there.
    pub position: String,
}

/// A strategy that could not do anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    /// Which.
    pub strategy: String,
    /// Why, in its own words.
    pub why: String,
}

impl Dream {
    /// The steps that passed.
    pub fn passed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.refusal.is_none())
    }
}

impl Dream {
    /// Its own state, from its steps'.
    pub fn settle(&mut self) {
        let any = |state| self.steps.iter().any(|s| s.state == state);
        let order = [State::Waiting, State::Applied, State::Reverted, State::Rejected];
        self.state = order.into_iter().find(|state| any(*state)).unwrap_or(State::Nothing);
    }
}

/// An operation in a word.
pub fn verb(change: &Change) -> &'static str {
    match change {
        Change::Add(_) => "Add",
        Change::Merge { .. } => "Merge",
        Change::Supersede { .. } => "Supersede",
        Change::Dispute { .. } => "Dispute",
        Change::Promote { .. } => "Promote",
        Change::Reword { .. } => "Reword",
        Change::Retire { .. } => "Retire",
        Change::Refile { .. } => "Refile",
    }
}

/// A reason, with what a person needs to see that it is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case", tag = "refusal")]
#[allow(missing_docs)]
pub enum Refusal {
    #[error("there is no claim {claim}, or it is retired")]
    NoClaim { claim: String },
    #[error("it names too few claims, or one twice")]
    TooFew,
    #[error("it cites no evidence")]
    NoEvidence,
    #[error("there is no observation {observation}, or it was forgotten")]
    EvidenceGone { observation: String },
    #[error("observation {observation} is what memory itself said; it bears nothing out")]
    OwnWords { observation: String },
    #[error("all that bears it out is text that anyone could have written")]
    Untrusted,
    #[error("{what} is not in the evidence")]
    NotConserved { what: String },
    #[error("{what} would be lost")]
    Lost { what: String },
    #[error("{first} and {second} do not say the same: {relation:?}")]
    NotTheSame { first: String, second: String, relation: Relation },
    #[error("{first} and {second} do not contradict one another: {relation:?}")]
    NoContradiction { first: String, second: String, relation: Relation },
    #[error("{first} and {second} are not about the same thing")]
    OtherSubject { first: String, second: String },
    #[error("{by} is not later than {claim}")]
    NotLater { claim: String, by: String },
    #[error("{claim} is better borne out than what would take its place")]
    Weaker { claim: String },
    #[error("{claim} is the user's own word; only he changes it")]
    UsersWord { claim: String },
    #[error("it says what {claim} says already")]
    Known { claim: String },
    #[error("the user took {claim} out, which said the same")]
    TakenOut { claim: String },
    #[error("it tells an agent what to do; an instruction is no fact")]
    Instruction,
    #[error("{claim} is not tentative")]
    NotTentative { claim: String },
    #[error("{claim} contradicts it")]
    Open { claim: String },
    #[error("what it points at in the project is gone")]
    AnchorGone,
    #[error("it is borne out by {days} days and {sessions} sessions; {needed_days} and {needed_sessions} are needed")]
    TooSoon { days: usize, sessions: usize, needed_days: usize, needed_sessions: usize },
    #[error("it would be the {number}th such change of this dream, more than the {allowed} allowed")]
    Churn { number: usize, allowed: usize },
    #[error("{claim} was changed since the dream looked at it")]
    Changed { claim: String },
    #[error("{text}")]
    NotWritten { text: String },
}
