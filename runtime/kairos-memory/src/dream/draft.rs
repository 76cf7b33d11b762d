//! A dream in the making: claims as they would be, changed by one operation after the other, each checked first.

use super::check;
use super::evidence::Seen;
use super::policy::Policy;
use crate::book::{Book, BookError};
use crate::compare::Parsed;
use kairos_core::Millis;
use kairos_core::dream::Refusal;
use kairos_core::memory::{Change, Claim, Operation, Relation, Status};
use kairos_core::recall::Owner;
use std::collections::{BTreeSet, HashMap};

/// See the module.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The claims, with what was carried out so far.
    pub book: Book,
    /// All evidence that claims and operations cite.
    pub seen: Seen,
    /// The claims whose anchors were looked at and found broken.
    pub broken: BTreeSet<String>,
    /// When the dream began. It is the only time that is written.
    pub time: Millis,
    /// What it may do.
    pub policy: Policy,
    /// What the claims say, taken apart.
    said: HashMap<String, Parsed>,
    /// It is the user's own memory: it holds nothing about a project.
    pub(super) of_user: bool,
    allowed: (usize, usize),
    used: (usize, usize),
}

impl Draft {
    /// Begins with claims as they are.
    pub fn new(book: Book, seen: Seen, broken: BTreeSet<String>, time: Millis, policy: Policy) -> Self {
        let claims = book.claims().filter(|c| c.status != Status::Retired).count();
        let said = book.claims().map(|c| (c.id.clone(), Parsed::new(&c.text))).collect();
        Self { book, seen, broken, time, policy, said, of_user: false, allowed: policy.allowance(claims), used: (0, 0) }
    }

    /// Of whose memory.
    #[must_use]
    pub fn of(self, owner: Owner) -> Self {
        Self { of_user: owner == Owner::User, ..self }
    }

    /// What a text is to a claim.
    pub(super) fn relation(&self, text: &Parsed, claim: &Claim) -> Relation {
        match self.said.get(&claim.id) {
            Some(said) => text.relation(said),
            None => text.relation(&Parsed::new(&claim.text)),
        }
    }

    /// Claims that are not retired.
    pub fn live(&self) -> impl Iterator<Item = &Claim> {
        self.book.claims().filter(|c| c.status != Status::Retired)
    }

    /// Checks an operation that `author` (a plugin) proposes, and carries it out. Answers the claims it touched.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub fn apply(&mut self, operation: &Operation, author: &str) -> Result<Vec<String>, Refusal> {
        check::evidence(self, operation)?;
        let touched = match &operation.change {
            Change::Add(new) => {
                let claim = check::add(self, new, &operation.evidence, author)?;
                self.spend_addition()?;
                let said = Parsed::new(&claim.text);
                let id = self.book.add(claim).map_err(not_written)?;
                self.said.insert(id.clone(), said);
                vec![id]
            }
            Change::Merge { claims, text } => {
                check::merge(self, claims, text)?;
                self.spend_change()?;
                self.merge(claims, text, &operation.evidence)?
            }
            Change::Supersede { claim, by } => {
                check::supersede(self, claim, by)?;
                self.spend_change()?;
                let until =
                    self.book.claim(by).map(|by| by.valid_from.unwrap_or_else(|| super::evidence::latest(by, &self.seen)));
                self.update(claim, |c| {
                    c.status = Status::Retired;
                    c.valid_to = until;
                    c.rivals = vec![by.clone()];
                })?;
                vec![claim.clone(), by.clone()]
            }
            Change::Dispute { claims } => {
                check::dispute(self, claims)?;
                for id in claims {
                    let others = claims.iter().filter(|other| *other != id).cloned();
                    self.update(id, |c| {
                        c.status = Status::Disputed;
                        c.rivals.extend(others);
                        c.rivals.sort();
                        c.rivals.dedup();
                    })?;
                }
                claims.clone()
            }
            Change::Promote { claim } => {
                check::promote(self, claim, &operation.evidence)?;
                let evidence = &operation.evidence;
                self.update(claim, |c| {
                    c.status = Status::Fact;
                    cite(c, evidence);
                })?;
                vec![claim.clone()]
            }
            Change::Reword { claim, text } => {
                check::reword(self, claim, text, &operation.evidence)?;
                self.spend_change()?;
                self.update(claim, |c| c.text.clone_from(text))?;
                vec![claim.clone()]
            }
            Change::Retire { claim } => {
                check::retire(self, claim)?;
                self.spend_change()?;
                let time = self.time;
                self.update(claim, |c| {
                    c.status = Status::Retired;
                    c.valid_to = Some(time);
                })?;
                vec![claim.clone()]
            }
            Change::Refile { claim, kind, topic } => {
                check::refile(self, claim, *kind)?;
                let topic = topic.clone().unwrap_or_else(|| kind.as_str().to_owned());
                self.update(claim, |c| (c.kind, c.topic) = (*kind, topic))?;
                vec![claim.clone()]
            }
        };
        Ok(touched)
    }

    /// The first takes the others' evidence and anchors; they are retired, and name it.
    fn merge(&mut self, claims: &[String], text: &str, evidence: &[String]) -> Result<Vec<String>, Refusal> {
        let all: Vec<Claim> = claims.iter().filter_map(|id| self.book.claim(id)).cloned().collect();
        let (Some(first), rest) = (claims.first(), claims.get(1..).unwrap_or_default()) else { return Err(Refusal::TooFew) };
        let strongest = all.iter().max_by_key(|c| super::evidence::strength(c, &self.seen)).cloned();
        self.update(first, |c| {
            c.text = text.to_owned();
            for other in &all {
                cite(c, &other.evidence);
                c.anchors.extend(other.anchors.iter().cloned());
            }
            cite(c, evidence);
            c.anchors.sort();
            c.anchors.dedup();
            c.valid_from = all.iter().filter_map(|other| other.valid_from).min();
            // What one of them was, all of them are: they say the same.
            if all.iter().any(|other| other.status == Status::Fact) {
                c.status = Status::Fact;
            }
            if let Some(strongest) = strongest {
                c.author = strongest.author;
            }
        })?;
        let time = self.time;
        for id in rest {
            self.update(id, |c| {
                (c.status, c.valid_to) = (Status::Retired, Some(time));
                c.rivals = vec![first.clone()];
            })?;
        }
        Ok(claims.to_vec())
    }

    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Claim)) -> Result<(), Refusal> {
        self.book.update(id, change).map_err(not_written)?;
        if let Some(claim) = self.book.claim(id) {
            self.said.insert(id.to_owned(), Parsed::new(&claim.text));
        }
        Ok(())
    }

    fn spend_change(&mut self) -> Result<(), Refusal> {
        spend(&mut self.used.0, self.allowed.0)
    }

    fn spend_addition(&mut self) -> Result<(), Refusal> {
        spend(&mut self.used.1, self.allowed.1)
    }
}

fn spend(used: &mut usize, allowed: usize) -> Result<(), Refusal> {
    if *used >= allowed {
        return Err(Refusal::Churn { number: *used + 1, allowed });
    }
    *used += 1;
    Ok(())
}

fn cite(claim: &mut Claim, evidence: &[String]) {
    for id in evidence {
        if !claim.evidence.contains(id) {
            claim.evidence.push(id.clone());
        }
    }
}

#[allow(clippy::needless_pass_by_value)]
fn not_written(error: BookError) -> Refusal {
    Refusal::NotWritten { text: error.to_string() }
}
