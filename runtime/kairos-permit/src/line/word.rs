//! Words, as far as their text is certain before the shell runs.

use std::borrow::Cow;
use std::path::Path;

/// A word of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// As it is written.
    pub raw: String,
    /// What the program gets; as far as it is certain.
    pub text: String,
    /// Why its text is not certain; none if it is.
    pub doubt: Option<&'static str>,
}

/// Takes quotes away. Only what is plain is certain; whatever this does not know is a doubt.
pub(crate) fn cook(raw: &str, home: &Path) -> Word {
    let mut word = Word { raw: raw.into(), text: String::with_capacity(raw.len()), doubt: None };
    let mut rest = raw;
    if let Some(after) = raw.strip_prefix('~') {
        if !(after.is_empty() || after.starts_with('/')) {
            word.doubt = Some("a `~` leads to a folder that is known only when it runs");
        }
        word.text.push_str(&home.to_string_lossy());
        rest = after;
    }
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next() {
                    Some('\'') => break,
                    Some(c) => word.text.push(c),
                    None => return word.unsure("a quote is not closed"),
                }
            },
            '"' => loop {
                match chars.next() {
                    Some('"') => break,
                    Some('`') => word.doubt = Some(SUBSTITUTION),
                    Some('$') if expands(chars.peek()) && !matches!(chars.peek(), Some('\'' | '"')) => {
                        word.doubt = word.doubt.or(Some(EXPANSION));
                    }
                    Some('\\') => match chars.next() {
                        Some(c @ ('$' | '`' | '"' | '\\')) => word.text.push(c),
                        Some('\n') => {}
                        Some(c) => word.text.extend(['\\', c]),
                        None => return word.unsure("a quote is not closed"),
                    },
                    Some(c) => word.text.push(c),
                    None => return word.unsure("a quote is not closed"),
                }
            },
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(c) => word.text.push(c),
                None => word.text.push('\\'),
            },
            '`' => word.doubt = Some(SUBSTITUTION),
            '$' if chars.peek() == Some(&'?') => {
                chars.next();
                word.text.push('0');
            }
            '$' if matches!(chars.peek(), Some('\'' | '"')) => word.doubt = Some("a `$'...'` hides what it says"),
            '$' if expands(chars.peek()) => word.doubt = word.doubt.or(Some(EXPANSION)),
            '*' | '?' => word.doubt = word.doubt.or(Some(PATTERN)),
            '[' if raw.contains(']') => word.doubt = word.doubt.or(Some(PATTERN)),
            '{' if raw.contains(',') || raw.contains("..") => {
                word.doubt = word.doubt.or(Some("a `{...}` stands for several words"));
            }
            // The grammar leaves none of these in a word.
            '<' | '>' | '|' | '&' | ';' | '(' | ')' | '\n' => {
                word.doubt = word.doubt.or(Some("a word of it is more than a word"));
            }
            c => word.text.push(c),
        }
    }
    word
}

pub(crate) const SUBSTITUTION: &str = "the output of a command is put in";
/// Which files, no rule knows: there may be private ones among them, or one that is named like an option.
const PATTERN: &str = "the names of files are put in for a pattern";
pub(crate) const EXPANSION: &str = "the value of a variable is put in";

impl Word {
    fn unsure(mut self, why: &'static str) -> Self {
        self.doubt = Some(why);
        self
    }

    /// As it would have to be written: in quotes if need be.
    pub fn quoted(&self) -> Cow<'_, str> {
        let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,^*?[]~#!{}".contains(c);
        if !self.text.is_empty() && self.text.chars().all(plain) {
            Cow::Borrowed(&self.text)
        } else {
            Cow::Owned(format!("'{}'", self.text.replace('\'', r"'\''")))
        }
    }

    /// Is it exactly this, and certain?
    pub fn is(&self, text: &str) -> bool {
        self.doubt.is_none() && self.text == text
    }
}

/// Does a `$` before this mean something?
fn expands(next: Option<&char>) -> bool {
    next.is_some_and(|c| c.is_ascii_alphanumeric() || "_{([@*#?-$!'\"".contains(*c))
}

/// A character that a person who is asked would not see, or that changes how the others show.
pub(crate) fn invisible(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || (c.is_whitespace() && !c.is_ascii())
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_away_and_what_is_put_in_is_a_doubt() {
        let cook = |raw| cook(raw, Path::new("/home/u"));
        for (raw, text) in [
            (r#""a b"'c'\d"#, "a bcd"),
            ("~/x", "/home/u/x"),
            (r#""cost $ 5""#, "cost $ 5"),
            ("'$x`y`'", "$x`y`"),
            ("a{b}", "a{b}"),
            ("stash@{0}", "stash@{0}"),
            ("g\\\nit", "git"),
            (r#""^x$""#, "^x$"),
        ] {
            assert_eq!((cook(raw).text.as_str(), cook(raw).doubt), (text, None), "{raw}");
        }
        for raw in [
            "$x", "\"$x\"", "${x}", "`id`", "\"`id`\"", "$(id)", "$((1))", "$'a'", "~root/x", "{a,b}", "{1..3}", "*", "src/*.rs",
            "a?", "[ab]", "'x", "\"x",
        ] {
            assert!(cook(raw).doubt.is_some(), "{raw}");
        }
        assert_eq!(cook("'a b'").quoted(), "'a b'");
        assert!(invisible('\u{202e}') && invisible('\r') && invisible('\u{a0}') && !invisible('é') && !invisible('\n'));
    }
}
