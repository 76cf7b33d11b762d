//! Contradictions among many texts, found unprompted.
//!
//! Not every pair is looked at: sentences meet only through the rare words they share. A pair's score is how much of what the one
//! denies the other says, weighed by how rare the words are; numbers and names that exclude one another count where the rest agrees.

use super::judge::judge;
use super::sentence::{Form, Sentence, Token};
use super::split::sentences;
use kairos_core::memory::Relation;
use std::collections::{BTreeMap, HashMap};

/// Longest list of sentences that share a word for the word to bring them together: what is commoner tells nothing.
const MAX_SHARED: usize = 150;
/// Most words by which a sentence looks for others.
const MAX_CUES: usize = 12;
/// Most sentences that one which denies is compared with, those that share most first, and one that doesn't.
const MAX_PARTNERS: (usize, usize) = (256, 32);
/// Longest sentence that is taken for a statement, in words that say something; longer ones are lists and code.
const MAX_TOKENS: usize = 60;
/// Most pairs returned.
const MAX_PAIRS: usize = 1000;

/// A sentence and the text it stands in.
struct Line {
    text: usize,
    parsed: Sentence,
    /// Different stems, with whether they are denied there.
    stems: HashMap<String, bool>,
    /// "never", which speaks of all of the past, or a plain "not".
    never: bool,
}

/// Pairs of texts that contradict each other, surest first, with a score above 0; at most 1,000. A text that contradicts itself is
/// paired with itself.
pub fn contradictions(texts: &[&str]) -> Vec<(usize, usize, f32)> {
    let prose: Vec<String> = texts.iter().map(|t| prose(t)).collect();
    let read = |(n, text): (usize, &String)| sentences(text).filter_map(|s| Line::read(n, s)).collect::<Vec<_>>();
    let lines: Vec<Line> = prose.iter().enumerate().flat_map(read).collect();
    let mut postings: HashMap<&str, Vec<usize>> = HashMap::new();
    for (n, line) in lines.iter().enumerate() {
        for stem in line.stems.keys() {
            postings.entry(stem).or_default().push(n);
        }
    }
    let all = lines.len() as f32;
    let weight = |stem: &str| postings.get(stem).map_or(0.0, |p| (1.0 + all / p.len() as f32).ln());
    let mut best: BTreeMap<(usize, usize), f32> = BTreeMap::new();
    for (n, line) in lines.iter().enumerate() {
        for other in partners(n, line, &postings) {
            let score = score(line, &lines[other], &weight);
            if score > 0.0 {
                let other = lines[other].text;
                let old = best.entry((line.text.min(other), line.text.max(other))).or_default();
                *old = old.max(score);
            }
        }
    }
    let mut out: Vec<(usize, usize, f32)> = best.into_iter().map(|((x, y), score)| (x, y, score)).collect();
    out.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    out.truncate(MAX_PAIRS);
    out
}

impl Line {
    fn read(text: usize, sentence: &str) -> Option<Self> {
        let parsed = Sentence::parse(sentence);
        if parsed.tokens.len() < 2 || parsed.tokens.len() > MAX_TOKENS {
            return None;
        }
        let mut stems = HashMap::new();
        for token in &parsed.tokens {
            *stems.entry(token.stem.to_lowercase()).or_insert(false) |= token.negated;
        }
        let never = sentence.split_whitespace().any(|w| w.eq_ignore_ascii_case("never"));
        Some(Self { text, parsed, stems, never })
    }
}

/// Other sentences that share rare words with this one, most shared first.
fn partners(n: usize, line: &Line, postings: &HashMap<&str, Vec<usize>>) -> Vec<usize> {
    let mut cues: Vec<(&Vec<usize>, &str)> =
        line.stems.keys().filter_map(|s| postings.get(s.as_str()).map(|p| (p, s.as_str()))).collect();
    cues.retain(|(p, _)| p.len() > 1 && p.len() <= MAX_SHARED);
    cues.sort_by_key(|(p, stem)| (p.len(), *stem));
    let mut found: HashMap<usize, usize> = HashMap::new();
    for m in cues.iter().take(MAX_CUES).flat_map(|(p, _)| p.iter().filter(|m| **m != n)) {
        *found.entry(*m).or_default() += 1;
    }
    let mut found: Vec<(usize, usize)> = found.into_iter().collect();
    found.sort_unstable_by_key(|(m, shared)| (std::cmp::Reverse(*shared), *m));
    found.truncate(if line.parsed.denials > 0 { MAX_PARTNERS.0 } else { MAX_PARTNERS.1 });
    found.into_iter().map(|(m, _)| m).collect()
}

/// How surely `line` contradicts `other`; 0 where nothing speaks for it.
fn score(line: &Line, other: &Line, weight: &dyn Fn(&str) -> f32) -> f32 {
    let denied: Vec<&Token> = line.parsed.tokens.iter().filter(|t| t.negated && !t.weak).collect();
    // "never a or b" denies each by itself.
    let each = denied.chunk_by(|_, next| !next.listed).map(|part| said(part, other, weight));
    let share = each.fold(said(&denied, other, weight), f32::max);
    let by_denial = share * if line.never { 2.0 } else { 0.5 };
    let named = |s: &Sentence| s.tokens.iter().any(|t| matches!(t.form, Form::Number(_) | Form::Name | Form::Code));
    let by_value = if line.text < other.text && named(&line.parsed) && judge(&line.parsed, &other.parsed) == Relation::Contrary {
        1.0
    } else {
        0.0
    };
    by_denial.max(by_value)
}

/// How much of what is denied `other` says, weighed by rarity; 0 for a single word, which tells nothing.
fn said(denied: &[&Token], other: &Line, weight: &dyn Fn(&str) -> f32) -> f32 {
    let weighed = denied.iter().map(|t| t.stem.to_lowercase()).map(|s| (weight(&s), other.stems.get(&s) == Some(&false)));
    let (all, found, words) =
        weighed.fold(
            (0.0, 0.0, 0),
            |(all, found, words), (w, is)| {
                if is { (all + w, found + w, words + 1) } else { (all + w, found, words) }
            },
        );
    if words < 2 { 0.0 } else { found / all * found.sqrt() }
}

/// `text` without its fenced code, which states nothing.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_is_found_among_many() {
        let filler: Vec<String> = (0..300).map(|n| format!("We looked at module number {n} and its callers today.")).collect();
        let mut texts: Vec<&str> = filler.iter().map(String::as_str).collect();
        texts[17] = "I set up the Grafana dashboards for the staging cluster last week.";
        texts[205] = "By the way, I have never set up any Grafana dashboards.";
        let found = contradictions(&texts);
        assert_eq!((found[0].0, found[0].1), (17, 205));
        assert_eq!(found, contradictions(&texts));
    }
}
