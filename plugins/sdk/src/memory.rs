//! What is remembered, as a dream reads it, and what it may propose.

use crate::types::{Error, fit};

pub use crate::bindings::dream::exports::kairos::dream::strategy::{
    Change, Merged, NewClaim, Operation, Refiled, Reworded, Superseded,
};
pub use crate::bindings::dream::kairos::dream::memory::{Candidate, Relation, Support};
pub use crate::recall::{Anchor, Claim, Kind, Observation, Origin, Status};

/// Most claims or observations on a page.
pub const MAX_PAGE: u32 = 1000;
/// Most operations of a dream.
pub const MAX_OPERATIONS: usize = 1000;
/// Most ids of observations in one operation.
pub const MAX_EVIDENCE: usize = 256;
/// Longest text of a claim, in bytes.
pub const MAX_CLAIM: usize = 2048;

/// Memory as it was when the dream began: it doesn't change while the strategy runs. Needs the capability `memory`.
/// `wit/dream/dream.wit` says what each call promises.
pub trait Memory {
    /// When the dream began, in milliseconds since 1970.
    fn time(&self) -> u64;
    /// One page of the claims that aren't retired; [`all_claims`](Self::all_claims) reads all pages.
    fn claims(&self, after: Option<&str>, max: u32) -> Result<Vec<Claim>, Error>;
    /// One page of what was observed since the last dream; [`new_observations`](Self::new_observations) reads all pages.
    fn observations(&self, after: Option<&str>, max: u32) -> Result<Vec<Observation>, Error>;
    /// One observation, of whenever; `not-found` where its text was forgotten.
    fn observation(&self, id: &str) -> Result<Observation, Error>;
    /// The claims nearest to a text, best first, 1 to 100.
    fn similar(&self, text: &str, max: u32) -> Result<Vec<Candidate>, Error>;
    /// How well a claim is borne out by its evidence and `more`, ids of at most 256 observations, as the host judges it.
    fn support(&self, claim: &str, more: &[String]) -> Result<Support, Error>;
    /// What the first text is to the second.
    fn compare(&self, first: &str, second: &str) -> Relation;

    /// All claims that aren't retired, by id.
    fn all_claims(&self) -> Result<Vec<Claim>, Error> {
        let mut all: Vec<Claim> = Vec::new();
        loop {
            let page = self.claims(all.last().map(|c| c.id.as_str()), MAX_PAGE)?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Shows every new observation to `see`, oldest first, a page in memory at a time.
    fn new_observations(&self, mut see: impl FnMut(Observation)) -> Result<(), Error> {
        let mut last: Option<String> = None;
        loop {
            let page = self.observations(last.as_deref(), MAX_PAGE)?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.id.clone());
            page.into_iter().for_each(&mut see);
        }
    }
}

impl Memory for crate::bindings::dream::kairos::dream::memory::Snapshot {
    fn time(&self) -> u64 {
        self.time()
    }
    fn claims(&self, after: Option<&str>, max: u32) -> Result<Vec<Claim>, Error> {
        self.claims(after, max)
    }
    fn observations(&self, after: Option<&str>, max: u32) -> Result<Vec<Observation>, Error> {
        self.observations(after, max)
    }
    fn observation(&self, id: &str) -> Result<Observation, Error> {
        self.observation(id)
    }
    fn similar(&self, text: &str, max: u32) -> Result<Vec<Candidate>, Error> {
        self.similar(text, max)
    }
    fn support(&self, claim: &str, more: &[String]) -> Result<Support, Error> {
        self.support(claim, more)
    }
    fn compare(&self, first: &str, second: &str) -> Relation {
        self.compare(first, second)
    }
}

impl NewClaim {
    /// A claim of that kind, in the kind's own file. `text` is cut to one line of 2 KiB.
    pub fn new(kind: Kind, text: &str) -> Self {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { kind, topic: None, text: fit(&line, MAX_CLAIM), anchors: Vec::new(), valid_from: None }
    }

    /// Points at a file of the project.
    pub fn anchored_at(mut self, path: &str) -> Self {
        self.anchors.push(Anchor { path: path.into(), symbol: None, quote: None });
        self
    }
}

impl Operation {
    /// A change with its reason, cut at 400 bytes. What is added has to rest on [`evidence`](Self::evidence).
    pub fn new(change: Change, reason: &str) -> Self {
        Self { change, reason: fit(reason, 400), evidence: Vec::new() }
    }

    /// Ids of observations; what is over [`MAX_EVIDENCE`] is left out.
    pub fn evidence(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        let room = MAX_EVIDENCE - self.evidence.len().min(MAX_EVIDENCE);
        self.evidence.extend(ids.into_iter().take(room));
        self
    }
}
