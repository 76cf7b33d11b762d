//! What is an example, a placeholder or a reference rather than a secret. Pure.

/// Words that nobody's real secret holds, except by a chance below one in ten thousand.
const WORDS: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "fake",
    "xxxx",
    "your",
    "redacted",
    "test",
    "mock",
    "insert",
    "replace",
    "todo",
    "deadbeef",
    "notreal",
    "not-real",
    "not_real",
    "foobar",
    "****",
    "....",
    "____",
    "0000000",
];

/// Words that stand in for a password that someone has chosen.
const PASSWORD_WORDS: &[&str] =
    &["password", "passwd", "secret", "changeit", "default", "admin", "root", "hunter2", "letmein", "qwerty"];

/// Keys that vendors print in their documentation, by a stretch that is unmistakable.
const DOCUMENTED: &[&str] = &[
    // Azurite's storage account.
    "Eby8vdM02xNO",
    // The first token on jwt.io: its subject is 1234567890.
    "eyJzdWIiOiIxMjM0NTY3ODkw",
];

/// A made-up token: it says so, it repeats itself, or it counts.
pub fn is_made_up(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
        || DOCUMENTED.iter().any(|stretch| value.contains(stretch))
        || has_run(lower.as_bytes())
        || is_repetitive(lower.as_bytes())
}

/// A made-up password, or one that a person reads as such.
pub fn is_made_up_password(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    is_made_up(value) || PASSWORD_WORDS.iter().any(|word| lower.contains(word))
}

/// It names where the secret is kept, instead of being it: `${VAR}`, `{{ var }}`, `<key>`, `%(x)s`, `vault:...`, a call.
pub fn is_reference(value: &str) -> bool {
    const MARKS: &[&str] =
        &["${", "$(", "{{", "#{", "%(", "%{", "<", ">", "()", "process.env", "os.environ", "env.", "secrets.", "var."];
    const PREFIXES: &[&str] = &[
        "$",
        "%",
        "@",
        "&",
        "*",
        "vault:",
        "env:",
        "file:",
        "arn:",
        "sm://",
        "op://",
        "ENC[",
        "ssm:",
        "secret:",
        "AQICAH",
        "projects/",
        "sha1-",
        "sha256-",
        "sha384-",
        "sha512-",
        "sha256:",
        "sha512:",
        "http://",
        "https://",
        "/",
        "./",
        "~/",
    ];
    MARKS.iter().any(|mark| value.contains(mark)) || PREFIXES.iter().any(|prefix| value.starts_with(prefix))
}

/// Eight characters that count up: `12345678`, `abcdefgh`.
fn has_run(value: &[u8]) -> bool {
    let mut length = 1;
    for pair in value.windows(2) {
        let counts = pair[0].checked_add(1) == Some(pair[1]) && pair[1].is_ascii_alphanumeric() || pair == b"90";
        length = if counts { length + 1 } else { 1 };
        if length >= 8 {
            return true;
        }
    }
    false
}

/// Six times the same character in a row, or few distinct ones for its length.
fn is_repetitive(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut distinct = 0;
    let mut run = 1;
    for (index, byte) in value.iter().enumerate() {
        if !std::mem::replace(&mut seen[usize::from(*byte)], true) {
            distinct += 1;
        }
        run = if index > 0 && value[index - 1] == *byte { run + 1 } else { 1 };
        if run >= 6 {
            return true;
        }
    }
    value.len() >= 16 && distinct < 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_values() {
        for value in [
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "your_api_key_here_1a2b3c4d",
            "1234567890123456789012345678901234567890",
            "abababababababababababab",
            "aaaaaaB2c3D4e5F6g7H8",
            "DUMMY-k3j4h5g6",
        ] {
            assert!(is_made_up(value), "{value}");
        }
        assert!(is_made_up_password("MyPassword1!"));
        for value in ["q8Zt3LwRb0XnVh5KpM2y", "Zr4!tq9Lw"] {
            assert!(!is_made_up(value) && !is_made_up_password(value) && !is_reference(value), "{value}");
        }
    }

    #[test]
    fn references() {
        for value in [
            "${TOKEN}",
            "$TOKEN",
            "{{ token }}",
            "<token>",
            "process.env.KEY",
            "vault:kv/app#key",
            "sha512-q8Zt3LwRb0XnVh5K",
            "%(pw)s",
        ] {
            assert!(is_reference(value), "{value}");
        }
    }
}
