//! The memory of a project and that of the user, asked together.

use super::open;
use crate::paths::Paths;
use anyhow::Result;
use kairos_core::Millis;
use kairos_core::memory::{Origin, Relation, Status};
use kairos_memory::compare::compare;
use kairos_memory::memory::{Memory, Trait};
use kairos_memory::recall::search::{Hit, Only, Search};
use serde::Serialize;
use std::path::Path;

/// How many hits may be evidence of others.
const BORNE: usize = 10;

/// Whose memory something is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This project's.
    Project,
    /// What is true in all projects.
    User,
}

impl Scope {
    /// In a sentence.
    pub fn place(self) -> &'static str {
        match self {
            Self::Project => "in this project's memory",
            Self::User => "in your own memory",
        }
    }
}

/// The user's memory, if there is one.
fn users(paths: &Paths) -> Result<Option<Memory>> {
    let home = super::home(paths, None)?;
    if home.foreign || home.has_claims() { open(paths, None).map(Some) } else { Ok(None) }
}

/// The memory that is meant, first, and that of the user beside it.
pub type Memories<'a> = [(Scope, &'a Memory)];

/// The memory that is meant, opened, and that of the user beside it where another is meant.
pub struct Opened {
    /// Whose the first is.
    pub own: Scope,
    /// The one that is meant.
    pub memory: Memory,
    users: Option<Memory>,
}

impl Opened {
    /// A project's; without a root the user's.
    pub fn of(paths: &Paths, root: Option<&Path>) -> Result<Self> {
        let memory = open(paths, root)?;
        let (own, users) = match root {
            Some(_) => (Scope::Project, users(paths)?),
            None => (Scope::User, None),
        };
        Ok(Self { own, memory, users })
    }

    /// Both, or the one.
    pub fn all(&self) -> Vec<(Scope, &Memory)> {
        let users = self.users.as_ref().map(|users| (Scope::User, users));
        [(self.own, &self.memory)].into_iter().chain(users).collect()
    }
}

/// The memory that holds a claim or an observation: the first, unless only another knows it.
pub fn holder<'a>(memories: &Memories<'a>, id: &str) -> (Scope, &'a Memory) {
    let knows = |memory: &Memory| match id.contains('-') {
        true => memory.transcripts().get(&[id]).is_ok_and(|got| !got.found.is_empty()),
        false => memory.claim(id).is_ok(),
    };
    memories.iter().find(|(_, memory)| knows(memory)).copied().unwrap_or(memories[0])
}

/// Ids by the memory that holds them.
pub fn by_holder<'a>(memories: &Memories<'a>, ids: &[String]) -> Vec<(Scope, &'a Memory, Vec<String>)> {
    let held: Vec<(Scope, &String)> = ids.iter().map(|id| (holder(memories, id).0, id)).collect();
    let of = |scope| held.iter().filter(|(of, _)| *of == scope).map(|(_, id)| (*id).clone()).collect::<Vec<_>>();
    let parts = memories.iter().map(|(scope, memory)| (*scope, *memory, of(*scope)));
    parts.filter(|(.., ids)| !ids.is_empty()).collect()
}

/// What is shown of a claim, with whose memory it was found in.
#[derive(Debug, Serialize)]
pub struct Held<T> {
    /// Whose.
    pub scope: Scope,
    /// What is shown.
    #[serde(flatten)]
    pub what: T,
}

/// Something that a search found.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Of the claim or observation.
    pub id: String,
    /// In whose memory.
    pub scope: Scope,
    /// How far it is believed; none for an observation.
    pub status: Option<Status>,
    /// What it is.
    pub kind: String,
    /// Where an observation comes from.
    pub origin: Option<Origin>,
    /// When it was said, or written down.
    pub time: Millis,
    /// Its session; a claim's topic.
    pub session: String,
    /// Comparable within one search and scope.
    pub score: f32,
    /// The whole text.
    pub text: String,
}

/// What is remembered about something. Of the user's memory only claims: what they rest on was said elsewhere. The scores of two indexes
/// can't be compared, so the best of each stand first, in turn.
pub fn search(memories: &Memories<'_>, text: &str, claims: bool, limit: usize, now: Millis) -> Result<Vec<Found>> {
    let only = |at: usize| if claims || at > 0 { Only::Claims } else { Only::Both };
    let mut all: Vec<(usize, Found)> = vec![];
    for (at, (scope, memory)) in memories.iter().enumerate() {
        all.extend(in_one(memory, *scope, text, only(at), limit, now)?.into_iter().enumerate());
    }
    all.sort_by_key(|(rank, _)| *rank);
    Ok(all.into_iter().map(|(_, found)| found).take(limit).collect())
}

fn in_one(memory: &Memory, scope: Scope, text: &str, only: Only, limit: usize, now: Millis) -> Result<Vec<Found>> {
    memory.absorb(now)?;
    let today = Some(jiff::Zoned::now().date());
    // More than is wanted, since what bears out a claim among them is left out.
    let limit = limit + BORNE;
    let search = Search { text: text.to_owned(), today, asker: Some("user".to_owned()), only, limit, ..Search::default() };
    let hits = memory.search(&search, now)?;
    let book = memory.book()?;
    // What bears a claim out is shown by `why`; here it would say the same again.
    let borne =
        |id: &str| hits.iter().filter(|h| h.claim).any(|h| book.claim(&h.id).is_some_and(|c| c.evidence.iter().any(|e| e == id)));
    let found = |hit: &Hit| {
        let status = if hit.claim { book.claim(&hit.id).map(|c| c.status) } else { None };
        let Hit { id, kind, origin, time, session, score, text, .. } = hit.clone();
        Found { id, scope, status, kind, origin, time, session, score, text }
    };
    Ok(hits.iter().filter(|h| h.claim || !borne(&h.id)).map(found).collect())
}

/// A line of the profile.
#[derive(Debug, Clone, Serialize)]
pub struct Sketch {
    /// From whose memory.
    pub scope: Scope,
    /// What it says, and why.
    #[serde(flatten)]
    pub line: Trait,
}

/// The picture of the user, from both memories: what is true everywhere before what is so in this project, and what rose from it once.
pub fn profile(memories: &Memories<'_>, now: Millis) -> Result<Vec<Sketch>> {
    let mut lines = vec![];
    for (scope, memory) in memories.iter().rev() {
        memory.absorb(now)?;
        for line in memory.profile()? {
            let known = |other: &Sketch| compare(&other.line.why.claim.text, &line.why.claim.text) == Relation::Same;
            if !lines.iter().filter(|other: &&Sketch| other.scope != *scope).any(known) {
                lines.push(Sketch { scope: *scope, line });
            }
        }
    }
    lines.sort_by_key(|sketch| sketch.line.part);
    Ok(lines)
}
