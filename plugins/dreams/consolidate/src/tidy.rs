//! Keeps claims in order: what says the same becomes one, what was overtaken gives way, what is borne out becomes a fact.

use crate::Supported;
use kairos_plugin::memory::{Change, Claim, MAX_EVIDENCE, Memory, Merged, Operation, Relation, Status, Superseded, Support};
use kairos_plugin::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Claims near to one that are looked at: what is the same, or the contrary, stands at the very top.
pub const NEIGHBOURS: u32 = 10;
/// The newest so many claims are compared with all others; older ones were, when they were new.
const COMPARED: usize = 5000;
/// Days after which an inference goes that nothing bore out.
const UNBORNE: u64 = 30;
const DAY: u64 = 24 * 3600 * 1000;

/// Days from the first to the last time that something was watched, for it to be a habit: today and tomorrow are one piece of work.
const HABIT: u64 = 2;

/// A claim with what bears it out.
struct Known {
    claim: Claim,
    /// None where nothing hangs on it.
    support: Option<Support>,
    /// When it was first seen, where it could become a fact for that.
    since: Option<u64>,
}

impl Known {
    /// When the user last said it; none if he never did.
    fn said(&self) -> Option<u64> {
        let written = (self.claim.author == "user").then_some(self.claim.valid_from.unwrap_or(self.claim.recorded));
        written.max(self.support.and_then(|s| s.stated))
    }

    /// When it was last borne out.
    fn latest(&self) -> Option<u64> {
        self.support.and_then(|s| s.latest)
    }

    /// Is any of it trusted?
    fn is_trusted(&self) -> bool {
        self.is_users() || self.support.is_some_and(|s| s.sessions > 0)
    }

    /// Why a tentative claim may become a fact, if it may.
    fn carries(&self) -> Option<String> {
        let support = self.support.filter(|s| s.enough)?;
        let Support { days, sessions, latest, .. } = support;
        let day = |time: Option<u64>| time.unwrap_or(0) / DAY;
        // How the user wants it was said, in whatever project; what is so in one was only watched.
        let watched = !self.is_statement() && self.claim.kind == Kind::Project;
        if watched && day(latest) < day(self.since) + HABIT {
            return None;
        }
        let stated = support.stated.map(|_| "the user said so".to_string());
        Some(stated.unwrap_or_else(|| {
            format!("it was borne out in {sessions} sessions, on {days} {}", if days == 1 { "day" } else { "days" })
        }))
    }

    /// Is it the user's later word, where they speak of the same? What he wrote by hand gives way only to what he wrote by hand.
    fn overtakes(&self, older: &Self) -> bool {
        let later = self.said() > older.said().or(older.latest());
        later && self.is_believed() && self.claim.kind == older.claim.kind && (!older.is_users() || self.is_users())
    }

    /// What was learnt by watching can't contradict its like: two commands may both run the tests.
    fn is_statement(&self) -> bool {
        self.said().is_some() || self.claim.author != env!("CARGO_PKG_NAME")
    }

    fn is_believed(&self) -> bool {
        matches!(self.claim.status, Status::Tentative | Status::Fact) && self.claim.valid_to.is_none()
    }

    fn is_users(&self) -> bool {
        self.claim.author == "user"
    }
}

pub fn tidy(memory: &impl Memory, new: &Supported) -> Result<Vec<Operation>, Error> {
    let claims: BTreeMap<String, Claim> = memory.all_claims()?.into_iter().map(|c| (c.id.clone(), c)).collect();
    let pairs = pairs(memory, &claims)?;
    let paired: BTreeSet<&String> = pairs.keys().flat_map(|(a, b)| [a, b]).collect();
    let mut known = BTreeMap::new();
    for (id, claim) in &claims {
        // Asking costs: it is done where something hangs on the answer.
        let matters = claim.status == Status::Tentative || paired.contains(id);
        let new = new.get(id).map_or(&[][..], |ids| &ids[..ids.len().min(MAX_EVIDENCE)]);
        let support = if matters { Some(memory.support(id, new)?) } else { None };
        let watched = support.is_some_and(|s| s.enough && s.stated.is_none());
        let since = if watched { first_seen(memory, claim) } else { None };
        known.insert(id.clone(), Known { claim: claim.clone(), support, since });
    }
    let mut tidy = Tidy { known: &known, pairs: &pairs, done: BTreeSet::new(), operations: Vec::new() };
    tidy.merge();
    let open = tidy.contradictions();
    tidy.fold(&open);
    tidy.promote(&open, new);
    tidy.prune(memory.time());
    Ok(tidy.operations)
}

/// When the oldest of a claim's evidence was observed; what is gone tells nothing.
fn first_seen(memory: &impl Memory, claim: &Claim) -> Option<u64> {
    claim.evidence.iter().filter_map(|id| memory.observation(id).ok()).map(|o| o.time).min()
}

/// Claims that say the same or the contrary, by both ids, the smaller first; of two of which one says all that the other says, the fuller
/// one.
fn pairs(memory: &impl Memory, known: &BTreeMap<String, Claim>) -> Result<BTreeMap<(String, String), Relation>, Error> {
    let mut newest: Vec<&Claim> = known.values().collect();
    newest.sort_by_key(|c| (Reverse(c.recorded), c.id.clone()));
    newest.truncate(COMPARED);
    let mut pairs = BTreeMap::new();
    for claim in newest {
        for near in memory.similar(&claim.text, NEIGHBOURS + 1)? {
            let (first, relation) = match near.relation {
                Relation::Same | Relation::Contrary => (near.id < claim.id, near.relation),
                Relation::Includes | Relation::Included => (near.relation == Relation::Included, Relation::Includes),
                _ => continue,
            };
            if near.id != claim.id && known.contains_key(&near.id) {
                let (a, b) = if first { (near.id, claim.id.clone()) } else { (claim.id.clone(), near.id) };
                pairs.insert((a, b), relation);
            }
        }
    }
    Ok(pairs)
}

struct Tidy<'a> {
    known: &'a BTreeMap<String, Known>,
    pairs: &'a BTreeMap<(String, String), Relation>,
    /// Claims that this dream has done something with: one thing at a time.
    done: BTreeSet<&'a str>,
    operations: Vec<Operation>,
}

impl<'a> Tidy<'a> {
    fn of(&self, relation: Relation) -> impl Iterator<Item = (&'a Known, &'a Known)> + use<'a> {
        let known = self.known;
        self.pairs.iter().filter(move |(_, r)| **r == relation).filter_map(|((a, b), _)| Some((known.get(a)?, known.get(b)?)))
    }

    /// The user's wording stays, else that of a fact, else the older one. What a person wrote twice is his affair.
    fn merge(&mut self) {
        let mut same: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
        for (a, b) in
            self.of(Relation::Same).filter(|(a, b)| a.is_believed() && b.is_believed() && !(a.is_users() && b.is_users()))
        {
            same.entry(&a.claim.id).or_default().push(b);
            same.entry(&b.claim.id).or_default().push(a);
        }
        let rank =
            |k: &Known| (!k.is_users(), k.said().is_none(), k.claim.status != Status::Fact, k.claim.recorded, k.claim.id.clone());
        let mut first: Vec<&Known> = same.keys().map(|id| &self.known[*id]).collect();
        first.sort_by_cached_key(|k| rank(k));
        for keeper in first {
            let free = |k: &&&Known| !self.done.contains(k.claim.id.as_str()) && !k.is_users();
            if self.done.contains(keeper.claim.id.as_str()) {
                continue;
            }
            let mut others: Vec<&Known> = same[keeper.claim.id.as_str()].iter().filter(free).copied().collect();
            if others.is_empty() {
                continue;
            }
            others.sort_by_cached_key(|k| rank(k));
            let all = std::iter::once(keeper).chain(others).take(100);
            let claims: Vec<String> = all.map(|k| k.claim.id.clone()).collect();
            self.done.extend(claims.iter().filter_map(|id| self.known.get_key_value(id)).map(|(id, _)| id.as_str()));
            let merged = Merged { claims, text: keeper.claim.text.clone() };
            self.operations.push(Operation::new(Change::Merge(merged), "they say the same"));
        }
    }

    /// Gives way to the user's later word, and puts the rest into dispute. The claims that stay contradicted.
    fn contradictions(&mut self) -> BTreeSet<&'a str> {
        let mut open = BTreeSet::new();
        for (a, b) in self.of(Relation::Contrary).filter(|(a, b)| a.is_statement() && b.is_statement()) {
            let live = |k: &Known| k.is_believed() || k.claim.status == Status::Disputed;
            let free = |k: &Known| !self.done.contains(k.claim.id.as_str());
            if !live(a) || !live(b) {
                continue;
            }
            let (older, newer) = if a.said() <= b.said() { (a, b) } else { (b, a) };
            if newer.overtakes(older) && free(older) {
                self.supersede(older, newer, "the user said otherwise later");
                continue;
            }
            open.extend([a.claim.id.as_str(), b.claim.id.as_str()]);
            let settled = a.claim.status == Status::Disputed && b.claim.status == Status::Disputed;
            // Text that anyone could have written doesn't cast doubt on what is known.
            let equal = a.is_trusted() == b.is_trusted();
            if !settled && equal && free(a) && free(b) {
                self.done.extend([a.claim.id.as_str(), b.claim.id.as_str()]);
                let both = vec![a.claim.id.clone(), b.claim.id.clone()];
                self.operations.push(Operation::new(Change::Dispute(both), "they can't both be so"));
            }
        }
        open
    }

    /// What the user said more fully later is said once.
    fn fold(&mut self, open: &BTreeSet<&str>) {
        for (fuller, plain) in self.of(Relation::Includes) {
            let free = |k: &Known| !self.done.contains(k.claim.id.as_str()) && !open.contains(k.claim.id.as_str());
            if plain.is_believed() && fuller.overtakes(plain) && free(plain) && free(fuller) {
                self.supersede(plain, fuller, "the user said more of it later");
            }
        }
    }

    fn supersede(&mut self, older: &'a Known, newer: &Known, reason: &str) {
        self.done.insert(&older.claim.id);
        let change = Superseded { claim: older.claim.id.clone(), by: newer.claim.id.clone() };
        self.operations.push(Operation::new(Change::Supersede(change), reason));
    }

    fn promote(&mut self, open: &BTreeSet<&str>, new: &Supported) {
        for (id, k) in self.known {
            let ready = k.claim.status == Status::Tentative && k.claim.anchored && k.is_believed();
            if !ready || open.contains(id.as_str()) || self.done.contains(id.as_str()) {
                continue;
            }
            if let Some(reason) = k.carries() {
                self.done.insert(id);
                let mut evidence = new.get(id).cloned().unwrap_or_default();
                evidence.retain(|e| !k.claim.evidence.contains(e));
                self.operations.push(Operation::new(Change::Promote(id.clone()), &reason).evidence(evidence));
            }
        }
    }

    fn prune(&mut self, now: u64) {
        for (id, k) in self.known {
            let tentative = k.claim.status == Status::Tentative && k.said().is_none();
            let last = k.latest().unwrap_or(0).max(k.claim.recorded);
            if tentative && !self.done.contains(id.as_str()) && now.saturating_sub(last) >= UNBORNE * DAY {
                let reason = format!("nothing bore it out for {UNBORNE} days");
                self.operations.push(Operation::new(Change::Retire(id.clone()), &reason));
            }
        }
    }
}
