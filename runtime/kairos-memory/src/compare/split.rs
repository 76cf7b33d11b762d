//! Text into sentences, sentences into words.

use super::quantity::quantity;

/// Longest text that is looked at, in words: a claim has a few dozen.
pub(super) const MAX_WORDS: usize = 400;

/// A word as it stands.
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    pub(super) lower: String,
    /// Ends a clause, maybe: a comma stands behind it, or a stop.
    pub(super) ends: bool,
    /// A stop stands behind it.
    pub(super) stops: bool,
    /// Something that a machine reads.
    pub(super) code: bool,
}

/// The sentences of a longer text: cut at line ends, and behind a full stop, question or exclamation mark before a space.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let end = rest.match_indices(['.', '!', '?']).map(|(at, _)| at + 1).find(|at| rest[*at..].starts_with(' '));
            let (head, tail) = rest.split_at(end.unwrap_or(rest.len()));
            rest = tail;
            (!head.is_empty()).then_some(head.trim())
        })
        .filter(|s| !s.is_empty())
    })
}

/// Words with their punctuation cut off; "isn't" gives "is" and "not".
pub(super) fn split(text: &str) -> Vec<Raw<'_>> {
    let mut out: Vec<Raw> = vec![];
    let mut quoted = false;
    for word in text.split_whitespace() {
        if out.len() >= MAX_WORDS {
            break;
        }
        quoted |= word.trim_start_matches(['(', '"', '*']).starts_with('`');
        let bare = trim(word);
        let stops = word.ends_with([';', ':', '.', '!', '?']) || matches!(word, "—" | "--");
        let ends = stops || word.ends_with(',') || matches!(word, "-" | "–");
        let closes = quoted && word.trim_end_matches([',', '.', ';', ':', ')', '"', '*', '!', '?']).ends_with('`');
        if bare.is_empty() {
            quoted &= !closes;
            if let Some(last) = out.last_mut() {
                last.ends |= ends;
                last.stops |= stops;
            }
            continue;
        }
        let lower = bare.to_lowercase().replace('’', "'");
        if let Some(head) = negated_verb(&lower) {
            out.push(Raw { text: bare, lower: head.to_owned(), ends: false, stops: false, code: quoted });
            out.push(Raw { text: "not", lower: "not".to_owned(), ends, stops, code: quoted });
        } else {
            let lower = lower.strip_suffix("'s").map_or(lower.clone(), ToOwned::to_owned);
            let is_code = quoted || is_code(bare) || word.contains("()");
            let parts: Vec<&str> = lower.split('-').filter(|p| !p.is_empty()).collect();
            if !is_code && parts.len() > 1 {
                for (n, part) in parts.iter().enumerate() {
                    let last = n + 1 == parts.len();
                    out.push(Raw {
                        text: bare,
                        lower: (*part).to_owned(),
                        ends: ends && last,
                        stops: stops && last,
                        code: false,
                    });
                }
            } else {
                out.push(Raw { text: bare, lower, ends, stops, code: is_code });
            }
        }
        quoted &= !closes;
    }
    out
}

fn trim(word: &str) -> &str {
    let word = word.trim_matches(['`', '*', '"', '(', ')', '[', ']', '{', '}', '\'', '“', '”', '‘', ',', ';', ':', '!', '?']);
    let word = word.trim_end_matches(['.', '`', '"', ')', ',']);
    if word.chars().any(char::is_alphanumeric) { word } else { "" }
}

fn negated_verb(lower: &str) -> Option<&str> {
    Some(match lower {
        "can't" | "cannot" => "can",
        "won't" => "will",
        "shan't" => "shall",
        _ => lower.strip_suffix("n't").filter(|h| !h.is_empty())?,
    })
}

/// Does it look like something a machine reads?
fn is_code(word: &str) -> bool {
    let inner = word.trim_end_matches("'s");
    let digits = inner.contains(|c: char| c.is_ascii_digit());
    let letters = inner.contains(char::is_alphabetic);
    inner.starts_with('-')
        || inner.contains(['_', '/', '=', '@', '#', '\\', '<', '>', '$', '&', '~', '+'])
        || inner.contains("::")
        || inner.char_indices().any(|(at, c)| {
            c == '.' && inner[at + 1..].starts_with(char::is_alphanumeric) && (letters || inner.matches('.').count() > 1)
        })
        || (digits && !letters && inner.contains(':'))
        || (digits && letters && quantity(&inner.to_lowercase()).is_none())
        || inner.chars().zip(inner.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase())
}
