//! What is known of words without a model: which may stand for one another, which exclude one another, which are of one kind.
//!
//! The lists are plain text beside this file, general English and developer language; they were written for this, not taken from
//! any test set. Every word is held by its stem, so that a list names one form of it.

use crate::recall::Analyzer;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What one word is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kinship {
    /// One may stand for the other.
    Synonym,
    /// The first is the kind that the second is of.
    Broader,
    /// The first is of the kind that the second is.
    Narrower,
    /// Both can't hold of one thing.
    Opposite,
    /// Two of a kind of which a thing is only one.
    Exclusive,
    /// Two of a kind.
    Sibling,
}

/// The lists, by number of word.
pub(super) struct Lexicon {
    analyzer: Analyzer,
    ids: HashMap<String, u32>,
    /// For each word: its groups of synonyms, sides of opposites (odd and even are opposite), kinds it is of, kinds it names.
    synonyms: Vec<Vec<u32>>,
    sides: Vec<Vec<u32>>,
    kinds: Vec<Vec<u32>>,
    heads: Vec<Vec<u32>>,
    exclusive: Vec<bool>,
    /// Kinds whose name and whose members may stand for one another.
    loose: Vec<bool>,
    /// Kinds that tell where something holds.
    scope: Vec<bool>,
    /// Phrases of several words, by their first: the stems that follow and the number of the whole.
    phrases: HashMap<String, Vec<(Vec<String>, u32)>>,
    names: Vec<String>,
}

/// Stems of bent forms that the analyzer of searches leaves apart. Both columns are stems.
const IRREGULAR: &[(&str, &str)] = &[
    ("beaten", "beat"),
    ("became", "becom"),
    ("bent", "bend"),
    ("bit", "bite"),
    ("bitten", "bite"),
    ("blew", "blow"),
    ("blown", "blow"),
    ("drank", "drink"),
    ("drunk", "drink"),
    ("dug", "dig"),
    ("fallen", "fall"),
    ("fed", "feed"),
    ("feet", "foot"),
    ("flew", "fli"),
    ("flown", "fli"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("froze", "freez"),
    ("frozen", "freez"),
    ("geese", "goos"),
    ("hung", "hang"),
    ("knive", "knife"),
    ("laid", "lay"),
    ("lit", "light"),
    ("mice", "mous"),
    ("overridden", "overrid"),
    ("rang", "ring"),
    ("ridden", "ride"),
    ("risen", "rise"),
    ("rose", "rise"),
    ("sank", "sink"),
    ("shaken", "shake"),
    ("shook", "shake"),
    ("shown", "show"),
    ("slept", "sleep"),
    ("slid", "slide"),
    ("sought", "seek"),
    ("spun", "spin"),
    ("stole", "steal"),
    ("stolen", "steal"),
    ("struck", "strike"),
    ("stuck", "stick"),
    ("sung", "sing"),
    ("swept", "sweep"),
    ("swum", "swim"),
    ("swung", "swing"),
    ("teeth", "tooth"),
    ("tore", "tear"),
    ("torn", "tear"),
    ("woke", "wake"),
    ("woken", "wake"),
    ("worn", "wear"),
    ("wove", "weav"),
    ("woven", "weav"),
    ("written", "write"),
];

/// Past forms that begin as their stems do.
const PAST: &[&str] = &["bent", "bitten", "built", "eaten", "given", "lent", "meant", "sent", "spent", "taken"];
/// Bent, but no verbs.
const PLURALS: &[&str] = &["children", "feet", "geese", "kid", "men", "mice", "teeth", "women"];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::load);

/// The lists, read at first use.
pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn load() -> Self {
        let mut new = Self {
            analyzer: Analyzer::default(),
            ids: HashMap::new(),
            synonyms: vec![],
            sides: vec![],
            kinds: vec![],
            heads: vec![],
            exclusive: vec![],
            loose: vec![],
            scope: vec![],
            phrases: HashMap::new(),
            names: vec![],
        };
        let lines = |text: &'static str| text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
        for (group, line) in (0..).zip(lines(include_str!("words/synonyms.txt"))) {
            for word in line.split_whitespace() {
                let id = new.add(word);
                new.synonyms[id].push(group);
            }
        }
        for (pair, line) in (0..).zip(lines(include_str!("words/opposites.txt"))) {
            for (side, words) in (0..).zip(line.split('|')) {
                for word in words.split_whitespace() {
                    let id = new.add(word);
                    new.sides[id].push(pair * 2 + side);
                }
            }
        }
        for (kind, line) in (0..).zip(lines(include_str!("words/kinds.txt"))) {
            let (heads, members) = line.split_once(':').unwrap_or((line, ""));
            new.exclusive.push(heads.contains('!'));
            new.loose.push(heads.contains('~'));
            new.scope.push(heads.contains('@'));
            for word in heads.split_whitespace() {
                let id = new.add(word.trim_end_matches(['!', '~', '@']));
                new.heads[id].push(kind);
            }
            for word in members.split_whitespace() {
                let id = new.add(word);
                new.kinds[id].push(kind);
            }
        }
        new
    }

    fn add(&mut self, word: &str) -> usize {
        let stems: Vec<String> = word.split('_').map(|w| self.stem(w)).collect();
        let name = stems.join("_");
        if let Some(id) = self.ids.get(&name) {
            return *id as usize;
        }
        let id = self.names.len() as u32;
        self.ids.insert(name.clone(), id);
        self.names.push(name);
        for table in [&mut self.synonyms, &mut self.sides, &mut self.kinds, &mut self.heads] {
            table.push(vec![]);
        }
        if let [first, rest @ ..] = stems.as_slice()
            && !rest.is_empty()
        {
            self.phrases.entry(first.clone()).or_default().push((rest.to_vec(), id));
        }
        id as usize
    }

    /// The stem of a lower-case word.
    pub(super) fn stem(&self, lower: &str) -> String {
        let stem = self.analyzer.stem(lower);
        IRREGULAR.binary_search_by_key(&stem.as_str(), |(form, _)| form).map_or(stem, |at| IRREGULAR[at].1.to_owned())
    }

    /// Is it a past form that does not end in "ed"?
    pub(super) fn is_bent(&self, lower: &str, stem: &str) -> bool {
        let kept = stem.char_indices().next_back().map_or("", |(last, _)| &stem[..last]);
        PAST.contains(&lower) || (!PLURALS.contains(&lower) && !lower.ends_with('s') && !lower.starts_with(kept))
    }

    /// The number of a stem, where any list has it.
    pub(super) fn id(&self, stem: &str) -> Option<u32> {
        self.ids.get(stem).copied()
    }

    /// The longest known phrase at the head of `stems`: its number, its name, and how many stems it takes.
    pub(super) fn phrase<'a>(&'a self, stems: &[&str]) -> Option<(u32, &'a str, usize)> {
        let (first, rest) = stems.split_first()?;
        let found = self
            .phrases
            .get(*first)?
            .iter()
            .filter(|(tail, _)| tail.len() <= rest.len() && tail.iter().zip(rest).all(|(a, b)| a == b));
        found.max_by_key(|(tail, _)| tail.len()).map(|(tail, id)| (*id, self.names[*id as usize].as_str(), tail.len() + 1))
    }

    /// What the first word is to the second; the safest answer where lists disagree: opposites before synonyms.
    pub(super) fn kinship(&self, first: u32, second: u32) -> Option<Kinship> {
        let (a, b) = (first as usize, second as usize);
        let shared = |x: &[u32], y: &[u32]| x.iter().find(|n| y.contains(n)).copied();
        if self.sides[a].iter().any(|s| self.sides[b].contains(&(s ^ 1))) {
            return Some(Kinship::Opposite);
        }
        if shared(&self.synonyms[a], &self.synonyms[b]).is_some() {
            return Some(Kinship::Synonym);
        }
        if shared(&self.heads[a], &self.kinds[b]).is_some() {
            return Some(Kinship::Broader);
        }
        if shared(&self.kinds[a], &self.heads[b]).is_some() {
            return Some(Kinship::Narrower);
        }
        let kinds: HashSet<u32> = self.kinds[a].iter().copied().collect();
        let common: Vec<u32> = self.kinds[b].iter().filter(|k| kinds.contains(k)).copied().collect();
        if common.iter().any(|k| self.exclusive[*k as usize]) {
            return Some(Kinship::Exclusive);
        }
        (!common.is_empty()).then_some(Kinship::Sibling)
    }

    /// Is it one of a kind that tells where something holds: an environment, a platform?
    pub(super) fn is_scope(&self, word: u32) -> bool {
        self.kinds[word as usize].iter().any(|k| self.scope[*k as usize])
    }

    /// Is the one the kind that the other is of, and is that a matter of style ("the man", "the person")?
    pub(super) fn is_loose(&self, first: u32, second: u32) -> bool {
        let (a, b) = (first as usize, second as usize);
        let of = |head: usize, member: usize| {
            self.heads[head].iter().any(|k| self.loose[*k as usize] && self.kinds[member].contains(k))
        };
        of(a, b) || of(b, a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinship(a: &str, b: &str) -> Option<Kinship> {
        let lexicon = lexicon();
        let id = |w: &str| lexicon.id(&w.split('_').map(|p| lexicon.stem(p)).collect::<Vec<_>>().join("_")).unwrap();
        lexicon.kinship(id(a), id(b))
    }

    #[test]
    fn bent_forms_are_sorted_for_the_search_in_them() {
        assert!(IRREGULAR.is_sorted());
    }

    #[test]
    fn words_are_kin_as_the_lists_say() {
        assert_eq!(kinship("motorbike", "motorcycles"), Some(Kinship::Synonym));
        assert_eq!(kinship("always", "never"), Some(Kinship::Opposite));
        assert_eq!(kinship("enable", "disabled"), Some(Kinship::Opposite));
        assert_eq!(kinship("red", "green"), Some(Kinship::Exclusive));
        assert_eq!(kinship("postgres", "mysql"), Some(Kinship::Exclusive));
        assert_eq!(kinship("tea", "coffee"), Some(Kinship::Sibling));
        assert_eq!(kinship("database", "mysql"), Some(Kinship::Broader));
        assert_eq!(kinship("turn_on", "enable"), Some(Kinship::Synonym));
    }
}
