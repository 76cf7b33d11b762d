//! The claims nearest to a text. A dream asks for each claim: what has no word in common with it is never looked at.

use crate::compare::Parsed;
use crate::recall::Analyzer;
use kairos_core::memory::Relation;
use std::collections::{BTreeMap, HashMap};

/// How soon repeating a word stops to count, and how much a long claim is discounted, as usual for BM25.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Claims by their words.
#[derive(Default)]
pub(super) struct Nearest {
    analyzer: Analyzer,
    claims: Vec<Entry>,
    /// The claims that hold a word, and how often.
    holding: HashMap<String, Vec<(u32, f32)>>,
    words: f32,
}

struct Entry {
    id: String,
    words: f32,
    parsed: Parsed,
}

impl Nearest {
    pub fn add(&mut self, id: &str, text: &str) {
        let place = self.claims.len() as u32;
        let mut counts: BTreeMap<String, f32> = BTreeMap::new();
        self.analyzer.terms(text).into_iter().for_each(|term| *counts.entry(term).or_default() += 1.0);
        let words = counts.values().sum();
        for (term, count) in counts {
            self.holding.entry(term).or_default().push((place, count));
        }
        self.words += words;
        self.claims.push(Entry { id: id.into(), words, parsed: Parsed::new(text) });
    }

    /// The best so many, with a score and what the text is to each; of equals those put in first.
    pub fn to(&self, text: &str, most: usize) -> Vec<(&str, f32, Relation)> {
        let all = self.claims.len() as f32;
        let mean = (self.words / all.max(1.0)).max(1.0);
        let mut terms = self.analyzer.terms(text);
        terms.sort_unstable();
        terms.dedup();
        let mut scores: BTreeMap<u32, f32> = BTreeMap::new();
        for held in terms.iter().filter_map(|term| self.holding.get(term)) {
            let rarity = ((all - held.len() as f32 + 0.5) / (held.len() as f32 + 0.5)).ln_1p();
            for (claim, count) in held {
                let words = self.claims[*claim as usize].words;
                *scores.entry(*claim).or_default() += rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * words / mean));
            }
        }
        let mut found: Vec<(u32, f32)> = scores.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(most);
        let parsed = Parsed::new(text);
        let candidate = |(claim, score): (u32, f32)| {
            let entry = &self.claims[claim as usize];
            (entry.id.as_str(), score, parsed.relation(&entry.parsed))
        };
        found.into_iter().map(candidate).collect()
    }
}
