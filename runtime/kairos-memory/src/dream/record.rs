//! What is kept of a dream: each operation with its verdict and what it did. `.kairos/dreams/ID.json`.

use super::refusal::Refusal;
use kairos_core::Millis;
use kairos_core::memory::{Change, Claim, Operation};
use serde::{Deserialize, Serialize};

/// The folder of the records, in the vault.
pub const FOLDER: &str = ".kairos/dreams/";

/// What became of a dream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct Dream {
    /// Its time, as `20261121-030000`.
    pub id: String,
    /// When it began.
    pub time: Millis,
    /// The strategies, in the order in which they were asked.
    pub strategies: Vec<String>,
    /// What became of it.
    pub state: State,
    /// Everything that was proposed.
    pub steps: Vec<Step>,
    /// How far the transcripts were read. The next dream begins there.
    pub position: String,
}

impl Dream {
    /// Its record's path in the vault.
    pub fn path(&self) -> String {
        format!("{FOLDER}{}.json", self.id)
    }

    /// The steps that passed.
    pub fn passed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.refusal.is_none())
    }

    /// As it is stored: a file that a person can read.
    pub fn render(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Dream {
    /// Its own state, from its steps'.
    pub(super) fn settle(&mut self) {
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
