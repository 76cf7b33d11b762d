//! What the user says is over. Which claim that takes back is the host's to judge.

/// Said of oneself or of all before what is over.
const TELLERS: &[&str] = &["i", "we", "i've", "we've", "have", "now", "the", "user"];
/// What one does by habit: "I no longer see the error" tells of the moment.
const HABITS: &[&str] = &[
    "use", "uses", "using", "want", "wants", "prefer", "prefers", "like", "likes", "support", "deploy", "commit", "squash",
    "rebase",
];
/// Of these "from one to the other" is a decision where all take it: "I switched from main to a branch" is none.
const CHANGES: &[&str] = &["switched", "migrated"];

/// Do these words, of a sentence in lower case, say that something is over: "we switched from npm to pnpm", "I don't use vim anymore"?
pub fn is_over(words: &[&str]) -> bool {
    let told = words.iter().take_while(|w| TELLERS.contains(w)).count();
    let (teller, rest) = words.split_at(told);
    let habit = |n: usize| rest.get(n).is_some_and(|w| HABITS.contains(w)) && rest.len() > n + 1;
    let anymore = rest.contains(&"anymore") || rest.windows(2).any(|two| two == ["any", "more"]);
    let ended = match rest {
        ["no", "longer", ..] => habit(2),
        ["stopped", ..] => habit(1),
        ["don't" | "dont", ..] => habit(1) && anymore,
        ["do", "not", ..] => habit(2) && anymore,
        [change, "from", old @ ..] => {
            CHANGES.contains(change) && teller.first().is_some_and(|t| t.starts_with("we")) && old.contains(&"to")
        }
        _ => false,
    };
    !teller.is_empty() && ended && !rest.iter().any(|w| matches!(*w, "it" | "this" | "that" | "them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_by_the_one_it_is_true_of() {
        for (said, over) in [
            ("i no longer use vim", true),
            ("the user no longer uses vim", true),
            ("i've stopped using vim", true),
            ("we switched from npm to pnpm", true),
            ("i don't use vim anymore", true),
            ("we do not support windows any more", true),
            ("i no longer see the error", false),
            ("i switched from main to a branch", false),
            ("it no longer works", false),
            ("i no longer use it", false),
            ("we don't use mocks", false),
            ("migrated from npm to pnpm", false),
            ("", false),
        ] {
            assert_eq!(is_over(&said.split_whitespace().collect::<Vec<_>>()), over, "{said}");
        }
    }
}
