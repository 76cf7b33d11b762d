//! What may become a claim.

use kairos_plugin::memory::Kind;
use std::rc::Rc;

/// Most observations that one lesson cites: enough to check it, little enough to read.
pub const MAX_CITED: usize = 16;

/// An observation that something rests on: when, its id, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub time: u64,
    pub id: Rc<str>,
    pub session: Rc<str>,
}

/// A claim that could be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    pub kind: Kind,
    pub text: String,
    /// Paths.
    pub anchors: Vec<String>,
    pub evidence: Vec<Seen>,
    pub reason: &'static str,
}

impl Lesson {
    pub fn new(kind: Kind, text: String, evidence: Vec<Seen>, reason: &'static str) -> Self {
        Self { kind, text, anchors: Vec::new(), evidence, reason }
    }

    /// When it was last said or seen.
    pub fn latest(&self) -> Option<&Seen> {
        self.evidence.iter().max()
    }

    /// The evidence, oldest first; where there is too much of it, the newest of each session before others of the same.
    pub fn ids(&self) -> Vec<String> {
        let mut all: Vec<&Seen> = self.evidence.iter().collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.dedup();
        let mut sessions = std::collections::BTreeSet::new();
        let (first, rest): (Vec<&Seen>, Vec<&Seen>) = all.into_iter().partition(|s| sessions.insert(s.session.clone()));
        let mut cited: Vec<&Seen> = first.into_iter().chain(rest).take(MAX_CITED).collect();
        cited.sort_unstable();
        cited.into_iter().map(|s| s.id.to_string()).collect()
    }
}

/// The `most` with the most evidence, then by text: which ones are kept doesn't depend on the order in which they were found.
pub fn best(mut lessons: Vec<Lesson>, most: usize) -> Vec<Lesson> {
    lessons.sort_by(|a, b| b.evidence.len().cmp(&a.evidence.len()).then_with(|| a.text.cmp(&b.text)));
    lessons.truncate(most);
    lessons
}
