//! The index: which term stands in which passage of which turn of which session.
//!
//! One set of postings serves every granularity. They name passages, the smallest unit; a turn is the sum of its passages, a
//! window the sum of a turn and its neighbours, a session the sum of its turns, and the sums are made while a query runs.

use crate::recall::cues;
use crate::recall::dates::{Days, dates_in};
use crate::recall::meaning::Table;
use crate::recall::text::Analyzer;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;

/// A passage is closed at the first line or sentence end after this many terms: a long answer is found by the part that answers.
const PASSAGE_TERMS: usize = 60;

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

/// Where a term stands, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting {
    pub passage: u32,
    pub count: f32,
}

pub(crate) struct Passage {
    pub turn: TurnId,
    pub len: f32,
    /// Where it points in the table's space; nothing without a table or a known word.
    pub meaning: Option<Vec<f32>>,
}

pub(crate) struct Stored {
    pub session: SessionId,
    pub speaker: u32,
    pub day: Option<Date>,
    pub len: f32,
    /// The turns before and after in the same session.
    pub prev: Option<TurnId>,
    pub next: Option<TurnId>,
    /// The days it speaks of.
    pub dates: Vec<Days>,
    /// It ends in a question: it asks for what others tell.
    pub asks: bool,
    /// A number stands in it.
    pub number: bool,
    /// How much its speaker tells of himself, 0 to 1.
    pub tells: f32,
    /// It says how things shall be from now on, or what its speaker prefers.
    pub standing: bool,
}

pub(crate) struct Session {
    pub name: String,
    pub len: f32,
    pub last: TurnId,
    pub day: Option<Date>,
}

/// Turns made searchable, in memory.
#[derive(Default)]
pub struct Index {
    pub(crate) analyzer: Analyzer,
    pub(crate) terms: HashMap<String, u32>,
    pub(crate) postings: Vec<Vec<Posting>>,
    /// Pairs of neighbouring terms, written together: "ice cream" is found by "icecream" and ranks above ice far from cream.
    pub(crate) pairs: HashMap<String, Vec<Posting>>,
    pub(crate) passages: Vec<Passage>,
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
        let id = count(self.turns.len());
        let session = self.session(turn.session, turn.day);
        let speaker = self.speaker(turn.speaker);
        let mut stored = Stored {
            session,
            speaker,
            day: turn.day,
            len: 0.0,
            prev: None,
            next: None,
            dates: turn.day.map(|day| dates_in(turn.text, day)).unwrap_or_default(),
            asks: turn.text.trim_end().ends_with('?'),
            number: false,
            tells: cues::tells(turn.text),
            standing: cues::standing(turn.text),
        };
        for passage in passages(&self.analyzer, turn.text) {
            stored.len += passage.terms.len() as f32;
            stored.number |= passage.terms.iter().any(|term| term.starts_with(|c: char| c.is_ascii_digit()));
            self.post(id, &passage);
        }
        let home = &mut self.sessions[session as usize];
        home.len += stored.len;
        if home.last != TurnId::MAX {
            stored.prev = Some(home.last);
            self.turns[home.last as usize].next = Some(id);
        }
        home.last = id;
        self.latest = self.latest.max(turn.day);
        self.turns.push(stored);
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
        self.sessions.push(Session { name: name.to_owned(), len: 0.0, last: TurnId::MAX, day });
        self.session_ids.insert(name.to_owned(), id);
        id
    }

    fn speaker(&mut self, name: &str) -> u32 {
        let lower = name.to_lowercase();
        let at = self.speakers.iter().position(|known| *known == lower).unwrap_or_else(|| {
            self.speakers.push(lower);
            self.speakers.len() - 1
        });
        count(at)
    }

    fn post(&mut self, turn: TurnId, cut: &Cut) {
        let passage = count(self.passages.len());
        let meaning = self.table.as_ref().and_then(|table| table.embed(&cut.text));
        self.passages.push(Passage { turn, len: cut.terms.len() as f32, meaning });
        for term in &cut.terms {
            let id = match self.terms.get(term) {
                Some(id) => *id,
                None => {
                    let id = count(self.postings.len());
                    self.terms.insert(term.clone(), id);
                    self.postings.push(vec![]);
                    id
                }
            };
            bump(&mut self.postings[id as usize], passage);
        }
        for pair in cut.terms.windows(2) {
            bump(self.pairs.entry(pair.concat()).or_default(), passage);
        }
    }
}

fn bump(postings: &mut Vec<Posting>, passage: u32) {
    match postings.last_mut() {
        Some(last) if last.passage == passage => last.count += 1.0,
        _ => postings.push(Posting { passage, count: 1.0 }),
    }
}

/// Four thousand million turns do not fit in memory: the last number would be shared, nothing breaks.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX - 1)
}

/// A passage of a text.
#[derive(Default)]
struct Cut {
    terms: Vec<String>,
    text: String,
}

/// `text`, passage by passage; at least one passage.
fn passages(analyzer: &Analyzer, text: &str) -> Vec<Cut> {
    let mut out = vec![];
    let mut open = Cut::default();
    for sentence in text.split_inclusive(['\n', '?', '!']).flat_map(|line| line.split_inclusive(". ")) {
        if open.terms.len() >= PASSAGE_TERMS {
            out.push(std::mem::take(&mut open));
        }
        open.terms.extend(analyzer.terms(sentence));
        open.text.push_str(sentence);
    }
    out.push(open);
    out
}
