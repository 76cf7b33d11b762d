//! Looking up what is remembered, behind the right to read memory. Limits of arguments and answers are kept here, once, before any port.
//!
//! The journal keeps that there was a call, and nothing of it: what the user has forgotten must not live on there.

use crate::bindings::{cut, wit};
use crate::context::Context;
use crate::remembered::{claim_weight, observation_weight};
use kairos_core::finding::one_line;
use kairos_core::recall::{
    BESIDE, Granularity, Hit, MAX_HIT_TEXT, MAX_HITS, MAX_QUERY, MAX_TURN_TEXT, Owner, Question, Sort, Turn,
};
use kairos_core::{ErrorCode, PortError};
use wasmtime::Result;
use wit::recall as api;

/// Look-ups of one call of a plugin.
const MAX_LOOKUPS: u32 = 64;
/// Bytes of an id.
const MAX_ID: usize = 64;
/// Bytes of a doubt.
const MAX_DOUBT: usize = 256;

type PortAnswer<T> = std::result::Result<T, PortError>;
type WitAnswer<T> = std::result::Result<T, wit::types::Error>;

fn invalid(text: impl Into<String>) -> PortError {
    PortError::new(ErrorCode::Invalid, text)
}

impl Context {
    fn count_lookup(&mut self) -> PortAnswer<()> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS {
            let text = format!("this call has looked up {MAX_LOOKUPS} times already; ask for more at once");
            return Err(PortError::new(ErrorCode::Exhausted, text));
        }
        Ok(())
    }

    /// Counts the bytes of an answer, and turns it into the contract's types.
    fn answer_lookup<T, W>(
        &mut self,
        function: &'static str,
        answer: PortAnswer<T>,
        size: impl Fn(&T) -> usize,
        convert: impl FnOnce(T) -> W,
    ) -> Result<WitAnswer<W>> {
        let answer = answer.and_then(|t| self.hand_over(size(&t)).map(|()| t));
        self.note_call(function);
        Ok(answer.map(convert).map_err(Into::into))
    }
}

impl api::Host for Context {
    async fn search(&mut self, query: String, options: api::Options) -> Result<WitAnswer<Vec<api::Hit>>> {
        self.enter()?;
        let answer = async {
            let question = question(query, options);
            let port = self.access.recall(question.owner)?;
            check(&question)?;
            self.count_lookup()?;
            let max = question.max as usize;
            let mut hits = port.search(question).await?;
            hits.truncate(max);
            Ok(hits.into_iter().map(api::Hit::from).collect::<Vec<_>>())
        }
        .await;
        let turns = |turns: &[api::Turn]| turns.iter().map(|t| 64 + t.text.len()).sum::<usize>();
        let size = |h: &api::Hit| 192 + h.session.len() + h.text.len() + turns(&h.before) + turns(&h.after);
        self.answer_lookup("recall.search", answer, |hits| hits.iter().map(size).sum(), |hits| hits)
    }

    async fn get_claim(&mut self, owner: api::Owner, id: String) -> Result<WitAnswer<wit::memory_types::Claim>> {
        self.enter()?;
        let answer = async {
            let port = self.access.recall(owner.into())?;
            check_id(&id)?;
            self.count_lookup()?;
            port.claim(owner.into(), &id).await
        }
        .await;
        self.answer_lookup("recall.get-claim", answer, claim_weight, Into::into)
    }

    async fn get_observation(&mut self, id: String) -> Result<WitAnswer<wit::memory_types::Observation>> {
        self.enter()?;
        let answer = async {
            let port = self.access.recall(Owner::Project)?;
            check_id(&id)?;
            self.count_lookup()?;
            port.observation(&id).await
        }
        .await;
        self.answer_lookup("recall.get-observation", answer, observation_weight, Into::into)
    }
}

impl wit::memory_types::Host for Context {}

fn check(question: &Question) -> PortAnswer<()> {
    if !(1..=MAX_QUERY).contains(&question.text.len()) {
        return Err(invalid(format!("a query has 1 to {MAX_QUERY} bytes, this one {}", question.text.len())));
    }
    if !(1..=MAX_HITS).contains(&question.max) {
        return Err(invalid(format!("`max` is {}, allowed are 1 to {MAX_HITS}", question.max)));
    }
    if question.owner == Owner::User && question.sort == Sort::Observations {
        return Err(invalid("of the user's own memory only claims can be looked up"));
    }
    Ok(())
}

fn check_id(id: &str) -> PortAnswer<()> {
    if (1..=MAX_ID).contains(&id.len()) { Ok(()) } else { Err(invalid(format!("an id has 1 to {MAX_ID} bytes"))) }
}

fn question(text: String, o: api::Options) -> Question {
    Question {
        text,
        owner: o.owner.into(),
        sort: match o.sort {
            api::Sort::Both if o.owner == api::Owner::User => Sort::Claims,
            api::Sort::Both => Sort::Both,
            api::Sort::Claims => Sort::Claims,
            api::Sort::Observations => Sort::Observations,
        },
        granularity: match o.granularity {
            api::Granularity::Turn => Granularity::Turn,
            api::Granularity::Window => Granularity::Window,
            api::Granularity::Session => Granularity::Session,
        },
        since: o.since,
        until: o.until,
        max: o.max,
    }
}

impl From<api::Owner> for Owner {
    fn from(owner: api::Owner) -> Self {
        match owner {
            api::Owner::Project => Self::Project,
            api::Owner::User => Self::User,
        }
    }
}

impl From<Hit> for api::Hit {
    fn from(h: Hit) -> Self {
        let turns = |turns: Vec<Turn>| -> Vec<api::Turn> {
            let turn = |t: Turn| api::Turn { id: t.id, origin: t.origin.into(), text: cut(t.text, MAX_TURN_TEXT) };
            turns.into_iter().take(BESIDE as usize).map(turn).collect()
        };
        Self {
            id: h.id,
            status: h.status.map(Into::into),
            origin: h.origin.map(Into::into),
            kind: h.kind,
            session: h.session,
            time: h.time,
            score: h.score,
            doubt: h.doubt.map(|text| one_line(&cut(text, MAX_DOUBT))),
            cut: h.text.len() > MAX_HIT_TEXT,
            text: cut(h.text, MAX_HIT_TEXT),
            before: turns(h.before),
            after: turns(h.after),
        }
    }
}
