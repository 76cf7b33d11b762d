//! Source code with its comments and strings blanked out, so that what stands in them is not taken for a definition.

/// How a language writes comments and strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `//`, `/* */`, strings that end with their line: C, Java, Swift, PHP.
    C,
    /// As C, with multi-line strings, raw ones and lifetimes.
    Rust,
    /// As C, with back-quoted strings of many lines: JavaScript, TypeScript.
    BackQuote,
    /// As C, with back-quoted strings in which a backslash is one.
    Go,
    /// `#`, and strings in three quotes.
    Python,
    /// `#`: shell, Ruby, Make, TOML, just.
    Hash,
}

/// A file's family by its name; `None` where no definitions are looked for.
pub(super) fn family(path: &str) -> Option<Family> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if is_makefile(name) || is_justfile(name) {
        return Some(Family::Hash);
    }
    Some(match name.rsplit_once('.')?.1 {
        "rs" => Family::Rust,
        "py" | "pyi" => Family::Python,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" => Family::BackQuote,
        "go" => Family::Go,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "m" | "mm" | "java" | "kt" | "kts" | "scala" | "cs" | "swift"
        | "php" | "dart" | "zig" | "proto" | "wit" => Family::C,
        "rb" | "sh" | "bash" | "zsh" | "ex" | "exs" | "toml" | "mk" | "just" | "pl" | "pm" | "r" | "jl" => Family::Hash,
        _ => return None,
    })
}

pub(super) fn is_makefile(name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk")
}

pub(super) fn is_justfile(name: &str) -> bool {
    name.eq_ignore_ascii_case("justfile") || name == ".justfile" || name.ends_with(".just")
}

/// The text with comments and the insides of strings blanked; as many bytes and lines as before. A string that is never closed
/// ends with its line unless its language lets it go on.
pub(super) fn blank(text: &str, family: Family) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = match rest[0] {
            b'/' if family != Family::Python && family != Family::Hash && rest.starts_with(b"//") => line_end(bytes, at),
            b'/' if family != Family::Python && family != Family::Hash && rest.starts_with(b"/*") => {
                find(bytes, at + 2, b"*/").map_or(bytes.len(), |found| found + 2)
            }
            // `$#` and `${x#y}` are no comments in a shell, and `#` in C is the preprocessor's.
            b'#' if family == Family::Python => line_end(bytes, at),
            b'#' if family == Family::Hash && (at == 0 || bytes[at - 1].is_ascii_whitespace()) => line_end(bytes, at),
            quote @ (b'"' | b'\'') if family == Family::Python && rest.starts_with(&[quote; 3]) => {
                find(bytes, at + 3, &[quote; 3]).map_or(bytes.len(), |found| found + 3)
            }
            b'r' if family == Family::Rust && !is_word_before(bytes, at) => match raw_string(bytes, at) {
                Some(end) => end,
                None => at + 1,
            },
            b'"' => string_end(bytes, at, matches!(family, Family::Rust)),
            b'`' if family == Family::Go => find(bytes, at + 1, b"`").map_or(bytes.len(), |found| found + 1),
            b'`' if family == Family::BackQuote => string_end(bytes, at, true),
            b'\'' if matches!(family, Family::Rust | Family::C | Family::Go) => char_end(bytes, at),
            b'\'' => string_end(bytes, at, false),
            _ => at + 1,
        };
        if end > at + 1 {
            out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end;
    }
    // Whole tokens were blanked, which begin and end between characters.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn is_word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end)
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, what).map(|found| from + found)
}

fn string_end(bytes: &[u8], at: usize, lines: bool) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 1,
            b'\n' if !lines => return end,
            byte if byte == bytes[at] => return end + 1,
            _ => {}
        }
        end += 1;
    }
    bytes.len()
}

/// The end of a character literal; the byte after the quote where it is a lifetime or an apostrophe.
fn char_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => string_end(bytes, at, false),
        // A character has at most four bytes.
        Some(_) => (at + 2..=at + 5).find(|end| bytes.get(*end) == Some(&b'\'')).map_or(at + 1, |end| {
            let inside = std::str::from_utf8(&bytes[at + 1..end]).map_or(0, |text| text.chars().count());
            if inside == 1 { end + 1 } else { at + 1 }
        }),
        None => at + 1,
    }
}

fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    Some(find(bytes, at + 2 + hashes, &close).map_or(bytes.len(), |found| found + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blank_and_code_is_not() {
        let rust = "fn a<'x>() { '\"'; \"fn b\"; r#\"fn \"c\"\"#; 'é'; } // fn d\n/* fn e\n*/ fn f() {}";
        let blanked = blank(rust, Family::Rust);
        assert_eq!(blanked.len(), rust.len());
        for (name, stands) in
            [("fn a", true), ("fn b", false), ("\"c\"", false), ("fn d", false), ("fn e", false), ("fn f", true)]
        {
            assert_eq!(blanked.contains(name), stands, "{name}: {blanked}");
        }
        let python =
            blank("def a(): # def b\n    \"\"\"\n    def c():\n    \"\"\"\n    x = 'it\\'s'\ndef d(): pass", Family::Python);
        assert!(python.contains("def a") && python.contains("def d") && !python.contains("def c") && !python.contains("def b"));
        assert!(blank("x := `\\`\nfunc f() {}", Family::Go).contains("func f"));
        assert!(blank("x = 'open\nfunction f() {}", Family::BackQuote).contains("function f"));
    }

    #[test]
    fn the_name_of_a_file_tells_its_family() {
        assert_eq!(family("src/a.rs"), Some(Family::Rust));
        assert_eq!(family("justfile"), Some(Family::Hash));
        assert_eq!(family("docs/a.md"), None);
        assert_eq!(family("LICENSE"), None);
    }
}
