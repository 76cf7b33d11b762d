//! Memory as a dream reads it: the resource `snapshot`, behind the right to read memory.
//!
//! What is handed over is the whole memory, page by page, and it stays the same while the dream lasts. So no answer is journalled: the
//! journal says how often each function was called, and how many bytes crossed.

use crate::bindings::{memory as api, wit};
use crate::context::Context;
use crate::dream::MAX_IDS;
use crate::remembered::{claim_weight, observation_weight};
use kairos_core::memory::Relation;
use kairos_core::ports::{Candidate, Snapshot, Support};
use kairos_core::{ErrorCode, PortError};
use serde::Serialize;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Most claims or observations on a page.
const MAX_PAGE: u32 = 1000;
/// Most candidates of one `similar`.
const MAX_CANDIDATES: u32 = 100;

/// What the guest's handle stands for. There is one snapshot a call, so that the handle itself need not say which.
pub struct Handle;

/// A snapshot, and what was read of it.
pub(crate) struct DreamMemory {
    snapshot: Arc<dyn Snapshot>,
    pub(crate) read: Read,
}

/// Calls by function, and bytes of all answers together.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Read {
    claims: u32,
    observations: u32,
    observation: u32,
    similar: u32,
    support: u32,
    compare: u32,
    bytes: u64,
}

impl DreamMemory {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self { snapshot, read: Read::default() }
    }
}

type Answer<T> = std::result::Result<T, wit::types::Error>;

impl Context {
    /// The snapshot, if memory may be read. Without the right this fails in the same way whether there is one or not.
    fn snapshot(&mut self, count: impl FnOnce(&mut Read)) -> std::result::Result<Arc<dyn Snapshot>, PortError> {
        self.access.memory()?;
        let Some(memory) = &mut self.memory else {
            return Err(PortError::new(ErrorCode::Denied, "only a dream can read memory"));
        };
        count(&mut memory.read);
        Ok(memory.snapshot.clone())
    }

    fn hand<T, W: From<T>>(
        &mut self,
        answer: std::result::Result<Vec<T>, PortError>,
        size: impl Fn(&T) -> usize,
    ) -> Answer<Vec<W>> {
        let all = answer?;
        self.hand_memory(all.iter().map(size).sum())?;
        Ok(all.into_iter().map(W::from).collect())
    }

    fn hand_memory(&mut self, bytes: usize) -> std::result::Result<(), PortError> {
        self.hand_over(bytes)?;
        if let Some(memory) = &mut self.memory {
            memory.read.bytes += bytes as u64;
        }
        Ok(())
    }
}

fn in_range(max: u32, most: u32) -> std::result::Result<(), PortError> {
    if (1..=most).contains(&max) {
        return Ok(());
    }
    Err(PortError::new(ErrorCode::Invalid, format!("`max` is {max}, allowed are 1 to {most}")))
}

impl api::Host for Context {}

impl api::HostSnapshot for Context {
    async fn time(&mut self, _: Resource<Handle>) -> Result<u64> {
        self.enter()?;
        // No error can be told here. When a dream began is no secret.
        Ok(self.memory.as_ref().map_or(0, |m| m.snapshot.time()))
    }

    async fn claims(&mut self, _: Resource<Handle>, after: Option<String>, max: u32) -> Result<Answer<Vec<api::Claim>>> {
        self.enter()?;
        let answer = async {
            let snapshot = self.snapshot(|read| read.claims += 1)?;
            in_range(max, MAX_PAGE)?;
            snapshot.claims(after.as_deref(), max).await
        }
        .await;
        Ok(self.hand(answer, claim_weight))
    }

    async fn observations(
        &mut self,
        _: Resource<Handle>,
        after: Option<String>,
        max: u32,
    ) -> Result<Answer<Vec<api::Observation>>> {
        self.enter()?;
        let answer = async {
            let snapshot = self.snapshot(|read| read.observations += 1)?;
            in_range(max, MAX_PAGE)?;
            snapshot.observations(after.as_deref(), max).await
        }
        .await;
        Ok(self.hand(answer, observation_weight))
    }

    async fn observation(&mut self, _: Resource<Handle>, id: String) -> Result<Answer<api::Observation>> {
        self.enter()?;
        let answer = async {
            let snapshot = self.snapshot(|read| read.observation += 1)?;
            snapshot.observation(&id).await
        }
        .await;
        let answer = answer.and_then(|o| self.hand_memory(observation_weight(&o)).map(|()| o));
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn similar(&mut self, _: Resource<Handle>, text: String, max: u32) -> Result<Answer<Vec<api::Candidate>>> {
        self.enter()?;
        let answer = async {
            let snapshot = self.snapshot(|read| read.similar += 1)?;
            in_range(max, MAX_CANDIDATES)?;
            snapshot.similar(&text, max).await
        }
        .await;
        Ok(self.hand(answer, |c: &Candidate| 32 + c.id.len()))
    }

    async fn support(&mut self, _: Resource<Handle>, claim: String, more: Vec<String>) -> Result<Answer<api::Support>> {
        self.enter()?;
        let answer = async {
            let snapshot = self.snapshot(|read| read.support += 1)?;
            if more.len() > MAX_IDS {
                let text = format!("{} ids, at most {MAX_IDS} are allowed", more.len());
                return Err(PortError::new(ErrorCode::TooLarge, text));
            }
            snapshot.support(&claim, &more).await
        }
        .await;
        let answer = answer.and_then(|s| self.hand_memory(64).map(|()| s));
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn compare(&mut self, _: Resource<Handle>, first: String, second: String) -> Result<api::Relation> {
        self.enter()?;
        // No error can be told here either; two texts of the guest's own say nothing of what is remembered.
        Ok(self.snapshot(|read| read.compare += 1).map_or(api::Relation::Apart, |s| s.compare(&first, &second).into()))
    }

    async fn drop(&mut self, _: Resource<Handle>) -> Result<()> {
        Ok(())
    }
}

impl From<Relation> for api::Relation {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Same => Self::Same,
            Relation::Contrary => Self::Contrary,
            Relation::Includes => Self::Includes,
            Relation::Included => Self::Included,
            Relation::Related => Self::Related,
            Relation::Apart => Self::Apart,
        }
    }
}

impl From<Support> for api::Support {
    fn from(s: Support) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { stated: s.stated, days: number(s.days), sessions: number(s.sessions), latest: s.latest, enough: s.enough }
    }
}

impl From<Candidate> for api::Candidate {
    fn from(c: Candidate) -> Self {
        Self { id: c.id, score: c.score, relation: c.relation.into() }
    }
}
