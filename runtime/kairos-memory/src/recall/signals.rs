//! What speaks for a turn as the answer to a query: one number a sign, each 0 to 1, for the ranking to weigh.

use crate::recall::dates::Days;
use crate::recall::index::{Corpus, Index, Stored, TurnId};
use crate::recall::meaning::cosine;
use crate::recall::query::{Asked, Query};
use crate::recall::score::Bm25;

/// The signs, in the order of their places.
pub const SIGNS: [&str; 21] = [
    "passage",
    "window",
    "previous",
    "next",
    "session",
    "pairs",
    "covered",
    "speaker",
    "date",
    "when",
    "advice",
    "replies",
    "meaning",
    "meaning-near",
    "rule",
    "breadth-best",
    "breadth-session",
    "asks",
    "asker",
    "tells",
    "length",
];
/// How many of them, from the first, speak for a match with the query; the others only order what matches.
pub(crate) const MATCHING: usize = 14;
/// How many signs there are.
pub const COUNT: usize = SIGNS.len();

/// One turn's signs.
pub type Signs = [f32; COUNT];

/// Constants inside the signs, as apart from the weights between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// For turns, passages and windows.
    pub turn: Bm25,
    /// For sessions.
    pub session: Bm25,
    /// What a neighbour's term counts in a window.
    pub window: f32,
    /// Days after which a date that lies beside the one asked for counts half.
    pub date_half_life: f32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            turn: Bm25 { k1: 0.9, b: 0.4, delta: 0.5 },
            session: Bm25 { k1: 1.2, b: 0.6, delta: 0.5 },
            window: 0.5,
            date_half_life: 7.0,
        }
    }
}

/// The signs of every turn, and the scores of every session.
pub struct Evidence {
    /// By turn.
    pub turns: Vec<Signs>,
    /// By session: BM25+ over the whole of it, and how well its day fits the dates asked for.
    pub sessions: Vec<[f32; 2]>,
}

impl Index {
    /// Reads the signs of every turn for one query.
    pub fn evidence(&self, query: Query<'_>, shape: &Shape) -> Evidence {
        self.evidence_in(&self.understand(query), query.text, None, shape)
    }

    /// The same for a query that was understood, the turns being some of a larger corpus.
    pub(crate) fn evidence_in(&self, asked: &Asked, text: &str, corpus: Option<Corpus>, shape: &Shape) -> Evidence {
        let counted = self.count(asked, corpus, shape.window);
        let (rare, corpus) = (&counted.rare, &counted.corpus);
        let terms = rare.len();
        let mut turn = counted.turns.bm25(rare, shape.turn, corpus.turn_len);
        let mut window = counted.windows.bm25(rare, shape.turn, corpus.turn_len * (1.0 + 2.0 * shape.window));
        let mut session = counted.sessions.bm25(rare, shape.session, corpus.session_len);
        let mut passage = vec![0.0_f32; self.turns.len()];
        let passage_len = counted.passages.lens.iter().sum::<f32>() / counted.passages.lens.len().max(1) as f32;
        for (home, score) in counted.home.iter().zip(counted.passages.bm25(rare, shape.turn, passage_len)) {
            passage[*home] = passage[*home].max(score);
        }
        let pair_columns: Vec<f32> = std::iter::repeat_n(0.0, terms).chain(counted.rare_pairs.iter().copied()).collect();
        let mut pairs = counted.turns.bm25(&pair_columns, shape.turn, corpus.turn_len);
        for scores in [&mut turn, &mut window, &mut session, &mut passage, &mut pairs] {
            normalise(scores);
        }
        let all: f32 = rare.iter().sum();
        let covered = |turn: usize| {
            let held = counted.turns.of(turn).iter().zip(rare).filter(|(count, _)| **count > 0.0);
            if all > 0.0 { held.map(|(_, rare)| rare).sum::<f32>() / all } else { 0.0 }
        };
        let meaning = self.meanings(text);

        let mut most = vec![0.0_f32; self.sessions.len()];
        for (stored, score) in self.turns.iter().zip(&passage) {
            let slot = &mut most[stored.session as usize];
            *slot = slot.max(*score);
        }
        let best = |at: usize, stored: &Stored| {
            let most = most[stored.session as usize];
            if most > 0.0 { passage[at] / most } else { 0.0 }
        };
        let rule = |stored: &Stored| stored.digest.rule && asked.asker == Some(stored.speaker);
        let of = |scores: &[f32], id: Option<TurnId>| id.map_or(0.0, |id| scores[id as usize]);
        let turns = self.turns.iter().enumerate().map(|(at, stored)| {
            let (speaker, date, when) = said(stored, asked, shape);
            let digest = &stored.digest;
            [
                passage[at],
                window[at],
                of(&turn, stored.prev),
                of(&turn, stored.next),
                session[stored.session as usize],
                pairs[at],
                covered(at),
                speaker,
                date,
                when,
                yes(digest.standing && asked.advice),
                yes(asked.replies && asked.asker.is_some_and(|asker| asker != stored.speaker)),
                meaning[at],
                of(&meaning, stored.prev).max(of(&meaning, stored.next)),
                yes(rule(stored)),
                yes(asked.breadth) * best(at, stored),
                yes(asked.breadth) * session[stored.session as usize],
                yes(digest.asks),
                yes(asked.asker == Some(stored.speaker)),
                digest.tells,
                (digest.len.min(200) as f32 / 200.0).sqrt(),
            ]
        });
        let turns = turns.collect();
        let fit = |day| closeness(Days::day(day), &asked.dates, shape);
        let sessions = self.sessions.iter().zip(&session).map(|(s, score)| [*score, s.day.map_or(0.0, fit)]).collect();
        Evidence { turns, sessions }
    }

    /// How near the best passage of each turn comes to the query's meaning, 0 to 1.
    fn meanings(&self, text: &str) -> Vec<f32> {
        let Some(wanted) = self.table.as_ref().and_then(|table| table.embed(text)) else { return vec![0.0; self.turns.len()] };
        let best = |stored: &Stored| stored.meanings.iter().map(|meaning| cosine(meaning, &wanted)).fold(0.0, f32::max);
        self.turns.iter().map(best).collect()
    }
}

/// How far the speaker, the dates and the kind of answer fit.
fn said(stored: &Stored, asked: &Asked, shape: &Shape) -> (f32, f32, f32) {
    let speaker = yes(asked.speakers.contains(&stored.speaker));
    let told = stored.digest.dates.iter().map(|days| closeness(*days, &asked.dates, shape)).fold(0.0, f32::max);
    let day = stored.day.map_or(0.0, |day| closeness(Days::day(day), &asked.dates, shape));
    let dated = asked.when && !stored.digest.dates.is_empty();
    let counted = asked.count && stored.digest.number;
    let lasting = asked.duration && stored.digest.duration;
    (speaker, told.max(day), yes(dated || counted || lasting))
}

fn yes(fact: bool) -> f32 {
    f32::from(u8::from(fact))
}

/// 1 where the days meet one of those asked for, half of it for every half-life they lie after; what was said before the day
/// asked for is forgotten faster, because people tell of what was.
fn closeness(days: Days, asked: &[Days], shape: &Shape) -> f32 {
    let one = |asked: &Days| match asked.gap_to(days) {
        0 => 1.0,
        late if late > 0 => 0.5_f32.powf(late as f32 / shape.date_half_life),
        early => 0.5_f32.powf(-early as f32 * 3.0 / shape.date_half_life),
    };
    asked.iter().map(one).fold(0.0, f32::max)
}

/// Divides by the greatest, so that scores of different granularities can be added.
fn normalise(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(0.0, f32::max);
    if most > 0.0 {
        scores.iter_mut().for_each(|s| *s /= most);
    }
}
