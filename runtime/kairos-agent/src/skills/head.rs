//! The head of a `SKILL.md`: between lines of `---`, a name and a value a line. Of YAML as much as such heads use: quotes, values that
//! go on in indented lines, blocks behind `>` and `|`, lists. Names that mean nothing here are passed over.

/// Longest head, in lines.
const MAX_LINES: usize = 200;

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// With its line, from 1.
    pub name: (usize, String),
    pub description: String,
    pub license: Option<String>,
    pub allowed_tools: Option<String>,
}

impl Head {
    /// # Errors
    /// The line, from 1, and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().map(str::trim_end).enumerate();
        if lines.next().is_none_or(|(_, first)| first != "---") {
            return Err((1, "a skill begins with a line `---`, then `name: ...` and `description: ...`".into()));
        }
        let mut entries: Vec<(usize, &str, Vec<&str>)> = Vec::new();
        let mut closed = false;
        for (at, line) in lines.take(MAX_LINES) {
            if line == "---" || line == "..." {
                closed = true;
                break;
            }
            let goes_on = line.is_empty() || line.starts_with([' ', '\t']) || line.starts_with("- ");
            if goes_on && let Some((_, _, value)) = entries.last_mut() {
                value.push(line);
            } else if !line.is_empty() && !line.starts_with('#') {
                let entry =
                    line.split_once(':').filter(|(name, value)| is_name(name) && (value.is_empty() || value.starts_with(' ')));
                let (name, value) = entry.ok_or_else(|| (at + 1, "this is no `name: value`".to_owned()))?;
                entries.push((at + 1, name, vec![value.trim()]));
            }
        }
        if !closed {
            return Err((1, "the line `---` that ends its head is missing".into()));
        }
        let find = |name: &str| {
            let found = entries.iter().find(|(_, known, _)| *known == name);
            found.map(|(at, _, lines)| (*at, value(lines))).filter(|(_, value)| !value.is_empty())
        };
        let missing = |name: &str| (1, format!("its head has no `{name}`"));
        Ok(Self {
            name: find("name").ok_or_else(|| missing("name"))?,
            description: find("description").ok_or_else(|| missing("description"))?.1,
            license: find("license").map(|(_, value)| value),
            allowed_tools: find("allowed-tools").map(|(_, value)| value),
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
}

/// A value and the lines in which it goes on.
fn value(lines: &[&str]) -> String {
    let (first, rest) = lines.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let is_list = first.is_empty() && rest.iter().any(|line| line.trim_start().starts_with("- "));
    if is_list {
        let items = rest.iter().filter_map(|line| line.trim_start().strip_prefix("- "));
        return items.map(unquoted).collect::<Vec<_>>().join(", ");
    }
    let block = first.starts_with(['>', '|']) && first.len() <= 3;
    let between = if block && first.starts_with('|') { "\n" } else { " " };
    let own = if block { None } else { Some(first) };
    let words: Vec<&str> = own.into_iter().chain(rest.iter().map(|line| line.trim())).filter(|line| !line.is_empty()).collect();
    unquoted(&words.join(between))
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match (inside('"'), inside('\'')) {
        (Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (_, Some(text)) => text.replace("''", "'"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_as_people_write_them() {
        let text = "---\nname: pdf-forms\ndescription: >-\n  Fills in forms.\n  Use it for PDFs: any.\n\nlicense: \"MIT \\\"x\\\"\"\nallowed-tools:\n  - Read\n  - Bash(git *)\nmetadata:\n  author: ada\n  version: 1\n# a note\n---\n# Body\n";
        let head = Head::parse(text).unwrap();
        assert_eq!((head.name.0, head.name.1.as_str()), (2, "pdf-forms"));
        assert_eq!(head.description, "Fills in forms. Use it for PDFs: any.");
        assert_eq!((head.license.as_deref(), head.allowed_tools.as_deref()), (Some("MIT \"x\""), Some("Read, Bash(git *)")));
        let plain = Head::parse("---\r\nname: 'a'\r\ndescription: one\r\n  two\r\n---\r\n").unwrap();
        assert_eq!((plain.name.1.as_str(), plain.description.as_str()), ("a", "one two"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("name: a\n", 1),
            ("---\nname: a\n", 1),
            ("---\nname: a\n\noops\n---\n", 4),
            ("---\nname:a\n---\n", 2),
            ("---\n  indented\n---\n", 2),
            ("---\ndescription: x\n---\n", 1),
            ("---\nname: a\ndescription:\n---\n", 1),
        ] {
            assert_eq!(Head::parse(text).unwrap_err().0, line, "{text:?}");
        }
    }
}
