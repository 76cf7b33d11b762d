//! Command lines, as the signal `command.finished` brings them.

/// The same command typed twice: spaces don't count.
pub fn normalise(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command line for a person, without the values of what is named like a secret. At most 200 bytes.
pub fn shown(line: &str) -> String {
    const SECRET: &[&str] = &["token", "secret", "password", "passwd", "key", "credential", "auth"];
    let names = |text: &str| {
        let lower = text.to_ascii_lowercase();
        SECRET.iter().any(|word| lower.contains(word))
    };
    let mut hide_next = false;
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let hidden = std::mem::take(&mut hide_next);
        match word.split_once('=') {
            _ if hidden => words.push("…".to_string()),
            Some((name, _)) if names(name) => words.push(format!("{name}=…")),
            None if word.starts_with("--") && names(word) => {
                hide_next = true;
                words.push(word.to_string());
            }
            _ if word.contains("://") && word.contains('@') => words.push("…".into()),
            _ => words.push(word.to_string()),
        }
    }
    crate::fit(&words.join(" "), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_command_are_not_shown() {
        assert_eq!(
            shown("API_TOKEN=abc make  deploy --password hunter --api-key=k ok"),
            "API_TOKEN=… make deploy --password … --api-key=… ok"
        );
    }
}
