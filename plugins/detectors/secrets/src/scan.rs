//! Scanning one text. Pure; what it returns never holds a secret.

use crate::before::Before;
use crate::example::{is_made_up, is_made_up_password, is_reference};
use crate::formats::tokens;
use crate::guess::{Care, guesses};
use kairos_plugin::fnv;
use std::borrow::Cow;

/// How sure it is that a hit does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// By name and entropy only.
    Guess,
    /// A known format that may be harmless: an identifier, public by design, encrypted, short-lived.
    Weak,
    /// A known format of a secret.
    Certain,
}

/// A secret in a text, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's short name.
    pub rule: &'static str,
    /// What it is, for a person.
    pub name: String,
    /// From 1.
    pub line: u32,
    /// At most four characters of the secret, then `…`.
    pub shown: String,
    /// FNV-1a of the secret: the same secret has the same key.
    pub fingerprint: u64,
    /// How sure.
    pub sureness: Sureness,
    /// HEAD has it in the same file; it is here because it was told before.
    pub in_head: bool,
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Guess by name and entropy, and how carefully; `None`: known formats only.
    pub guess: Option<Care>,
    /// Values may stand without quotes.
    pub bare: bool,
}

/// At most this many hits a text: more say no more.
const MOST: usize = 20;

/// The secrets of a text that are new or were told, by line. Binary content has none.
pub fn scan(text: &[u8], options: Options, mut before: Before) -> Vec<Hit> {
    if text[..text.len().min(8192)].contains(&0) {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    let service_account = text.contains("\"service_account\"") && text.contains("\"private_key\"");
    let mut hits: Vec<Hit> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // Nothing that is looked for is shorter.
        if line.len() < 10 || before.skips(line) {
            continue;
        }
        for (secret, hit) in on_line(&lines, index, options, service_account) {
            let Some(in_head) = before.judge(&secret) else { continue };
            // The same secret twice in a file is one fact.
            if !hits.iter().any(|known| (known.rule, known.fingerprint) == (hit.rule, hit.fingerprint)) {
                hits.push(Hit { in_head, ..hit });
            }
        }
        if hits.len() >= MOST {
            break;
        }
    }
    hits.truncate(MOST);
    hits
}

/// What a line holds: each secret, and what may be told of it.
fn on_line<'a>(lines: &[&'a str], index: usize, options: Options, service_account: bool) -> Vec<(Cow<'a, str>, Hit)> {
    let (line, number) = (lines[index], index as u32 + 1);
    let mut found: Vec<(Cow<str>, Hit)> = Vec::new();
    for token in tokens(line) {
        let near = &lines[index.saturating_sub(5)..(index + 6).min(lines.len())];
        let mut hit = hit(token.format.rule, token.format.name, number, token.value, 4);
        match token.format.rule {
            "aws-id" if near.iter().any(|line| aws_secret(line).is_some()) => {
                hit.name = "AWS access key with its secret".into();
                hit.sureness = Sureness::Certain;
            }
            "jwt" if !says_token(line) => continue,
            _ if token.format.weak => hit.sureness = Sureness::Weak,
            _ => {}
        }
        found.push((token.value.into(), hit));
    }
    if line.contains("-----BEGIN ")
        && let Some((body, hit)) = private_key(&lines[index..], number, service_account)
    {
        found.push((body.into(), hit));
    }
    if found.is_empty()
        && let Some(secret) = aws_secret(line).filter(|_| line.to_ascii_lowercase().contains("aws"))
    {
        found.push((secret.into(), hit("aws-secret", "AWS secret access key", number, secret, 0)));
    }
    if let (true, Some(care)) = (found.is_empty(), options.guess) {
        for guess in guesses(line, options.bare, care) {
            let name = format!("value of `{}`", guess.name);
            let hit = Hit { sureness: Sureness::Guess, ..hit("guess", &name, number, guess.value, 0) };
            found.push((guess.value.into(), hit));
        }
        if let (true, Some(password)) = (found.is_empty(), url_password(line)) {
            let hit = Hit { sureness: Sureness::Guess, ..hit("url", "password in a URL", number, password, 0) };
            found.push((password.into(), hit));
        }
    }
    found
}

/// The hashes of the private keys of a text.
pub fn private_keys(text: &str) -> Vec<u64> {
    if !text.contains("-----BEGIN ") {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let begins = (0..lines.len()).filter(|index| lines[*index].contains("-----BEGIN "));
    begins.filter_map(|index| private_key(&lines[index..], 0, false)).map(|(_, hit)| hit.fingerprint).collect()
}

fn hit(rule: &'static str, name: &str, line: u32, secret: &str, shown: usize) -> Hit {
    let shown = format!("{}…", secret.chars().take(shown).collect::<String>());
    let fingerprint = fnv(secret.bytes());
    Hit { rule, name: name.into(), line, shown, fingerprint, sureness: Sureness::Certain, in_head: false }
}

/// A line that hands over a token, as opposed to text that happens to hold one.
fn says_token(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["token", "bearer", "authorization", "jwt", "secret", "apikey", "api_key", "api-key", "anon_key", "service_key"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Forty characters of base64 that are neither a git id nor a path: the shape of AWS secrets.
fn aws_secret(line: &str) -> Option<&str> {
    if line.len() < 40 {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    if !lower.contains("secret") && !lower.contains("key") {
        return None;
    }
    line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '+'))).find(|word| {
        let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
        word.len() == 40
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
            && word.bytes().filter(|b| *b == b'/').count() <= 4
            && !is_made_up(word)
    })
}

/// A private key: its body, and what may be told; a lone header is a string in a program.
fn private_key(lines: &[&str], number: u32, service_account: bool) -> Option<(String, Hit)> {
    let first = lines.first()?;
    let (_, after) = first.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    if !label.contains("PRIVATE KEY") {
        return None;
    }
    let mut body = String::new();
    let mut encrypted = label.contains("ENCRYPTED");
    for (index, line) in lines.iter().take(120).enumerate() {
        if index > 0 && line.contains("-----BEGIN ") {
            break;
        }
        let line = if index == 0 { after } else { line };
        encrypted |= line.contains("Proc-Type:") && line.contains("ENCRYPTED");
        let (line, last) = line.split_once("-----END").map_or((line, false), |(line, _)| (line, true));
        // In JSON and in string literals, line ends are written out.
        for part in line
            .replace("\\r", " ")
            .replace("\\n", " ")
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        {
            if part.len() >= 24 || !body.is_empty() && part.len() >= 4 {
                body.push_str(part);
            }
        }
        if last || body.len() > 8192 {
            break;
        }
    }
    if body.len() < 60 || is_made_up(&body[..60]) {
        return None;
    }
    let (rule, name) = if service_account { ("gcp", "service account key") } else { ("private-key", "private key") };
    let mut hit = hit(rule, name, number, &body, 0);
    if encrypted {
        hit.name = "encrypted private key".into();
        hit.sureness = Sureness::Weak;
    }
    hit.shown = format!(
        "-----BEGIN {}----- …",
        label.chars().filter(|c| c.is_ascii_uppercase() || *c == ' ').take(30).collect::<String>()
    );
    Some((body, hit))
}

/// `scheme://user:password@host`, where the host isn't this machine or an example.
fn url_password(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("://")?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | ')')).unwrap_or(rest.len());
    let (login, host) = rest[..end].split_once('@')?;
    let (user, password) = login.split_once(':')?;
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    let local = !host.contains('.')
        || host.starts_with("127.")
        || host.starts_with("0.0.0.0")
        || ["example", "localhost", ".local", ".internal", ".test", "host.docker"].iter().any(|word| host.contains(word));
    let digit = password.bytes().any(|b| b.is_ascii_digit());
    (!local && password.len() >= 8 && password.len() <= 128 && digit && !login.contains('/') && password != user)
        .then_some(password)
        .filter(|password| !is_reference(password) && !is_made_up_password(password) && !password.contains(['{', '$', '%', '*']))
}
