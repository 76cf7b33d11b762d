//! From paired words to a relation.
//!
//! The rule that carries it: two sentences say the same only if every word of the one that says something is answered in the other
//! by itself, an inflection or a known synonym, in the same role, denied alike. A word that is merely near in use ("tea", "coffee")
//! never is. Everything else is a question of how they differ, not whether.

use super::align::{Alignment, Link, Pair, align};
use super::lexicon::lexicon;
use super::sentence::{Form, Mood, Sentence, Token};
use super::words::Place;
use kairos_core::memory::Relation;

/// Least share of the shorter sentence that must be shared for a difference to be a contradiction, not another subject.
const CONTRARY_SHARE: f32 = 0.6;
/// Least share of the words of both for two sentences to be about the same thing.
const RELATED_SHARE: f32 = 0.34;

/// What the first sentence is to the second.
pub(super) fn judge(a: &Sentence, b: &Sentence) -> Relation {
    if a.tokens.is_empty() || b.tokens.is_empty() {
        return if a.tokens.is_empty() && b.tokens.is_empty() && (a.denials > 0) == (b.denials > 0) {
            Relation::Related
        } else {
            Relation::Apart
        };
    }
    let found = align(a, b);
    let seen = Seen::new(a, b, &found);
    if seen.contrary() {
        Relation::Contrary
    } else if seen.same() {
        Relation::Same
    } else if let Some(relation) = seen.one_sided() {
        relation
    } else if seen.share_of_both() >= RELATED_SHARE || seen.shares_a_name() {
        Relation::Related
    } else {
        Relation::Apart
    }
}

/// What an alignment shows.
struct Seen<'a> {
    a: &'a Sentence,
    b: &'a Sentence,
    found: &'a Alignment,
    shared: f32,
    /// Content words of each, weak ones left out.
    sizes: (f32, f32),
    denied_alike: bool,
}

impl<'a> Seen<'a> {
    fn new(a: &'a Sentence, b: &'a Sentence, found: &'a Alignment) -> Self {
        let strong = |s: &Sentence| s.tokens.iter().filter(|t| !t.weak).count() as f32;
        let shared = found.pairs.iter().filter(|p| p.link.is_shared() && !a.tokens[p.first].weak && !b.tokens[p.second].weak);
        let both = |p: &Pair| p.link.is_shared() && a.tokens[p.first].negated && b.tokens[p.second].negated;
        let denied_alike = a.denials == 1 && b.denials == 1 && found.pairs.iter().any(both);
        Self { denied_alike, a, b, found, shared: shared.count() as f32, sizes: (strong(a).max(1.0), strong(b).max(1.0)) }
    }

    fn share_of_both(&self) -> f32 {
        2.0 * self.shared / (self.sizes.0 + self.sizes.1)
    }

    fn shares_a_name(&self) -> bool {
        self.found.pairs.iter().any(|p| p.link == Link::Equal && matches!(self.a.tokens[p.first].form, Form::Name | Form::Code))
    }

    /// Is the pair denied on one side only? Where both sides deny once, and the same, it doesn't matter on which side of the "not"
    /// the rest stands.
    fn flipped(&self, p: &Pair) -> bool {
        !self.denied_alike && self.a.tokens[p.first].negated != self.b.tokens[p.second].negated
    }

    fn contrary(&self) -> bool {
        let flips: Vec<&Pair> = self.found.pairs.iter().filter(|p| p.link.is_shared() && self.flipped(p)).collect();
        let opposed: Vec<&Pair> = self.found.pairs.iter().filter(|p| self.opposes(p)).collect();
        if !flips.is_empty() {
            // "not near" and "far": the one takes back the other.
            let denies_first = flips.iter().any(|p| self.a.tokens[p.first].negated);
            let denies_second = flips.iter().any(|p| self.b.tokens[p.second].negated);
            return opposed.is_empty() && (denies_first && self.denied_by(true) || denies_second && self.denied_by(false));
        }
        if !opposed.is_empty() {
            let rest = self.sizes.0.min(self.sizes.1) - opposed.len() as f32;
            let another = self.a.indefinite && self.b.indefinite;
            return opposed.len() <= 2 && self.shared >= CONTRARY_SHARE * rest && self.shared > 0.0 && !another;
        }
        let places = self.found.pairs.iter().filter(|p| p.link.is_shared());
        let mut places = places.map(|p| (self.a.tokens[p.first].place, self.b.tokens[p.second].place));
        places.any(|(p, q)| Place::opposed(p, q)) && self.share_of_both() >= 0.8
    }

    /// What one side denies, does the other say? It must say all of it, as narrowly or more so; it may say more.
    fn denied_by(&self, first: bool) -> bool {
        let (denying, wider) = if first { (self.a, Link::Narrower) } else { (self.b, Link::Broader) };
        let answered = |n: usize| {
            self.found.pairs.iter().any(|p| {
                let at = if first { p.first } else { p.second };
                at == n && p.link.is_shared() && p.link != wider
            })
        };
        let strong = |n: &usize| !denying.tokens[*n].weak;
        let missing = (0..denying.tokens.len()).filter(strong).filter(|n| !answered(*n)).count();
        missing == 0
    }

    /// Does the pair say what can't both be so?
    fn opposes(&self, p: &Pair) -> bool {
        match p.link {
            Link::Opposite => !self.flipped(p) && !self.is_scope(p),
            // Another subject is another matter: "Ada owns it", "Ben owns it".
            Link::Exclusive => p.first >= subject(self.a) && p.second >= subject(self.b) && !self.flipped(p) && !self.is_scope(p),
            _ => false,
        }
    }

    /// "several" and "a few", "happily" and "gladly": unlike, and no matter.
    fn is_weak(&self, p: &Pair) -> bool {
        let both = self.a.tokens[p.first].weak && self.b.tokens[p.second].weak;
        both && matches!(p.link, Link::Slot | Link::Sibling)
    }

    /// Does the pair tell where or for what a claim holds ("in staging", "on Windows")? Elsewhere something else may hold.
    fn is_scope(&self, p: &Pair) -> bool {
        is_scope(&self.a.tokens[p.first]) && is_scope(&self.b.tokens[p.second])
    }

    /// Nothing tells them apart, left-over words aside.
    fn in_agreement(&self) -> bool {
        let (a, b) = (self.a, self.b);
        let persons = a.persons == 0 || b.persons == 0 || a.persons & b.persons != 0;
        let pairs = &self.found.pairs;
        persons
            && !(a.cut || b.cut)
            && (a.time.is_none() || b.time.is_none() || a.time == b.time)
            && pairs.iter().all(|p| self.of_one_time(p))
            && a.places == b.places
            && a.either == b.either
            && a.formerly == b.formerly
            && pairs.iter().all(|p| (p.link.is_shared() && !self.flipped(p)) || self.is_weak(p))
            && pairs.iter().all(|p| Place::agrees(a.tokens[p.first].place, b.tokens[p.second].place))
            && self.doer_first()
            && self.in_order()
            && self.bound_alike()
    }

    /// "uses" and "used" are not the same.
    fn of_one_time(&self, p: &Pair) -> bool {
        let (x, y) = (&self.a.tokens[p.first], &self.b.tokens[p.second]);
        p.link != Link::Equal || x.time.is_none() || y.time.is_none() || x.time == y.time
    }

    fn same(&self) -> bool {
        let over = |left: &[usize], s: &Sentence| left.iter().any(|n| !s.tokens[*n].weak);
        let exact = |p: &Pair| match (p.link, self.a.tokens[p.first].id, self.b.tokens[p.second].id) {
            (Link::Equal | Link::Synonym, ..) => true,
            (Link::Slot | Link::Sibling, ..) => self.is_weak(p),
            (Link::Broader | Link::Narrower, Some(x), Some(y)) => lexicon().is_loose(x, y),
            _ => false,
        };
        !over(&self.found.first, self.a)
            && !over(&self.found.second, self.b)
            && self.a.mood == self.b.mood
            && self.a.denials == self.b.denials
            && self.found.pairs.iter().all(exact)
            && self.in_agreement()
    }

    /// One says all that the other says, and more.
    fn one_sided(&self) -> Option<Relation> {
        if !self.in_agreement() || self.a.denials != self.b.denials {
            return None;
        }
        let over = |left: &[usize], s: &Sentence| left.iter().any(|n| !s.tokens[*n].weak);
        let has = |link: Link| self.found.pairs.iter().any(|p| p.link == link);
        let mood = |x: Mood, y: Mood| x != Mood::Plain && y == Mood::Plain;
        let first_more = over(&self.found.first, self.a) || has(Link::Narrower) || mood(self.a.mood, self.b.mood);
        let second_more = over(&self.found.second, self.b) || has(Link::Broader) || mood(self.b.mood, self.a.mood);
        match (first_more, second_more) {
            (true, false) => Some(Relation::Includes),
            (false, true) => Some(Relation::Included),
            _ => None,
        }
    }

    /// Do shared words come in the same order, or in one that grammar accounts for?
    fn in_order(&self) -> bool {
        let pairs: Vec<&Pair> = self.found.pairs.iter().filter(|p| p.link.is_shared()).collect();
        pairs.iter().enumerate().all(|(n, p)| pairs[n + 1..].iter().all(|q| self.same_order(p, q)))
    }

    fn same_order(&self, p: &Pair, q: &Pair) -> bool {
        self.a.passive != self.b.passive || (p.first < q.first) == (p.second < q.second) || self.excused(p, q)
    }

    /// Where only one sentence is passive: who does it there ("by") comes first in the other.
    fn doer_first(&self) -> bool {
        let strong = || self.found.pairs.iter().filter(|p| p.link.is_shared() && !self.a.tokens[p.first].weak);
        let by = |s: &Sentence, n: usize| s.tokens[n].place == Some(Place::By);
        match (self.a.passive, self.b.passive) {
            (true, false) => strong().min_by_key(|p| p.second).is_none_or(|p| by(self.a, p.first)),
            (false, true) => strong().min_by_key(|p| p.first).is_none_or(|p| by(self.b, p.second)),
            _ => true,
        }
    }

    /// Where a preposition comes twice ("this in one, that in the other"), does each stand with the same word before it?
    fn bound_alike(&self) -> bool {
        let twice = |p: &&Pair| {
            let token = &self.a.tokens[p.first];
            let other = |t: &Token| t.place == token.place && t.place_at != token.place_at;
            token.place.is_some() && self.a.tokens.iter().any(other)
        };
        let shared = |x: Option<usize>, y: Option<usize>| match (x, y) {
            (Some(x), Some(y)) => self.found.pairs.iter().any(|p| p.first == x && p.second == y),
            (None, None) => true,
            _ => false,
        };
        let mut placed = self.found.pairs.iter().filter(|p| p.link.is_shared()).filter(twice);
        placed.all(|p| shared(head(self.a, p.first), head(self.b, p.second)))
    }

    /// Turned about, yet the same: what has a preposition of its own, members of a list, an adjective behind its noun, and "log
    /// file" for "file with logs".
    fn excused(&self, p: &Pair, q: &Pair) -> bool {
        let (a, b) = (&self.a.tokens, &self.b.tokens);
        let placed = |x: &Pair| a[x.first].place.is_some() && a[x.first].place == b[x.second].place;
        let listed = |s: &Sentence, x: usize, y: usize| !s.ordered && s.tokens[x.min(y) + 1..=x.max(y)].iter().all(|t| t.listed);
        let apart = p.first.abs_diff(q.first).max(p.second.abs_diff(q.second));
        let apposed = apart <= 3 && [p, q].iter().any(|x| a[x.first].apposed != b[x.second].apposed);
        let moved = |x: &Pair| a[x.first].place.is_some() != b[x.second].place.is_some();
        let compound = apart == 1 && moved(p) != moved(q);
        placed(p) || placed(q) || apposed || compound || (listed(self.a, p.first, q.first) && listed(self.b, p.second, q.second))
    }
}

/// Is the word one of an environment, a platform, a purpose, under a preposition that says so?
pub(super) fn is_scope(token: &Token) -> bool {
    match token.place {
        Some(Place::For | Place::During | Place::If | Place::Unless) => true,
        Some(Place::In) => token.id.is_some_and(|id| lexicon().is_scope(id)),
        _ => false,
    }
}

/// How many words name what a sentence is about: the first, or all of a command line that it begins with.
pub(super) fn subject(s: &Sentence) -> usize {
    s.tokens.iter().take_while(|t| t.form == Form::Code).count().max(1)
}

/// The word before the preposition of a word's phrase.
fn head(s: &Sentence, n: usize) -> Option<usize> {
    let phrase = s.tokens[n].place_at;
    s.tokens[..n].iter().rposition(|t| t.place_at != phrase)
}
