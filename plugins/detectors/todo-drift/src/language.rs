//! Languages by extension, and their texts taken apart: what is code, what is comment, and what is only a string. Pure.

/// What the rules ask of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// JavaScript and TypeScript.
    Js,
    /// Python.
    Python,
    /// Go.
    Go,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Others with `//` and `/* */`: only their comments are read.
    CLike,
    /// Others with `#`: only their comments are read.
    Hash,
}

/// The language of a path, none for what isn't looked into.
pub fn language(path: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if matches!(name, "Makefile" | "Dockerfile" | "Justfile" | "justfile" | "Rakefile" | "Gemfile") {
        return Some(if matches!(name, "Rakefile" | "Gemfile") { Language::Ruby } else { Language::Hash });
    }
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "rs" => Language::Rust,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => Language::Js,
        "py" => Language::Python,
        "go" => Language::Go,
        "rb" | "rake" => Language::Ruby,
        "php" => Language::Php,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "java" | "kt" | "kts" | "scala" | "swift" | "cs" | "dart" | "zig"
        | "proto" | "groovy" | "gradle" | "scss" => Language::CLike,
        "sh" | "bash" | "zsh" | "toml" | "yml" | "yaml" | "nix" | "tf" | "mk" | "cmake" | "ex" | "exs" | "jl" | "r" => {
            Language::Hash
        }
        _ => return None,
    })
}

impl Language {
    fn slashes(self) -> bool {
        matches!(self, Self::Rust | Self::Js | Self::Go | Self::Php | Self::CLike)
    }

    fn hashes(self) -> bool {
        matches!(self, Self::Python | Self::Ruby | Self::Php | Self::Hash)
    }

    /// A string that may go on over lines, by what opens and ends it.
    fn long_string(self, rest: &str) -> Option<(usize, String)> {
        let same = |quote: &str| rest.starts_with(quote).then(|| (quote.len(), quote.to_string()));
        match self {
            Self::Python => same("\"\"\"").or_else(|| same("'''")),
            Self::Js | Self::Go => same("`"),
            Self::Rust => {
                let hashes = rest.strip_prefix('r')?.bytes().take_while(|byte| *byte == b'#').count();
                rest[1 + hashes..].starts_with('"').then(|| (2 + hashes, format!("\"{}", "#".repeat(hashes))))
            }
            _ => None,
        }
    }
}

/// A line taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The code, with nothing left of a string but its quotes.
    pub code: String,
    /// The comments without their signs, each on a line of its own.
    pub comment: String,
}

enum State {
    Code,
    /// Within `/* */`.
    Block,
    /// Within a string that ends so.
    Long(String),
}

/// All lines of a text. A guess where the language is subtle: a wrong one ends with the line, as a rule.
pub fn lines(text: &str, language: Language) -> Vec<Line> {
    let mut state = State::Code;
    text.lines().map(|line| take_apart(line, language, &mut state)).collect()
}

fn take_apart(line: &str, language: Language, state: &mut State) -> Line {
    let mut out = Line::default();
    let mut rest = line;
    loop {
        match state {
            State::Block => {
                let Some(end) = rest.find("*/") else {
                    add_comment(&mut out, rest);
                    return out;
                };
                add_comment(&mut out, &rest[..end]);
                (rest, *state) = (&rest[end + 2..], State::Code);
            }
            State::Long(close) => {
                let Some(end) = rest.find(close.as_str()) else { return out };
                out.code.push('"');
                (rest, *state) = (&rest[end + close.len()..], State::Code);
            }
            State::Code => match code(rest, language, &mut out) {
                Some((after, next)) => (rest, *state) = (after, next),
                None => return out,
            },
        }
    }
}

/// Reads code up to where something over several lines begins; none at the end of the line.
fn code<'a>(line: &'a str, language: Language, out: &mut Line) -> Option<(&'a str, State)> {
    let mut at = 0;
    while let Some(char) = line[at..].chars().next() {
        let rest = &line[at..];
        let after_word = out.code.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        // In shells and YAML a `#` within a word is none.
        let opens_hash =
            char == '#' && (language == Language::Python || out.code.is_empty() || out.code.ends_with(char::is_whitespace));
        if language.slashes() && rest.starts_with("//") || language.hashes() && opens_hash {
            add_comment(out, rest);
            return None;
        }
        if language.slashes() && rest.starts_with("/*") {
            return Some((&rest[2..], State::Block));
        }
        if let Some((length, close)) = language.long_string(rest).filter(|_| !after_word || char != 'r') {
            out.code.push('"');
            return Some((&rest[length..], State::Long(close)));
        }
        at += match char {
            '"' => quoted(rest, char, out),
            '\'' if language != Language::Rust => quoted(rest, char, out),
            // A character or a lifetime.
            '\'' => rest
                .starts_with("'\"'")
                .then_some(3)
                .or_else(|| rest.starts_with("'\\").then(|| quoted(rest, char, out)))
                .unwrap_or(1),
            _ => {
                out.code.push(char);
                char.len_utf8()
            }
        };
    }
    None
}

/// Bytes of the string that `rest` begins with: up to its quote, or to the end of the line.
fn quoted(rest: &str, quote: char, out: &mut Line) -> usize {
    out.code.push('"');
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => {
                out.code.push('"');
                return at + 1;
            }
            _ => {}
        }
    }
    rest.len()
}

fn add_comment(out: &mut Line, text: &str) {
    let text = text.trim_start_matches(['/', '*', '#', '!', '-', ' ', '\t']).trim_end();
    if !text.is_empty() {
        if !out.comment.is_empty() {
            out.comment.push('\n');
        }
        out.comment.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, language: Language) -> Vec<(String, String)> {
        lines(text, language).into_iter().map(|line| (line.code.trim().to_string(), line.comment)).collect()
    }

    #[test]
    fn strings_are_neither_code_nor_comment() {
        let rust = "let a = \"// TODO\"; // TODO: b\nlet c = r#\"dbg!(\n// TODO\n\"#; dbg!(c);\nlet q = '\"'; /* one\n * two */ x::<'a>()";
        let expected = [
            ("let a = \"\";", "TODO: b"),
            ("let c = \"", ""),
            ("", ""),
            ("\"; dbg!(c);", ""),
            ("let q = ;", "one"),
            ("x::<a>()", "two"),
        ];
        assert_eq!(parts(rust, Language::Rust), expected.map(|(a, b)| (a.to_string(), b.to_string())));
        let python = "x = '#'  # TODO\n\"\"\"print(\nTODO\n\"\"\"\nprint(1)";
        let expected = [("x = \"\"", "TODO"), ("\"", ""), ("", ""), ("\"", ""), ("print(1)", "")];
        assert_eq!(parts(python, Language::Python), expected.map(|(a, b)| (a.to_string(), b.to_string())));
        let js = "const url = 'http://a'; f(`\nconsole.log(\n`) // FIXME it";
        let expected = [("const url = \"\"; f(\"", ""), ("", ""), ("\")", "FIXME it")];
        assert_eq!(parts(js, Language::Js), expected.map(|(a, b)| (a.to_string(), b.to_string())));
        assert_eq!(parts("a: b#c # d", Language::Hash), [("a: b#c".to_string(), "d".to_string())]);
    }
}
