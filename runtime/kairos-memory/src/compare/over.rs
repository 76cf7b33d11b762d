//! What is said to be over, in so many words: "I no longer use vim", "we switched from npm to pnpm".

use super::lexicon::lexicon;
use super::sentence::Sentence;
use super::split::{Raw, sentences, split};
use super::update::Effect;
use super::words;
use std::collections::BTreeSet;

/// Behind these stands what is over; the longest first where one begins as another does.
const ENDERS: &[&[&str]] = &[
    &["no", "longer"],
    &["stopped"],
    &["quit"],
    &["dropped"],
    &["abandoned"],
    &["gave", "up"],
    &["given", "up"],
    &["got", "rid", "of"],
    &["moved", "away", "from"],
    &["switched", "from"],
    &["switched", "away", "from"],
    &["moved", "from"],
    &["migrated", "from"],
    &["replaced"],
];
/// Here ends what is over, or what takes its place begins.
const BOUNDS: &[&str] = &["to", "with", "by", "and", "but", "because", "since", "so", "as", "anymore", "now"];
/// Of these bounds what takes its place stands behind.
const REPLACES: &[&str] = &["to", "with", "by"];
/// What is said so is not said to be over.
const SUPPOSED: &[&str] = &[
    "if", "when", "once", "whether", "until", "unless", "may", "might", "could", "should", "would", "not", "never", "almost",
    "nearly",
];
/// To do with a thing what all of these say.
const USING: &[&str] = &["use", "prefer", "choose"];

/// What becomes of a claim where the statement says that it is over: the whole of it, and nothing narrower.
pub(super) fn takes_back(statement: &str, claim: &str) -> Option<Effect> {
    let ended: Vec<_> = sentences(statement).filter_map(ended).collect();
    if ended.is_empty() || is_over(claim) || Sentence::parse(claim).denials > 0 {
        return None;
    }
    let claimed = told(&split(claim));
    ended.into_iter().find(|(over, _)| *over == claimed).map(|(_, effect)| effect)
}

/// Does it say that something is over?
pub(super) fn is_over(text: &str) -> bool {
    sentences(text).any(|sentence| ended(sentence).is_some())
}

/// What a sentence says is over, and what becomes of it; none where it doesn't say so.
fn ended(sentence: &str) -> Option<(BTreeSet<String>, Effect)> {
    let raw = split(sentence);
    let at = |n: usize| raw.get(n).map_or("", |r| r.lower.as_str());
    let ender = |n: usize| ENDERS.iter().find(|words| words.iter().enumerate().all(|(i, word)| at(n + i) == *word));
    let (from, taken) = match (0..raw.len()).find_map(|n| Some((n, ender(n)?.len()))) {
        Some(found) => found,
        None => {
            // "don't use vim anymore"
            let anymore = (0..raw.len()).find(|n| at(*n) == "anymore" || (at(*n) == "any" && at(n + 1) == "more"))?;
            ((0..anymore).rev().find(|n| at(*n) == "not")?, 1)
        }
    };
    if sentence.ends_with('?') || raw[..from].iter().any(|r| SUPPOSED.contains(&r.lower.as_str()) || r.ends) {
        return None;
    }
    let rest = &raw[from + taken..];
    let stands = |r: &Raw<'_>| !BOUNDS.contains(&r.lower.as_str()) && r.lower != "any";
    let bound = rest.iter().position(|r| !stands(r)).unwrap_or(rest.len());
    let comma = rest.iter().position(|r| r.ends).map_or(rest.len(), |n| n + 1);
    let over = told(&rest[..bound.min(comma)]);
    let replaced = bound < comma && REPLACES.contains(&rest[bound].lower.as_str());
    let effect = if replaced { Effect::Modify } else { Effect::Delete };
    (!over.is_empty()).then(|| (over.into_iter().chain(told(&raw[..from])).collect(), effect))
}

/// The stems that say of what it is told: without the person who tells it, and without the using.
fn told(raw: &[Raw<'_>]) -> BTreeSet<String> {
    let empty =
        |r: &&Raw<'_>| !words::is_empty(&r.lower) && !words::is_weak(&r.lower) && r.lower != "user" && r.lower != "always";
    let stems = raw.iter().filter(empty).map(|r| if r.code { r.text.to_owned() } else { lexicon().stem(&r.lower) });
    stems.filter(|stem| !USING.iter().any(|verb| lexicon().stem(verb) == *stem)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_what_was_claimed_and_no_more() {
        for (statement, claim, over) in [
            ("I no longer use vim.", "The user uses vim.", true),
            ("I don't use vim anymore, it is too slow", "I always use vim", true),
            ("We switched from npm to pnpm.", "we use npm", true),
            ("I stopped using vim last week.", "The user uses vim", false),
            ("We stopped using npm.", "We prefer npm.", true),
            ("CI no longer runs on `make test`", "CI runs on `make test`", true),
            ("We replaced Jest with Vitest", "We use Jest", true),
            ("I no longer use vim for Python", "The user uses vim", false),
            ("I no longer use vim", "The user uses neovim", false),
            ("I no longer use vim", "The user never uses vim", false),
            ("I no longer use vim", "I don't use vim anymore", false),
            ("Do we no longer use npm?", "We use npm", false),
            ("If we no longer use npm, the cache can go", "We use npm", false),
            ("I almost stopped using vim", "I use vim", false),
            ("the server stopped", "the server listens on port 80", false),
        ] {
            assert_eq!(takes_back(statement, claim).is_some(), over, "{statement} / {claim}");
        }
        assert_eq!(takes_back("We switched from npm to pnpm", "npm"), Some(Effect::Modify));
    }
}
