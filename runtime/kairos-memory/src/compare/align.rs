//! Which word of one sentence answers which of the other.

use super::lexicon::{Kinship, lexicon};
use super::sentence::{Form, Sentence, Token};
use super::words::Place;

/// How two words that answer one another stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Link {
    Equal,
    Synonym,
    /// The first is the kind that the second is of.
    Broader,
    Narrower,
    Opposite,
    /// Other numbers, names, identifiers, or two of a kind of which a thing is only one.
    Exclusive,
    /// Two of a kind.
    Sibling,
    /// They only stand in the same slot.
    Slot,
}

impl Link {
    /// Do both words speak of the same?
    pub(super) fn is_shared(self) -> bool {
        matches!(self, Self::Equal | Self::Synonym | Self::Broader | Self::Narrower)
    }
}

/// Two words, by their places, and how they stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) link: Link,
}

/// Every word at most once.
#[derive(Debug)]
pub(super) struct Alignment {
    pub(super) pairs: Vec<Pair>,
    /// Words without an answer.
    pub(super) first: Vec<usize>,
    pub(super) second: Vec<usize>,
}

/// Pairs words from the surest link to the least sure; among equals those that stand alike in their sentences.
pub(super) fn align(a: &Sentence, b: &Sentence) -> Alignment {
    let mut to_b = vec![None; a.tokens.len()];
    let mut to_a = vec![None; b.tokens.len()];
    let mut pairs = vec![];
    let mut candidates: Vec<(Link, usize, usize, usize, usize)> = vec![];
    for (i, x) in a.tokens.iter().enumerate() {
        for (j, y) in b.tokens.iter().enumerate() {
            if let Some(link) = link(x, y) {
                let context = context(a, b, i, j);
                candidates.push((link, 8 - context, i.abs_diff(j), i, j));
            }
        }
    }
    candidates.sort_unstable();
    // What is shared is settled first; what is set against each other must stand in the same slot of what is shared.
    for settled in [true, false] {
        for (link, _, _, i, j) in &candidates {
            if link.is_shared() != settled || to_b[*i].is_some() || to_a[*j].is_some() {
                continue;
            }
            if settled || slot(a, b, &to_b, *i, *j) > 0 {
                (to_b[*i], to_a[*j]) = (Some(*j), Some(*i));
                pairs.push(Pair { first: *i, second: *j, link: *link });
            }
        }
    }
    let mut slots: Vec<(usize, usize, usize)> = vec![];
    for i in (0..a.tokens.len()).filter(|i| to_b[*i].is_none()) {
        for j in (0..b.tokens.len()).filter(|j| to_a[*j].is_none()) {
            let fit = slot(a, b, &to_b, i, j);
            if fit > 0 {
                slots.push((3 - fit, i, j));
            }
        }
    }
    slots.sort_unstable();
    for (_, i, j) in slots {
        if to_b[i].is_none() && to_a[j].is_none() {
            (to_b[i], to_a[j]) = (Some(j), Some(i));
            let named = |t: &Token| matches!(t.form, Form::Name | Form::Code | Form::Number(_));
            let link = if named(&a.tokens[i]) && named(&b.tokens[j]) { Link::Exclusive } else { Link::Slot };
            pairs.push(Pair { first: i, second: j, link });
        }
    }
    let left = |to: &[Option<usize>]| to.iter().enumerate().filter(|(_, t)| t.is_none()).map(|(n, _)| n).collect();
    Alignment { pairs, first: left(&to_b), second: left(&to_a) }
}

/// How two words stand by themselves; nothing where they are strangers.
fn link(x: &Token, y: &Token) -> Option<Link> {
    match (x.form, y.form) {
        (Form::Number(p), Form::Number(q)) if p.dimension == q.dimension || p.dimension.is_none() || q.dimension.is_none() => {
            return Some(if p == q { Link::Equal } else { Link::Exclusive });
        }
        (Form::Number(_), Form::Number(_)) => return None,
        (Form::Code, Form::Code) if x.id.is_none() || y.id.is_none() => return (x.stem == y.stem).then_some(Link::Equal),
        _ => {}
    }
    if x.stem.eq_ignore_ascii_case(&y.stem) {
        return Some(Link::Equal);
    }
    if x.id.is_some() && x.id == y.id {
        return Some(Link::Equal);
    }
    if let Some(opposite) = prefixed(&x.stem, &y.stem) {
        return Some(opposite);
    }
    Some(match lexicon().kinship(x.id?, y.id?)? {
        Kinship::Synonym => Link::Synonym,
        Kinship::Broader => Link::Broader,
        Kinship::Narrower => Link::Narrower,
        Kinship::Opposite => Link::Opposite,
        Kinship::Exclusive => Link::Exclusive,
        Kinship::Sibling => Link::Sibling,
    })
}

/// "tested" and "untested".
fn prefixed(x: &str, y: &str) -> Option<Link> {
    let (long, short) = if x.len() > y.len() { (x, y) } else { (y, x) };
    let head = long.strip_suffix(short)?;
    (short.len() > 2 && matches!(head, "un" | "non" | "dis" | "in" | "im" | "ir" | "il" | "de")).then_some(Link::Opposite)
}

/// How alike two words' surroundings are, 0 to 8: same place, same neighbours.
fn context(a: &Sentence, b: &Sentence, i: usize, j: usize) -> usize {
    let same = |x: Option<&Token>, y: Option<&Token>| match (x, y) {
        (Some(x), Some(y)) => usize::from(x.stem == y.stem),
        (None, None) => 1,
        _ => 0,
    };
    let at = |s: &'_ Sentence, n: usize| s.tokens.get(n).cloned();
    let before = |s: &Sentence, n: usize| n.checked_sub(1).and_then(|n| at(s, n));
    usize::from(a.tokens[i].place == b.tokens[j].place) * 2
        + same(before(a, i).as_ref(), before(b, j).as_ref()) * 3
        + same(at(a, i + 1).as_ref(), at(b, j + 1).as_ref()) * 3
}

/// Do two words stand in the same slot of what is shared? 0 no, 1 on one side, 2 on both.
fn slot(a: &Sentence, b: &Sentence, to_b: &[Option<usize>], i: usize, j: usize) -> usize {
    if !Place::agrees(a.tokens[i].place, b.tokens[j].place) {
        return 0;
    }
    let before = match (i.checked_sub(1), j.checked_sub(1)) {
        (Some(p), Some(q)) => to_b[p] == Some(q),
        (None, None) => true,
        _ => false,
    };
    let after = match (a.tokens.get(i + 1), b.tokens.get(j + 1)) {
        (Some(_), Some(_)) => to_b[i + 1] == Some(j + 1),
        (None, None) => true,
        _ => false,
    };
    usize::from(before) + usize::from(after)
}
