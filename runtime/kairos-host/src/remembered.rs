//! Claims and observations in the contract's words, within its limits, and what they weigh.

use crate::bindings::wit::memory_types as api;
use crate::bindings::wit::types::Attribute;
use kairos_core::memory::{ClaimKind, Observation, Origin, Status};
use kairos_core::ports::ClaimView;

/// Ids of evidence of a claim that are handed over; its anchors; attributes of an observation.
const MAX_EVIDENCE: usize = 256;
const MAX_ANCHORS: usize = 64;
const MAX_ATTRIBUTES: usize = 64;

impl From<ClaimView> for api::Claim {
    fn from(view: ClaimView) -> Self {
        let mut c = view.claim;
        // They stand oldest first.
        c.evidence.drain(..c.evidence.len().saturating_sub(MAX_EVIDENCE));
        c.anchors.truncate(MAX_ANCHORS);
        Self {
            id: c.id,
            topic: c.topic,
            kind: c.kind.into(),
            status: c.status.into(),
            text: c.text,
            evidence: c.evidence,
            anchors: c.anchors.into_iter().map(|a| api::Anchor { path: a.path, symbol: a.symbol, quote: a.quote }).collect(),
            anchored: view.anchored,
            recorded: c.recorded,
            valid_from: c.valid_from,
            valid_to: c.valid_to,
            author: c.author,
            recalls: view.recalls,
            last_recall: view.last_recall,
        }
    }
}

impl From<Observation> for api::Observation {
    fn from(o: Observation) -> Self {
        let attributes = o.attributes.into_iter().take(MAX_ATTRIBUTES);
        Self {
            id: o.id,
            time: o.time,
            source: o.source,
            session: o.session,
            origin: o.origin.into(),
            kind: o.kind,
            attributes: attributes.map(|(name, value)| Attribute { name, value }).collect(),
            text: o.text,
        }
    }
}

/// Bytes of a claim on its way, about.
pub(crate) fn claim_weight(c: &ClaimView) -> usize {
    let anchors: usize = c.claim.anchors.iter().map(|a| 64 + a.path.len() + a.quote.as_ref().map_or(0, String::len)).sum();
    256 + c.claim.text.len() + c.claim.evidence.iter().map(|e| 16 + e.len()).sum::<usize>() + anchors
}

/// Bytes of an observation on its way, about.
pub(crate) fn observation_weight(o: &Observation) -> usize {
    128 + o.text.len() + o.attributes.iter().map(|(n, v)| 16 + n.len() + v.len()).sum::<usize>()
}

impl From<Status> for api::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Tentative => Self::Tentative,
            Status::Fact => Self::Fact,
            Status::Disputed => Self::Disputed,
            Status::Stale => Self::Stale,
            Status::Retired => Self::Retired,
        }
    }
}

impl From<Origin> for api::Origin {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::User => Self::User,
            Origin::Tool => Self::Tool,
            Origin::Model => Self::Model,
            Origin::File => Self::File,
            Origin::Web => Self::Web,
            Origin::Plugin => Self::Plugin,
        }
    }
}

impl From<ClaimKind> for api::Kind {
    fn from(kind: ClaimKind) -> Self {
        match kind {
            ClaimKind::User => Self::User,
            ClaimKind::Feedback => Self::Feedback,
            ClaimKind::Project => Self::Project,
            ClaimKind::Reference => Self::Reference,
        }
    }
}

impl From<api::Kind> for ClaimKind {
    fn from(kind: api::Kind) -> Self {
        match kind {
            api::Kind::User => Self::User,
            api::Kind::Feedback => Self::Feedback,
            api::Kind::Project => Self::Project,
            api::Kind::Reference => Self::Reference,
        }
    }
}
