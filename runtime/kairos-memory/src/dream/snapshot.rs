//! Memory as it was when a dream began, for strategies to read.

use super::draft::Draft;
use super::evidence::{Seen, support};
use super::nearest::Nearest;
use super::policy::Policy;
use crate::compare::compare;
use crate::memory::{Recalled, Recalls, Result};
use crate::transcript::Transcripts;
use async_trait::async_trait;
use kairos_core::memory::{Observation, Relation};
use kairos_core::ports::{Candidate, ClaimView, PortResult, Snapshot, Support};
use kairos_core::{ErrorCode, Millis, PortError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most claims on a page, and observations.
const MAX_PAGE: u32 = 1000;
/// Most candidates of one search.
const MAX_CANDIDATES: u32 = 100;
/// Most text of a page of observations, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// See the module. It holds what is new since the last dream in memory: a dream is rare, and what it reads must not change.
pub struct MemorySnapshot {
    time: Millis,
    claims: BTreeMap<String, ClaimView>,
    new: Vec<Arc<Observation>>,
    places: BTreeMap<String, usize>,
    /// Evidence of the claims.
    seen: Seen,
    policy: Policy,
    nearest: Nearest,
}

/// Observations by id; those that are gone are left out.
pub(super) fn read(transcripts: &Transcripts, ids: &BTreeSet<String>) -> Result<Seen> {
    let ids: Vec<&String> = ids.iter().collect();
    Ok(transcripts.get(&ids)?.found.into_iter().map(|o| (o.id.clone(), Arc::new(o))).collect())
}

impl MemorySnapshot {
    pub(super) fn new(draft: &Draft, new: Vec<Arc<Observation>>, seen: Seen, recalls: &Recalls) -> Self {
        let mut snapshot = Self {
            time: draft.time,
            policy: draft.policy,
            claims: BTreeMap::new(),
            places: new.iter().enumerate().map(|(at, o)| (o.id.clone(), at)).collect(),
            new,
            seen,
            nearest: Nearest::default(),
        };
        for claim in draft.live() {
            snapshot.nearest.add(&claim.id, &claim.text);
            let Recalled { times: recalls, last: last_recall } = recalls.of(&claim.id);
            let view = ClaimView { claim: claim.clone(), anchored: !draft.broken.contains(&claim.id), recalls, last_recall };
            snapshot.claims.insert(claim.id.clone(), view);
        }
        snapshot
    }

    fn seen(&self, id: &str) -> Option<&Arc<Observation>> {
        self.places.get(id).map(|at| &self.new[*at]).or_else(|| self.seen.get(id))
    }
}

fn within(max: u32, most: u32) -> PortResult<usize> {
    if (1..=most).contains(&max) {
        return Ok(max as usize);
    }
    Err(PortError::new(ErrorCode::Invalid, format!("max is {max}; it has to be 1 to {most}")))
}

#[async_trait]
impl Snapshot for MemorySnapshot {
    fn time(&self) -> Millis {
        self.time
    }

    async fn claims(&self, after: Option<&str>, max: u32) -> PortResult<Vec<ClaimView>> {
        use std::ops::Bound;
        let max = within(max, MAX_PAGE)?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.claims.range::<str, _>((from, Bound::Unbounded)).take(max).map(|(_, claim)| claim.clone()).collect())
    }

    async fn observations(&self, after: Option<&str>, max: u32) -> PortResult<Vec<Observation>> {
        let max = within(max, MAX_PAGE)?;
        let none = || PortError::new(ErrorCode::NotFound, "there is no such observation among the new ones");
        let from = after.map_or(Ok(0), |id| self.places.get(id).map(|at| at + 1).ok_or_else(none))?;
        let mut room = MAX_TEXT;
        let mut page = vec![];
        for observation in self.new[from..].iter().take(max) {
            if !page.is_empty() && observation.text.len() > room {
                break;
            }
            room = room.saturating_sub(observation.text.len());
            page.push(Observation::clone(observation));
        }
        Ok(page)
    }

    async fn observation(&self, id: &str) -> PortResult<Observation> {
        self.seen(id)
            .map(|o| Observation::clone(o))
            .ok_or_else(|| PortError::new(ErrorCode::NotFound, "there is no such observation, or it was forgotten"))
    }

    async fn similar(&self, text: &str, max: u32) -> PortResult<Vec<Candidate>> {
        let max = within(max, MAX_CANDIDATES)?;
        let found = self.nearest.to(text, max);
        let most = found.first().map_or(1.0, |(_, score, _)| *score);
        let candidate = |(id, score, relation): (&str, f32, Relation)| Candidate { id: id.into(), score: score / most, relation };
        Ok(found.into_iter().map(candidate).collect())
    }

    async fn support(&self, claim: &str, more: &[String]) -> PortResult<Support> {
        let none = || PortError::new(ErrorCode::NotFound, "there is no such claim, or it is retired");
        let mut claim = self.claims.get(claim).ok_or_else(none)?.claim.clone();
        claim.evidence.extend_from_slice(more);
        let seen: Seen = claim.evidence.iter().filter_map(|id| Some((id.clone(), self.seen(id)?.clone()))).collect();
        Ok(support(&claim, &seen, &self.policy))
    }

    fn compare(&self, first: &str, second: &str) -> Relation {
        compare(first, second)
    }
}
