//! What a test's project remembers, and how its claims and observations are made.

use crate::recall::{
    Claim, Granularity, Hit, Kind, MAX_HITS, MAX_QUERY, Observation, Options, Origin, Owner, Recall, Sort, Status, Turn,
};
use crate::testing::Fake;
use crate::types::{Attribute, Error, ErrorCode, fit};
use std::collections::BTreeSet;

/// See [`Fake`].
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    claims: Vec<Claim>,
    users: Vec<Claim>,
    observations: Vec<Observation>,
}

impl Fake {
    /// A claim of the project.
    pub fn remembers(mut self, claim: Claim) -> Self {
        self.remembered.claims.push(claim);
        self
    }

    /// A claim of the user's own memory.
    pub fn remembers_of_user(mut self, claim: Claim) -> Self {
        self.remembered.users.push(claim);
        self
    }

    /// An observation, later than those before it.
    pub fn observed(mut self, observation: Observation) -> Self {
        self.remembered.observations.push(observation);
        self
    }

    fn claims_of(&self, owner: Owner) -> &[Claim] {
        match owner {
            Owner::Project => &self.remembered.claims,
            Owner::User => &self.remembered.users,
        }
    }
}

/// The words of a text, for tests that ask what is near to what.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let split = text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '.' || c == '/' || c == '-'));
    split.map(|w| w.trim_matches('.').to_lowercase()).filter(|w| !w.is_empty()).collect()
}

fn not_found(id: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("{id} is not remembered"))
}

impl Recall for Fake {
    /// By the number of words that are in the query too.
    fn recall(&self, query: &str, o: &Options) -> Result<Vec<Hit>, Error> {
        if !(1..=MAX_QUERY).contains(&query.len()) || !(1..=MAX_HITS).contains(&o.max) {
            return Err(Error::invalid("a query has 1 to 1,024 bytes, max is 1 to 50"));
        }
        let asked = words(query);
        let shared = |text: &str| words(text).intersection(&asked).count();
        let mut found: Vec<(usize, Hit)> = Vec::new();
        if o.sort != Sort::Observations {
            let live = self.claims_of(o.owner).iter().filter(|c| c.status != Status::Retired);
            found.extend(live.map(|c| (shared(&c.text), claim_hit(c))));
        }
        if o.sort != Sort::Claims && o.owner == Owner::Project {
            let all = &self.remembered.observations;
            let hit = |(at, seen): (usize, &Observation)| (shared(&seen.text), observation_hit(all, at, o.granularity));
            found.extend(all.iter().enumerate().map(hit));
        }
        found.retain(|(n, h)| *n > 0 && o.since.is_none_or(|t| h.time >= t) && o.until.is_none_or(|t| h.time < t));
        found.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        if o.granularity == Granularity::Session {
            let mut seen = BTreeSet::new();
            found.retain(|(_, h)| h.status.is_some() || seen.insert(h.session.clone()));
        }
        let best = found.first().map_or(1, |(n, _)| *n);
        let scored = |(n, hit): (usize, Hit)| Hit { score: (n * 1000 / best) as u32, ..hit };
        Ok(found.into_iter().take(o.max as usize).map(scored).collect())
    }

    fn claim(&self, owner: Owner, id: &str) -> Result<Claim, Error> {
        self.claims_of(owner).iter().find(|c| c.id == id).cloned().ok_or_else(|| not_found(id))
    }

    fn observation(&self, id: &str) -> Result<Observation, Error> {
        self.remembered.observations.iter().find(|o| o.id == id).cloned().ok_or_else(|| not_found(id))
    }
}

fn claim_hit(c: &Claim) -> Hit {
    Hit {
        id: c.id.clone(),
        status: Some(c.status),
        origin: None,
        kind: c.kind.as_str().into(),
        session: c.topic.clone(),
        time: c.recorded,
        score: 0,
        doubt: (c.status != Status::Fact).then(|| c.status.as_str().into()),
        text: c.text.clone(),
        cut: false,
        before: Vec::new(),
        after: Vec::new(),
    }
}

fn observation_hit(all: &[Observation], at: usize, granularity: Granularity) -> Hit {
    let o = &all[at];
    let beside = |from: usize, to: usize| -> Vec<Turn> {
        let near = all[from..to.min(all.len())].iter().filter(|n| granularity == Granularity::Window && n.session == o.session);
        near.map(|n| Turn { id: n.id.clone(), origin: n.origin, text: fit(&n.text, 1024) }).collect()
    };
    Hit {
        id: o.id.clone(),
        status: None,
        origin: Some(o.origin),
        kind: o.kind.clone(),
        session: o.session.clone(),
        time: o.time,
        score: 0,
        doubt: (!o.is_trusted()).then(|| format!("from a {}", o.origin.as_str())),
        text: fit(&o.text, 2048),
        cut: o.text.len() > 2048,
        before: beside(at.saturating_sub(2), at),
        after: beside(at + 1, at + 3),
    }
}

impl Claim {
    /// A claim for tests: tentative, recorded at 0, without evidence, by nobody.
    pub fn new(id: &str, kind: Kind, text: &str) -> Self {
        Self {
            id: id.into(),
            topic: String::new(),
            kind,
            status: Status::Tentative,
            text: text.into(),
            evidence: Vec::new(),
            anchors: Vec::new(),
            anchored: true,
            recorded: 0,
            valid_from: None,
            valid_to: None,
            author: String::new(),
            recalls: 0,
            last_recall: None,
        }
    }

    /// Sets the status.
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Sets who wrote it.
    pub fn by(mut self, author: &str) -> Self {
        self.author = author.into();
        self
    }

    /// Sets when it was recorded.
    pub fn recorded_at(mut self, time: u64) -> Self {
        self.recorded = time;
        self
    }

    /// Adds the id of an observation.
    pub fn resting_on(mut self, id: &str) -> Self {
        self.evidence.push(id.into());
        self
    }
}

impl Observation {
    /// An observation for tests, in the session `session`.
    pub fn new(id: &str, origin: Origin, kind: &str, text: &str) -> Self {
        Self {
            id: id.into(),
            time: 0,
            source: "test".into(),
            session: "session".into(),
            origin,
            kind: kind.into(),
            attributes: Vec::new(),
            text: text.into(),
        }
    }

    /// Sets the time and the session.
    pub fn seen(mut self, time: u64, session: &str) -> Self {
        self.time = time;
        self.session = session.into();
        self
    }

    /// Adds an attribute.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push(Attribute { name: name.into(), value: value.to_string() });
        self
    }
}
