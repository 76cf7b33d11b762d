//! BM25+ over the index's postings, at any granularity.
//!
//! Robertson & Zaragoza 2009 for BM25, Lv & Zhai 2011 for the lower bound (the `+`) that keeps a long unit which holds a term
//! above a short one that does not.

use crate::recall::index::{Index, Posting, TurnId};

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
    /// The textbook's constants, without the lower bound.
    pub const PLAIN: Self = Self { k1: 1.2, b: 0.75, delta: 0.0 };

    fn weight(self, count: f32, len: f32, mean: f32) -> f32 {
        self.delta + count * (self.k1 + 1.0) / (count + self.k1 * (1.0 - self.b + self.b * len / mean.max(1.0)))
    }
}

/// What one score is given to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    Passage,
    Turn,
    /// A turn with its two neighbours, whose terms count by this share.
    Window(f32),
    Session,
}

/// One term asked for: where it stands, and what it counts.
pub(crate) struct Wanted<'a> {
    pub postings: &'a [Posting],
    pub weight: f32,
}

impl Index {
    /// The score of every unit, and for each the weight of the wanted terms it holds over the weight of all.
    pub(crate) fn bm25(&self, wanted: &[Wanted<'_>], unit: Unit, k: Bm25) -> (Vec<f32>, Vec<f32>) {
        let n = match unit {
            Unit::Passage => self.passages.len(),
            Unit::Turn | Unit::Window(_) => self.turns.len(),
            Unit::Session => self.sessions.len(),
        };
        let total: f32 = self.passages.iter().map(|p| p.len).sum();
        let mean = total / n.max(1) as f32 * if let Unit::Window(share) = unit { 1.0 + 2.0 * share } else { 1.0 };
        let (mut scores, mut covered) = (vec![0.0; n], vec![0.0; n]);
        let (mut counts, mut touched) = (vec![0.0_f32; n], Vec::new());
        let mut all = 0.0;
        for term in wanted {
            for posting in term.postings {
                let turn = self.passages[posting.passage as usize].turn;
                let mut give = |to: u32, share: f32| {
                    if counts[to as usize] == 0.0 {
                        touched.push(to);
                    }
                    counts[to as usize] += posting.count * share;
                };
                match unit {
                    Unit::Passage => give(posting.passage, 1.0),
                    Unit::Turn => give(turn, 1.0),
                    Unit::Session => give(self.turns[turn as usize].session, 1.0),
                    Unit::Window(share) => {
                        let stored = &self.turns[turn as usize];
                        give(turn, 1.0);
                        [stored.prev, stored.next].into_iter().flatten().for_each(|near| give(near, share));
                    }
                }
            }
            let held = touched.len() as f32;
            let rare = ((n as f32 - held + 0.5) / (held + 0.5) + 1.0).ln() * term.weight;
            all += rare;
            for to in touched.drain(..) {
                let at = to as usize;
                scores[at] += rare * k.weight(counts[at], self.len_of(unit, to), mean);
                covered[at] += rare;
                counts[at] = 0.0;
            }
        }
        if all > 0.0 {
            covered.iter_mut().for_each(|c| *c /= all);
        }
        (scores, covered)
    }

    fn len_of(&self, unit: Unit, id: u32) -> f32 {
        let turn = |id: TurnId| &self.turns[id as usize];
        match unit {
            Unit::Passage => self.passages[id as usize].len,
            Unit::Turn => turn(id).len,
            Unit::Session => self.sessions[id as usize].len,
            Unit::Window(share) => {
                let near: f32 = [turn(id).prev, turn(id).next].into_iter().flatten().map(|near| turn(near).len).sum();
                turn(id).len + share * near
            }
        }
    }
}
