//! Signs weighed into one score a turn, and turns into one score a session; best first, ties by number.

use crate::recall::index::{Index, SessionId, TurnId};
use crate::recall::query::Query;
use crate::recall::signals::{COUNT, Evidence, MATCHING, Shape, Signs};

/// What each sign counts. The order is that of [`crate::recall::SIGNS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// For turns.
    pub turn: [f32; COUNT],
    /// For sessions: their own BM25+, the fit of their day, their best turn, the mean of their best three.
    pub session: [f32; 4],
}

impl Default for Weights {
    /// For an index without a table. Fitted by the example `fit_weights`; so are those of [`Weights::with_meaning`].
    fn default() -> Self {
        Self {
            turn: [
                2.21, 0.89, 0.87, 0.73, 2.35, 0.96, 0.85, 0.84, 3.01, 1.16, 2.06, 2.44, 0.0, 0.0, 1.83, 0.90, -1.47, -0.13, 0.76,
                0.87, -0.97,
            ],
            session: [1.0, 0.3, 1.0, 0.5],
        }
    }
}

/// An index asked with one set of constants.
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    /// Inside the signs.
    pub shape: Shape,
    /// Between them.
    pub weights: Weights,
}

impl Ranking {
    /// The constants that fit an index: with a table of embeddings or without.
    pub fn of(index: &Index) -> Self {
        if index.table.is_some() { Self::with_meaning() } else { Self::default() }
    }

    /// The constants for turns whose meanings are compared too.
    pub fn with_meaning() -> Self {
        Self { shape: Shape::default(), weights: Weights::with_meaning() }
    }

    /// The best `k` turns with their scores; none where nothing matches.
    pub fn turns(&self, index: &Index, query: Query<'_>, k: usize) -> Vec<(TurnId, f32)> {
        top(&self.weights.turn_scores(&index.evidence(query, &self.shape)), k)
    }

    /// The best `k` sessions with their scores; none where nothing matches.
    pub fn sessions(&self, index: &Index, query: Query<'_>, k: usize) -> Vec<(SessionId, f32)> {
        let evidence = index.evidence(query, &self.shape);
        top(&self.weights.session_scores(index, &evidence, &self.weights.turn_scores(&evidence)), k)
    }
}

impl Weights {
    /// For an index with a table of embeddings.
    pub fn with_meaning() -> Self {
        Self {
            turn: [
                1.83, 0.74, 0.70, 0.51, 2.35, 0.83, 0.84, 0.86, 2.95, 1.13, 2.00, 2.31, 3.04, 2.22, 1.93, 1.10, -1.42, -0.14,
                0.78, 0.83, -0.97,
            ],
            ..Self::default()
        }
    }

    /// Every turn's score; 0 where nothing speaks for a match.
    pub fn turn_scores(&self, evidence: &Evidence) -> Vec<f32> {
        let sum = |signs: &[f32], weights: &[f32]| signs.iter().zip(weights).map(|(sign, weight)| sign * weight).sum::<f32>();
        let score = |signs: &Signs| {
            let matched = sum(&signs[..MATCHING], &self.turn[..MATCHING]);
            if matched > 0.0 { (matched + sum(&signs[MATCHING..], &self.turn[MATCHING..])).max(f32::MIN_POSITIVE) } else { 0.0 }
        };
        evidence.turns.iter().map(score).collect()
    }

    /// Every session's score, given its turns'.
    pub fn session_scores(&self, index: &Index, evidence: &Evidence, turns: &[f32]) -> Vec<f32> {
        let mut best = vec![[0.0_f32; 3]; evidence.sessions.len()];
        for (stored, score) in index.turns.iter().zip(turns) {
            let best = &mut best[stored.session as usize];
            let mut score = *score;
            for kept in best.iter_mut() {
                if score > *kept {
                    std::mem::swap(kept, &mut score);
                }
            }
        }
        let most = turns.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        evidence
            .sessions
            .iter()
            .zip(best)
            .map(|([own, day], best)| {
                let [w_own, w_day, w_best, w_mean] = self.session;
                w_own * own + w_day * day + w_best * best[0] / most + w_mean * best.iter().sum::<f32>() / (3.0 * most)
            })
            .collect()
    }
}

/// The places of the `k` greatest scores above zero, best first, ties by place.
pub fn top(scores: &[f32], k: usize) -> Vec<(u32, f32)> {
    let mut found: Vec<(u32, f32)> = (0..).zip(scores.iter().copied()).filter(|(_, s)| *s > 0.0).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(k);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recall::index::Turn;
    use jiff::civil::date;

    fn index() -> Index {
        let mut index = Index::new();
        let said = [
            ("s1", "Ann", 1, "What is your favourite dessert, Ben?"),
            ("s1", "Ben", 1, "Oh, definitely pecan pie."),
            ("s2", "Ann", 9, "I ran a race yesterday."),
            ("s2", "Ben", 9, "Congratulations! I never run."),
            ("s3", "Ann", 20, "Our parse_config function panics on an empty file."),
            ("s3", "Ben", 20, "The configuration of the build is another thing."),
        ];
        for (session, speaker, day, text) in said {
            index.add(Turn { session, speaker, day: Some(date(2024, 5, day)), text });
        }
        index
    }

    fn first(text: &str) -> Option<TurnId> {
        let index = index();
        let query = Query { text, today: Some(date(2024, 5, 21)), asker: None };
        Ranking::of(&index).turns(&index, query, 3).first().map(|(id, _)| *id)
    }

    #[test]
    fn speaker_date_neighbour_and_identifier_each_find_their_turn() {
        assert_eq!(first("When did Ann run?"), Some(2));
        assert_eq!(first("Does Ben run?"), Some(3));
        assert_eq!(first("What happened on May 8?"), Some(2));
        assert_eq!(first("parseConfig"), Some(4));
        let index = index();
        let query = Query { text: "favourite dessert of Ben", ..Query::default() };
        let found: Vec<TurnId> = Ranking::of(&index).turns(&index, query, 2).iter().map(|(id, _)| *id).collect();
        assert!(found.contains(&1), "the answer beside the question: {found:?}");
    }

    #[test]
    fn nothing_matches_nothing() {
        assert_eq!(first("zebra"), None);
        assert_eq!(first(""), None);
        assert!(Ranking::default().turns(&Index::new(), Query { text: "run", ..Query::default() }, 3).is_empty());
    }

    #[test]
    fn sessions_are_found_and_ties_fall_by_number() {
        let index = index();
        let query = Query { text: "race", ..Query::default() };
        let best = Ranking::of(&index).sessions(&index, query, 1);
        assert_eq!(best.first().and_then(|(id, _)| index.session_name(*id)), Some("s2"));
        assert_eq!(top(&[0.5, 1.0, 0.5, 0.0], 9), [(1, 1.0), (0, 0.5), (2, 0.5)]);
    }
}
