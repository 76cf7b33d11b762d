//! Secrets are taken out of a command line or an output before it is handed on. Known formats and known names only: a
//! secret that looks like nothing can't be found here.

use regex::Regex;
use std::sync::{LazyLock, OnceLock};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";
/// Values of the environment that are shorter than this, in bytes, are not looked for: they'd be found everywhere.
const MIN_VALUE: usize = 8;

/// A form that secrets have.
struct Form {
    /// Without one of these (in lower case) in the text, there is none. Compiling all patterns takes longer than all else that
    /// is done about a command, and hardly a command needs one.
    hints: &'static [&'static str],
    pattern: String,
    to: &'static str,
    compiled: OnceLock<Regex>,
}

impl Form {
    fn regex(&self) -> &Regex {
        // A pattern that is left out would let secrets through without a word; the tests compile them all.
        self.compiled.get_or_init(|| Regex::new(&self.pattern).expect("the patterns are ours and tested"))
    }
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let name = r"[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)";
    let names: &[&str] = &["pass", "secret", "token", "key", "credential"];
    let form = |hints, pattern: &str, to| Form { hints, pattern: pattern.replace("{name}", name), to, compiled: OnceLock::new() };
    vec![
        // Key blocks; one whose begin or end was cut off, too.
        form(
            &["private key"],
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
            REDACTED,
        ),
        form(
            &["private key"],
            r"(?:[A-Za-z0-9+/=]{16,}\s+)*[A-Za-z0-9+/=]+\s+-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
            REDACTED,
        ),
        form(&["akia", "asia", "agpa", "aida", "aroa"], r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b", REDACTED),
        form(
            &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"],
            r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})",
            REDACTED,
        ),
        form(&["sk-", "sk_", "rk-", "rk_"], r"\b[sr]k[-_][A-Za-z0-9_-]{16,}", REDACTED),
        form(&["xox"], r"\bxox[a-z]-[A-Za-z0-9-]{8,}", REDACTED),
        form(&["aiza"], r"\bAIza[A-Za-z0-9_-]{30,}", REDACTED),
        form(&["eyj"], r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", REDACTED),
        form(&["://"], r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:'\x22]*:[^\s/@'\x22]+@", "${1}[redacted]@"),
        form(
            &["authorization", "bearer"],
            r"(?i)\b((?:proxy-)?authorization:\s*(?:\w+\s+)?|\bbearer\s+)[\w.~+/=-]{8,}",
            "${1}[redacted]",
        ),
        // NAME=value, "name": "value", name: value of a password.
        form(names, r#"(?i)\b({name}["']?\s*=\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s"'&;,)]+)"#, "${1}[redacted]"),
        form(names, r#"(?i)(["']{name}["']\s*:\s*)(?:"[^"\n]*"|'[^'\n]*')"#, "${1}[redacted]"),
        form(&["pass"], r#"(?i)\b((?:password|passwd|passphrase)\s*:\s*)[^\s"',]{4,}"#, "${1}[redacted]"),
        form(names, r#"(?i)(--{name}\s+)(?:"[^"\n]*"|'[^'\n]*'|[^\s"'-][^\s"']*)"#, "${1}[redacted]"),
        form(&["curl"], r#"(?i)(\bcurl\b[^\n|;]*?\s(?:-u|--user)[\s=]*)(?:"[^"\n]*"|'[^'\n]*'|[^\s"':]+:\S+)"#, "${1}[redacted]"),
    ]
});

/// Finds secrets by their form, and by the values that it was told.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a value within another leaves nothing of it behind.
    values: Vec<String>,
    /// The user's own.
    patterns: Vec<Regex>,
}

impl Redactor {
    /// Knows the values of our environment whose names end in KEY, TOKEN, SECRET or PASSWORD.
    pub fn from_env() -> Self {
        let vars = std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)));
        Self::from_vars(vars)
    }

    /// The same for given names and values. Values of fewer than 8 bytes are not looked for.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            ["KEY", "TOKEN", "SECRET", "PASSWORD"].iter().any(|end| name.ends_with(end))
        };
        let mut values: Vec<String> =
            vars.into_iter().filter(|(n, v)| secret(n) && v.trim().len() >= MIN_VALUE).map(|(_, v)| v.trim().into()).collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values, patterns: Vec::new() }
    }

    /// Also finds what these regular expressions match.
    ///
    /// # Errors
    /// Where one is none: which, and why.
    pub fn with_patterns(mut self, patterns: &[String]) -> Result<Self, String> {
        let compiled = |p: &String| Regex::new(p).map_err(|e| format!("`{p}` is no regular expression: {e}"));
        self.patterns = patterns.iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The text with every secret that was found replaced by `[redacted]`.
    pub fn redact(&self, text: &str) -> String {
        self.redact_and_count(text).0
    }

    /// The same, and how many were found.
    pub fn redact_and_count(&self, text: &str) -> (String, u32) {
        let (mut text, mut count) = (text.to_string(), 0);
        for value in &self.values {
            let found = text.matches(value.as_str()).count();
            if found > 0 {
                text = text.replace(value.as_str(), REDACTED);
                count += found;
            }
        }
        // Nothing that is replaced adds a hint.
        let lower = text.to_ascii_lowercase();
        let forms = FORMS.iter().filter(|f| f.hints.iter().any(|h| lower.contains(h))).map(|f| (f.regex(), f.to));
        for (regex, to) in forms.chain(self.patterns.iter().map(|regex| (regex, REDACTED))) {
            let found = regex.find_iter(&text).filter(|m| !m.is_empty() && !m.as_str().ends_with(REDACTED)).count();
            if found > 0 {
                text = regex.replace_all(&text, to).into_owned();
                count += found;
            }
        }
        (text, u32::try_from(count).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms_are_found() {
        let redactor = Redactor::from_vars([
            ("MY_TOKEN".to_string(), "hunter2hunter2".to_string()),
            ("SHORT_KEY".to_string(), "abc".to_string()),
            ("HOME".to_string(), "/home/someone".to_string()),
        ]);
        for (text, expected) in [
            ("id AKIAIOSFODNN7EXAMPLE.", "id [redacted]."),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[redacted]"),
            ("x github_pat_11AAAAAAA0123456789_abcdef y", "x [redacted] y"),
            ("a ASIAIOSFODNN7EXAMPLE, glpat-0123456789abcdef", "a [redacted], [redacted]"),
            ("AIza0123456789abcdefghijABCDEFGHIJ01", "[redacted]"),
            ("eyJhbGciOiJI.eyJzdWIiOiIx.sig", "[redacted]"),
            ("PGPASSFILE=x PassPhrase: four", "PGPASSFILE=x PassPhrase: [redacted]"),
            ("AWS_ACCESSKEY=a CREDENTIALS='b c'", "AWS_ACCESSKEY=[redacted] CREDENTIALS=[redacted]"),
            ("BEARER abcdefgh12", "BEARER [redacted]"),
            ("OPENAI sk-proj-0123456789abcdef0123", "OPENAI [redacted]"),
            ("xoxb-123456789-abcdef", "[redacted]"),
            ("git clone https://me:pw@host/x", "git clone https://[redacted]@host/x"),
            ("DB_PASSWORD=hunter2 make", "DB_PASSWORD=[redacted] make"),
            ("run --api-key=\"a b\" x", "run --api-key=[redacted] x"),
            ("run --token abcdef x", "run --token [redacted] x"),
            ("{\"access_token\": \"abc\"}", "{\"access_token\": [redacted]}"),
            ("Password: hunter2", "Password: [redacted]"),
            ("-H 'Authorization: Bearer abcdefgh12'", "-H 'Authorization: Bearer [redacted]'"),
            ("curl -u me:pw http://x", "curl -u [redacted] http://x"),
            ("say hunter2hunter2!", "say [redacted]!"),
            ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "[redacted]\nx"),
            ("a\n-----BEGIN PRIVATE KEY-----\nabc", "a\n[redacted]"),
            ("MIIEpAIBAAKCAQEA0000\nabcd==\n-----END PRIVATE KEY-----", "[redacted]"),
        ] {
            assert_eq!(redactor.redact(text), expected, "{text}");
        }
    }

    #[test]
    fn the_users_own_patterns_are_found_and_all_are_counted() {
        let patterns = ["ACME-\\d+".to_string(), "/srv/clients/\\S*".to_string()];
        let redactor =
            Redactor::from_vars([("A_KEY".to_string(), "hunter2hunter2".to_string())]).with_patterns(&patterns).unwrap();
        let (text, count) = redactor.redact_and_count("ACME-7 in /srv/clients/a/b, MY_KEY=x token=hunter2hunter2 hunter2hunter2");
        assert_eq!((text.as_str(), count), ("[redacted] in [redacted] MY_KEY=x token=[redacted] [redacted]", 4));
        assert_eq!(redactor.redact_and_count("nothing"), ("nothing".into(), 0));
        assert!(Redactor::default().with_patterns(&["(".to_string()]).unwrap_err().contains("`(`"));
        // One that matches nothing at all takes nothing out.
        assert_eq!(Redactor::default().with_patterns(&["x*".to_string()]).unwrap().redact("ab"), "ab");
    }

    #[test]
    fn every_pattern_compiles() {
        for form in FORMS.iter() {
            form.regex();
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let redactor = Redactor::from_vars([]);
        for text in [
            "error: unexpected token: `}`",
            "cargo test -p risk-free-things",
            "error[E0425]: cannot find value `password` in this scope",
            "http://localhost:8080/a@b",
            "git push origin main",
            "tokens: 12",
        ] {
            assert_eq!(redactor.redact(text), text);
        }
    }
}
