//! Runs a dream: a fresh instance, limits of its own, and a look at what it proposes before anybody else sees it.

use crate::access::Access;
use crate::bindings::dream::api;
use crate::call::{self, CallError, Outcome};
use crate::engine::Host;
use crate::fault::{Fault, FaultKind};
use crate::limits::Limits;
use crate::memory::{DreamMemory, Handle};
use crate::plugin::Plugin;
use kairos_core::finding::one_line;
use kairos_core::memory::{Anchor, Change, MAX_CLAIM, NewClaim, Operation};
use kairos_core::ports::Snapshot;
use kairos_core::{ErrorCode, PortError};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Resource;

/// Most operations of one dream.
pub const MAX_OPERATIONS: usize = 1000;
/// Bytes of a reason.
const MAX_REASON: usize = 400;
/// Bytes of an id.
const MAX_ID: usize = 64;
/// Ids of observations in one operation, and claims in one change.
pub(crate) const MAX_IDS: usize = 256;
/// Bytes of a topic.
const MAX_TOPIC: usize = 128;
/// Anchors of a claim; bytes of a path, of a symbol, of a quotation.
const MAX_ANCHORS: usize = 16;
const MAX_PATH: usize = 1024;
const MAX_SYMBOL: usize = 256;
const MAX_QUOTE: usize = 400;
/// Answers of a model that a dream may wait for at their slowest.
const SLOW: u32 = 4;

/// Lets a strategy dream over a snapshot, in a fresh instance under [`HostOptions::dream`](crate::HostOptions). Without the right to read
/// memory it is not even started: `denied`. What it proposes is of the contract's shape, and no more than that: whether it is true is
/// for the caller to check. The outcome's `host_calls` have one entry `memory` with the numbers of what was read, not the texts.
pub async fn dream(host: &Host, plugin: &Plugin, access: Access, snapshot: Arc<dyn Snapshot>) -> Outcome<Vec<Operation>> {
    let allowed = access.memory();
    // Whoever may ask a model may wait for it.
    let patience = access.model().map_or(Duration::ZERO, |(model, _)| model.patience());
    let limits = Limits { call_wall: host.inner.dream.call_wall + patience * SLOW, ..Limits::clone(&host.inner.dream) };
    let mut store = host.store_within(access, Arc::new(limits));
    store.data_mut().memory = Some(DreamMemory::new(snapshot));
    let outcome = call::run(&mut store, &host.inner.ticker, async |store| {
        if let Err(denied) = allowed {
            return Ok(Err(denied.into()));
        }
        let Some(indices) = &plugin.dream else {
            return Ok(Err(PortError::new(ErrorCode::NotFound, "this plugin is no dream strategy").into()));
        };
        let instance = plugin.instantiate(store).await?;
        let dreams = indices.load(&mut *store, &instance)?;
        let answer = dreams.kairos_dream_strategy().call_dream(&mut *store, Resource::<Handle>::new_borrow(0)).await?;
        if let Some(memory) = &store.data().memory {
            let read = memory.read;
            store.data_mut().note("memory", (), &read);
        }
        Ok(answer.map_err(|e| CallError::Guest(e.into())))
    })
    .await;
    let (result, rest) = outcome.split();
    Outcome { result: result.and_then(|all| checked(all).map_err(|text| Fault::new(FaultKind::BadOutput, text).into())), ..rest }
}

fn checked(all: Vec<api::Operation>) -> Result<Vec<Operation>, String> {
    if all.len() > MAX_OPERATIONS {
        return Err(format!("{} operations, at most {MAX_OPERATIONS} are allowed", all.len()));
    }
    let named = |n: usize| move |text: String| format!("operation {n}: {text}");
    all.into_iter().enumerate().map(|(n, o)| operation(o).map_err(named(n))).collect()
}

fn operation(o: api::Operation) -> Result<Operation, String> {
    let evidence = ids(o.evidence, 0, "evidence")?;
    let change = match o.change {
        api::Change::Add(new) => {
            if evidence.is_empty() {
                return Err("a new claim without evidence".into());
            }
            Change::Add(new_claim(new)?)
        }
        api::Change::Merge(m) => Change::Merge { claims: ids(m.claims, 2, "claims to merge")?, text: text(m.text)? },
        api::Change::Supersede(s) => Change::Supersede { claim: id(s.claim)?, by: id(s.by)? },
        api::Change::Dispute(claims) => Change::Dispute { claims: ids(claims, 2, "claims in dispute")? },
        api::Change::Promote(claim) => Change::Promote { claim: id(claim)? },
        api::Change::Reword(r) => Change::Reword { claim: id(r.claim)?, text: text(r.text)? },
        api::Change::Retire(claim) => Change::Retire { claim: id(claim)? },
        api::Change::Refile(r) => {
            Change::Refile { claim: id(r.claim)?, kind: r.kind.into(), topic: r.topic.map(topic).transpose()? }
        }
    };
    Ok(Operation { change, reason: line("the reason", o.reason, MAX_REASON)?, evidence })
}

fn new_claim(new: api::NewClaim) -> Result<NewClaim, String> {
    if new.anchors.len() > MAX_ANCHORS {
        return Err(format!("{} anchors, at most {MAX_ANCHORS} are allowed", new.anchors.len()));
    }
    let anchor = |a: api::Anchor| {
        Ok::<_, String>(Anchor {
            path: line("the path of an anchor", a.path, MAX_PATH)?,
            blob: None,
            symbol: a.symbol.map(|s| line("the symbol of an anchor", s, MAX_SYMBOL)).transpose()?,
            quote: a.quote.map(|q| line("the quotation of an anchor", q, MAX_QUOTE)).transpose()?,
        })
    };
    Ok(NewClaim {
        kind: new.kind.into(),
        topic: new.topic.map(topic).transpose()?,
        text: text(new.text)?,
        anchors: new.anchors.into_iter().map(anchor).collect::<Result<_, _>>()?,
        valid_from: new.valid_from,
    })
}

/// One line without control characters, 1 to `max` bytes.
fn line(what: &str, given: String, max: usize) -> Result<String, String> {
    if given.len() > max {
        return Err(format!("{what} has {} bytes, at most {max} are allowed", given.len()));
    }
    let clean = one_line(&given);
    if clean.is_empty() { Err(format!("{what} is empty")) } else { Ok(clean) }
}

fn text(given: String) -> Result<String, String> {
    line("the text of a claim", given, MAX_CLAIM)
}

/// A name that stays in the memory's own folder.
fn topic(given: String) -> Result<String, String> {
    let name = line("the topic", given, MAX_TOPIC)?;
    if name.starts_with('.') || name.contains(['/', '\\', ':']) {
        return Err(format!("the topic `{name}` is no file name"));
    }
    Ok(name)
}

fn id(given: String) -> Result<String, String> {
    let fits = (1..=MAX_ID).contains(&given.len()) && given.chars().all(|c| c.is_ascii_graphic());
    if fits { Ok(given) } else { Err(format!("an id has 1 to {MAX_ID} printable characters")) }
}

fn ids(given: Vec<String>, least: usize, what: &str) -> Result<Vec<String>, String> {
    if !(least..=MAX_IDS).contains(&given.len()) {
        return Err(format!("{} {what}, allowed are {least} to {MAX_IDS}", given.len()));
    }
    given.into_iter().map(id).collect()
}
