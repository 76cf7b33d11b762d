//! Which findings the user takes up, and which he waves away.

use crate::lesson::{Lesson, Seen, best};
use kairos_plugin::memory::{Kind, Observation};
use std::collections::BTreeMap;

/// So many verdicts of one kind and none of the other: two may be the mood of one afternoon.
const VERDICTS: usize = 3;
/// At most so many of these lessons in one dream.
const MOST: usize = 20;

/// On a finding of which detector, and what was said of it.
pub struct Verdict {
    seen: Seen,
    detector: String,
    word: &'static str,
}

pub fn read(o: &Observation, seen: Seen) -> Option<Verdict> {
    let verdict = o.attribute("verdict")?;
    let word = match verdict {
        v if v.starts_with("accept") => "accepted",
        v if v.starts_with("dismiss") => "dismissed",
        _ => return None,
    };
    let detector = o.attribute("detector").filter(|d| d.len() <= 64 && !d.contains(['`', '\n']))?.to_string();
    Some(Verdict { seen, detector, word })
}

pub fn lessons(verdicts: Vec<Verdict>) -> Vec<Lesson> {
    let mut by_detector: BTreeMap<String, BTreeMap<&str, Vec<Seen>>> = BTreeMap::new();
    for v in verdicts {
        by_detector.entry(v.detector).or_default().entry(v.word).or_default().push(v.seen);
    }
    let clear = by_detector.into_iter().filter_map(|(detector, mut words)| {
        let (word, seen) = words.pop_first().filter(|_| words.is_empty())?;
        (seen.len() >= VERDICTS).then(|| {
            let text = format!("Findings of `{detector}` are {word}.");
            Lesson::new(Kind::Feedback, text, seen, "all verdicts on these findings were the same")
        })
    });
    best(clear.collect(), MOST)
}
