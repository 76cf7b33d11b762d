//! What two sentences are to one another, judged from their words: no model, microseconds, the same answer every time.

mod align;
mod claim;
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

pub(crate) use claim::Parsed;
pub use conserve::{Missing, conserved};
pub use instruct::is_instruction;
pub use mine::contradictions;
pub use update::{Effect, Update, update};

use kairos_core::memory::Relation;
use sentence::Sentence;
use std::cmp::Ordering;

/// What the first claim is to the second. Exchanging them gives the mirrored relation. Contrary is only what speaks of the same
/// subject, so that the later may supersede the earlier.
pub fn compare(first: &str, second: &str) -> Relation {
    if first == second { Relation::Same } else { Parsed::new(first).relation(&Parsed::new(second)) }
}

/// As [`compare`], of any two sentences and for those only: what the one says can't be so where the other is, whatever they speak of.
pub(crate) fn compare_sentences(first: &str, second: &str) -> Relation {
    // Judged in one order only, so that both orders agree.
    match first.cmp(second) {
        Ordering::Equal => Relation::Same,
        Ordering::Less => judge::judge(&Sentence::parse(first), &Sentence::parse(second)),
        Ordering::Greater => mirrored(judge::judge(&Sentence::parse(second), &Sentence::parse(first))),
    }
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
    use Relation::{Apart, Contrary, Included, Includes, Related, Same};

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
            ("Always keep lines under 14.", "From now on, keep lines under 20.", Contrary),
            ("Always keep lines under 14.", "Always keep changelog entries under 42.", Apart),
            ("`uv run pytest -q` runs the tests.", "`uv run mypy` lints the code.", Related),
            ("`run lint` keeps failing with `[lint] failed`.", "`run test` keeps failing with `[test] failed`.", Related),
            ("`run lint` is slow", "`run test` is not slow", Related),
        ] {
            assert_eq!(compare(first, second), relation, "{first} / {second}");
        }
        assert_ne!(compare("Postgres replaced MySQL", "MySQL replaced Postgres"), Same);
        assert_ne!(compare("MySQL was replaced by Postgres", "MySQL replaced Postgres"), Same);
        assert_ne!(compare("dog bites man", "man bites dog"), Same);
        assert_ne!(compare("CI used Node 18", "CI uses Node 18"), Same);
        assert_ne!(compare("The timeout was 5s", "The timeout is 5s"), Same);
        assert_ne!(compare("copy from a.txt to b.txt", "copy from b.txt to a.txt"), Same);
        let long = "word ".repeat(500);
        assert_ne!(compare(&format!("{long} on"), &format!("{long} off")), Same);
        assert_ne!(compare("The cache is on in staging", "The cache is on in production"), Same);
        assert_ne!(compare("The user likes tea", "The user likes coffee"), Same);
    }

    #[test]
    fn what_is_over_gives_way_to_the_word_that_says_so() {
        for (statement, claim, relation) in [
            ("I no longer use vim.", "The user uses vim.", Contrary),
            ("I no longer use vim.", "I always use vim.", Contrary),
            ("We switched from npm to pnpm.", "We use npm.", Contrary),
            ("We no longer use npm for the docs.", "We use npm.", Related),
            ("I no longer use vim.", "The user no longer uses emacs.", Related),
        ] {
            assert_eq!(compare(statement, claim), relation, "{statement} / {claim}");
            assert_eq!(Parsed::new(statement).same_subject(&Parsed::new(claim)), relation == Contrary, "{statement} / {claim}");
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
            let (a, b) = (Parsed::new(&first), Parsed::new(&second));
            proptest::prop_assert_eq!(a.same_subject(&b), b.same_subject(&a));
            proptest::prop_assert_eq!(compare_sentences(&first, &second), mirrored(compare_sentences(&second, &first)));
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
