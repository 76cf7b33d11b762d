//! Turns to choose between: a whole corpus in memory, or the candidates that a search in a larger one has found.

use crate::recall::digest::Digest;
use crate::recall::meaning::Table;
use crate::recall::text::Analyzer;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;

/// What is put in: one message, note or event.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The session it belongs to. The turns of a session are put in by time.
    pub session: &'a str,
    /// Who said it, as a question would name him.
    pub speaker: &'a str,
    /// The day it was said.
    pub day: Option<Date>,
    /// What was said.
    pub text: &'a str,
}

/// The number of a turn: 0 for the first put in, and so on.
pub type TurnId = u32;
/// The number of a session, in the order of their first turns.
pub type SessionId = u32;

pub(crate) struct Stored {
    pub session: SessionId,
    pub speaker: u32,
    pub day: Option<Date>,
    /// The turns before and after in the same session.
    pub prev: Option<TurnId>,
    pub next: Option<TurnId>,
    pub digest: Digest,
    /// Where each passage points in the table's space; empty without a table.
    pub meanings: Vec<Vec<f32>>,
}

pub(crate) struct Session {
    pub name: String,
    /// How many terms, all turns up to the last that is held here.
    pub len: f32,
    /// The last turn, and its place in the session.
    last: Option<(TurnId, u32)>,
    pub day: Option<Date>,
}

/// Where a turn stands in its session, where the corpus is larger than what is held here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// How many turns stand before it.
    pub ordinal: u32,
    /// How many terms.
    pub before: u64,
}

/// What the corpus is like that the turns were taken from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Corpus {
    /// How many turns.
    pub turns: f32,
    /// Terms of a turn, on average.
    pub turn_len: f32,
    /// Terms of a session, on average.
    pub session_len: f32,
    /// In how many turns each term asked for stands.
    pub held: Vec<f32>,
}

/// Turns made searchable, in memory.
#[derive(Default)]
pub struct Index {
    pub(crate) analyzer: Analyzer,
    pub(crate) turns: Vec<Stored>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) speakers: Vec<String>,
    session_ids: HashMap<String, SessionId>,
    pub(crate) latest: Option<Date>,
    pub(crate) table: Option<Arc<Table>>,
}

impl Index {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An index that compares meanings too, by a table of token embeddings.
    pub fn with_table(table: Arc<Table>) -> Self {
        Self { table: Some(table), ..Self::default() }
    }

    /// Puts one turn in. Answers its number.
    pub fn add(&mut self, turn: Turn<'_>) -> TurnId {
        let digest = Digest::of(&self.analyzer, turn.text, turn.day);
        let home = self.session_ids.get(turn.session).map(|id| &self.sessions[*id as usize]);
        let place = home.map_or(Place { ordinal: 0, before: 0 }, |home| Place {
            ordinal: home.last.map_or(0, |(_, ordinal)| ordinal + 1),
            before: home.len as u64,
        });
        self.add_digest(turn, digest, place)
    }

    /// Puts a turn in that was read before. The turns of a session come by their place.
    pub(crate) fn add_digest(&mut self, turn: Turn<'_>, digest: Digest, place: Place) -> TurnId {
        let id = count(self.turns.len());
        let session = self.session(turn.session, turn.day);
        let speaker = self.speaker(turn.speaker);
        let meanings = self.table.as_ref().map(|table| table.embed_passages(turn.text)).unwrap_or_default();
        let home = &mut self.sessions[session as usize];
        home.len = home.len.max(place.before as f32 + digest.len as f32);
        let prev = home.last.filter(|(_, ordinal)| ordinal + 1 == place.ordinal).map(|(turn, _)| turn);
        home.last = Some((id, place.ordinal));
        if let Some(prev) = prev {
            self.turns[prev as usize].next = Some(id);
        }
        self.latest = self.latest.max(turn.day);
        self.turns.push(Stored { session, speaker, day: turn.day, prev, next: None, digest, meanings });
        id
    }

    /// How many turns it holds.
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    /// It holds nothing.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// The session a turn belongs to.
    pub fn session_of(&self, turn: TurnId) -> Option<SessionId> {
        self.turns.get(turn as usize).map(|stored| stored.session)
    }

    /// The name a session was put in under.
    pub fn session_name(&self, session: SessionId) -> Option<&str> {
        self.sessions.get(session as usize).map(|s| s.name.as_str())
    }

    fn session(&mut self, name: &str, day: Option<Date>) -> SessionId {
        if let Some(id) = self.session_ids.get(name) {
            return *id;
        }
        let id = count(self.sessions.len());
        self.sessions.push(Session { name: name.to_owned(), len: 0.0, last: None, day });
        self.session_ids.insert(name.to_owned(), id);
        id
    }

    /// The number of a speaker, known from now on.
    pub(crate) fn speaker(&mut self, name: &str) -> u32 {
        let lower = name.to_lowercase();
        let at = self.speakers.iter().position(|known| *known == lower).unwrap_or_else(|| {
            self.speakers.push(lower);
            self.speakers.len() - 1
        });
        count(at)
    }
}

/// Four thousand million turns do not fit in memory: the last number would be shared, nothing breaks.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX - 1)
}
