//! A line as it may be shown: without what could be a secret. Pure.

/// Stands for what is not shown.
const HIDDEN: &str = "***";
/// Random text shorter than this is shown: ids of requests are needed to find a line again.
const SHORTEST: usize = 20;

/// At most `max` characters of the line. Values of names that speak of secrets, user and password in addresses, and long
/// random words are hidden.
pub fn show(line: &str, max: usize) -> String {
    let mut out = String::new();
    let mut hide_next = false;
    for word in line.split_inclusive(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '(' | ')' | '{' | '}')) {
        let core =
            word.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '(' | ')' | '{' | '}'));
        let end = &word[core.len()..];
        let bare = core.trim_matches([':', '=']);
        if hide_next && !bare.is_empty() {
            // `Authorization: Bearer x`: the scheme is no secret.
            hide_next = matches!(bare.to_ascii_lowercase().as_str(), "bearer" | "basic" | "token" | "is" | "was");
            out += if hide_next { core } else { HIDDEN };
        } else if let Some((name, value)) = core.split_once(['=', ':']).filter(|(name, _)| is_secret(name)) {
            out += &core[..=name.len()];
            hide_next = value.is_empty();
            out += if value.is_empty() { "" } else { HIDDEN };
        } else {
            hide_next |= is_secret(bare) && (core != bare || end.starts_with(['"', '\'']));
            out += &hidden(core);
        }
        out += end;
        if out.chars().count() > max {
            break;
        }
    }
    if out.chars().count() > max { out.chars().take(max.saturating_sub(1)).chain(['…']).collect() } else { out }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "access_key",
        "authorization",
        "cookie",
        "session",
        "credential",
        "private_key",
        "signature",
        "otp",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

fn hidden(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((login, host)) = rest.split_once('@')
        && !login.contains('/')
    {
        return format!("{scheme}://{HIDDEN}@{host}");
    }
    let parts = word.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')));
    parts
        .map(|part| {
            let core = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')));
            if is_random(core) { format!("{HIDDEN}{}", &part[core.len()..]) } else { part.to_string() }
        })
        .collect()
}

/// Long, with digits and letters mixed; times and names of files are not.
fn is_random(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let longest = word.split(['-', '_', '.']).map(str::len).max().unwrap_or_default();
    let known = ["AKIA", "ASIA", "ghp_", "gho_", "ghs_", "glpat-", "sk-", "sk_", "rk_", "xox", "eyJ", "hf_", "npm_", "AIza"];
    (word.len() >= SHORTEST && digits >= 3 && letters >= 3 && longest >= 12)
        || (word.len() >= 16 && known.iter().any(|begin| word.starts_with(begin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let cases = [
            ("login failed password=hunter2 user=ann", "login failed password=*** user=ann"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
            ("{\"token\": \"abc\", \"a\": 1}", "{\"token\": \"***\", \"a\": 1}"),
            ("db postgres://u:p@db:5432/x is down", "db postgres://***@db:5432/x is down"),
            ("key ghp_abcdefghijklmnop gone", "key *** gone"),
            ("hash 9f86d081884c7d659a2feaa0c55ad015 bad", "hash *** bad"),
            ("2026-11-20T10:00:00.123456Z app-server-01 timeout", "2026-11-20T10:00:00.123456Z app-server-01 timeout"),
        ];
        cases.iter().for_each(|(line, expected)| assert_eq!(show(line, 200), *expected));
        assert_eq!(show(&"x ".repeat(300), 10).chars().count(), 10);
    }
}
