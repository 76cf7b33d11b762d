//! Do two claims speak of the same subject, so that the later takes the earlier's place?

use super::align::{Link, Pair, align};
use super::judge::{is_scope, subject};
use super::sentence::{Form, Sentence, Token};
use super::words::Place;

/// May the later of two claims supersede the earlier: same subject, same attribute, same scope, another value or a denial?
///
/// "CI uses Node 20" and "CI uses Node 18 since March" do; "staging runs on port 80" and "production runs on port 81" don't.
pub(super) fn same_subject(a: &Sentence, b: &Sentence) -> bool {
    let found = align(a, b);
    let shared = found.pairs.iter().filter(|p| p.link.is_shared() && !a.tokens[p.first].weak).count();
    let differ: Vec<&Pair> = found.pairs.iter().filter(|p| !p.link.is_shared()).collect();
    let denied = found.pairs.iter().any(|p| p.link.is_shared() && a.tokens[p.first].negated != b.tokens[p.second].negated);
    let rests = found.first.iter().map(|n| &a.tokens[*n]).chain(found.second.iter().map(|n| &b.tokens[*n]));
    let scoped = rests.filter(|t| !t.weak).any(narrows);
    let value = match differ.as_slice() {
        [] => true,
        // What a claim begins with is what it speaks of, and no value.
        [one] => one.first >= subject(a) && one.second >= subject(b) && is_value(one, a, b) && !is_scope(&a.tokens[one.first]),
        _ => false,
    };
    shared > 0 && value && !scoped && (denied || !differ.is_empty() || found.first.len() + found.second.len() <= 2)
}

/// Is what differs a value of the attribute, not another thing that may be so beside it? One likes tea and coffee, but a port is one.
fn is_value(pair: &Pair, a: &Sentence, b: &Sentence) -> bool {
    let (x, y) = (&a.tokens[pair.first], &b.tokens[pair.second]);
    let plain = |t: &Token| t.form == Form::Word;
    matches!(pair.link, Link::Exclusive | Link::Opposite) || (pair.link == Link::Slot && !(plain(x) && plain(y)))
}

/// Does a left-over word narrow where or when the claim holds? "since March" and "from now on" tell when it began, which narrows
/// nothing.
fn narrows(token: &Token) -> bool {
    use Place::{Before, During, Except, For, From, If, In, Over, Through, Under, Unless, Without};
    if token.word.eq_ignore_ascii_case("now") {
        return false;
    }
    matches!(token.place, Some(In | For | From | During | If | Unless | Except | Without | Before | Through | Over | Under))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_of_the_same_attribute_supersedes() {
        for (first, second, same) in [
            ("CI uses Node 18 since March", "CI uses Node 20", true),
            ("The API listens on port 8080", "The API listens on port 8081", true),
            ("never push to main", "push to main", true),
            ("staging runs on port 80", "production runs on port 81", false),
            ("the user likes tea", "the user likes coffee", false),
            ("CI uses Node 18 on Windows", "CI uses Node 20", false),
            ("the parser is in Rust", "deploys happen on Fridays", false),
        ] {
            let (a, b) = (Sentence::parse(first), Sentence::parse(second));
            assert_eq!(same_subject(&a, &b), same, "{first} / {second}");
            assert_eq!(same_subject(&b, &a), same, "{second} / {first}");
        }
    }
}
