//! What the user states as a rule, or corrects, in his own words.

use crate::lesson::{Lesson, Seen, best};
use crate::over::is_over;
use kairos_plugin::memory::Kind;
use std::collections::BTreeMap;

/// A rule is said in one breath: longer sentences tell a story, shorter ones point at something nobody sees later.
const WORDS: std::ops::RangeInclusive<usize> = 3..=40;
/// Bytes of such a sentence.
const LONGEST: usize = 300;
/// At most so many of these lessons in one dream.
const MOST: usize = 200;
/// Words of a message that somebody typed. What is longer was pasted for the most part (a review, a plan, a log), and only its
/// first paragraph is taken for his.
const TYPED: usize = 100;

/// Sentences that state a rule, by their words, with what was said and by whom it was heard.
#[derive(Default)]
pub struct Said(BTreeMap<String, (Kind, Vec<(Seen, String)>)>);

impl Said {
    pub fn hear(&mut self, text: &str, seen: &Seen) {
        for sentence in sentences(text) {
            if let Some((kind, rule)) = rule(sentence) {
                let entry = self.0.entry(words(rule).join(" ")).or_insert((kind, Vec::new()));
                entry.1.push((seen.clone(), rule.to_string()));
            }
        }
    }

    pub fn lessons(self) -> Vec<Lesson> {
        let lesson = |(kind, mut said): (Kind, Vec<(Seen, String)>)| {
            said.sort();
            // The same words may be spelled in several ways: the latest is how he says it now.
            let text = said.last().map(|(_, text)| text.clone()).unwrap_or_default();
            Lesson::new(kind, text, said.into_iter().map(|(seen, _)| seen).collect(), "the user said so")
        };
        best(self.0.into_values().map(lesson).collect(), MOST)
    }
}

/// The part of a message that is the user's own: he pastes, too.
pub fn typed(text: &str) -> &str {
    let text = text.trim();
    let words = |part: &str| part.split_whitespace().count();
    if words(text) <= TYPED {
        return text;
    }
    let first = text.split("\n\n").next().unwrap_or_default();
    if words(first) <= TYPED { first } else { "" }
}

/// Sentences outside of code, quotations and tables.
fn sentences(text: &str) -> Vec<&str> {
    let (mut all, mut code) = (Vec::new(), false);
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            code = !code;
        }
        if code || line.starts_with(['>', '|', '`', '<', '{', '[', '$', '#']) {
            continue;
        }
        let line = line.trim_start_matches(['-', '*', '+', ' ']);
        let mut from = 0;
        let bytes = line.as_bytes();
        for (i, c) in line.char_indices() {
            let dash = c == '-' && line[..i].ends_with(' ') && bytes.get(i + 1) == Some(&b' ');
            let ends = dash || matches!(c, '.' | '!' | '?') && bytes.get(i + 1).is_none_or(u8::is_ascii_whitespace);
            let abbreviated = line[..i].ends_with("e.g") || line[..i].ends_with("i.e") || line[..i].ends_with("etc");
            if ends && !abbreviated {
                all.push(line[from..i + usize::from(!dash)].trim());
                from = i + 1;
            }
        }
        all.push(line[from..].trim());
    }
    all.iter_mut().for_each(|s| *s = bare(s));
    // What ends with a colon announces something else.
    all.retain(|s| s.len() <= LONGEST && !s.ends_with(':') && WORDS.contains(&s.split_whitespace().count()));
    all
}

/// A sentence that stands in parentheses, without them.
fn bare(sentence: &str) -> &str {
    let inside = sentence.strip_prefix('(').and_then(|s| s.strip_suffix(')').or_else(|| s.strip_suffix(").")));
    inside.filter(|s| !s.contains(['(', ')'])).unwrap_or(sentence)
}

/// The words of a sentence in lower case, without the marks around them.
fn words(sentence: &str) -> Vec<String> {
    let mark = |c: char| !(c.is_alphanumeric() || matches!(c, '`' | '/' | '-' | '_' | '<' | '>' | '='));
    let clean = |w: &str| w.trim_matches(mark).replace('\u{2019}', "'").to_lowercase();
    sentence.split_whitespace().map(clean).filter(|w| !w.is_empty()).collect()
}

/// Said before the point is made.
const LEADS: &[&str] = &[
    "no", "nope", "actually", "wrong", "please", "ok", "okay", "well", "and", "but", "so", "also", "hey", "hmm", "yes", "yeah",
    "oh", "sorry", "wait", "btw", "again", "then",
];
/// Of these leads it's a correction that follows.
const CORRECTIONS: &[&str] = &["no", "nope", "actually", "wrong"];
/// After these words `always` and `never` tell what happened, and not what is to be done.
const TOLD: &[&str] = &[
    "mind", "been", "had", "got", "saw", "seen", "knew", "heard", "thought", "worked", "works", "happened", "happens", "fails",
    "failed", "ends", "was", "is", "were", "did", "forget", "get", "gets", "seems", "runs", "returns",
];
/// With these it is meant for the moment.
const PASSING: &[&str] = &[
    "yet",
    "now",
    "today",
    "tonight",
    "tomorrow",
    "worry",
    "bother",
    "forget",
    "panic",
    "moment",
    "currently",
    "again",
    "anything",
    "wait",
];
/// Files of instructions to agents.
const INSTRUCTIONS: &[&str] = &["claude.md", "agents.md", "gemini.md", "contributing.md"];
/// With these it was decided, not just done so.
const DECIDED: &[&str] = &["explicitly", "deliberately", "intentionally"];
/// What nobody knows later what it meant.
const POINTING: &[&str] = &["it", "this", "that", "them", "these", "those", "one", "here", "there"];
/// `don't` before these is no order.
const MENTAL: &[&str] =
    &["know", "think", "see", "understand", "mind", "care", "remember", "have", "need", "want", "like", "believe", "get", "feel"];

/// The part of a sentence that states a rule, if one does, and what it is about.
fn rule(sentence: &str) -> Option<(Kind, &str)> {
    if sentence.ends_with('?') || sentence.contains("…") || sentence.starts_with("Alternatively") {
        return None;
    }
    // The lead goes, word by word, from the sentence itself.
    let (mut rest, mut corrects) = (sentence, false);
    loop {
        let word = words(rest.split_whitespace().next()?).into_iter().next().unwrap_or_default();
        if !LEADS.contains(&word.as_str()) || words(rest).len() <= 2 {
            break;
        }
        corrects |= CORRECTIONS.contains(&word.as_str());
        rest = rest.trim_start().split_once(char::is_whitespace)?.1.trim_start();
    }
    let owned = words(rest);
    let w: Vec<&str> = owned.iter().map(String::as_str).collect();
    let at = |i: usize| w.get(i).copied().unwrap_or_default();
    let has = |phrase: &[&str]| w.windows(phrase.len()).any(|part| part == phrase);
    let contrasts = has(&["not"]) || has(&["instead", "of"]) || has(&["rather", "than"]) || has(&["over"]);
    let passing = w.iter().any(|x| PASSING.contains(x)) || has(&["this", "time"]) || has(&["for", "the", "moment"]);
    let points = |i: usize| POINTING.contains(&at(i));
    let future = ["in future", "in the future"].iter().any(|f| {
        let all = w.join(" ");
        (all.starts_with(f) || all.ends_with(f)) && at(0) != "to"
    });
    let lasting = has(&["from", "now", "on"]) || has(&["going", "forward"]) || future;
    let ever = |i: usize| matches!(at(i), "always" | "never") && !TOLD.contains(&at(i + 1)) && !points(i + 1) && i + 1 < w.len();
    let denies = |i: usize| matches!(at(i), "don't" | "dont" | "avoid") || (at(i) == "do" && at(i + 1) == "not");
    let verb = |i: usize| if at(i) == "do" { at(i + 2) } else { at(i + 1) };
    let forbids = |i: usize| {
        let last = w.last().copied().unwrap_or_default();
        let object = if at(i) == "do" { i + 3 } else { i + 2 };
        let empty = w.len() <= i + 3 && POINTING.contains(&last) || points(object);
        denies(i) && !passing && !MENTAL.contains(&verb(i)) && !empty
    };
    let general = ["always", "every", "each", "before", "after", "whenever"].iter().any(|x| w.contains(x));

    let decided = at(0) == "we" && w.iter().any(|x| DECIDED.contains(x)) && !points(2) && !passing;
    let supposes =
        matches!(at(0), "if" | "whether" | "when" | "why" | "how" | "what" | "does" | "did" | "is" | "maybe" | "would");
    // "If it fails, always say why": the condition is part of the rule.
    let conditional = matches!(at(0), "if" | "when") && [", always ", ", never "].iter().any(|ever| rest.contains(ever));
    if supposes && !lasting && !conditional {
        return None;
    }
    // "Update CLAUDE.md, but make sure that ...": what goes into a file of instructions is to last.
    let instructs = rest.to_lowercase();
    let instructs = INSTRUCTIONS.iter().any(|file| instructs.contains(file)).then(|| instructs.find("make sure that ")).flatten();
    if let Some(rule) = instructs.and_then(|at| rest.get(at..)) {
        return Some((Kind::Feedback, rule));
    }
    let i_verbs = ["use", "want", "prefer", "write", "run", "commit", "put", "keep", "work", "squash", "rebase", "test"];
    let mine = (at(0) == "i" && at(1) == "prefer" && !points(2))
        || (at(0) == "i" && matches!(at(1), "always" | "never") && i_verbs.contains(&at(2)))
        || (at(0) == "i'd" && at(1) == "always")
        || (matches!(at(0), "i" | "i've" | "the") && is_over(&w));
    let ours = matches!(at(0), "we" | "you" | "let's");
    let everywhere = w.iter().any(|x| matches!(*x, "everywhere" | "wherever"));
    let stated = lasting
        || decided
        || conditional
        || is_over(&w)
        || (everywhere && ours && matches!(at(1), "should" | "must" | "need" | "make"))
        || ever(0)
        || (at(0) == "prefer" && !points(1))
        || (at(0) == "use" && contrasts && !points(1))
        || forbids(0)
        || (ours && at(0) != "you" && (ever(1) || forbids(1)))
        || (at(0) == "we" && matches!(at(1), "use" | "prefer") && !points(2) && !passing)
        || (ours && matches!(at(1), "should" | "must") && ever(2))
        || (matches!(at(0), "make" | "be") && at(1) == "sure" && general && !passing)
        || (corrects && matches!(at(0), "use" | "run" | "name" | "call" | "write" | "keep" | "put") && !points(1) && !passing);
    match (mine, stated) {
        (true, _) => Some((Kind::User, rest)),
        (_, true) => Some((Kind::Feedback, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_heard_in_the_users_own_words() {
        let heard = |text: &str| sentences(text).into_iter().filter_map(rule).map(|(_, r)| r.to_string()).collect::<Vec<_>>();
        for (said, kept) in [
            ("Always run the linter before a commit.", "Always run the linter before a commit."),
            ("We use pnpm, not npm. Thanks!", "We use pnpm, not npm."),
            ("No, use `tracing` for that output", "use `tracing` for that output"),
            ("ok, please never push to main", "never push to main"),
            ("From now on, write commit messages in the imperative.", "From now on, write commit messages in the imperative."),
            ("please ask first in the future", "ask first in the future"),
            (
                "yeah let's update CLAUDE.md but make sure that one asks before long tests",
                "make sure that one asks before long tests",
            ),
            ("we should be using the strong types wherever we can", "we should be using the strong types wherever we can"),
            (
                "let's make sure we're using metric units everywhere please",
                "let's make sure we're using metric units everywhere please",
            ),
            ("if there is an error, always exit with 1", "if there is an error, always exit with 1"),
            ("Don't add comments that repeat the code.", "Don't add comments that repeat the code."),
            ("I prefer short functions.", "I prefer short functions."),
            ("ok, I no longer use vim.", "I no longer use vim."),
            ("- prefer early returns over nesting", "prefer early returns over nesting"),
            ("Actually, we don\u{2019}t use mocks in this project.", "we don\u{2019}t use mocks in this project."),
            ("You should always ask before you delete files.", "You should always ask before you delete files."),
            ("Make sure to run `make check` before each push.", "Make sure to run `make check` before each push."),
            (
                "the command is fine here, right? (we use the library elsewhere explicitly)",
                "we use the library elsewhere explicitly",
            ),
        ] {
            assert_eq!(heard(said), [kept], "{said}");
        }
    }

    #[test]
    fn of_a_long_message_only_the_beginning_is_his() {
        let review = "The reviewer writes a great deal about it. Always keep the old path. ".repeat(12);
        assert_eq!(typed(&format!("never mind the tests\n\n{review}")), "never mind the tests");
        assert_eq!(typed(&review), "");
        assert_eq!(typed(" We use pnpm.\n\nAlways. "), "We use pnpm.\n\nAlways.");
    }

    #[test]
    fn talk_is_no_rule() {
        for said in [
            "Should we always use tabs?",
            "Never mind, it works.",
            "Don't push yet.",
            "I don't know why it fails.",
            "It has always been slow.",
            "Why do you never ask me first",
            "If we always retry, the server dies.",
            "don't worry about that",
            "Use this file.",
            "Don't do that.",
            "> Always quote your sources in full.",
            "```\nalways use strict mode\n```",
            "The test always fails on my machine.",
            "You always forget the license header.",
            "Never works on the first try",
            "We use this a lot these days",
            "To silence the warning in future sessions, run:",
            "To hide this notice in the future ...",
            "let's roll back, they need not exist in the future state",
            "Alternatively, if it may be of use in the future, leave a comment.",
            "Also don't give it a number.",
            "I'd like to update CLAUDE.md to make sure the names in it agree.",
        ] {
            let heard: Vec<_> = sentences(said).into_iter().filter_map(rule).map(|(_, r)| r).collect();
            assert!(heard.is_empty(), "{heard:?}");
        }
    }
}
