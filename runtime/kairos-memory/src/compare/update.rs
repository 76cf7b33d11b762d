//! Which of many records does a statement change or take back?

use super::lexicon::lexicon;
use super::sentence::Sentence;
use super::split::sentences;
use crate::recall::Table;
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// How much it says that a record's own value is named, and that it points where the statement does, beside common words.
const NAMED: f32 = 0.5;
const MEANING: f32 = 0.5;

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
    let table = Table::embedded();
    let points = |text: &str| table.as_ref().and_then(|table| table.embed(text));
    let there = points(statement);
    let near = |record: &str| match (&there, points(head(record))) {
        (Some(a), Some(b)) => a.iter().zip(&b).map(|(x, y)| x * y).sum(),
        _ => 0.0,
    };
    let score = |at: usize| common[at] / most + NAMED * all[at].named(&said, &rarity) + MEANING * near(records[at]);
    let scores: Vec<f32> = (0..all.len()).map(score).collect();
    let record = (0..scores.len()).max_by(|x, y| scores[*x].total_cmp(&scores[*y]).then(y.cmp(x)))?;
    Some(Update { record, effect: effect(records[record], statement) })
}

fn head(record: &str) -> &str {
    sentences(record).next().unwrap_or_default()
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
        let (topic, value) = first.split_once(": ").unwrap_or(("", first));
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

/// Words, by their beginning, that tell what becomes of a thing, with how much each speaks for its end: of what one likes, uses or
/// does, and of what one dislikes or avoids. What adds to a liking keeps it; a dislike that is rethought ends more often than it
/// turns into something else. Fitted by logistic regression, rounded.
const CUES: &[(f32, f32, &[&str])] = &[
    (
        1.0,
        1.2,
        &[
            "remov",
            "eliminat",
            "delet",
            "discard",
            "abandon",
            "discontinu",
            "phase",
            "phasing",
            "give up",
            "gave up",
            "let go",
            "get rid",
            "cease",
            "stop",
            "quit",
            "drop",
            "no longer",
            "not anymore",
            "anymore",
            "exclu",
            "set aside",
            "unnecessary",
            "irrelevant",
            "redundant",
            "obsolete",
            "outdated",
        ],
    ),
    (
        1.0,
        0.2,
        &[
            "less",
            "reduc",
            "decreas",
            "diminish",
            "wane",
            "waning",
            "declin",
            "lost",
            "loss",
            "fade",
            "fading",
            "outweigh",
            "overshadow",
            "replac",
            "away from",
            "misalign",
            "conflict",
            "clash",
            "incompatib",
            "detract",
            "lack",
        ],
    ),
    (0.9, 0.5, &["decision", "decid", "focus", "necessary", "realiz", "realis"]),
    (0.3, 0.0, &["over", "beyond", "opt", "prioriti", "rather than", "instead of", "in favor of", "in favour of"]),
    (0.1, 0.5, &["reconsider", "reevaluat", "reassess", "rethink", "stance", "question", "challeng"]),
    (0.0, 0.5, &["dislike", "aversion", "bias", "disinterest"]),
    (-0.7, -0.3, &["appreciat", "newfound", "enjoy", "embrac", "admir", "intrigu", "fascinat", "delight", "captivat", "love"]),
    (
        -0.2,
        -0.3,
        &["tried", "try", "play", "participat", "tast", "attend", "experienc", "visit", "watch", "listen", "wear", "wore"],
    ),
    (-0.3, -0.5, &["new", "now", "introduc", "recommend", "version", "modern", "variet"]),
    (
        -1.1,
        -0.3,
        &[
            "includ",
            "incorporat",
            "integrat",
            "add",
            "enhanc",
            "expand",
            "broaden",
            "both",
            "deep",
            "depth",
            "specific",
            "extend",
            "complement",
            "balanc",
            "combin",
        ],
    ),
    (-0.6, -0.3, &["modif", "adjust", "adapt", "refin", "updat", "evol", "upgrad", "nuanc"]),
    (-0.3, -0.2, &["prefer"]),
];
/// Behind these stands what came of it all, and speaks twice.
const OUTCOME: &[&str] = &["leading", "led", "prompt", "decid", "decision", "result"];
/// An end has to outweigh this, for what is liked and for what is disliked.
const KEPT: (f32, f32) = (1.3, 0.5);

fn effect(record: &str, statement: &str) -> Effect {
    let lower = statement.to_lowercase();
    let outcome = |sentence: &str| OUTCOME.iter().filter_map(|cue| places(sentence, cue).next()).min();
    let outcomes: Vec<&str> = sentences(&lower).filter_map(|s| outcome(s).map(|at| &s[at..])).collect();
    let disliked = is_disliked(head(record));
    let weigh = |(liked, other, cues): &(f32, f32, &[&str])| {
        let said = match cues.iter().map(|cue| places(&lower, cue).count()).sum() {
            0 => 0.0,
            1 => 1.0,
            _ => 1.5,
        };
        let came = outcomes.iter().any(|part| cues.iter().any(|cue| places(part, cue).next().is_some()));
        (said + f32::from(u8::from(came))) * if disliked { *other } else { *liked }
    };
    let score: f32 = CUES.iter().map(weigh).sum();
    if score > if disliked { KEPT.1 } else { KEPT.0 } { Effect::Delete } else { Effect::Modify }
}

/// Does the record say what someone does not want?
fn is_disliked(head: &str) -> bool {
    let lower = head.to_lowercase();
    Sentence::parse(head).denials > 0 || ["dislike", "hate", "avoid"].iter().any(|word| lower.contains(word))
}

/// Where in the text a word begins so.
fn places<'a>(text: &'a str, cue: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(cue).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(char::is_alphabetic))
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
