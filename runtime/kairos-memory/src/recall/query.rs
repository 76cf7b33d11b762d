//! What a question asks for, read from its words: terms, speakers, dates, and the kind of answer.

use crate::recall::cues;
use crate::recall::dates::{Days, dates_in};
use crate::recall::index::Index;
use crate::recall::text::Analyzer;
use jiff::civil::Date;

/// A question or a few words to search by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The words.
    pub text: &'a str,
    /// The day it is asked on, for "last week"; without one, the latest day in the index.
    pub today: Option<Date>,
    /// The speaker that "I" and "my" mean.
    pub asker: Option<&'a str>,
}

/// A query understood.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Distinct terms; a speaker's name is no term.
    pub terms: Vec<String>,
    /// Neighbouring terms.
    pub pairs: Vec<(String, String)>,
    /// The speakers it names, by number.
    pub speakers: Vec<u32>,
    pub dates: Vec<Days>,
    /// It asks for a time.
    pub when: bool,
    /// It asks for a number.
    pub count: bool,
    /// It asks for advice or for work to be done, where the asker's standing wishes matter.
    pub advice: bool,
    /// It asks for what was answered, or for all of it.
    pub replies: bool,
    /// It asks for a length of time.
    pub duration: bool,
    /// It asks for things that lie apart.
    pub breadth: bool,
    /// The asker, by number.
    pub asker: Option<u32>,
}

impl Index {
    pub(crate) fn understand(&self, query: Query<'_>) -> Asked {
        let mut asked = Asked::default();
        let lower = query.text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let after = |first: &str, then: &[&str]| words.windows(2).any(|w| w[0] == first && then.contains(&w[1]));
        asked.when = words.contains(&"when")
            || after("what", &["date", "day", "month", "year", "time"])
            || after("which", &["date", "day", "month", "year"])
            || after("how", &["long", "old"]);
        asked.count = after("how", &["many", "much", "often", "old", "long", "far"]);
        asked.replies = cues::asks_for_replies(&words);
        asked.duration = after("how", &["long"]);
        asked.breadth = cues::asks_for_breadth(&words);
        asked.advice = !asked.replies && cues::advice(&lower);
        for (id, name) in self.speakers.iter().enumerate() {
            let named = !is_role(name) && words.iter().any(|word| is_name(word, name));
            let asker = query.asker.is_some_and(|asker| asker.eq_ignore_ascii_case(name));
            if asker {
                asked.asker = u32::try_from(id).ok();
            }
            if named || (asker && words.iter().any(|w| matches!(*w, "i" | "my" | "me" | "mine"))) {
                asked.speakers.extend(u32::try_from(id));
            }
        }
        if let Some(today) = query.today.or(self.latest) {
            asked.dates = dates_in(query.text, today);
        }
        let all = self.analyzer.terms(query.text);
        asked.pairs = all.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let frame = |term: &String| cues::FRAME.binary_search(&term.as_str()).is_ok();
        let only_frame = all.iter().all(frame);
        for term in all {
            if (only_frame || !frame(&term)) && !asked.terms.contains(&term) && !self.names_a_speaker(&self.analyzer, &term) {
                asked.terms.push(term);
            }
        }
        asked
    }

    fn names_a_speaker(&self, analyzer: &Analyzer, term: &str) -> bool {
        self.speakers
            .iter()
            .filter(|name| !is_role(name))
            .any(|name| name.split_whitespace().any(|part| analyzer.stem(part) == *term))
    }
}

/// A speaker called by what he is, in words that are as often about something else: "the user table", "a shell script".
fn is_role(name: &str) -> bool {
    const ROLES: &[&str] = &["agent", "assistant", "file", "human", "model", "plugin", "shell", "system", "tool", "user", "web"];
    ROLES.contains(&name)
}

/// `word` is the name, its first name, or a short form of at least three letters ("mel" for "melanie").
fn is_name(word: &str, name: &str) -> bool {
    let first = name.split_whitespace().next().unwrap_or(name);
    word == first || (word.len() >= 3 && word.len() < first.len() && first.starts_with(word) && first.len() - word.len() >= 3)
}
