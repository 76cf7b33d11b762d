//! Secrets without a known format: a name that says `password` or `token`, and a value that looks random. Pure.

use crate::example::{is_made_up, is_made_up_password, is_reference};

/// How sure to be before speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// The whole file is new, so the value is new.
    Usual,
    /// The file existed: the value may be old and known to be harmless.
    Strict,
}

/// A value that looks like a secret.
pub struct Guess<'a> {
    /// The name it is given, at most 40 characters.
    pub name: String,
    /// The value itself.
    pub value: &'a str,
}

const PASSWORDS: &[&str] = &["password", "passwd", "pwd", "passphrase"];
const TOKENS: &[&str] = &[
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "secret_key",
    "secretkey",
    "private_key",
    "auth_key",
    "authkey",
    "encryption_key",
    "signing_key",
    "account_key",
    "master_key",
    "shared_key",
    "service_key",
    "client_secret",
    "authorization",
    "bearer",
];
/// Words in a name after which the value is public, made up or something else.
const OTHER: &[&str] = &[
    "public",
    "pub",
    "hash",
    "hashed",
    "example",
    "csrf",
    "xsrf",
    "test",
    "dummy",
    "fake",
    "mock",
    "page",
    "next",
    "continuation",
    "cursor",
    "sync",
    "placeholder",
    "cancel",
    "cancellation",
    "syntax",
    "design",
    "sort",
    "cache",
    "site",
    "publishable",
    "num",
    "max",
    "min",
    "eos",
    "bos",
    "pad",
    "unk",
    "stop",
    "special",
    "default",
    "invalid",
    "wrong",
    "expected",
];

/// The secrets that a line assigns. `bare`: values may stand without quotes.
pub fn guesses(line: &str, bare: bool, care: Care) -> Vec<Guess<'_>> {
    let mut found: Vec<Guess> = Vec::new();
    // Longer lines are generated, and not what a person typed a password into.
    if line.len() > 1000 {
        return found;
    }
    for (at, byte) in line.bytes().enumerate() {
        if !matches!(byte, b'=' | b':') || found.len() >= 4 {
            continue;
        }
        let Some(value) = value_after(line, at + 1, bare) else { continue };
        let Some((name, kind)) = name_before(line, at) else { continue };
        let value = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("Basic ")).unwrap_or(value);
        if looks_secret(value, kind, care) && !found.iter().any(|guess| guess.value == value) {
            found.push(Guess { name: name.chars().take(40).collect(), value });
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Password,
    Token,
}

/// The name that is assigned at `at`: what stands before, or before a type annotation (`key: &str = "..."`).
fn name_before(line: &str, at: usize) -> Option<(&str, Kind)> {
    let before = line[..at].trim_end_matches([' ', ':', '=', '"', '\'', '`', ']', '?']);
    let name = last_word(before);
    if let Some(kind) = kind_of(name) {
        return Some((name, kind));
    }
    // Only a type may stand between, so only one colon back, and nothing that ends a statement.
    let (left, right) = before.rsplit_once(':')?;
    if line.as_bytes()[at] != b'=' || right.contains([';', ',', '(', '{', '"']) {
        return None;
    }
    let name = last_word(left.trim_end());
    kind_of(name).map(|kind| (name, kind))
}

fn last_word(text: &str) -> &str {
    let start = text
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |index| index + text[index..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

/// Whether a name announces a secret: it ends in such a word, and no other word of it says otherwise.
fn kind_of(name: &str) -> Option<Kind> {
    if name.len() < 3 {
        return None;
    }
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous = b'_';
    for byte in name.bytes() {
        if byte.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
            snake.push('_');
        }
        snake.push(if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() as char } else { '_' });
        previous = byte;
    }
    let ends = |words: &[&str]| {
        words.iter().any(|word| snake.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
    };
    let kind = if ends(PASSWORDS) || snake.ends_with("password") {
        Kind::Password
    } else if ends(TOKENS) {
        Kind::Token
    } else {
        return None;
    };
    (!snake.split('_').any(|word| OTHER.contains(&word))).then_some(kind)
}

/// The literal that follows a sign of assignment.
fn value_after(line: &str, from: usize, bare: bool) -> Option<&str> {
    // `:=`, `=>`, `::`, `==`: the second character is skipped, or is an assignment of its own.
    let rest = line[from..].trim_start_matches([' ', '>', '\t']);
    let first = rest.bytes().next()?;
    if matches!(first, b'"' | b'\'' | b'`') {
        let rest = &rest[1..];
        let end = rest.bytes().position(|b| b == first)?;
        return Some(&rest[..end]);
    }
    if !bare {
        return None;
    }
    let value = rest.split(" #").next().unwrap_or(rest).trim_end();
    (!value.contains(char::is_whitespace) || value.starts_with("Bearer ")).then_some(value)
}

fn looks_secret(value: &str, kind: Kind, care: Care) -> bool {
    let least = match (kind, care) {
        (Kind::Password, Care::Usual) => 8,
        (Kind::Password, Care::Strict) => 12,
        (Kind::Token, Care::Usual) => 16,
        (Kind::Token, Care::Strict) => 24,
    };
    if value.len() < least || value.len() > 256 || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    if value.bytes().any(|b| matches!(b, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'\\' | b'"' | b'\'' | b'`'))
        || is_reference(value)
    {
        return false;
    }
    if is_uuid(value) {
        return false;
    }
    let shape = Shape::of(value);
    match kind {
        Kind::Password => {
            let entropy = if care == Care::Strict { 3.2 } else { 2.7 };
            shape.classes >= 3 && shape.entropy >= entropy && shape.run <= 3.5 && !is_made_up_password(value)
        }
        Kind::Token => {
            let plain = value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' | b':' | b'!'));
            let entropy = match (care, value.len()) {
                (Care::Strict, _) => 4.0,
                (Care::Usual, 16..20) => 3.0,
                (Care::Usual, _) => 3.3,
            };
            plain && shape.digits && shape.letters && shape.entropy >= entropy && shape.run <= 3.0 && !is_made_up(value)
        }
    }
}

/// Groups of 8-4-4-4-12: an identifier far more often than a secret.
fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// What random text and words differ in.
struct Shape {
    /// Shannon entropy in bits a character.
    entropy: f32,
    /// How many of: lower case, upper case, digits, the rest.
    classes: u32,
    /// How many letters or digits of one class follow each other on average: below 2 in random text, above 3 in words.
    run: f32,
    digits: bool,
    letters: bool,
}

impl Shape {
    fn of(value: &str) -> Self {
        let class = |b: u8| match b {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        let mut counts = [0u32; 128];
        let mut seen = [false; 4];
        let (mut runs, mut joined) = (0u32, 0u32);
        let mut previous = 4;
        for byte in value.bytes() {
            counts[usize::from(byte & 127)] += 1;
            let class = class(byte);
            seen[class] = true;
            // What stands between words ends a run, and is none itself; a capital begins its word.
            runs += u32::from(class != previous && class != 3 && (previous, class) != (1, 0));
            joined += u32::from(class != 3);
            previous = class;
        }
        let length = value.len().max(1) as f32;
        let entropy = counts.iter().filter(|count| **count > 0).map(|count| *count as f32 / length).map(|p| -p * p.log2()).sum();
        Shape {
            entropy,
            classes: seen.iter().map(|seen| u32::from(*seen)).sum(),
            run: joined as f32 / runs.max(1) as f32,
            digits: seen[2],
            letters: seen[0] || seen[1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str, bare: bool, care: Care) -> Vec<String> {
        guesses(line, bare, care).into_iter().map(|guess| guess.name).collect()
    }

    #[test]
    fn assignments_in_many_languages() {
        let random = ["q8Zt3LwRb0Xn", "Vh5KpM2yTd7G"].concat();
        for line in [
            format!("api_key = \"{random}\""),
            format!("  \"clientSecret\": \"{random}\","),
            format!("const API_TOKEN: &str = \"{random}\";"),
            format!("private readonly apiKey: string = '{random}';"),
            format!("config['auth_token'] = '{random}'"),
            format!("token := \"{random}\""),
            format!(":secret => \"{random}\""),
            format!("headers = {{\"Authorization\": \"Bearer {random}\"}}"),
        ] {
            assert_eq!(names(&line, false, Care::Usual).len(), 1, "{line}");
        }
        assert_eq!(names(&format!("STRIPE_SECRET={random}  # live"), true, Care::Usual), ["STRIPE_SECRET"]);
        assert_eq!(names(&format!("  db-password: {}", ["Zr4!t", "q9Lw"].concat()), true, Care::Usual), ["db-password"]);
        let hex = ["9f86d081884c7d65", "9a2feaa0c55ad015"].concat();
        assert_eq!(names(&format!("auth_token = '{hex}'"), false, Care::Usual), ["auth_token"]);
        assert!(names(&format!("auth_token = '{hex}'"), false, Care::Strict).is_empty());
    }

    #[test]
    fn what_is_no_secret() {
        for line in [
            "password = \"password\"",
            "password: str = Field(\"Please enter your password\")",
            "token = os.environ['API_TOKEN']",
            "token = \"${API_TOKEN}\"",
            "api_key = \"YOUR_API_KEY_12345678\"",
            "secret = \"my-super-strong-secret-value\"",
            "reset_token = \"user_password_reset_token_v2\"",
            "accessToken = \"getUserAccessTokenFromRequest2\"",
            "token_type = \"q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "password_hash = \"$2b$12$q8Zt3LwRb0XnVh5KpM2yTd\"",
            "passwordHash = \"q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "next_page_token = \"q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "csrf_token = \"q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "client_secret = \"3f2504e0-4f89-41d3-9a0c-0305e82c3301\"",
            "integrity = \"sha512-q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "commit = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\"",
            "public_key = \"q8Zt3LwRb0XnVh5KpM2yTd7G\"",
            "if token == expected { \"q8Zt3LwRb0XnVh5KpM2yTd7G\" }",
            "password = \"{{ vault_db_password }}\"",
            "tokenizer: \"gpt2-medium-q8Zt3LwRb0Xn\"",
            "api_key = settings.API_KEY",
            "secret: arn:aws:secretsmanager:eu-west-1:1:secret:x-q8Zt3L",
        ] {
            for care in [Care::Usual, Care::Strict] {
                assert!(names(line, true, care).is_empty() && names(line, false, care).is_empty(), "{line}");
            }
        }
    }
}
