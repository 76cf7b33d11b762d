//! Memory that a test fills. It carries operations out as a trusting host would, so that a strategy can be let loose on its own result.

use crate::fake_recall::words;
use crate::memory::{Candidate, Change, Claim, MAX_PAGE, Memory, Observation, Operation, Origin, Relation, Status, Support};
use crate::types::{Error, ErrorCode};
use std::collections::BTreeSet;

/// Claims and observations in memory. What two texts are to one another it judges by their sets of words alone.
#[derive(Debug, Clone, Default)]
pub struct FakeMemory {
    claims: Vec<Claim>,
    observations: Vec<Observation>,
    old: Vec<Observation>,
    now: u64,
}

impl FakeMemory {
    /// Empty, at that time.
    pub fn at(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    /// Sets the time.
    pub fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// Adds a claim.
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claims.push(claim);
        self.claims.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }

    /// Adds a new observation. They are handed out in the order in which they came.
    pub fn observed(mut self, observation: Observation) -> Self {
        self.observations.push(observation);
        self
    }

    /// The new observations, to put them into another order.
    pub fn observations_mut(&mut self) -> &mut Vec<Observation> {
        &mut self.observations
    }

    /// The last dream has seen all observations: they are evidence now, and no longer new.
    pub fn seen(&mut self) {
        self.old.append(&mut self.observations);
    }

    /// All claims, also retired ones.
    pub fn all(&self) -> &[Claim] {
        &self.claims
    }

    /// The claim of that text, if there is one.
    pub fn find(&self, text: &str) -> Option<&Claim> {
        self.claims.iter().find(|c| c.text == text)
    }

    /// Carries operations out, unchecked.
    pub fn apply(&mut self, author: &str, operations: &[Operation]) {
        for o in operations {
            match &o.change {
                Change::Add(new) => {
                    let id = format!("c{:07}", self.claims.len());
                    let mut claim = Claim::new(&id, new.kind, &new.text);
                    claim.anchors.clone_from(&new.anchors);
                    claim.valid_from = new.valid_from;
                    claim.author = author.into();
                    claim.recorded = self.now;
                    self.claims.push(claim);
                    self.touch(&id, |_| {}, &o.evidence);
                }
                Change::Merge(m) => {
                    let all: Vec<String> =
                        m.claims.iter().filter_map(|id| self.get(id)).flat_map(|c| c.evidence.clone()).collect();
                    for id in &m.claims[1..] {
                        self.touch(id, |c| c.status = Status::Retired, &[]);
                    }
                    self.touch(&m.claims[0], |c| c.text.clone_from(&m.text), &all);
                }
                Change::Supersede(s) => self.touch(&s.claim, |c| c.status = Status::Retired, &o.evidence),
                Change::Dispute(ids) => ids.iter().for_each(|id| self.touch(id, |c| c.status = Status::Disputed, &o.evidence)),
                Change::Promote(id) => self.touch(id, |c| c.status = Status::Fact, &o.evidence),
                Change::Reword(r) => self.touch(&r.claim, |c| c.text.clone_from(&r.text), &o.evidence),
                Change::Retire(id) => self.touch(id, |c| c.status = Status::Retired, &o.evidence),
                Change::Refile(r) => self.touch(&r.claim, |c| c.kind = r.kind, &o.evidence),
            }
        }
    }

    fn get(&self, id: &str) -> Option<&Claim> {
        self.claims.iter().find(|c| c.id == id)
    }

    fn touch(&mut self, id: &str, change: impl FnOnce(&mut Claim), evidence: &[String]) {
        if let Some(claim) = self.claims.iter_mut().find(|c| c.id == id) {
            change(claim);
            let new: Vec<_> = evidence.iter().filter(|e| !claim.evidence.contains(e)).cloned().collect();
            claim.evidence.extend(new);
        }
    }
}

fn page<T: Clone>(all: &[T], id: impl Fn(&T) -> &str, after: Option<&str>, max: u32) -> Result<Vec<T>, Error> {
    if !(1..=MAX_PAGE).contains(&max) {
        return Err(Error::invalid("max is from 1 to 1,000"));
    }
    let from = match after {
        None => 0,
        Some(a) => all.iter().position(|x| id(x) == a).ok_or_else(|| Error::new(ErrorCode::NotFound, "no such id"))? + 1,
    };
    Ok(all[from..].iter().take(max as usize).cloned().collect())
}

impl Memory for FakeMemory {
    fn time(&self) -> u64 {
        self.now
    }

    fn claims(&self, after: Option<&str>, max: u32) -> Result<Vec<Claim>, Error> {
        let live: Vec<Claim> = self.claims.iter().filter(|c| c.status != Status::Retired).cloned().collect();
        page(&live, |c| &c.id, after, max)
    }

    fn observations(&self, after: Option<&str>, max: u32) -> Result<Vec<Observation>, Error> {
        page(&self.observations, |o| &o.id, after, max)
    }

    fn observation(&self, id: &str) -> Result<Observation, Error> {
        let found = self.observations.iter().chain(&self.old).find(|o| o.id == id);
        found.cloned().ok_or_else(|| Error::new(ErrorCode::NotFound, format!("there is no observation {id}")))
    }

    fn similar(&self, text: &str, max: u32) -> Result<Vec<Candidate>, Error> {
        if !(1..=100).contains(&max) {
            return Err(Error::invalid("max is from 1 to 100"));
        }
        let asked = words(text);
        let score = |c: &Claim| {
            let other = words(&c.text);
            asked.intersection(&other).count() as f32 / asked.union(&other).count().max(1) as f32
        };
        let live = self.claims.iter().filter(|c| c.status != Status::Retired);
        let mut all: Vec<Candidate> =
            live.map(|c| Candidate { id: c.id.clone(), score: score(c), relation: self.compare(text, &c.text) }).collect();
        all.retain(|c| c.score > 0.0);
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        all.truncate(max as usize);
        Ok(all)
    }

    fn support(&self, claim: &str, more: &[String]) -> Result<Support, Error> {
        const DAY: u64 = 24 * 3600 * 1000;
        let claim = self.get(claim).ok_or_else(|| Error::new(ErrorCode::NotFound, format!("there is no claim {claim}")))?;
        let ids: BTreeSet<&String> = claim.evidence.iter().chain(more).collect();
        let live: Vec<Observation> = ids.into_iter().filter_map(|id| self.observation(id).ok()).collect();
        let trusted: Vec<&Observation> = live.iter().filter(|o| o.is_trusted()).collect();
        let says_it = |o: &&&Observation| o.origin == Origin::User && words(&claim.text).is_subset(&words(&o.text));
        let stated = trusted.iter().filter(says_it).map(|o| o.time).max();
        let days = trusted.iter().map(|o| o.time / DAY).collect::<BTreeSet<_>>().len() as u32;
        let sessions = trusted.iter().map(|o| &o.session).collect::<BTreeSet<_>>().len() as u32;
        let programs = trusted.iter().all(|o| o.kind == "command" && matches!(o.attribute("exit-code"), None | Some("0")));
        let enough = stated.is_some() || (sessions >= 2 && (days >= 2 || programs));
        Ok(Support { stated, days, sessions, latest: live.iter().map(|o| o.time).max(), enough })
    }

    fn compare(&self, first: &str, second: &str) -> Relation {
        let (a, b) = (words(first), words(second));
        let denies = |w: &BTreeSet<String>| w.iter().any(|w| NEGATIONS.contains(&w.as_str()));
        let plain =
            |w: &BTreeSet<String>| w.iter().filter(|w| !NEGATIONS.contains(&w.as_str())).cloned().collect::<BTreeSet<_>>();
        let differ = a.symmetric_difference(&b).count();
        let shared = a.intersection(&b).count();
        match () {
            () if a == b => Relation::Same,
            () if denies(&a) != denies(&b) && plain(&a) == plain(&b) => Relation::Contrary,
            // One word stands where the other has another.
            () if a.len() == b.len() && differ == 2 && shared >= 3 => Relation::Contrary,
            () if b.is_subset(&a) => Relation::Includes,
            () if a.is_subset(&b) => Relation::Included,
            () if shared * 2 > a.len().min(b.len()) => Relation::Related,
            () => Relation::Apart,
        }
    }
}

const NEGATIONS: &[&str] = &["not", "never", "no", "always", "don't"];
