//! Words of grammar: what denies, where prepositions put a thing, which words say nothing by themselves.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Where a preposition puts what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    In,
    With,
    Without,
    By,
    Of,
    For,
    To,
    From,
    Before,
    After,
    Until,
    Since,
    During,
    Off,
    Over,
    Under,
    Near,
    Far,
    Behind,
    InFront,
    Instead,
    Except,
    If,
    Unless,
    Through,
    Between,
    Against,
    About,
    As,
    Up,
    Down,
}

impl Place {
    /// Does it deny what follows?
    pub(super) fn denies(self) -> bool {
        matches!(self, Self::Without | Self::Instead | Self::Except)
    }

    /// Says little of its own: one may stand for the other where the words around agree.
    pub(super) fn is_soft(self) -> bool {
        use Place::{About, Against, As, By, Down, During, For, In, Of, Over, Through, To, Up, With};
        matches!(self, In | With | By | Of | For | To | During | Through | About | As | Against | Up | Down | Over)
    }

    /// May a word stand in both places and mean the same?
    pub(super) fn agrees(first: Option<Self>, second: Option<Self>) -> bool {
        let soft = |p: Option<Self>| p.is_none_or(Self::is_soft);
        let leaves = |p: Option<Self>| matches!(p, Some(Self::Off | Self::From));
        first == second || (leaves(first) && leaves(second)) || (soft(first) && soft(second) && !Self::opposed(first, second))
    }

    /// Can't both be so.
    pub(super) fn opposed(first: Option<Self>, second: Option<Self>) -> bool {
        use Place::{
            After, Before, Behind, Down, Far, From, If, In, InFront, Near, Off, Over, Since, To, Under, Unless, Until, Up, With,
            Without,
        };
        let pair = |a, b| (first == Some(a) && second == Some(b)) || (first == Some(b) && second == Some(a));
        pair(With, Without)
            || pair(Before, After)
            || pair(Until, Since)
            || pair(In, Off)
            || pair(Over, Under)
            || pair(Behind, InFront)
            || pair(To, From)
            || pair(Up, Down)
            || pair(If, Unless)
            || pair(Near, Far)
    }
}

/// The preposition at the head of `words`, and how many words it takes.
pub(super) fn place(words: &[&str]) -> Option<(Place, usize)> {
    let phrase = match words {
        ["in", "front", "of", ..] => Some((Place::InFront, 3)),
        ["next" | "close", "to", ..] | ["adjacent", "to", ..] => Some((Place::Near, 2)),
        ["far", "from", ..] | ["away", "from", ..] => Some((Place::Far, 2)),
        ["out" | "outside", "of", ..] => Some((Place::Off, 2)),
        ["instead", "of", ..] | ["rather", "than", ..] => Some((Place::Instead, 2)),
        ["because", "of", ..] | ["due", "to", ..] => Some((Place::For, 2)),
        ["as", "soon", "as"] => Some((Place::After, 3)),
        _ => None,
    };
    phrase.or_else(|| {
        let place = match *words.first()? {
            "in" | "at" | "on" | "into" | "onto" | "inside" | "within" | "upon" | "among" | "amid" => Place::In,
            "with" | "using" | "via" => Place::With,
            "without" => Place::Without,
            "by" => Place::By,
            "of" => Place::Of,
            "for" => Place::For,
            "to" | "toward" | "towards" => Place::To,
            "from" => Place::From,
            "before" => Place::Before,
            "after" => Place::After,
            "until" | "till" => Place::Until,
            "since" => Place::Since,
            "during" => Place::During,
            "off" => Place::Off,
            "over" | "above" | "across" => Place::Over,
            "under" | "below" | "beneath" | "underneath" => Place::Under,
            "near" | "beside" => Place::Near,
            "behind" => Place::Behind,
            "except" => Place::Except,
            "if" | "when" | "whenever" => Place::If,
            "unless" => Place::Unless,
            "through" | "around" | "along" => Place::Through,
            "between" => Place::Between,
            "against" => Place::Against,
            "about" => Place::About,
            "as" => Place::As,
            "up" => Place::Up,
            "down" => Place::Down,
            _ => return None,
        };
        Some((place, 1))
    })
}

/// May stand without a noun behind it, and says something then: "looks up".
pub(super) fn is_particle(lower: &str) -> bool {
    matches!(
        lower,
        "up" | "down" | "in" | "on" | "off" | "over" | "out" | "away" | "back" | "around" | "through" | "behind" | "before"
    )
}

/// Denies what follows in its clause.
pub(super) fn is_negation(lower: &str) -> bool {
    matches!(
        lower,
        "not" | "no" | "never" | "nobody" | "none" | "nothing" | "neither" | "nor" | "nowhere" | "unable" | "dont" | "doesnt"
    )
}

/// Denies what stands in its clause, before it too.
pub(super) fn forbids(lower: &str) -> bool {
    matches!(
        lower,
        "avoid"
            | "avoids"
            | "avoided"
            | "refrain"
            | "forbidden"
            | "forbid"
            | "forbids"
            | "prohibited"
            | "prohibit"
            | "disallowed"
            | "banned"
            | "lacks"
            | "lack"
            | "lacking"
            | "stopped"
            | "stop"
            | "stops"
    )
}

/// Could be the verb that makes a clause of its own.
pub(super) fn is_auxiliary(lower: &str) -> bool {
    matches!(
        lower,
        "is" | "are"
            | "was"
            | "were"
            | "am"
            | "has"
            | "have"
            | "had"
            | "does"
            | "do"
            | "did"
            | "can"
            | "will"
            | "must"
            | "should"
            | "there"
            | "i"
            | "we"
            | "they"
            | "he"
            | "she"
            | "it"
            | "you"
            | "nobody"
            | "none"
            | "nothing"
    )
}

/// A bit for the person that a pronoun speaks of; 0 for what is none.
pub(super) fn person(lower: &str) -> u8 {
    match lower {
        "i" | "me" | "my" | "mine" | "we" | "us" | "our" | "ours" | "i'm" | "i've" | "we've" | "we're" => 1,
        "you" | "your" | "yours" => 2,
        "he" | "she" | "him" | "his" | "her" | "hers" => 4,
        _ => 0,
    }
}

/// Says nothing by itself.
pub(super) fn is_empty(lower: &str) -> bool {
    person(lower) != 0 || EMPTY.contains(lower) || matches!(lower, "i" | "s" | "t")
}

/// Commonly a verb behind "to": "prefers to use".
pub(super) fn is_verb(lower: &str) -> bool {
    ["be", "get", "have", "keep", "make", "not", "read", "run", "see", "use", "work", "write"].contains(&lower)
}

/// Counts what follows, and says no more: "a number of".
pub(super) fn is_collective(lower: &str) -> bool {
    matches!(lower, "group" | "bunch" | "number" | "crowd" | "set" | "couple" | "kind" | "type" | "sort" | "cluster" | "piece")
}

/// Adds colour, not content: degree, mood, manner of moving. A claim without it is still the same claim.
pub(super) fn is_weak(lower: &str) -> bool {
    // "carefully", "breathlessly", "amusingly", "hurriedly", "furiously": how someone does it.
    let manner =
        ["fully", "lessly", "ingly", "edly", "ously"].iter().any(|end| lower.len() > end.len() + 2 && lower.ends_with(end));
    WEAK.contains(lower) || (manner && !STRONG.contains(lower))
}

/// The words of a list, one text of which lines with `#` are comments.
pub(super) fn list(text: &'static str) -> HashSet<&'static str> {
    text.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace).collect()
}

static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| list(include_str!("words/empty.txt")));

static STRONG: LazyLock<HashSet<&str>> = LazyLock::new(|| list(include_str!("words/strong.txt")));

static WEAK: LazyLock<HashSet<&str>> = LazyLock::new(|| list(include_str!("words/weak.txt")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepositions_that_exclude_one_another_are_known() {
        assert!(Place::opposed(Some(Place::After), Some(Place::Before)));
        assert!(Place::agrees(Some(Place::In), None));
        assert!(!Place::agrees(Some(Place::Near), None));
        assert_eq!(place(&["in", "front", "of"]), Some((Place::InFront, 3)));
        assert_eq!(place(&["in"]), Some((Place::In, 1)));
    }
}
