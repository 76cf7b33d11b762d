//! What the manner of a text tells: who speaks of himself, who states a wish that is to last, who asks for advice.

use crate::recall::text::number_word;

/// Stems of words that say what form an answer shall have, not what it is about. Sorted.
pub(crate) const FRAME: &[&str] = &[
    "across",
    "aspect",
    "bring",
    "brought",
    "complet",
    "comprehens",
    "convers",
    "detail",
    "differ",
    "discuss",
    "explain",
    "given",
    "item",
    "list",
    "mention",
    "onli",
    "order",
    "overview",
    "provid",
    "session",
    "show",
    "summar",
    "summari",
    "tell",
    "throughout",
    "variou",
    "walk",
];

/// Words by which a wish is meant to last.
const STANDING: &[&str] = &["always", "never", "prefer", "preferred", "prefers", "preference", "whenever", "avoid", "chosen"];
/// The same in two or three words.
const STANDING_PHRASES: &[&str] =
    &["from now on", "instead of", "rather than", "make sure to", "don't ever", "in the future", "every time", "stick with"];

/// Beginnings by which one asks for advice, or for something to be made.
const ADVICE: &[&str] = &[
    "should i",
    "suggest",
    "recommend",
    "advice",
    "help me",
    "show me how",
    "how do i",
    "how can i",
    "how to",
    "what steps",
    "do i need",
    "would you",
    "what are some",
    "explain how",
    "i'm planning",
    "i want to",
    "i'd like",
    "i'm looking",
];

/// What turns "you" into politeness: "can you list", "did you see".
const POLITE: &[&str] = &["can", "could", "would", "will", "thank"];

/// How much the speaker tells of himself, 0 to 1: three mentions in the first lines are all there is to tell.
pub(crate) fn tells(text: &str) -> f32 {
    let own = text
        .split(|c: char| !c.is_alphanumeric())
        .take(120)
        .filter(|word| matches!(word.to_lowercase().as_str(), "i" | "my" | "we" | "our" | "me"))
        .count();
    own.min(3) as f32 / 3.0
}

/// The text states a wish that is to last, or a preference.
pub(crate) fn standing(text: &str) -> bool {
    let lower: String = text.chars().take(600).collect::<String>().to_lowercase().replace('’', "'");
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| STANDING.contains(&word))
        || STANDING_PHRASES.iter().any(|phrase| lower.contains(phrase))
}

/// The text begins as a rule does: "Always ...", "From now on ...".
pub(crate) fn rule(text: &str) -> bool {
    const RULES: &[&str] =
        &["always", "never", "from now on", "whenever", "make sure to", "don't ever", "do not ever", "in the future"];
    let head: String = text.trim_start().chars().take(40).collect::<String>().to_lowercase().replace('’', "'");
    let head = head.strip_prefix("please ").unwrap_or(&head);
    RULES.iter().any(|rule| head.strip_prefix(rule).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// A length of time is named: "for 3 years", "two weeks".
pub(crate) fn duration(text: &str) -> bool {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).take(400).collect();
    words.windows(2).any(|pair| {
        let unit =
            matches!(pair[1].trim_end_matches('s'), "year" | "month" | "week" | "day" | "hour" | "minute" | "yr" | "hr" | "min");
        let count = pair[0].bytes().all(|b| b.is_ascii_digit()) || number_word(&pair[0]).is_some();
        unit && (count || matches!(pair[0].as_str(), "few" | "several" | "a" | "an" | "many" | "couple"))
    })
}

/// Words that ask for more than one thing. Sorted.
const BROAD: &[&str] = &[
    "across",
    "all",
    "both",
    "different",
    "each",
    "evolved",
    "list",
    "order",
    "overall",
    "overview",
    "progressed",
    "sequence",
    "summarise",
    "summarize",
    "summary",
    "throughout",
    "total",
    "various",
];

/// The question, as lower-case words, asks for things that lie apart: all of them, their order, their number, what became of them.
pub(crate) fn asks_for_breadth(words: &[&str]) -> bool {
    words.iter().any(|word| BROAD.binary_search(word).is_ok()) || words.windows(2).any(|w| w[0] == "how" && w[1] == "many")
}

/// The question, in lower case, asks for advice or for work.
pub(crate) fn advice(lower: &str) -> bool {
    ADVICE.iter().any(|phrase| lower.contains(phrase))
}

/// The question, as lower-case words, asks for what the other side said: "what did you suggest", or for a summary of both.
pub(crate) fn asks_for_replies(words: &[&str]) -> bool {
    let other = words.windows(2).any(|w| w[1] == "you" && !POLITE.contains(&w[0]));
    other || words.iter().any(|word| word.starts_with("summar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search_in_it() {
        assert!(FRAME.is_sorted() && BROAD.is_sorted());
    }

    #[test]
    fn a_rule_begins_as_one_and_a_length_of_time_has_a_unit() {
        assert!(rule("Always add types.") && rule("please never push to main") && !rule("I always add types."));
        assert!(duration("We lived there for 3 years.") && duration("two weeks") && !duration("in year 3 of the plan"));
        assert!(asks_for_breadth(&["how", "many", "editors"]) && !asks_for_breadth(&["which", "editor"]));
    }

    #[test]
    fn a_lasting_wish_is_known_from_a_passing_word() {
        assert!(standing("Always add types when I ask for Python."));
        assert!(standing("I’d rather use tabs; I prefer them."));
        assert!(!standing("The build broke again."));
        assert!(advice("which editor would you suggest?") && !advice("when did the build break?"));
    }
}
