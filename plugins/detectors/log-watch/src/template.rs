//! What stays the same in the messages of one kind. Pure.

/// Words of a message that count: what comes later is more and more about the one case.
const MOST_WORDS: usize = 14;
/// Longer words are no words.
const LONGEST_WORD: usize = 40;
/// Stands for what changes.
const ANY: &str = "#";

/// Numbers, times, ids, paths, addresses, quoted text and values are masked. Never empty.
pub fn template(message: &str) -> String {
    let text: String = unquoted(message);
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        // What follows is data.
        let data = word.starts_with('{');
        let masked = if data { "{}".to_string() } else { mask(word) };
        if masked != ANY || words.last().is_none_or(|last| last != ANY) {
            words.push(masked);
        }
        if data || words.len() == MOST_WORDS {
            break;
        }
    }
    if words.is_empty() { ANY.into() } else { words.join(" ") }
}

/// With one mark for each quoted text. An apostrophe within a word is none.
fn unquoted(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some((at, quote)) = rest.char_indices().find(|(_, c)| matches!(c, '"' | '\'' | '`')) {
        let opens = !rest[..at].ends_with(|c: char| c.is_alphanumeric());
        let after = &rest[at + 1..];
        out.push_str(&rest[..at]);
        match after.find(quote).filter(|_| opens) {
            Some(end) => {
                out.push_str(ANY);
                rest = &after[end + 1..];
            }
            None => rest = after,
        }
    }
    out + rest
}

fn mask(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    if core.is_empty() {
        return ANY.into();
    }
    if let Some((name, _)) = core.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()) {
        return if is_changing(name) { ANY.into() } else { format!("{name}={ANY}") };
    }
    if is_changing(core) { ANY.into() } else { core.to_string() }
}

fn is_changing(word: &str) -> bool {
    let hex = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    word.chars().count() > LONGEST_WORD || hex || word.contains(['/', '\\', '@', '#']) || word.bytes().any(|b| b.is_ascii_digit())
}

/// Two templates of one kind: nearly all words are the same, so that a name which was not recognised as one makes no new kind.
/// Short ones have to be equal.
pub fn alike(a: &str, b: &str) -> bool {
    if a == b || a.split(' ').next() != b.split(' ').next() {
        return a == b;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split(' ').collect(), b.split(' ').collect());
    let longest = a.len().max(b.len());
    if longest < 4 || a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    // From both ends, so that one word more in the middle counts as one.
    let front = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let shortest = a.len().min(b.len());
    let back = a.iter().rev().zip(b.iter().rev()).take(shortest - front).take_while(|(a, b)| a == b).count();
    let in_place = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    (front + back).max(in_place) * 10 >= longest * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_masked() {
        let cases = [
            ("Connection to 10.0.0.7:5432 refused after 30s", "Connection to # refused after #"),
            ("user \"alice\" can't open '/etc/x' (0x7ffe)", "user # cant open #"),
            ("request 5f3a9b1c-77aa-4b1e-9d2a-0c8e6c0f1a2b failed at 2026-11-20T10:00:00Z", "request # failed at #"),
            ("job deadbeefcafe took=35ms queue=mail", "job # took=# queue=#"),
            ("could not parse {\"a\": 1}", "could not parse {}"),
            ("", "#"),
        ];
        cases.iter().for_each(|(message, expected)| assert_eq!(template(message), *expected, "{message}"));
        assert!(template(&"word ".repeat(90)).split(' ').count() == MOST_WORDS);
    }

    #[test]
    fn a_name_makes_no_new_kind() {
        assert!(alike("User alice not found", "User bob not found"));
        assert!(alike("Failed to charge card of Ann Lee", "Failed to charge card of Bob"));
        assert!(!alike("Connection refused", "Connection reset"));
        assert!(!alike("Failed to open file", "Could not open file"));
    }
}
