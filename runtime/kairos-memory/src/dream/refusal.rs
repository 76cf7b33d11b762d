//! Why the host does not do what a strategy proposed.

use kairos_core::memory::Relation;
use serde::{Deserialize, Serialize};

/// A reason, with what a person needs to see that it is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
