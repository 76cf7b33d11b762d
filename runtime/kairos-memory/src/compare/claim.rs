//! What two claims are to one another: the one judgement that dreams go by.
//!
//! A claim says what stands. That it stands "from now on", "always", or that "we" hold to it, adds nothing; and what it takes the
//! place of ("use pnpm, not npm") tells which other claim it overtakes.

use super::align::{Link, align};
use super::judge::judge;
use super::mirrored;
use super::over::{is_over, takes_back};
use super::sentence::Sentence;
use super::subject::same_subject;
use super::words::{self, Place};
use kairos_core::memory::Relation;
use std::cmp::Ordering;

/// A claim taken apart once, to be compared with many.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    text: String,
    /// What it says, without what it takes the place of.
    core: Sentence,
    words: Vec<String>,
    /// The words of what it takes the place of.
    replaced: Vec<String>,
    /// It says that something is over.
    over: bool,
}

/// Said before or behind what stands, and no part of it.
const STANDING: &[&str] = &["from now on", "going forward", "in the future", "in future", "always", "we", "please"];
/// Before what a claim takes the place of.
const CONTRASTS: &[&str] = &[", not ", " instead of ", " rather than "];

impl Parsed {
    pub(crate) fn new(text: &str) -> Self {
        let (core, replaced) = contrast(standing(text));
        Self {
            text: text.into(),
            core: Sentence::parse(&core),
            words: all_words(&core),
            replaced: all_words(replaced),
            over: is_over(text),
        }
    }

    /// What the first is to the second. Exchanging them gives the mirrored relation. Contrary is only what speaks of the same subject:
    /// of two limits of two things each may hold. Nor does a claim include another that narrows where or when that holds.
    pub(crate) fn relation(&self, other: &Self) -> Relation {
        // Judged in one order only, so that both orders agree.
        match self.text.cmp(&other.text) {
            Ordering::Equal => Relation::Same,
            Ordering::Less => self.judge(other),
            Ordering::Greater => mirrored(other.judge(self)),
        }
    }

    fn judge(&self, other: &Self) -> Relation {
        match judge(&self.core, &other.core) {
            Relation::Same => match (self.replaced.is_empty(), other.replaced.is_empty()) {
                _ if self.replaced == other.replaced => Relation::Same,
                (false, true) => Relation::Includes,
                (true, false) => Relation::Included,
                _ => Relation::Related,
            },
            _ if self.overtakes(other) || other.overtakes(self) => Relation::Contrary,
            _ if self.ends(other) || other.ends(self) => Relation::Contrary,
            // Of two of a kind both may be over.
            Relation::Contrary if self.over && other.over => Relation::Related,
            Relation::Contrary | Relation::Includes | Relation::Included if !same_subject(&self.core, &other.core) => {
                Relation::Related
            }
            Relation::Related if another_means(&self.core, &other.core) => Relation::Contrary,
            told => told,
        }
    }

    /// May the later of the two supersede the earlier?
    pub(crate) fn same_subject(&self, other: &Self) -> bool {
        let (first, second) = if self.text <= other.text { (self, other) } else { (other, self) };
        (same_subject(&first.core, &second.core) && !(self.over && other.over)) || first.judge(second) == Relation::Contrary
    }

    /// Does this say that what the other says is over: "I no longer use vim"?
    fn ends(&self, other: &Self) -> bool {
        self.over && !other.over && takes_back(&self.text, &other.text).is_some()
    }

    /// Does this name what the other says as what it takes the place of?
    fn overtakes(&self, other: &Self) -> bool {
        // What is left of the other speaks of the same: short words tell nothing of that.
        let rest: Vec<&String> = other.words.iter().filter(|w| w.len() > 3 && !self.replaced.contains(w)).collect();
        let shared = rest.iter().filter(|w| self.words.contains(w)).count();
        let names_it = !self.replaced.is_empty() && other.words.windows(self.replaced.len()).any(|w| w == self.replaced);
        names_it && shared > 0 && 2 * shared >= rest.len()
    }
}

/// What is used for a purpose is one: "use X for that" and "use Y for that" can't both stand.
fn another_means(a: &Sentence, b: &Sentence) -> bool {
    let found = align(a, b);
    let uses = |s: &Sentence| s.denials == 0 && s.tokens.first().is_some_and(|t| t.stem == "use");
    let purpose = |s: &Sentence| s.tokens.iter().any(|t| t.place == Some(Place::For));
    let mut differ = found.pairs.iter().filter(|p| !p.link.is_shared());
    let value = differ.next().is_some_and(|p| (p.first, p.second) == (1, 1) && p.link != Link::Opposite);
    let all = found.first.is_empty() && found.second.is_empty() && differ.next().is_none();
    uses(a) && uses(b) && purpose(a) && purpose(b) && value && all
}

/// A text without what says that it stands.
fn standing(text: &str) -> &str {
    let mut rest = text.trim().trim_end_matches('.');
    while let Some(shorter) = STANDING.iter().find_map(|word| without(rest, word)) {
        rest = shorter;
    }
    rest
}

/// Without a phrase at its beginning or end; none where it isn't there, or is all there is.
fn without<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let mark = |c: char| c == ',' || c.is_whitespace();
    let (head, tail) = (text.get(..phrase.len()), text.len().checked_sub(phrase.len()).and_then(|at| text.split_at_checked(at)));
    let rest = if head.is_some_and(|head| head.eq_ignore_ascii_case(phrase)) {
        text[phrase.len()..].strip_prefix(mark)
    } else {
        tail.filter(|(_, tail)| tail.eq_ignore_ascii_case(phrase)).and_then(|(rest, _)| rest.strip_suffix(mark))
    };
    rest.map(|rest| rest.trim_matches(mark)).filter(|rest| !rest.is_empty())
}

/// What a text says, and what it takes the place of: up to a comma, or a preposition that goes on with what it says.
fn contrast(text: &str) -> (String, &str) {
    let Some((at, mark)) = CONTRASTS.iter().filter_map(|mark| Some((text.find(mark)?, mark))).min() else {
        return (text.into(), "");
    };
    let rest = &text[at + mark.len()..];
    let goes_on = |(at, c): (usize, char)| match c {
        ',' | ';' => Some(at),
        ' ' => rest[at + 1..].split(' ').next().and_then(|word| words::place(&[word])).map(|_| at),
        _ => None,
    };
    let end = rest.char_indices().find_map(goes_on).unwrap_or(rest.len());
    (format!("{}{}", &text[..at], &rest[end..]), &rest[..end])
}

fn all_words(text: &str) -> Vec<String> {
    let word = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(word).filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use Relation::{Apart, Contrary, Includes, Related, Same};

    #[test]
    fn what_stands_is_the_same_however_it_is_introduced() {
        let all = ["We use Vite for bundles.", "Always use Vite for bundles.", "From now on, use Vite for bundles."];
        let more =
            ["we always use vite for bundles", "In future, please use Vite for bundles.", "use vite for bundles from now on"];
        for (first, second) in all.iter().flat_map(|first| more.iter().map(move |second| (first, second))) {
            assert_eq!(compare(first, second), Same, "{first} / {second}");
        }
        assert_eq!(compare("Never rebase main.", "From now on, rebase main."), Contrary);
        assert_eq!(compare("CI always runs the linter.", "CI runs the linter."), Includes, "within a sentence it says something");
    }

    #[test]
    fn a_claim_overtakes_what_it_names() {
        for new in ["From now on, use `b2` for search queries, not `a1`.", "use `b2` instead of `a1` for search queries"] {
            for old in ["We use `a1` for search queries.", "From now on, use `a1` for search queries."] {
                assert_eq!(compare(old, new), Contrary, "{old}");
                assert!(Parsed::new(old).same_subject(&Parsed::new(new)), "{old}");
            }
            assert_eq!(compare(new, "We use `b2` for search queries."), Includes);
            assert_eq!(compare(new, "`a1` is written in C."), Apart);
        }
    }

    #[test]
    fn what_is_used_for_a_purpose_is_one() {
        assert_eq!(compare("We use vitest for unit tests.", "From now on, use mocha for unit tests."), Contrary);
        assert_eq!(compare("We use vitest for unit tests.", "We use cypress for browser tests."), Related);
        assert_eq!(compare("The team likes curry.", "The team likes soup."), Related);
    }

    #[test]
    fn a_claim_that_narrows_another_does_not_include_it() {
        assert_eq!(compare("tests run with pytest -x", "tests run with pytest"), Includes);
        assert_eq!(compare("Run the linter before a commit.", "Run the linter."), Related);
    }
}
