//! What one text is known by: its terms, passage by passage, the days it speaks of, and its manner.

use crate::recall::cues;
use crate::recall::dates::{Days, dates_in};
use crate::recall::text::Analyzer;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A passage is closed at the first line or sentence end after this many terms: a long answer is found by the part that answers.
const PASSAGE_TERMS: usize = 60;

/// A text read once, so that no search has to read it again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// The terms in order with a space between, each passage on a line of its own; at least one passage.
    #[serde(skip)]
    pub terms: String,
    /// How many terms.
    pub len: u32,
    /// The days it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<Days>,
    /// It ends in a question: it asks for what others tell.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asks: bool,
    /// A number stands in it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub number: bool,
    /// How much its speaker tells of himself, 0 to 1.
    pub tells: f32,
    /// It says how things shall be from now on, or what its speaker prefers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub standing: bool,
    /// It is itself a rule: it begins as one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rule: bool,
    /// A length of time stands in it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub duration: bool,
}

impl Digest {
    /// Reads `text`, said on `day`.
    pub fn of(analyzer: &Analyzer, text: &str, day: Option<Date>) -> Self {
        let mut digest = Self {
            dates: day.map(|day| dates_in(text, day)).unwrap_or_default(),
            asks: text.trim_end().ends_with('?'),
            tells: cues::tells(text),
            standing: cues::standing(text),
            rule: cues::rule(text),
            duration: cues::duration(text),
            ..Self::default()
        };
        for passage in passages(analyzer, text) {
            digest.len += u32::try_from(passage.len()).unwrap_or(u32::MAX);
            digest.number |= passage.iter().any(|term| term.starts_with(|c: char| c.is_ascii_digit()));
            if !digest.terms.is_empty() {
                digest.terms.push('\n');
            }
            digest.terms.push_str(&passage.join(" "));
        }
        digest
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The terms of `text`, passage by passage; none that is empty.
fn passages(analyzer: &Analyzer, text: &str) -> Vec<Vec<String>> {
    let mut out = vec![];
    let mut open = vec![];
    for sentence in sentences(text) {
        if open.len() >= PASSAGE_TERMS {
            out.push(std::mem::take(&mut open));
        }
        open.extend(analyzer.terms(sentence));
    }
    if !open.is_empty() {
        out.push(open);
    }
    out
}

/// Lines, and the sentences in them, nothing left out.
pub(crate) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '?', '!']).flat_map(|line| line.split_inclusive(". "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_sentences() {
        let text = "The parser reads every configuration file twice. ".repeat(30);
        let digest = Digest::of(&Analyzer::default(), &text, None);
        let lens: Vec<usize> = digest.terms.lines().map(|line| line.split(' ').count()).collect();
        assert_eq!(lens.iter().sum::<usize>(), digest.len as usize);
        assert!(lens.len() > 1 && lens.iter().all(|len| *len < 2 * PASSAGE_TERMS), "{lens:?}");
    }

    #[test]
    fn nothing_said_is_nothing_known() {
        let digest = Digest::of(&Analyzer::default(), "", None);
        assert_eq!((digest.len, digest.terms.as_str()), (0, ""));
    }
}
