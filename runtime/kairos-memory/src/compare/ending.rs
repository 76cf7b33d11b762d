//! What becomes of a thing by what is said of it: is something else so now, or has it come to its end?
//!
//! Each stem, and each pair of stems that follow one another, speaks for the end or against it. How much was fitted by the example
//! `fit_endings`, which also tells how well that does on people whose words it has not seen.

use super::lexicon::lexicon;
use super::over::takes_back;
use super::sentence::Sentence;
use super::split::{sentences, split};
use super::update::{Effect, head, parts};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// Behind these stands what came of it all, and speaks twice.
const OUTCOME: [&str; 7] = ["leading", "lead", "led", "prompt", "decide", "decision", "result"];
/// Stands in the table for what speaks in every statement.
pub const ALWAYS: &str = "*";

/// Stems and pairs of them (`no_longer`), with how much each speaks for the end of what is liked and of what is disliked.
static ENDINGS: LazyLock<HashMap<&str, [f32; 2]>> = LazyLock::new(|| {
    let weights = |line: &'static str| {
        let mut columns = line.split(' ');
        let sign = columns.next()?;
        let mut weight = || columns.next().and_then(|n| n.parse().ok());
        Some((sign, [weight()?, weight()?]))
    };
    let lines = include_str!("words/endings.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(weights).collect()
});

static OUTCOMES: LazyLock<Vec<String>> = LazyLock::new(|| OUTCOME.iter().map(|word| lexicon().stem(word)).collect());

/// What of a statement may speak for an end: its stems and pairs of stems, 2 for those behind what leads to an outcome, else 1.
pub fn signs(statement: &str) -> BTreeMap<String, f32> {
    let mut signs = BTreeMap::from([(ALWAYS.to_owned(), 1.0)]);
    for sentence in sentences(statement) {
        let (mut weight, mut last) = (1.0_f32, None::<String>);
        for raw in split(sentence) {
            let stem = lexicon().stem(&raw.lower);
            if OUTCOMES.contains(&stem) {
                weight = 2.0;
            }
            let pair = last.map(|last| format!("{last}_{stem}"));
            for sign in pair.into_iter().chain([stem.clone()]) {
                signs.entry(sign).and_modify(|known: &mut f32| *known = known.max(weight)).or_insert(weight);
            }
            last = Some(stem);
        }
    }
    signs
}

/// What becomes of a record that a statement speaks of.
pub(super) fn effect(record: &str, statement: &str) -> Effect {
    let (_, value) = parts(head(record));
    if let Some(effect) = takes_back(statement, value) {
        return effect;
    }
    let column = usize::from(is_disliked(record));
    let speaks = |(sign, times): (&String, &f32)| ENDINGS.get(sign.as_str()).map_or(0.0, |weights| times * weights[column]);
    if signs(statement).iter().map(speaks).sum::<f32>() > 0.0 { Effect::Delete } else { Effect::Modify }
}

/// Does the record's first sentence say what someone does not want?
pub fn is_disliked(record: &str) -> bool {
    let head = head(record);
    let lower = head.to_lowercase();
    Sentence::parse(head).denials > 0 || ["dislike", "hate", "avoid"].iter().any(|word| lower.contains(word))
}

/// The sign of a word or of a phrase of two: as [`signs`] names them.
pub fn sign(phrase: &str) -> String {
    split(&phrase.to_lowercase()).iter().map(|raw| lexicon().stem(&raw.lower)).collect::<Vec<_>>().join("_")
}
