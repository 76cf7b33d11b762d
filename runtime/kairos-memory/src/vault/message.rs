//! A commit's message and the trailers at its end. Nothing in a message can pass for a trailer that was not given.

/// With the trailers as the last paragraph.
pub(super) fn compose(message: &str, trailers: &[(String, String)]) -> String {
    let message = message.replace(['\r', '\0'], "");
    let message = message.trim_end();
    let mut text = if message.is_empty() { "No message".to_owned() } else { message.to_owned() };
    text.push('\n');
    if trailers.is_empty() {
        if !split(&text).1.is_empty() {
            // A blank line at the end would be cut by git, a word is not.
            text.push_str("\n(no trailers)\n");
        }
        return text;
    }
    text.push('\n');
    for (name, value) in trailers {
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{}: {value}\n", if name.is_empty() { "Unnamed" } else { &name }));
    }
    text
}

/// The message without its trailers, and the trailers.
pub(super) fn split(text: &str) -> (&str, Vec<(String, String)>) {
    let text = text.trim_end();
    let Some((message, last)) = text.rsplit_once("\n\n") else { return (text, Vec::new()) };
    match last.lines().map(trailer).collect::<Option<Vec<_>>>() {
        Some(trailers) => (message.trim_end(), trailers),
        None => (text, Vec::new()),
    }
}

fn trailer(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    valid.then(|| (name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_forge_a_trailer() {
        let given = vec![("Dream".to_owned(), "d1\nUser: yes".to_owned())];
        let text = compose("Merged two claims\n\nUser: yes", &given);
        assert_eq!(split(&text), ("Merged two claims\n\nUser: yes", vec![("Dream".to_owned(), "d1 User: yes".to_owned())]));
        assert!(split(&compose("Noted\n\nUser: yes", &[])).1.is_empty());
        assert_eq!(split(&compose("One line", &[])), ("One line", Vec::new()));
    }
}
