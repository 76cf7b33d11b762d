//! What two sentences are to one another, judged from their words: no model, microseconds, the same answer every time.

mod align;
mod conserve;
pub mod ending;
mod instruct;
mod judge;
mod lexicon;
mod mine;
mod over;
mod quantity;
mod sentence;
mod split;
mod subject;
mod update;
mod words;

pub use conserve::{Missing, conserved};
pub use instruct::is_instruction;
pub use mine::contradictions;
pub use subject::same_subject;
pub use update::{Effect, Update, update};

use kairos_core::memory::Relation;
use sentence::Sentence;
use std::cmp::Ordering;

/// What the first text is to the second. Exchanging them gives the mirrored relation.
pub fn compare(first: &str, second: &str) -> Relation {
    if first == second { Relation::Same } else { Parsed::new(first).relation(&Parsed::new(second)) }
}

/// A text taken apart once, to be compared with many.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    text: String,
    sentence: Sentence,
}

impl Parsed {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), sentence: Sentence::parse(text) }
    }

    /// As [`compare`], but contrary is only what speaks of the same subject: of two limits of two things each may hold. "Use pnpm, not
    /// npm" is contrary to "use npm", and "I no longer use vim" to "the user uses vim".
    pub(crate) fn relation_of_claims(&self, other: &Self) -> Relation {
        match self.relation(other) {
            Relation::Contrary if !same_subject_of_claims(&self.text, &other.text) => Relation::Related,
            Relation::Same => Relation::Same,
            _ if gives_way(&self.text, &other.text) => Relation::Contrary,
            told => told,
        }
    }

    /// As [`compare`].
    pub(crate) fn relation(&self, other: &Self) -> Relation {
        // Judged in one order only, so that both orders agree.
        match self.text.cmp(&other.text) {
            Ordering::Equal => Relation::Same,
            Ordering::Less => judge::judge(&self.sentence, &other.sentence),
            Ordering::Greater => mirrored(judge::judge(&other.sentence, &self.sentence)),
        }
    }
}

/// As [`same_subject`], also where the one names what the other says as what it takes the place of.
pub(crate) fn same_subject_of_claims(first: &str, second: &str) -> bool {
    same_subject(first, second) || gives_way(first, second)
}

/// Does the one name what the other says as what it takes the place of, or as what is over?
fn gives_way(first: &str, second: &str) -> bool {
    let one_way = |first, second| overtakes(first, second) || over::takes_back(first, second).is_some();
    one_way(first, second) || one_way(second, first)
}

/// Does the first name what the second says as what it takes the place of?
fn overtakes(first: &str, second: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let word = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        text.split_whitespace().map(word).filter(|w| !w.is_empty()).collect()
    };
    let replaced = words(&first[core(first).len()..]);
    let replaced = replaced.strip_prefix(&["not".to_owned()]).unwrap_or_default();
    let said = words(core(second));
    let new = words(core(first));
    // What is left of the second speaks of the same: short words tell nothing of that.
    let rest: Vec<&String> = said.iter().filter(|w| w.len() > 3 && !replaced.contains(w) && *w != "always").collect();
    let shared = rest.iter().filter(|w| new.contains(w)).count();
    let names_it = !replaced.is_empty() && said.windows(replaced.len()).any(|w| w == replaced);
    names_it && shared > 0 && 2 * shared >= rest.len()
}

/// A claim without what it takes the place of: "use pnpm, not npm".
fn core(text: &str) -> &str {
    text.find(", not ").map_or(text, |at| &text[..at])
}

fn mirrored(relation: Relation) -> Relation {
    match relation {
        Relation::Includes => Relation::Included,
        Relation::Included => Relation::Includes,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Relation::{Contrary, Included, Includes, Related, Same};

    #[test]
    fn claims_of_a_developer_s_world() {
        for (first, second, relation) in [
            ("tests run with pytest -x", "tests run with pytest", Includes),
            ("tests run with pytest", "tests run with pytest -x", Included),
            ("The server listens on port 8080", "The server listens on port 8081", Contrary),
            ("never push to main", "push to main", Contrary),
            ("CI uses Node 18 since March", "CI uses Node 20", Contrary),
            ("The repo uses PostgreSQL.", "the repository uses postgres", Same),
            ("The timeout is 2 minutes", "the timeout is 120s", Same),
            ("Run the tests before each commit", "Run the tests after each commit", Contrary),
            ("Postgres replaced MySQL", "MySQL was replaced by Postgres", Same),
            ("Don't use tabs", "Use tabs", Contrary),
            ("indent with tabs", "indent with spaces", Contrary),
            ("The user prefers tabs over spaces", "The user prefers spaces over tabs", Contrary),
            ("Never use npm. Use pnpm.", "Use npm. Never use pnpm.", Contrary),
            ("avoid force pushing", "force push", Contrary),
        ] {
            assert_eq!(compare(first, second), relation, "{first} / {second}");
        }
        assert_ne!(compare("Postgres replaced MySQL", "MySQL replaced Postgres"), Same);
        assert_ne!(compare("MySQL was replaced by Postgres", "MySQL replaced Postgres"), Same);
        assert_ne!(compare("dog bites man", "man bites dog"), Same);
        assert_ne!(compare("CI used Node 18", "CI uses Node 18"), Same);
        assert_ne!(compare("The timeout was 5s", "The timeout is 5s"), Same);
        assert_ne!(compare("copy from a.txt to b.txt", "copy from b.txt to a.txt"), Same);
        for old in ["We use `a1` for search queries.", "From now on, use `a1` for search queries."] {
            let new = "From now on, use `b2` for search queries, not `a1`.";
            assert_eq!(Parsed::new(old).relation_of_claims(&Parsed::new(new)), Contrary, "{old}");
            assert!(same_subject_of_claims(old, new), "{old}");
        }
        let two = ["Always keep lines under 14.", "Always keep changelog entries under 42."].map(Parsed::new);
        assert_eq!(two[0].relation_of_claims(&two[1]), Related);
        let long = "word ".repeat(500);
        assert_ne!(compare(&format!("{long} on"), &format!("{long} off")), Same);
        assert_ne!(compare("The cache is on in staging", "The cache is on in production"), Same);
        assert_ne!(compare("`uv run pytest -q` runs the tests.", "`uv run mypy` lints the code."), Contrary);
        let failing = |what: &str| format!("`mise run {what}` keeps failing with `[{what}] ERROR task failed`.");
        assert_eq!(compare(&failing("lint"), &failing("test")), Related);
        assert_ne!(compare("The user likes tea", "The user likes coffee"), Same);
    }

    #[test]
    fn what_is_over_gives_way_to_the_word_that_says_so() {
        for (statement, claim) in [
            ("I no longer use vim.", "The user uses vim."),
            ("I no longer use vim.", "I always use vim for quick edits, and for nothing else."),
            ("We switched from npm to pnpm.", "We use npm."),
        ] {
            let contrary = claim.len() < 20;
            let relation = Parsed::new(statement).relation_of_claims(&Parsed::new(claim));
            assert_eq!(relation == Contrary, contrary, "{statement} / {claim}");
            assert_eq!(same_subject_of_claims(statement, claim), contrary, "{statement} / {claim}");
        }
    }

    #[test]
    fn the_same_words_bound_otherwise_are_not_the_same() {
        for (first, second) in [
            ("use anyhow in binaries and thiserror in libraries", "use thiserror in binaries and anyhow in libraries"),
            ("tests use jest and docs use mkdocs", "tests use mkdocs and docs use jest"),
            ("run lint and then test", "run test and then lint"),
            ("merge main into develop", "merge develop into main"),
            ("server A replicates to server B", "server B replicates to server A"),
            ("the lexer feeds the parser", "the lexer is fed by the parser"),
            ("dev uses SQLite, prod uses Postgres", "dev uses Postgres, prod uses SQLite"),
            ("the team deploys every Tuesday", "the team deploys every other Tuesday"),
        ] {
            assert_ne!(compare(first, second), Same, "{first} / {second}");
        }
        assert_eq!(compare("lint, test and build on CI", "build, lint and test on CI"), Same);
        assert_eq!(compare("never commit secrets", "secrets must never be committed"), Related);
    }

    proptest::proptest! {
        /// Words that meet: names, numbers, denials, opposites, prepositions.
        #[test]
        fn exchanged_texts_give_the_mirrored_relation(
            first in "((the|a|never|not|no|tests|run|runs|port|8080|8081|Node|before|after|red|blue|is|was|by|and|src/a.rs|always|only|,|user|likes|dog|man) ?){0,12}",
            second in "((the|a|never|not|no|tests|run|runs|port|8080|8081|Node|before|after|red|blue|is|was|by|and|src/a.rs|always|only|,|user|likes|dog|man) ?){0,12}",
        ) {
            proptest::prop_assert_eq!(compare(&first, &second), mirrored(compare(&second, &first)));
            proptest::prop_assert_eq!(same_subject(&first, &second), same_subject(&second, &first));
            proptest::prop_assert_eq!(compare(&first, &first), Same);
        }

        #[test]
        fn any_text_is_judged_without_a_panic(first in "\\PC{0,80}", second in "\\PC{0,80}") {
            compare(&first, &second);
            let _ = conserved(&first, &[&second]);
            update(&[&first], &second);
            contradictions(&[&first, &second]);
            is_instruction(&first);
        }
    }
}
