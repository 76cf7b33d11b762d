//! Which of many records does a statement change or take back?

use super::ending::effect;
use super::lexicon::lexicon;
use super::sentence::Sentence;
use super::split::sentences;
use crate::recall::{Table, cosine};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What a statement does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something else is so now, of the same subject.
    Modify,
    /// It is no longer so, and nothing takes its place.
    Delete,
}

/// The record that a statement changes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// Its place among the records.
    pub record: usize,
    /// What becomes of it.
    pub effect: Effect,
}

/// Which of `records` does `statement` change or take back? None where it shares no word with any.
///
/// A record is best written `Topic: value. Reason`; the words of its first sentence weigh more.
pub fn update(records: &[&str], statement: &str) -> Option<Update> {
    let said = Bag::of(statement);
    let all: Vec<Bag> = records.iter().map(|record| Bag::of(record)).collect();
    let mut having: HashMap<&str, usize> = HashMap::new();
    for stem in all.iter().flat_map(|bag| bag.words.keys()) {
        *having.entry(stem).or_default() += 1;
    }
    let rarity = |stem: &str| (1.0 + (all.len() as f32 + 1.0) / having.get(stem).map_or(0.5, |n| *n as f32)).ln();
    let common: Vec<f32> = all.iter().map(|bag| bag.common(&said, &rarity)).collect();
    let most = common.iter().copied().fold(0.0, f32::max);
    if most == 0.0 {
        return None;
    }
    let meaning = Meaning::of(statement);
    // Words in common, the share of the value that is named, what means nearly the same: each from 0 to about 1. Weights fitted
    // to them were no better on people left out.
    let score = |at: usize| common[at] / most + all[at].named(&said, &rarity) + meaning.near(head(records[at]));
    let scores: Vec<f32> = (0..all.len()).map(score).collect();
    let record = (0..scores.len()).max_by(|x, y| scores[*x].total_cmp(&scores[*y]).then(y.cmp(x)))?;
    Some(Update { record, effect: effect(records[record], statement) })
}

/// The first sentence.
pub(super) fn head(record: &str) -> &str {
    sentences(record).next().unwrap_or_default()
}

/// A record's topic and its value: "Editors I like: vim".
pub(super) fn parts(head: &str) -> (&str, &str) {
    head.split_once(": ").unwrap_or(("", head))
}

/// Where each word of a statement points.
struct Meaning {
    table: Option<Arc<Table>>,
    said: Vec<Vec<f32>>,
}

impl Meaning {
    fn of(statement: &str) -> Self {
        let mut new = Self { table: Table::embedded(), said: vec![] };
        new.said = new.words(statement);
        new
    }

    fn words(&self, text: &str) -> Vec<Vec<f32>> {
        let Some(table) = &self.table else { return vec![] };
        Sentence::parse(text).tokens.iter().filter_map(|token| table.embed(&token.word)).collect()
    }

    /// How near the words of topic and value are, on average, to the nearest that is said.
    fn near(&self, head: &str) -> f32 {
        let nearest = |word: &Vec<f32>| self.said.iter().map(|said| cosine(word, said)).fold(0.0, f32::max);
        let mean = |text: &str| {
            let words = self.words(text);
            words.iter().map(nearest).sum::<f32>() / words.len().max(1) as f32
        };
        let (topic, value) = parts(head);
        if topic.is_empty() { mean(value) } else { (mean(topic) + mean(value)) / 2.0 }
    }
}

/// The different stems of a text.
struct Bag {
    words: BTreeMap<String, Word>,
    ids: HashSet<u32>,
}

/// What a word is to a record.
#[derive(Clone, Copy, Default)]
struct Word {
    weight: f32,
    /// Stands in the first sentence, behind its colon if it has one.
    value: bool,
}

/// How much more the words of a record's first sentence weigh.
const HEAD: f32 = 3.0;

impl Bag {
    fn of(text: &str) -> Self {
        let mut bag = Self { words: BTreeMap::new(), ids: HashSet::new() };
        let first = head(text);
        let (topic, value) = parts(first);
        bag.add(topic, Word { weight: HEAD, value: false });
        bag.add(value, Word { weight: HEAD, value: true });
        sentences(text).skip(1).for_each(|sentence| bag.add(sentence, Word { weight: 1.0, value: false }));
        bag
    }

    fn add(&mut self, sentence: &str, word: Word) {
        for token in Sentence::parse(sentence).tokens {
            self.ids.extend(token.id);
            let known = self.words.entry(token.stem.to_lowercase()).or_default();
            *known = Word { weight: known.weight.max(word.weight), value: known.value || word.value };
        }
    }

    /// 1 for a word that stands there, less for one of its kin.
    fn holds(&self, stem: &str) -> f32 {
        if self.words.contains_key(stem) {
            return 1.0;
        }
        let Some(id) = lexicon().id(stem) else { return 0.0 };
        if self.ids.iter().any(|other| lexicon().kinship(id, *other).is_some()) { 0.3 } else { 0.0 }
    }

    /// How much of this is said, weighed by rarity; more than in proportion where much of the first sentence is.
    fn common(&self, said: &Self, rarity: &dyn Fn(&str) -> f32) -> f32 {
        let found: f32 = self.words.iter().map(|(stem, word)| word.weight * rarity(stem) * said.holds(stem)).sum();
        let head = self.words.iter().filter(|(_, word)| word.weight > 1.0);
        let head: f32 = head.map(|(stem, word)| word.weight * rarity(stem)).sum();
        found * (1.0 + found / (head + 1.0))
    }

    /// The share of the value's words that are said, weighed by rarity.
    fn named(&self, said: &Self, rarity: &dyn Fn(&str) -> f32) -> f32 {
        let value = || self.words.iter().filter(|(_, word)| word.value);
        let all: f32 = value().map(|(stem, _)| rarity(stem)).sum();
        let found: f32 = value().map(|(stem, _)| rarity(stem) * said.holds(stem)).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_meant_is_found_with_what_becomes_of_it() {
        let records = ["Tools I use: npm. It is what everybody here knows.", "Editors I like: vim. Fast over ssh."];
        let of = |s| update(&records, s).map(|u| (u.record, u.effect));
        assert_eq!(of("I no longer use vim, it was removed from my machine"), Some((1, Effect::Delete)));
        assert_eq!(of("We switched from npm to pnpm"), Some((0, Effect::Modify)));
        assert_eq!(of("Zebras sleep"), None);
    }

    #[test]
    fn a_liking_that_grows_is_kept_and_a_dislike_that_goes_is_struck_out() {
        let records = ["Databases I like: Postgres. It is sound.", "Languages I dislike: Perl. It is hard to read."];
        let of = |s| update(&records, s).map(|u| (u.record, u.effect));
        assert_eq!(of("I came to appreciate Postgres even more, including its full-text search"), Some((0, Effect::Modify)));
        assert_eq!(of("A small script led to the decision to remove Perl from what I dislike"), Some((1, Effect::Delete)));
    }
}
