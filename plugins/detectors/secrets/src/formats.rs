//! Tokens that say by their shape what they are. Pure.

use crate::example::is_made_up;

/// A token format: a fixed beginning, then so many characters of a set.
pub struct Format {
    /// Short name of the rule: part of a finding's key, so it never changes.
    pub rule: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    prefix: &'static str,
    /// How many characters of the set follow.
    length: std::ops::RangeInclusive<usize>,
    set: Set,
    /// A further demand on what follows the prefix.
    also: fn(&str) -> bool,
    /// It may be harmless: public by design, an identifier, without the other half.
    pub weak: bool,
}

#[derive(Clone, Copy)]
enum Set {
    /// Letters and digits.
    Word,
    /// Those, and `_ -`.
    Dashed,
    /// Those, and `.`.
    Dotted,
    /// Upper-case letters and digits.
    Upper,
    /// Lower-case hexadecimal.
    Hex,
    /// Base64.
    Base64,
    /// Path of a web hook.
    Path,
}

impl Set {
    fn has(self, byte: u8) -> bool {
        match self {
            Set::Word => byte.is_ascii_alphanumeric(),
            Set::Dashed => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Set::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Set::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Set::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Set::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Set::Path => byte.is_ascii_alphanumeric() || byte == b'/',
        }
    }
}

const fn format(
    rule: &'static str,
    name: &'static str,
    prefix: &'static str,
    length: std::ops::RangeInclusive<usize>,
    set: Set,
) -> Format {
    Format { rule, name, prefix, length, set, also: mixed, weak: false }
}

/// Random text of this length holds digits and letters.
fn mixed(body: &str) -> bool {
    body.bytes().any(|b| b.is_ascii_digit()) && body.bytes().any(|b| b.is_ascii_alphabetic())
}

/// `key id . secret`, as SendGrid writes it.
fn two_parts(body: &str) -> bool {
    body.split_once('.').is_some_and(|(id, secret)| id.len() == 22 && secret.len() == 43 && !secret.contains('.'))
}

/// `payload.signature` of a JSON web token whose header has been seen.
fn token_parts(body: &str) -> bool {
    let mut parts = body.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    header.len() >= 10 && payload.starts_with("eyJ") && payload.len() >= 16 && signature.len() >= 27
}

fn old_openai(body: &str) -> bool {
    body.contains("T3BlbkFJ")
}

fn hook_parts(body: &str) -> bool {
    let parts: Vec<&str> = body.split('/').collect();
    matches!(parts[..], [team, bot, key] if team.len() >= 7 && bot.starts_with('B') && key.len() >= 20)
}

fn ends_padded(body: &str) -> bool {
    body.ends_with("==")
}

/// All formats, longer prefixes before shorter ones that they begin with.
pub const FORMATS: &[Format] = &[
    Format { weak: true, also: |_| true, ..format("aws-id", "AWS access key id", "AKIA", 16..=16, Set::Upper) },
    Format { weak: true, also: |_| true, ..format("aws-id", "AWS temporary access key id", "ASIA", 16..=16, Set::Upper) },
    format("github", "GitHub token", "ghp_", 36..=255, Set::Word),
    format("github", "GitHub token", "gho_", 36..=255, Set::Word),
    format("github", "GitHub token", "ghu_", 36..=255, Set::Word),
    format("github", "GitHub token", "ghs_", 36..=255, Set::Word),
    format("github", "GitHub token", "ghr_", 36..=255, Set::Word),
    format("github", "GitHub token", "github_pat_", 60..=255, Set::Dashed),
    format("gitlab", "GitLab token", "glpat-", 20..=255, Set::Dotted),
    format("gitlab", "GitLab token", "gldt-", 20..=255, Set::Dashed),
    format("gitlab", "GitLab token", "glrt-", 20..=255, Set::Dashed),
    format("slack", "Slack token", "xoxb-", 24..=255, Set::Dashed),
    format("slack", "Slack token", "xoxp-", 24..=255, Set::Dashed),
    format("slack", "Slack token", "xoxa-", 24..=255, Set::Dashed),
    format("slack", "Slack token", "xoxr-", 24..=255, Set::Dashed),
    format("slack", "Slack token", "xoxs-", 24..=255, Set::Dashed),
    format("slack", "Slack app token", "xapp-", 40..=255, Set::Dashed),
    Format { also: hook_parts, ..format("slack-hook", "Slack web hook", "hooks.slack.com/services/", 38..=120, Set::Path) },
    format("stripe", "Stripe live key", "sk_live_", 24..=255, Set::Word),
    format("stripe", "Stripe live key", "rk_live_", 24..=255, Set::Word),
    Format { weak: true, ..format("google", "Google API key", "AIza", 35..=35, Set::Dashed) },
    format("anthropic", "Anthropic API key", "sk-ant-", 32..=255, Set::Dashed),
    format("openai", "OpenAI API key", "sk-proj-", 32..=255, Set::Dashed),
    format("openai", "OpenAI API key", "sk-svcacct-", 32..=255, Set::Dashed),
    format("openai", "OpenAI API key", "sk-admin-", 32..=255, Set::Dashed),
    Format { also: old_openai, ..format("openai", "OpenAI API key", "sk-", 48..=64, Set::Word) },
    format("npm", "npm token", "npm_", 36..=36, Set::Word),
    format("pypi", "PyPI token", "pypi-AgE", 50..=400, Set::Dashed),
    Format { also: two_parts, ..format("sendgrid", "SendGrid key", "SG.", 66..=66, Set::Dotted) },
    format("huggingface", "Hugging Face token", "hf_", 34..=40, Set::Word),
    format("digitalocean", "DigitalOcean token", "dop_v1_", 64..=64, Set::Hex),
    format("shopify", "Shopify token", "shpat_", 32..=32, Set::Hex),
    format("vault", "Vault token", "hvs.", 24..=255, Set::Dashed),
    format("databricks", "Databricks token", "dapi", 32..=34, Set::Hex),
    format("age", "age secret key", "AGE-SECRET-KEY-1", 58..=58, Set::Upper),
    Format { also: ends_padded, ..format("azure", "Azure storage key", "AccountKey=", 88..=88, Set::Base64) },
    Format { also: token_parts, weak: true, ..format("jwt", "JSON web token", "eyJ", 60..=4000, Set::Dotted) },
];

/// A token in a line.
pub struct Token<'a> {
    /// Which format it has.
    pub format: &'static Format,
    /// The secret, with its prefix.
    pub value: &'a str,
}

/// The first three characters of all prefixes. Nearly every word of a project is settled here.
fn may_begin(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<3>() else { return false };
    matches!(
        head,
        b"AKI"
            | b"ASI"
            | b"ghp"
            | b"gho"
            | b"ghu"
            | b"ghs"
            | b"ghr"
            | b"git"
            | b"glp"
            | b"gld"
            | b"glr"
            | b"xox"
            | b"xap"
            | b"hoo"
            | b"sk_"
            | b"sk-"
            | b"rk_"
            | b"AIz"
            | b"npm"
            | b"pyp"
            | b"SG."
            | b"hf_"
            | b"dop"
            | b"shp"
            | b"hvs"
            | b"dap"
            | b"AGE"
            | b"Acc"
            | b"eyJ"
    )
}

/// The tokens of a line.
pub fn tokens(line: &str) -> Vec<Token<'_>> {
    let bytes = line.as_bytes();
    let in_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        // A token begins where a word does.
        let token = if may_begin(&bytes[at..]) { token_at(line, at) } else { None };
        match token {
            Some(token) => {
                at += token.value.len();
                found.push(token);
            }
            None => {
                while in_word(at) {
                    at += 1;
                }
                while at < bytes.len() && !in_word(at) {
                    at += 1;
                }
            }
        }
    }
    found
}

fn token_at(line: &str, at: usize) -> Option<Token<'_>> {
    let bytes = line.as_bytes();
    let format = FORMATS.iter().filter(|format| bytes[at..].starts_with(format.prefix.as_bytes()));
    for format in format {
        let start = at + format.prefix.len();
        let length = bytes[start..].iter().take_while(|b| format.set.has(**b)).count();
        // All bytes that were counted are ASCII, so these are borders of characters.
        let mut body = &line[start..start + length];
        if matches!(format.set, Set::Dotted) {
            body = body.trim_end_matches('.');
        }
        let ends = bytes.get(start + body.len()).is_none_or(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
        if format.length.contains(&body.len()) && ends && (format.also)(body) && !is_made_up(body) {
            return Some(Token { format, value: &line[at..start + body.len()] });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prefix_is_passed_over() {
        for format in FORMATS {
            assert!(may_begin(format.prefix.as_bytes()), "{}", format.prefix);
        }
        assert!(!may_begin(b"github"[1..].as_ref()) && !may_begin(b"gh"));
    }
}
