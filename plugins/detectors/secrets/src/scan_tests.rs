//! Fixtures are put together at run time: no scanner, ours included, should find a key in this source.

use crate::before::Before;
use crate::guess::Care;
use crate::scan::{self, Hit, Options, Sureness};

const USUAL: Options = Options { guess: Some(Care::Usual), bare: false };

/// Text that looks random and is the same at each run.
pub fn noise(length: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ length as u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            alphabet[(state >> 33) as usize % alphabet.len()]
        })
        .collect()
}

pub const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

fn scan(text: &[u8], options: Options) -> Vec<Hit> {
    scan::scan(text, options, Before::nothing())
}

fn found(text: &str) -> Vec<(&'static str, u32, Sureness)> {
    scan(text.as_bytes(), USUAL).into_iter().map(|hit| (hit.rule, hit.line, hit.sureness)).collect()
}

fn tells_nothing(hits: &[Hit], secret: &str) {
    for hit in hits {
        let all = format!("{hit:?}");
        for start in 4..secret.len().saturating_sub(6) {
            assert!(!all.contains(&secret[start..start + 6]), "{all} tells {secret}");
        }
    }
}

fn pem(label: &str, lines: usize) -> String {
    let body: String = (0..lines).map(|line| format!("{}\n", noise(64 - line % 2, WORD))).collect();
    format!("-----{} {label}-----\n{body}-----END {label}-----\n", "BEGIN")
}

#[test]
fn known_formats_are_found_and_never_told() {
    let base64 = format!("{}==", noise(86, WORD));
    let table = [
        ("github", format!("ghp_{}", noise(36, WORD))),
        ("github", format!("github_pat_{}_{}", noise(22, WORD), noise(59, WORD))),
        ("gitlab", format!("glpat-{}", noise(20, WORD))),
        ("slack", format!("xoxb-{}-{}", noise(12, "123456789"), noise(24, WORD))),
        ("slack-hook", format!("hooks.slack.com/services/T{}/B{}/{}", noise(9, UPPER), noise(9, UPPER), noise(24, WORD))),
        ("stripe", format!("sk_live_{}", noise(24, WORD))),
        ("anthropic", format!("sk-ant-api03-{}", noise(95, WORD))),
        ("openai", format!("sk-proj-{}", noise(48, WORD))),
        ("openai", format!("sk-{}T3BlbkFJ{}", noise(20, WORD), noise(20, WORD))),
        ("npm", format!("npm_{}", noise(36, WORD))),
        ("pypi", format!("pypi-AgE{}", noise(150, WORD))),
        ("sendgrid", format!("SG.{}.{}", noise(22, WORD), noise(43, WORD))),
        ("digitalocean", format!("dop_v1_{}", noise(64, HEX))),
        ("azure", format!("AccountKey={base64}")),
    ];
    for (rule, secret) in table {
        let text = format!("# deploy\nrun --with '{secret}' --now\n");
        let hits = scan(text.as_bytes(), USUAL);
        assert_eq!(
            hits.iter().map(|hit| (hit.rule, hit.line, hit.sureness)).collect::<Vec<_>>(),
            [(rule, 2, Sureness::Certain)],
            "{secret}"
        );
        tells_nothing(&hits, &secret);
    }
}

#[test]
fn aws_keys_weigh_more_with_their_secret() {
    let id = format!("AKIA{}", noise(16, UPPER));
    let secret = noise(40, WORD);
    assert_eq!(found(&format!("key = \"{id}\"")), [("aws-id", 1, Sureness::Weak)]);
    let both = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    assert_eq!(found(&both), [("aws-id", 2, Sureness::Certain), ("aws-secret", 3, Sureness::Certain)]);
    tells_nothing(&scan(both.as_bytes(), USUAL), &secret);
    tells_nothing(&scan(both.as_bytes(), USUAL), &id);
    assert_eq!(found(&format!("key = \"{id}\"\nkey_commit = \"{}\"", noise(40, HEX))), [("aws-id", 1, Sureness::Weak)]);
}

#[test]
fn private_keys_need_a_body() {
    let key = pem("RSA PRIVATE KEY", 12);
    assert_eq!(found(&key), [("private-key", 1, Sureness::Certain)]);
    tells_nothing(&scan(key.as_bytes(), USUAL), &noise(64, WORD));
    assert_eq!(found(&pem("ENCRYPTED PRIVATE KEY", 12)), [("private-key", 1, Sureness::Weak)]);
    let json =
        format!("{{\"type\": \"service_account\",\n\"private_key\": \"{}\"}}", pem("PRIVATE KEY", 20).replace('\n', "\\n"));
    assert_eq!(found(&json), [("gcp", 2, Sureness::Certain)]);
    assert_eq!(
        found(&format!("if text.starts_with(\"-----{} RSA PRIVATE KEY-----\") {{\n    return Kind::Rsa;\n}}\n", "BEGIN")),
        []
    );
    assert_eq!(found(&pem("CERTIFICATE", 12)), []);
    assert_eq!(found(&pem("PUBLIC KEY", 12)), []);
}

#[test]
fn web_tokens_need_a_context() {
    let token = format!("eyJ{}.eyJ{}.{}", noise(20, WORD), noise(60, WORD), noise(43, WORD));
    assert_eq!(found(&format!("curl -H 'Authorization: Bearer {token}'")), [("jwt", 1, Sureness::Weak)]);
    assert_eq!(found(&format!("assert_eq!(parse(\"{token}\"), 3)")), []);
    let documented =
        format!("token = \"eyJ{}.eyJzdWIiOiIxMjM0NTY3ODkw{}.{}\"", noise(33, WORD), noise(30, WORD), noise(43, WORD));
    assert_eq!(found(&documented), []);
}

#[test]
fn passwords_in_urls() {
    let password = ["q8Zt3Lw", "Rb0Xn"].concat();
    assert_eq!(found(&format!("url = \"postgres://app:{password}@db.acme.io:5432/app\"")), [("url", 1, Sureness::Guess)]);
    for text in [
        format!("postgres://app:{password}@localhost/app"),
        format!("postgres://app:{password}@db/app"),
        "postgres://user:password1@db.acme.io/app".into(),
        "https://user:${PASSWORD}@db.acme.io".into(),
        "https://git.acme.io/a:b12345678@c".into(),
        "git clone ssh://git@git.acme.io:2222/a".into(),
    ] {
        assert_eq!(found(&text), [], "{text}");
    }
}

#[test]
fn examples_hashes_and_ids_are_left_alone() {
    let stripe_test = format!("sk_test_{}", noise(24, WORD));
    for text in [
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        format!("token: ghp_{}", "x".repeat(36)),
        "GITHUB_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789".into(),
        "export ANTHROPIC_API_KEY=sk-ant-your-key-goes-here-0123456789abcdef".into(),
        format!("key = \"{stripe_test}\""),
        format!("commit {}\nsha256 = \"{}\"", noise(40, HEX), noise(64, HEX)),
        format!("\"integrity\": \"sha512-{}==\"", noise(86, WORD)),
        "id = \"3f2504e0-4f89-41d3-9a0c-0305e82c3301\"".into(),
        format!("data:image/png;base64,{}AKIA{}", noise(60, WORD), noise(80, WORD)),
        "risk-proj-management-and-other-words-1-2-3-4-5-6".into(),
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==".into(),
        String::new(),
    ] {
        assert_eq!(found(&text), [], "{text}");
    }
    let binary = [b"\0\x01".as_slice(), format!("ghp_{}", noise(36, WORD)).as_bytes()].concat();
    assert!(scan(&binary, USUAL).is_empty());
}

#[test]
fn one_secret_is_one_hit_and_many_are_bounded() {
    let token = format!("ghp_{}", noise(36, WORD));
    assert_eq!(found(&format!("a = '{token}'\nb = '{token}'")).len(), 1);
    let many: String = (36..80).map(|length| format!("'ghp_{}'\n", noise(length, WORD))).collect();
    assert_eq!(found(&many).len(), 20);
}
