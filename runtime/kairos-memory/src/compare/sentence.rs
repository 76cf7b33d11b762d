//! A sentence taken apart: the words that say something, each with its preposition, whether it is denied, and what it is.

use super::lexicon::lexicon;
use super::quantity::{Quantity, joined, quantity, unit};
use super::split::{MAX_WORDS, Raw, split};
use super::words::{self, Place};

/// What a word is by its form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    Word,
    /// Written with a capital inside a sentence.
    Name,
    /// A path, a flag, a version, an identifier: compared letter by letter.
    Code,
    Number(Quantity),
}

/// A word that says something.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) stem: String,
    /// As it was written.
    pub(super) word: String,
    /// Its number in the lexicon.
    pub(super) id: Option<u32>,
    pub(super) form: Form,
    /// The preposition before it.
    pub(super) place: Option<Place>,
    /// Where that preposition stands: words with the same are one phrase.
    pub(super) place_at: usize,
    pub(super) negated: bool,
    /// Adds colour, not content.
    pub(super) weak: bool,
    /// Stands beside the one before it in a list.
    pub(super) listed: bool,
    /// When it was, as its form tells.
    pub(super) time: Option<Time>,
    /// Stands behind what it tells of: "the port, which is open".
    pub(super) apposed: bool,
    /// Where it stands among all words.
    pub(super) at: usize,
}

/// Of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Past,
    Present,
}

/// What must be, may be, or simply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Plain,
    Must,
    May,
}

/// A sentence taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    pub(super) tokens: Vec<Token>,
    /// Bits for first, second and third person among the pronouns.
    pub(super) persons: u8,
    /// As its auxiliary verbs tell.
    pub(super) time: Option<Time>,
    /// Prepositions that say something by themselves, whatever follows; sorted.
    pub(super) places: Vec<Place>,
    pub(super) passive: bool,
    pub(super) mood: Mood,
    /// Too long to be judged whole.
    pub(super) cut: bool,
    /// Tells what comes first and what later: "then".
    pub(super) ordered: bool,
    /// Tells that it is over: "used to".
    pub(super) formerly: bool,
    /// Has an "or".
    pub(super) either: bool,
    /// How often it denies.
    pub(super) denials: u8,
    /// Begins with "a", "some" or a number: it may speak of another one.
    pub(super) indefinite: bool,
}

impl Sentence {
    pub(super) fn parse(text: &str) -> Self {
        let raw = split(text);
        let stems: Vec<String> = raw.iter().map(|r| lexicon().stem(&r.lower)).collect();
        Reader::new(&raw, &stems).read()
    }
}

/// Walks the words once.
struct Reader<'a> {
    raw: &'a [Raw<'a>],
    stems: &'a [String],
    out: Sentence,
    place: Option<Place>,
    place_at: usize,
    negated: bool,
    /// A denial that ends with its noun: "without", "instead of".
    brief: bool,
    listed: bool,
    /// A verb of being or having came: what ends in "ed" now is no past.
    helped: bool,
    from: usize,
}

impl<'a> Reader<'a> {
    fn new(raw: &'a [Raw<'a>], stems: &'a [String]) -> Self {
        let out = Sentence {
            tokens: vec![],
            persons: 0,
            time: None,
            places: vec![],
            passive: false,
            mood: Mood::Plain,
            cut: false,
            ordered: false,
            formerly: false,
            either: false,
            denials: 0,
            indefinite: false,
        };
        Self { raw, stems, out, place: None, place_at: 0, negated: false, brief: false, listed: false, helped: false, from: 0 }
    }

    fn read(mut self) -> Sentence {
        let first = self.raw.first().map_or("", |r| r.lower.as_str());
        self.out.cut = self.raw.len() >= MAX_WORDS;
        self.out.indefinite =
            matches!(first, "a" | "an" | "some" | "several" | "somebody" | "someone") || quantity(first).is_some();
        let mut at = 0;
        while at < self.raw.len() {
            let taken = self.step(at);
            let ended = self.raw[at..at + taken].iter().any(|r| r.ends);
            at += taken;
            if ended {
                self.listed = true;
                // A comma in a list ends neither denial nor place; before a verb of its own it does.
                if self.raw[at - 1].stops || (self.raw[at - 1].text != "not" && self.clause_follows(at)) {
                    self.end_clause();
                }
            }
        }
        self.out.places.sort_unstable();
        self.out
    }

    fn end_clause(&mut self) {
        (self.negated, self.brief, self.place, self.place_at) = (false, false, None, 0);
        self.from = self.out.tokens.len();
    }

    /// Has what follows a verb of its own before the next boundary?
    fn clause_follows(&self, at: usize) -> bool {
        let rest = self.raw[at.min(self.raw.len())..].iter();
        let mut words = rest.take_while(|r| !matches!(r.lower.as_str(), "and" | "but"));
        words.any(|r| words::is_auxiliary(&r.lower))
    }

    /// Reads what stands at `at`; how many words that took.
    fn step(&mut self, at: usize) -> usize {
        let raw = &self.raw[at];
        let lower = raw.lower.as_str();
        // "server A" is another than "server B".
        let letter = raw.text.len() == 1 && raw.text.starts_with(char::is_uppercase) && raw.text != "I" && at > 0;
        if raw.code || (letter && !self.raw[at - 1].stops) {
            return self.code(at);
        }
        let last = raw.ends || self.raw.get(at + 1).is_none_or(|r| matches!(r.lower.as_str(), "and" | "or" | "but"));
        if last && words::is_particle(lower) {
            self.push(self.stems[at].clone(), lexicon().id(&self.stems[at]), Form::Word, at, false);
            return 1;
        }
        if let Some((place, taken)) = words::place(&self.raw[at..].iter().take(3).map(|r| r.lower.as_str()).collect::<Vec<_>>()) {
            if self.brief {
                (self.negated, self.brief) = (false, false);
            }
            // "prefers one over the other", "one to the other"
            let preferred =
                matches!(place, Place::Over | Place::To) && self.out.tokens[self.from..].iter().any(|t| t.stem == "prefer");
            let place =
                if preferred && self.raw.get(at + 1).is_some_and(|r| !words::is_verb(&r.lower)) { Place::Instead } else { place };
            if place.denies() {
                (self.negated, self.brief) = (true, true);
                self.out.denials = self.out.denials.saturating_add(1);
            }
            self.out.passive |= place == Place::By && at > 0 && !self.raw[at - 1].lower.ends_with("ing");
            if !place.is_soft() {
                self.out.places.push(if place == Place::From { Place::Off } else { place });
            }
            (self.place, self.place_at, self.listed) = (Some(place), at + 1, false);
            return taken;
        }
        if let Some(q) = quantity(lower)
            && !(lower == "second" && at > 0 && self.raw[at - 1].lower == "the")
        {
            return self.number(at, q);
        }
        if words::is_negation(lower) {
            // "no longer", "not only", "not any more"
            let next = self.raw.get(at + 1).map_or("", |r| r.lower.as_str());
            if lower == "not" && matches!(next, "only" | "just") {
                return 2;
            }
            // "I don't know why I never" denies what follows all the same.
            self.negated = lower == "never" || !self.negated;
            self.out.denials = self.out.denials.saturating_add(1);
            return if matches!(next, "longer" | "more") { 2 } else { 1 };
        }
        let halts = lower.starts_with("stop") && !self.raw.get(at + 1).is_some_and(|r| r.lower.ends_with("ing"));
        if words::forbids(lower) && !halts {
            // What is forbidden may stand before or behind.
            self.out.tokens[self.from..].iter_mut().for_each(|t| t.negated = !t.negated);
            self.negated = !self.negated;
            self.out.denials = self.out.denials.saturating_add(1);
            return 1;
        }
        let phrase_of: Vec<&str> = self.stems[at..].iter().take(6).map(String::as_str).collect();
        if let Some((id, name, taken)) = lexicon().phrase(&phrase_of) {
            self.push(name.to_owned(), Some(id), Form::Word, at, false);
            return taken;
        }
        // "a group of people" are people.
        if words::is_collective(lower) && self.raw.get(at + 1).is_some_and(|r| r.lower == "of") {
            return 2;
        }
        if self.function_word(at, lower) {
            return 1;
        }
        let stem = self.stems[at].clone();
        let capital = raw.text.starts_with(char::is_uppercase);
        let starts = at == 0 || self.raw[at - 1].stops;
        let shouting = raw.text.len() > 1 && raw.text.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
        let form = if capital && (!starts || shouting) { Form::Name } else { Form::Word };
        let id = lexicon().id(&stem);
        let weak = words::is_weak(lower);
        self.push(stem, id, form, at, weak);
        1
    }

    fn code(&mut self, at: usize) -> usize {
        let raw = &self.raw[at];
        let text = raw.text.trim_end_matches("'s");
        let version = text.strip_prefix(['v', 'V']).filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
        let stem = version.unwrap_or(text).to_owned();
        let id = lexicon().id(&raw.lower).or_else(|| lexicon().id(&self.stems[at]));
        self.push(stem, id, Form::Code, at, false);
        1
    }

    fn number(&mut self, at: usize, first: Quantity) -> usize {
        let (mut q, mut taken) = (first, 1);
        let lower = |n: usize| self.raw.get(at + n).map(|r| r.lower.as_str());
        if !self.raw[at].ends
            && let Some(more) = lower(1).and_then(quantity).and_then(|next| joined(q, next))
        {
            (q, taken) = (more, 2);
        }
        if q.dimension.is_none()
            && !self.raw[at].ends
            && let Some((dimension, size)) = lower(taken).filter(|w| w.len() > 1).and_then(unit)
        {
            q = Quantity { value: q.value * size, dimension: Some(dimension) };
            taken += 1;
        }
        // "one man" and "a man" are the same.
        let weak = q.value == 1.0 && self.raw[at].lower == "one" && q.dimension.is_none();
        self.push(format!("{}", q.value), None, Form::Number(q), at, weak);
        taken
    }

    /// Takes note of a word of grammar; false where it is none.
    fn function_word(&mut self, at: usize, lower: &str) -> bool {
        match lower {
            "and" | "but" | "whereas" | "while" => {
                self.listed = true;
                if lower != "and" || self.clause_follows(at + 1) {
                    self.end_clause();
                }
                return true;
            }
            "or" | "either" => {
                (self.out.either, self.listed) = (true, true);
                return true;
            }
            "must" | "should" | "shall" | "need" | "needs" | "ought" => self.out.mood = Mood::Must,
            "may" | "might" | "can" | "could" => self.out.mood = Mood::May,
            "be" | "been" | "being" => self.helped = true,
            "is" | "are" | "am" | "has" | "have" | "does" | "do" => self.tell(Time::Present),
            "was" | "were" | "had" | "did" => self.tell(Time::Past),
            "then" | "followed" | "finally" | "next" => self.out.ordered = true,
            "formerly" | "previously" => self.out.formerly = true,
            "used" if self.raw.get(at + 1).is_some_and(|r| r.lower == "to") => self.out.formerly = true,
            _ => {}
        }
        self.out.persons |= words::person(lower);
        words::is_empty(lower)
    }

    fn tell(&mut self, time: Time) {
        self.helped = true;
        if self.out.time != Some(Time::Past) {
            self.out.time = Some(time);
        }
    }

    fn push(&mut self, stem: String, id: Option<u32>, form: Form, at: usize, weak: bool) {
        let listed = std::mem::take(&mut self.listed);
        let lower = self.raw[at].lower.as_str();
        let time = match form {
            Form::Word if !self.helped && !lower.ends_with("ing") => {
                let past = (lower.ends_with("ed") && !stem.ends_with("ed")) || lexicon().is_bent(lower, &stem);
                Some(if past { Time::Past } else { Time::Present })
            }
            _ => None,
        };
        let before = |n: usize| at.checked_sub(n).map_or("", |n| self.raw[n].lower.as_str());
        let behind = matches!(before(1), "is" | "are" | "was" | "were") && matches!(before(2), "which" | "that" | "who");
        let apposed = behind || (listed && self.out.tokens.last().is_some_and(|t| t.apposed));
        let (place, place_at, negated) = (self.place, self.place_at, self.negated);
        let word = self.raw[at].text.to_owned();
        self.out.tokens.push(Token { stem, word, id, form, place, place_at, negated, weak, listed, time, apposed, at });
    }
}
