//! BM25+ at any granularity, from counts of the terms asked for.
//!
//! Robertson & Zaragoza 2009 for BM25, Lv & Zhai 2011 for the lower bound (the `+`) that keeps a long unit which holds a term
//! above a short one that does not. A turn is the sum of its passages, a window the sum of a turn and its neighbours, a session
//! the sum of its turns. How rare a term is, is told by the turns that hold it, at every granularity.

use crate::recall::index::{Corpus, Index};
use crate::recall::query::Asked;

/// The constants of the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bm25 {
    /// How soon repeating a term stops to count.
    pub k1: f32,
    /// How much a long unit is discounted, 0 to 1.
    pub b: f32,
    /// What holding a term at all is worth.
    pub delta: f32,
}

impl Bm25 {
    fn weight(self, count: f32, len: f32, mean: f32) -> f32 {
        self.delta + count * (self.k1 + 1.0) / (count + self.k1 * (1.0 - self.b + self.b * len / mean.max(1.0)))
    }
}

/// How often each thing asked for stands in each of some units.
pub(crate) struct Counts {
    width: usize,
    cells: Vec<f32>,
    pub lens: Vec<f32>,
}

impl Counts {
    fn new(width: usize, units: usize) -> Self {
        Self { width, cells: vec![0.0; width * units], lens: vec![0.0; units] }
    }

    pub fn of(&self, unit: usize) -> &[f32] {
        &self.cells[unit * self.width..][..self.width]
    }

    fn push(&mut self, counts: &[f32], len: f32) {
        self.cells.extend(counts);
        self.lens.push(len);
    }

    fn add(&mut self, unit: usize, counts: &[f32], len: f32, share: f32) {
        self.cells[unit * self.width..][..self.width].iter_mut().zip(counts).for_each(|(cell, count)| *cell += count * share);
        self.lens[unit] += len * share;
    }

    /// How many units hold each.
    fn held(&self) -> Vec<f32> {
        let holds = |at: usize| (0..self.lens.len()).filter(|unit| self.of(*unit)[at] > 0.0).count() as f32;
        (0..self.width).map(holds).collect()
    }

    fn mean(&self) -> f32 {
        self.lens.iter().sum::<f32>() / self.lens.len().max(1) as f32
    }

    /// The score of every unit: `rare` is what each column counts.
    pub fn bm25(&self, rare: &[f32], k: Bm25, mean: f32) -> Vec<f32> {
        let one = |unit: usize| {
            let counted = self.of(unit).iter().zip(rare).filter(|(count, _)| **count > 0.0);
            counted.map(|(count, rare)| rare * k.weight(*count, self.lens[unit], mean)).sum()
        };
        (0..self.lens.len()).map(one).collect()
    }
}

/// The counts of one query, at every granularity; the columns are its terms, then its pairs.
pub(crate) struct Counted {
    pub passages: Counts,
    /// The turn of each passage.
    pub home: Vec<usize>,
    pub turns: Counts,
    pub windows: Counts,
    pub sessions: Counts,
    /// What each term is worth, by how rare it is; pairs apart.
    pub rare: Vec<f32>,
    pub rare_pairs: Vec<f32>,
    pub corpus: Corpus,
}

impl Index {
    /// Counts what is asked for; `corpus` is this index where none is given.
    pub(crate) fn count(&self, asked: &Asked, corpus: Option<Corpus>, share: f32) -> Counted {
        let terms = asked.terms.len();
        let width = terms + asked.pairs.len();
        let mut passages = Counts::new(width, 0);
        let mut home = vec![];
        let mut turns = Counts::new(width, self.turns.len());
        for (turn, stored) in self.turns.iter().enumerate() {
            for line in stored.digest.terms.split('\n') {
                let (counts, len) = count_line(line, asked);
                turns.add(turn, &counts, len, 1.0);
                passages.push(&counts, len);
                home.push(turn);
            }
        }
        let mut windows = Counts::new(width, self.turns.len());
        let mut sessions = Counts::new(width, self.sessions.len());
        for (turn, stored) in self.turns.iter().enumerate() {
            windows.add(turn, turns.of(turn), turns.lens[turn], 1.0);
            for near in [stored.prev, stored.next].into_iter().flatten() {
                windows.add(turn, turns.of(near as usize), turns.lens[near as usize], share);
            }
            sessions.add(stored.session as usize, turns.of(turn), 0.0, 1.0);
        }
        sessions.lens = self.sessions.iter().map(|session| session.len).collect();
        let corpus = corpus.unwrap_or_else(|| Corpus {
            turns: self.turns.len() as f32,
            turn_len: turns.mean(),
            session_len: sessions.mean(),
            held: turns.held()[..terms].to_vec(),
        });
        let n = corpus.turns;
        let rarity = |held: f32| if held > 0.0 { ((n - held + 0.5).max(0.0) / (held + 0.5) + 1.0).ln() } else { 0.0 };
        let rare: Vec<f32> = corpus.held.iter().map(|held| rarity(*held)).collect();
        let rare_pairs = asked.pairs.iter().map(|pair| rare_pair(pair, asked, &rare)).collect();
        Counted { passages, home, turns, windows, sessions, rare, rare_pairs, corpus }
    }
}

/// A pair counts as much as its two terms together: how often it stands in the whole corpus is not kept.
fn rare_pair(pair: &(String, String), asked: &Asked, rare: &[f32]) -> f32 {
    let of = |term: &String| asked.terms.iter().position(|known| known == term).map_or(0.0, |at| rare[at]);
    of(&pair.0) + of(&pair.1)
}

/// How often each term and each pair stands in a line of terms, and how many terms it has. A term that is asked for as one word
/// is found where it was written as two, and the other way round.
fn count_line(line: &str, asked: &Asked) -> (Vec<f32>, f32) {
    let mut counts = vec![0.0; asked.terms.len() + asked.pairs.len()];
    let (of_terms, of_pairs) = counts.split_at_mut(asked.terms.len());
    let (mut last, mut len) = ("", 0.0);
    let joined = |whole: &str, first: &str, second: &str| {
        whole.len() == first.len() + second.len() && whole.starts_with(first) && whole.ends_with(second)
    };
    for token in line.split(' ').filter(|token| !token.is_empty()) {
        len += 1.0;
        for (term, count) in asked.terms.iter().zip(of_terms.iter_mut()) {
            if term == token || (!last.is_empty() && joined(term, last, token)) {
                *count += 1.0;
            }
        }
        for ((first, second), count) in asked.pairs.iter().zip(of_pairs.iter_mut()) {
            if (first == last && second == token) || joined(token, first, second) {
                *count += 1.0;
            }
        }
        last = token;
    }
    (counts, len)
}
