//! Text into terms: words, identifiers and numbers, stop words dropped, the rest reduced to stems.
//!
//! One [`Analyzer`] serves what is stored and what is asked, so that both sides agree on a term. An identifier gives its parts
//! and, where it has several, the whole of it too: `parse_config` is found by `parse`, by `config` and, best, by itself.

use frostem::{Algorithm, Stemmer};

/// Longest word that becomes a term, in characters; longer ones are hashes, base64 and the like, which nobody searches by a part.
const MAX_WORD: usize = 48;

/// Words that carry the grammar of a sentence or of a question, not its subject. English, lower case, sorted.
const STOP: &[&str] = &[
    "a", "about", "after", "again", "ago", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "but", "by", "can", "could", "did", "do", "does", "doing", "done", "during", "each", "for", "from", "get",
    "got", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it",
    "its", "just", "like", "likely", "many", "may", "me", "mention", "might", "more", "most", "much", "my", "no", "not", "of",
    "on", "one", "or", "other", "our", "ours", "out", "over", "own", "s", "said", "say", "shall", "she", "should", "so", "some",
    "such", "t", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they", "this", "those", "through",
    "to", "too", "up", "us", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose",
    "why", "will", "with", "would", "you", "your", "yours",
];

/// Stems of verbs bent so that the stemmer does not see they are one word. Both columns are stems.
const IRREGULAR: &[(&str, &str)] = &[
    ("ate", "eat"),
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("children", "child"),
    ("chose", "choos"),
    ("chosen", "choos"),
    ("drawn", "draw"),
    ("drew", "draw"),
    ("driven", "drive"),
    ("drove", "drive"),
    ("eaten", "eat"),
    ("fell", "fall"),
    ("felt", "feel"),
    ("fought", "fight"),
    ("found", "find"),
    ("gave", "give"),
    ("given", "give"),
    ("gone", "go"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("hidden", "hide"),
    ("kept", "keep"),
    ("kid", "child"),
    ("knew", "know"),
    ("known", "know"),
    ("led", "lead"),
    ("lost", "lose"),
    ("made", "make"),
    ("meant", "mean"),
    ("men", "man"),
    ("met", "meet"),
    ("paid", "pay"),
    ("ran", "run"),
    ("rode", "ride"),
    ("sang", "sing"),
    ("saw", "see"),
    ("seen", "see"),
    ("sent", "send"),
    ("shot", "shoot"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("stood", "stand"),
    ("swam", "swim"),
    ("taken", "take"),
    ("taught", "teach"),
    ("thought", "think"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("told", "tell"),
    ("took", "take"),
    ("understood", "understand"),
    ("went", "go"),
    ("women", "woman"),
    ("won", "win"),
    ("wore", "wear"),
    ("written", "write"),
    ("wrote", "write"),
];

/// Small numbers in words; the list's place is the value.
const NUMBERS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// The value of a number word from zero to twenty, lower case.
pub fn number_word(word: &str) -> Option<u32> {
    NUMBERS.iter().position(|n| *n == word).and_then(|n| u32::try_from(n).ok())
}

/// Turns text into terms. Cheap to make; holds no state between calls.
pub struct Analyzer {
    stemmer: Stemmer,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self { stemmer: Stemmer::new(Algorithm::English) }
    }
}

impl Analyzer {
    /// The terms of `text` in order, stop words left out. A word of more than 48 characters gives none.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        for word in words(text) {
            self.push_word(word, &mut out);
        }
        out
    }

    /// The stem of one lower-case word, irregular forms and number words brought home.
    pub fn stem(&self, lower: &str) -> String {
        if let Some(n) = number_word(lower) {
            return n.to_string();
        }
        if lower.bytes().any(|b| b.is_ascii_digit()) {
            return lower.to_owned();
        }
        let stem = self.stemmer.stem(lower);
        match IRREGULAR.binary_search_by_key(&stem.as_ref(), |(form, _)| form) {
            Ok(at) => IRREGULAR[at].1.to_owned(),
            Err(_) => stem.into_owned(),
        }
    }

    fn push_word(&self, word: &str, out: &mut Vec<String>) {
        if word.chars().count() > MAX_WORD {
            return;
        }
        let parts = parts(word);
        if parts.len() > 1 {
            let whole: String = parts.concat();
            if whole.len() > 2 {
                out.push(whole);
            }
        }
        for part in parts {
            // A part of one letter says something only inside its whole ("x" of "x_min"); a digit is a number.
            if STOP.binary_search(&part.as_str()).is_ok() || (part.len() == 1 && part.as_bytes()[0].is_ascii_alphabetic()) {
                continue;
            }
            out.push(self.stem(&part));
        }
    }
}

/// Runs of letters, digits and the characters that join an identifier or a number, with an English apostrophe ending cut off.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '\'' | '’' | '-' | ',' | '.'))).flat_map(|run| {
        // A comma or dot joins only digits: "1,200" and "5.3.0", not "left,right" or "end.Next".
        let numeric = number(run).is_some();
        run.split(move |c: char| !numeric && matches!(c, ',' | '.'))
            .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
            .map(|w| w.find(['\'', '’']).map_or(w, |at| negation(w, at)))
            .filter(|w| !w.is_empty())
    })
}

/// `word` where it starts with a digit, a version's leading `v` cut off: "v5.3.0" and "5.3.0" are one thing.
fn number(word: &str) -> Option<&str> {
    let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
    bare.starts_with(|c: char| c.is_ascii_digit()).then_some(bare)
}

/// What stands before an apostrophe; "didn't" gives "did".
fn negation(word: &str, at: usize) -> &str {
    let (head, tail) = word.split_at(at);
    let tail = tail.trim_start_matches(['\'', '’']);
    if tail.eq_ignore_ascii_case("t") { head.strip_suffix('n').unwrap_or(head) } else { head }
}

/// The parts of an identifier or a hyphenated word in lower case, cut at joiners and where small letters meet a capital.
/// A number keeps its dots and loses its thousands separators.
fn parts(word: &str) -> Vec<String> {
    if let Some(number) = number(word).filter(|n| !n.contains(['-', '_'])) {
        return vec![number.replace(',', "").to_lowercase()];
    }
    let mut out = vec![];
    for piece in word.split(['_', '-']).filter(|p| !p.is_empty()) {
        let mut part = String::new();
        let mut small = false;
        for c in piece.chars() {
            if small && c.is_uppercase() {
                out.push(std::mem::take(&mut part));
            }
            small = c.is_lowercase();
            part.extend(c.to_lowercase());
        }
        out.push(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Analyzer::default().terms(text)
    }

    #[test]
    fn the_tables_are_sorted_for_the_search_in_them() {
        assert!(STOP.is_sorted());
        assert!(IRREGULAR.is_sorted());
    }

    #[test]
    fn a_question_and_its_answer_meet_in_their_terms() {
        assert_eq!(terms("Why didn't Melanie's kids swim?"), ["melani", "child", "swim"]);
        assert_eq!(terms("Melanie’s children swam."), ["melani", "child", "swim"]);
        assert_eq!(terms("two turtles"), terms("2 turtle"));
    }

    #[test]
    fn identifiers_are_found_whole_and_in_parts() {
        assert_eq!(terms("parse_config()"), ["parseconfig", "pars", "config"]);
        assert_eq!(terms("parseConfig"), terms("parse-config"));
        assert_eq!(terms("src/main.rs"), ["src", "main", "rs"]);
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(terms("$1,200 in v5.3.0."), ["1200", "5.3.0"]);
        assert_eq!(terms("5.3.0, 12."), ["5.3.0", "12"]);
    }

    #[test]
    fn hostile_text_gives_few_terms_and_no_panic() {
        assert!(terms(&"a".repeat(1_000_000)).is_empty());
        assert!(terms("''' -- __ ... ,,, 'ü’ß \u{0}").len() < 3);
    }
}
