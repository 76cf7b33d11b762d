//! Do two claims speak of the same subject, so that the later takes the earlier's place? And which of many records is it that a new
//! statement changes or takes back?

use super::align::{Link, Pair, align};
use super::judge::is_scope;
use super::lexicon::lexicon;
use super::sentence::{Form, Sentence, Token};
use super::split::sentences;
use super::words::Place;
use std::collections::{HashMap, HashSet};

/// May the later of two claims supersede the earlier: same subject, same attribute, same scope, another value or a denial?
///
/// "CI uses Node 20" and "CI uses Node 18 since March" do; "staging runs on port 80" and "production runs on port 81" don't.
pub fn same_subject(first: &str, second: &str) -> bool {
    let (a, b) = (Sentence::parse(first.min(second)), Sentence::parse(first.max(second)));
    let found = align(&a, &b);
    let shared = found.pairs.iter().filter(|p| p.link.is_shared() && !a.tokens[p.first].weak).count();
    let differ: Vec<&Pair> = found.pairs.iter().filter(|p| !p.link.is_shared()).collect();
    let denied = found.pairs.iter().any(|p| p.link.is_shared() && a.tokens[p.first].negated != b.tokens[p.second].negated);
    let rests = found.first.iter().map(|n| &a.tokens[*n]).chain(found.second.iter().map(|n| &b.tokens[*n]));
    let scoped = rests.filter(|t| !t.weak).any(narrows);
    let value = match differ.as_slice() {
        [] => true,
        [one] => one.first > 0 && one.second > 0 && is_value(one, &a, &b) && !is_scope(&a.tokens[one.first]),
        _ => false,
    };
    shared > 0 && value && !scoped && (denied || !differ.is_empty() || found.first.len() + found.second.len() <= 2)
}

/// Is what differs a value of the attribute, not another thing that may be so beside it? One likes tea and coffee, but a port is one.
fn is_value(pair: &Pair, a: &Sentence, b: &Sentence) -> bool {
    let (x, y) = (&a.tokens[pair.first], &b.tokens[pair.second]);
    let plain = |t: &Token| t.form == Form::Word;
    matches!(pair.link, Link::Exclusive | Link::Opposite) || (pair.link == Link::Slot && !(plain(x) && plain(y)))
}

/// Does a left-over word narrow where or when the claim holds? "since March" tells when it began, which narrows nothing.
fn narrows(token: &Token) -> bool {
    use Place::{Before, During, Except, For, From, If, In, Over, Through, Under, Unless, Without};
    matches!(token.place, Some(In | For | From | During | If | Unless | Except | Without | Before | Through | Over | Under))
}

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
pub fn update(records: &[&str], statement: &str) -> Option<Update> {
    let said = Bag::of(statement);
    let all: Vec<Bag> = records.iter().map(|r| Bag::of(r)).collect();
    let mut having: HashMap<&str, usize> = HashMap::new();
    for stem in all.iter().flat_map(|b| b.weights.keys()) {
        *having.entry(stem).or_default() += 1;
    }
    let rarity = |stem: &str| (1.0 + (all.len() as f32 + 1.0) / having.get(stem).map_or(0.5, |n| *n as f32)).ln();
    let score = |bag: &Bag| {
        let mut words: Vec<(&str, f32)> = bag.weights.iter().map(|(s, w)| (s.as_str(), *w)).collect();
        words.sort_by(|x, y| x.0.cmp(y.0));
        let found = words.iter().map(|(stem, w)| w * rarity(stem) * said.holds(stem)).sum::<f32>();
        let head: f32 = words.iter().filter(|(_, w)| *w > 1.0).map(|(stem, w)| w * rarity(stem)).sum();
        found * (1.0 + found / (head + 1.0))
    };
    let scores: Vec<f32> = all.iter().map(score).collect();
    let record = (0..scores.len()).max_by(|x, y| scores[*x].total_cmp(&scores[*y]).then(y.cmp(x)))?;
    (scores[record] > 0.0).then(|| Update { record, effect: effect(records[record], statement) })
}

/// Different stems of a text; those of its first sentence, which names the subject, weigh more.
struct Bag {
    weights: HashMap<String, f32>,
    ids: HashSet<u32>,
}

/// How much more the words of a record's first sentence weigh.
const HEAD: f32 = 3.0;

impl Bag {
    fn of(text: &str) -> Self {
        let mut bag = Self { weights: HashMap::new(), ids: HashSet::new() };
        for (n, sentence) in sentences(text).enumerate() {
            let weight = if n == 0 { HEAD } else { 1.0 };
            for token in Sentence::parse(sentence).tokens {
                bag.ids.extend(token.id);
                let old = bag.weights.entry(token.stem.to_lowercase()).or_insert(weight);
                *old = old.max(weight);
            }
        }
        bag
    }

    /// 1 for a word that stands there, less for one of its kin.
    fn holds(&self, stem: &str) -> f32 {
        if self.weights.contains_key(stem) {
            return 1.0;
        }
        let Some(id) = lexicon().id(stem) else { return 0.0 };
        if self.ids.iter().any(|other| lexicon().kinship(id, *other).is_some()) { 0.3 } else { 0.0 }
    }
}

/// What tells that something ends, and what tells that it goes on otherwise; the beginning of a word or a phrase, and its weight.
const ENDS: &[(&str, f32)] = &[
    ("remov", 3.0),
    ("eliminat", 3.0),
    ("delet", 3.0),
    ("discard", 3.0),
    ("abandon", 3.0),
    ("discontinu", 3.0),
    ("phase out", 3.0),
    ("phased out", 3.0),
    ("phasing out", 3.0),
    ("give up", 2.0),
    ("gave up", 2.0),
    ("let go", 2.0),
    ("get rid", 3.0),
    ("cease", 2.0),
    ("stop", 1.5),
    ("quit", 1.5),
    ("drop", 1.5),
    ("no longer", 2.5),
    ("not anymore", 2.5),
    ("any more", 1.0),
    ("anymore", 1.0),
    ("exclu", 1.5),
    ("avoid", 1.0),
    ("unnecessary", 2.5),
    ("irrelevant", 2.5),
    ("redundant", 2.5),
    ("obsolete", 2.5),
    ("less relevant", 2.0),
    ("decreas", 1.5),
    ("diminish", 1.5),
    ("lost interest", 2.0),
    ("loss of interest", 2.0),
    ("outweigh", 1.0),
    ("overshadow", 1.0),
    ("misalign", 1.5),
    ("incompatib", 1.5),
    ("clash", 1.5),
    ("from the list", 1.5),
    ("away from", 1.5),
    ("set aside", 2.0),
    ("deprioriti", 2.0),
    ("less time", 1.0),
    ("lack", 0.5),
    ("list", 0.5),
    ("reconsider", 0.7),
    ("reevaluat", 0.5),
    ("reassess", 0.7),
    ("rethink", 0.7),
    ("stance", 0.2),
    ("decision", 0.7),
    ("rather than", 0.7),
    ("instead of", 0.3),
];
const CHANGES: &[(&str, f32)] = &[
    ("includ", 1.5),
    ("incorporat", 2.0),
    ("integrat", 1.5),
    ("add", 1.0),
    ("enhanc", 1.5),
    ("deep", 1.0),
    ("depth", 0.7),
    ("expand", 2.0),
    ("broaden", 1.5),
    ("extend", 1.0),
    ("modif", 1.5),
    ("adjust", 1.5),
    ("adapt", 1.0),
    ("refin", 1.5),
    ("updat", 1.5),
    ("evol", 1.0),
    ("switch", 1.5),
    ("transition", 1.0),
    ("shift", 0.7),
    ("upgrad", 1.5),
    ("specific", 0.7),
    ("appreciat", 0.7),
    ("embrac", 1.0),
    ("discover", 0.5),
    ("inspir", 0.5),
    ("benefit", 0.5),
    ("both", 0.5),
    ("favor", 0.3),
    ("now prefer", 1.0),
];
/// A dislike that is given up is more often struck out than turned about.
const DISLIKE: f32 = 0.7;
/// Above this an end outweighs a change.
const ENDS_AT: f32 = 0.5;

fn effect(record: &str, statement: &str) -> Effect {
    let lower = statement.to_lowercase();
    let sum = |cues: &[(&str, f32)]| cues.iter().filter(|(cue, _)| starts_a_word(&lower, cue)).map(|(_, w)| w).sum::<f32>();
    let disliked =
        Sentence::parse(record).denials > 0 || ["dislike", "hate", "avoid"].iter().any(|w| record.to_lowercase().contains(w));
    let score = sum(ENDS) - sum(CHANGES) + if disliked { DISLIKE } else { 0.0 };
    if score > ENDS_AT { Effect::Delete } else { Effect::Modify }
}

fn starts_a_word(text: &str, cue: &str) -> bool {
    text.match_indices(cue).any(|(at, _)| !text[..at].ends_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_of_the_same_attribute_supersedes() {
        for (first, second, same) in [
            ("CI uses Node 18 since March", "CI uses Node 20", true),
            ("The API listens on port 8080", "The API listens on port 8081", true),
            ("never push to main", "push to main", true),
            ("staging runs on port 80", "production runs on port 81", false),
            ("the user likes tea", "the user likes coffee", false),
            ("CI uses Node 18 on Windows", "CI uses Node 20", false),
            ("the parser is in Rust", "deploys happen on Fridays", false),
        ] {
            assert_eq!(same_subject(first, second), same, "{first} / {second}");
            assert_eq!(same_subject(second, first), same, "{second} / {first}");
        }
    }

    #[test]
    fn the_record_meant_is_found_with_what_becomes_of_it() {
        let records = ["Tools I use: npm. It is what everybody here knows.", "Editors I like: vim. Fast over ssh."];
        let of = |s| update(&records, s).map(|u| (u.record, u.effect));
        assert_eq!(of("I no longer use vim, it was removed from my machine"), Some((1, Effect::Delete)));
        assert_eq!(of("We switched from npm to pnpm"), Some((0, Effect::Modify)));
        assert_eq!(of("Zebras sleep"), None);
    }
}
