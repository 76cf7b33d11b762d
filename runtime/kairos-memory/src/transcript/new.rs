//! What is to be stored, and what becomes of it: cleaned, without secrets, cut to its limit, and named by its content.

use super::day;
use kairos_core::Millis;
use kairos_core::finding::{one_line, plain};
use kairos_core::memory::{MAX_OBSERVATION, Observation, Origin};
use kairos_exec::redact::Redactor;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest name of an attribute, source, session or kind, in bytes; what is over is cut.
const MAX_NAME: usize = 256;
/// Longest value of an attribute, in bytes; what is over is cut and ends in `…`.
const MAX_VALUE: usize = 4 << 10;
/// Most attributes of one observation; how many are over is told in the last, `left-out`.
const MAX_ATTRIBUTES: usize = 48;
/// How much of a text is looked at, in bytes, before it is cut: a secret must not escape by lying across the cut.
pub(super) const MAX_LOOKED_AT: usize = 4 * MAX_OBSERVATION;
/// Crockford's alphabet: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The attribute of a text that was cut: its length before, in bytes.
pub const TRUNCATED: &str = "truncated";
/// The attribute of an observation that was forgotten: when, in milliseconds since 1970.
pub const FORGOTTEN: &str = "forgotten";

/// Something that was seen or said, not yet stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct New {
    /// When it happened. It decides which day's file it goes to.
    pub time: Millis,
    /// Who noticed it.
    pub source: String,
    /// What belongs together: a conversation, a terminal, a day.
    pub session: String,
    /// Where the text comes from.
    pub origin: Origin,
    /// What it is: `message`, `note`, `command`.
    pub kind: String,
    /// Named values. `truncated` and `forgotten` are ours and are dropped.
    pub attributes: Vec<(String, String)>,
    /// What was seen or said; over 64 KiB it is cut, and `truncated` tells how long it was.
    pub text: String,
}

impl New {
    /// Adds an attribute.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push((name.into(), value.to_string()));
        self
    }

    /// As it will be stored.
    pub(super) fn observe(self, redactor: &Redactor) -> Observation {
        // Control characters first: one in the middle of a secret would hide it.
        let text = redactor.redact(&plain(cut(&self.text, MAX_LOOKED_AT)));
        let kept = cut(&text, MAX_OBSERVATION);
        let truncated = kept.len() < text.len() || self.text.len() > MAX_LOOKED_AT;
        let mut attributes = vec![];
        let mut left_out = 0;
        for (name, value) in self.attributes {
            let name = cut(&one_line(&name), MAX_NAME).to_string();
            if name.is_empty() || [TRUNCATED, FORGOTTEN].contains(&name.as_str()) {
                continue;
            }
            if attributes.len() == MAX_ATTRIBUTES {
                left_out += 1;
                continue;
            }
            let value = redactor.redact(&plain(cut(&value, MAX_LOOKED_AT)));
            let short = cut(&value, MAX_VALUE);
            attributes.push((name, if short.len() < value.len() { format!("{short}…") } else { value }));
        }
        if left_out > 0 {
            attributes.push(("left-out".into(), left_out.to_string()));
        }
        if truncated {
            attributes.push((TRUNCATED.into(), self.text.len().to_string()));
        }
        let text = kept.to_string();
        let name = |text: &str| cut(&one_line(text), MAX_NAME).to_string();
        let (source, session, kind) = (name(&self.source), name(&self.session), name(&self.kind));
        let id = id(&source, &session, self.time, &text);
        let hash = hex(&Sha256::digest(text.as_bytes()));
        Observation { id, time: self.time, source, session, origin: self.origin, kind, attributes, hash, text }
    }
}

/// The id of an observation: its UTC day, and 50 bits of a hash over what makes it this one. Among 100,000 of one day, two that
/// differ have the same with a probability of 1 in 200,000.
pub fn id(source: &str, session: &str, time: Millis, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [source.as_bytes(), session.as_bytes(), &time.to_le_bytes(), text.as_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bits = hash.finalize().iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut id = day::prefix(day::day_of(time));
    id.extend((0..10).map(|at| char::from(ALPHABET[(bits >> (59 - 5 * at) & 31) as usize])));
    id
}

/// What tells an id from others of its day; none for what is no id of ours.
pub(super) fn bits(id: &str) -> Option<u64> {
    let rest = id.get(9..).filter(|rest| rest.len() == 10)?;
    rest.bytes().try_fold(0, |bits, byte| Some(bits << 5 | ALPHABET.iter().position(|a| *a == byte)? as u64))
}

/// Was it forgotten? Then only its id, time, kind and hash are left.
pub fn is_forgotten(observation: &Observation) -> bool {
    observation.attribute(FORGOTTEN).is_some()
}

/// The start of a text, at most so many bytes, cut between characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[nibble as usize]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn new(time: Millis, text: &str) -> New {
        New {
            time,
            source: "test".into(),
            session: "s".into(),
            origin: Origin::User,
            kind: "note".into(),
            attributes: vec![],
            text: text.into(),
        }
    }

    #[test]
    fn the_same_has_the_same_id_and_what_differs_in_one_thing_another() {
        let one = id("a", "b", 5, "text");
        assert_eq!(one, id("a", "b", 5, "text"));
        assert!(one.starts_with("19700101-") && one.len() == 19, "{one}");
        for other in [id("ab", "", 5, "text"), id("a", "b", 6, "text"), id("a", "b", 5, "text "), id("", "ab", 5, "text")] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn secrets_and_control_characters_are_gone_before_anything_is_hashed() {
        let redactor = Redactor::from_vars([("A_TOKEN".to_string(), "hunter2hunter2".to_string())]);
        let stored = new(5, "say hunter2\u{1b}hunter2\u{7}\nAKIAIOSFODNN7EXAMPLE")
            .with("command", "curl -u me:pw x")
            .with("forgotten", "1")
            .observe(&redactor);
        assert_eq!(stored.text, "say [redacted]\n[redacted]");
        assert_eq!(stored.attribute("command"), Some("curl -u [redacted] x"));
        assert!(!is_forgotten(&stored));
        assert_eq!(stored.hash, hex(&Sha256::digest(stored.text.as_bytes())));
        assert_eq!(stored.id, id("test", "s", 5, &stored.text));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let redactor = Redactor::default();
        let text = format!("a{}", "é".repeat(MAX_OBSERVATION));
        let mut long = new(5, &text);
        for n in 0..60 {
            long = long.with(&format!("n{n}"), "ü".repeat(MAX_VALUE));
        }
        let stored = long.observe(&redactor);
        assert_eq!(stored.text.len(), MAX_OBSERVATION - 1);
        assert_eq!(stored.attribute(TRUNCATED), Some(text.len().to_string().as_str()));
        assert_eq!(stored.attribute("left-out"), Some("12"));
        assert!(stored.attribute("n0").unwrap().ends_with("ü…"));
        assert!(serde_json::to_string(&stored).unwrap().len() < super::super::lines::MAX_LINE);
    }

    #[test]
    fn a_secret_across_the_cut_is_found() {
        let text = format!("{}AKIAIOSFODNN7EXAMPLE", "x ".repeat(MAX_OBSERVATION / 2 - 5));
        let stored = new(5, &text).observe(&Redactor::default());
        assert!(!stored.text.contains("AKIA"), "{}", &stored.text[stored.text.len() - 30..]);
    }
}
