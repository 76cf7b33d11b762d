//! What is kept of a dream: each operation with its verdict and what it did.

use crate::Millis;
use crate::memory::{Change, Claim, Operation, Relation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// How far the transcripts were read. The strategies of this dream read on there in their next.
    pub position: String,
    /// Strategies that had missed so much that they came to another place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub apart: BTreeMap<String, String>,
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

    /// What it came to, or would, in words: `3 claims added, 1 superseded`.
    pub fn outcome(&self) -> String {
        let mut counts: Vec<(&str, usize)> = vec![];
        // What the user decided otherwise about counts only where he did so about all of it.
        let all = !self.steps.iter().any(|s| s.state == self.state);
        for step in self.passed().filter(|s| all || s.state == self.state) {
            let verb = verb(&step.operation.change);
            match counts.iter_mut().find(|(known, _)| *known == verb) {
                Some((_, count)) => *count += 1,
                None => counts.push((verb, 1)),
            }
        }
        let said = |(at, (verb, count)): (usize, &(&str, usize))| {
            let noun = ["", " claim", " claims"][if at > 0 { 0 } else { (*count).min(2) }];
            match self.state {
                State::Waiting => format!("{count}{noun} to {}", verb.to_lowercase()),
                _ => format!("{count}{noun} {}", past(verb)),
            }
        };
        let said: Vec<String> = counts.iter().enumerate().map(said).collect();
        if said.is_empty() { "nothing to change".into() } else { said.join(", ") }
    }
}

/// `Add`: `added`, `Merge`: `merged`.
fn past(verb: &str) -> String {
    let verb = verb.to_lowercase();
    if verb.ends_with('e') { format!("{verb}d") } else { format!("{verb}ed") }
}

/// A claim that was changed again since: it was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// Its id.
    pub id: String,
    /// As it was before the dream; none if the dream had made it.
    pub before: Option<Claim>,
    /// As the dream had made it.
    pub dreamt: Option<Claim>,
    /// As it is now.
    pub now: Option<Claim>,
    /// The words of before with what was changed since; none where the two changes touch the same words.
    pub merged: Option<String>,
}

/// What undoing a dream came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reverted {
    /// The dream, as its record says now.
    pub dream: Dream,
    /// What was not undone, and waits for a decision.
    pub conflicts: Vec<Conflict>,
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
    #[error("{claim} is what another tool wrote into its own folder; only that tool and the user change it")]
    AnothersWord { claim: String },
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
    #[error("it is about a project; this memory is of what is true of the user in all of them")]
    OfAProject,
    #[error("it would be the {number}th such change of this dream, more than the {allowed} allowed")]
    Churn { number: usize, allowed: usize },
    #[error("{claim} was changed since the dream looked at it")]
    Changed { claim: String },
    #[error("{text}")]
    NotWritten { text: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dream(state: State, changes: &[(Change, State)]) -> Dream {
        let step = |(change, state): &(Change, State)| Step {
            number: 1,
            strategy: "s".into(),
            operation: Operation { change: change.clone(), reason: "r".into(), evidence: vec![] },
            refusal: None,
            state: *state,
            touched: vec![],
        };
        let steps = changes.iter().map(step).collect();
        Dream {
            id: "d".into(),
            time: 0,
            strategies: vec![],
            skipped: vec![],
            state,
            steps,
            position: String::new(),
            apart: BTreeMap::new(),
        }
    }

    #[test]
    fn what_a_dream_came_to_is_said_in_a_line() {
        let (retire, promote) = (Change::Retire { claim: "a".into() }, Change::Promote { claim: "b".into() });
        let all = |state| dream(state, &[(retire.clone(), state), (promote.clone(), state), (retire.clone(), state)]);
        assert_eq!(all(State::Applied).outcome(), "2 claims retired, 1 promoted");
        assert_eq!(all(State::Reverted).outcome(), "2 claims retired, 1 promoted");
        assert_eq!(all(State::Waiting).outcome(), "2 claims to retire, 1 to promote");
        assert_eq!(dream(State::Nothing, &[]).outcome(), "nothing to change");
        let partly = dream(State::Applied, &[(retire, State::Reverted), (promote, State::Applied)]);
        assert_eq!(partly.outcome(), "1 claim promoted");
    }
}
