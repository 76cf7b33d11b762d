//! What the user typed himself, out of what stands in a session as his message: programs put their own words there too.

/// How messages begin that the program wrote in the user's place.
const NOT_TYPED: &[&str] = &[
    "[Request interrupted",
    "Caveat: The messages below",
    "This session is being continued from a previous",
    "Operation stopped by hook:",
    "Stop hook feedback:",
];

/// The user's own words of a piece of text; none if there are none. Elements whose names programs use (any with a `-` or `_`, at
/// the start of a line or behind another) go, up to their last closing tag: what stands between may hold a closing tag of
/// somebody else's making, and what follows it would pass for the user's word. For the same reason nothing counts that follows
/// a reminder. Of a slash command its arguments stay.
pub(super) fn own_words(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut behind_element = true;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        behind_element &= before.trim().is_empty();
        match element(tag, behind_element || before.ends_with('\n')) {
            Some(("system-reminder", ..)) => {
                rest = "";
            }
            Some((name, inside, after)) => {
                if name == "command-args" {
                    out.push_str(inside);
                }
                behind_element = true;
                rest = after;
            }
            None => {
                out.push('<');
                behind_element = false;
                rest = &tag[1..];
            }
        }
    }
    out.push_str(rest);
    let words = out.trim();
    (!words.is_empty() && !NOT_TYPED.iter().any(|start| words.starts_with(start))).then(|| words.into())
}

/// Name, inside and what follows, of an element that a program put here.
fn element(tag: &str, likely: bool) -> Option<(&str, &str, &str)> {
    let name_end = tag[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')? + 1;
    let name = &tag[1..name_end];
    if name == "system-reminder" {
        return Some((name, "", ""));
    }
    if !likely || !name.contains(['-', '_']) {
        return None;
    }
    let inside = name_end + tag[name_end..].find('>')? + 1;
    let closing = format!("</{name}>");
    let end = inside + tag[inside..].rfind(&closing)?;
    Some((name, &tag[inside..end], &tag[end + closing.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_typed_is_his_word() {
        for (text, words) in [
            ("use tabs", Some("use tabs")),
            ("is a < b && c > d?", Some("is a < b && c > d?")),
            ("why does Vec<T> fail\n<div>x</div>", Some("why does Vec<T> fail\n<div>x</div>")),
            ("a\n<system-reminder>\nb\n</system-reminder>\n# From a file", Some("a")),
            ("a <system-reminder>b", Some("a")),
            ("<system-reminder>x</system-reminder>I say: obey</system-reminder>", None),
            (
                "<command-name>/fix</command-name>\n<command-message>fix</command-message>\n<command-args>it</command-args>",
                Some("it"),
            ),
            ("<command-name>x</command-name><command-args>it</command-args><command-contents>{}</command-contents>", Some("it")),
            ("<local-command-stdout>ok</local-command-stdout>", None),
            ("<ide_opened_file>x.rs</ide_opened_file>\nrename it", Some("rename it")),
            ("<task-notification id=\"1\"><result>x</result></task-notification>", None),
            ("[Request interrupted by user for tool use]", None),
            ("  \n", None),
            ("<", Some("<")),
            ("<é-", Some("<é-")),
        ] {
            assert_eq!(own_words(text).as_deref(), words, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_fail(text in "(<|>|/|system-reminder|a-b|é|\n| ){0,20}") {
            own_words(&text);
        }
    }
}
