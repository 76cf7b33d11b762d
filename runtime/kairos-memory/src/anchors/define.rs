//! Whether a file defines a name: the forms of definition of the common languages, told by the words around the name.
//!
//! No parser: a claim is checked in the tick in which a file changed, in whatever language. What is not of a known form counts as
//! not defined, so that no anchor is made of it.

use super::code::{Family, blank, family, is_justfile, is_makefile};

/// Words that stand right before what they define.
const KEYWORDS: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "mod",
    "const",
    "static",
    "let",
    "mut",
    "macro_rules!",
    "def",
    "class",
    "function",
    "function*",
    "func",
    "interface",
    "var",
    "val",
    "namespace",
    "module",
    "object",
    "record",
    "protocol",
    "fun",
    "defp",
    "defmodule",
    "defmacro",
    "#define",
    "typedef",
    "sub",
    "alias",
    "message",
    "service",
    "world",
    "resource",
    "variant",
    "package",
];

/// Words that stand before a call and not before a definition.
const CALLERS: &[&str] =
    &["return", "new", "else", "await", "throw", "yield", "case", "typeof", "delete", "in", "of", "not", "and", "or", "if", "go"];

/// Is `symbol` defined in this text of the file `path`? `Outer::inner` and `Outer.inner` ask for both, the outer one perhaps by the
/// name of the file or its folder.
pub(super) fn defines(path: &str, text: &str, symbol: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "package.json" {
        return is_script(text, symbol);
    }
    if name.ends_with(".toml") {
        return is_key(text, symbol);
    }
    let Some(family) = family(path) else { return false };
    if is_makefile(name) || is_justfile(name) {
        return text.lines().any(|line| line_defines(name, family, line, symbol));
    }
    let mut parts = parts(symbol);
    let Some(last) = parts.next_back() else { return false };
    if memchr::memmem::find(text.as_bytes(), last.as_bytes()).is_none() {
        return false;
    }
    let code = blank(text, family);
    let defined = |part: &str| code.lines().any(|line| line_defines(name, family, line, part));
    defined(last) && parts.all(|part| names_file(path, part) || defined(part))
}

/// May this line of the file `path` define `name`, by itself? For what a search found, before the whole file is read.
pub(super) fn may_define(path: &str, line: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    !file.ends_with(".toml") && family(path).is_some_and(|family| line_defines(file, family, line, name))
}

/// The parts of a dotted or double-coloned name.
pub(super) fn parts(symbol: &str) -> impl DoubleEndedIterator<Item = &str> {
    symbol.split([':', '.', '#']).filter(|part| !part.is_empty())
}

/// `config::load` is the `load` of `config.rs` or `config/mod.rs`.
fn names_file(path: &str, part: &str) -> bool {
    matches!(part, "crate" | "self" | "this") || path.split('/').any(|piece| piece.split('.').next() == Some(part))
}

fn line_defines(file: &str, family: Family, line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        whole && defines_between(file, family, before, after)
    })
}

/// A part of an identifier in some language.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn defines_between(file: &str, family: Family, before: &str, after: &str) -> bool {
    let (lead, next) = (before.trim_start(), after.trim_start());
    if is_makefile(file) {
        return before.is_empty() && next.starts_with(':') && !next.starts_with(":=") && !next.starts_with("::=");
    }
    if is_justfile(file) {
        return matches!(before, "" | "@" | "alias ") && !next.starts_with(":=") && next.contains(':') || before == "alias ";
    }
    let keyword = lead.split_whitespace().next_back().unwrap_or("");
    let spaced = before.ends_with(char::is_whitespace);
    if spaced && KEYWORDS.contains(&keyword) && !forward(family, keyword, next) {
        return true;
    }
    let indented = before.starts_with(char::is_whitespace);
    let assigned = next.starts_with('=') && !next.starts_with("==") && !next.starts_with("=>");
    match family {
        Family::Python => lead.is_empty() && !indented && (assigned || next.starts_with(':') && !next.starts_with(":=")),
        Family::Hash => {
            let called = next.starts_with("()") && lead.is_empty();
            called || before.ends_with("def self.") || lead.is_empty() && !indented && after.starts_with('=') && assigned
        }
        // A constant in a `const (` or `var (` block, a method behind its receiver, a JavaScript function by its place.
        Family::Go => {
            lead.starts_with("func (")
                && lead.trim_end().ends_with(')')
                && lead.matches('(').count() == 1
                && next.starts_with('(')
                || before == "\t" && assigned
                || before == "\t" && is_typed_constant(after)
        }
        Family::BackQuote => {
            let body = next.starts_with('(') && after.trim_end().ends_with('{');
            let modifiers = lead.split_whitespace().all(|word| MODIFIERS.contains(&word));
            body && modifiers && indented
                || assigned && (lead.ends_with("exports.") || lead.ends_with(".prototype."))
                || assigned && !indented && is_member(lead) && next[1..].trim_start().starts_with("function")
                || (assigned || next.starts_with(':')) && is_function(&next[1..]) && (lead.is_empty() || is_member(lead))
        }
        Family::C => c_function(before, keyword, after),
        Family::Rust => false,
    }
}

/// Words before a method of a JavaScript or TypeScript class.
const MODIFIERS: &[&str] = &["async", "static", "get", "set", "public", "private", "protected", "readonly", "override", "*"];

fn is_member(lead: &str) -> bool {
    lead.ends_with('.') && lead.trim_end_matches('.').chars().all(|c| is_word(c) || c == '.')
}

fn is_function(value: &str) -> bool {
    let value = value.trim_start();
    let value = value.strip_prefix("async").map_or(value, str::trim_start);
    value.starts_with("function")
}

/// `Name Kind = iota`: a word, then `=`.
fn is_typed_constant(after: &str) -> bool {
    let mut words = after.split_whitespace();
    after.starts_with(' ')
        && words.next().is_some_and(|word| word.chars().all(|c| is_word(c) || c == '.'))
        && words.next() == Some("=")
}

/// `struct x;` and `class x;` only announce, and `struct x *p` only uses.
fn forward(family: Family, keyword: &str, next: &str) -> bool {
    let tag = matches!(keyword, "struct" | "enum" | "union" | "class");
    family == Family::C
        && tag
        && !next.is_empty()
        && !next.starts_with(['{', ':', '<', '('])
        && !next.starts_with("extends")
        && !next.starts_with("implements")
        && !next.starts_with("final")
}

/// A function of C and its kin: a type before, a parameter list behind, and a body instead of a semicolon.
fn c_function(before: &str, keyword: &str, after: &str) -> bool {
    if before.trim_start().starts_with('}') && after.trim_start().starts_with(';') {
        return true;
    }
    let typed = !keyword.is_empty() && !CALLERS.contains(&keyword) && !before.contains(['=', '(', '.', '?']);
    let alone = keyword.is_empty() && !before.starts_with(char::is_whitespace);
    let qualified = before.ends_with("::") && !before.starts_with(char::is_whitespace);
    (typed || alone || qualified) && after.trim_start().starts_with('(') && !after.trim_end().ends_with(';')
}

/// Is it a script in this `package.json`?
fn is_script(text: &str, symbol: &str) -> bool {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    value.get("scripts").and_then(|scripts| scripts.get(symbol)).is_some()
}

/// Is it a key or a table of this TOML file, by its whole path or the end of it?
fn is_key(text: &str, symbol: &str) -> bool {
    let ends = |path: &str| path == symbol || path.strip_suffix(symbol).is_some_and(|rest| rest.ends_with('.'));
    let mut table = String::new();
    text.lines().any(|line| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            table = header.trim_start_matches('[').trim().replace(['"', '\''], "");
            return ends(&table);
        }
        let Some((key, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { return false };
        let key = key.trim().replace(['"', '\''], "");
        let bare = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        bare && ends(&if table.is_empty() { key } else { format!("{table}.{key}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_told_from_uses() {
        let cases = [
            ("a.rs", "pub(crate) async fn load_config() {", "load_config", true),
            ("a.rs", "    load_config();", "load_config", false),
            ("a.rs", "// fn load_config()", "load_config", false),
            ("a.rs", "static mut COUNT: u8 = 0;", "COUNT", true),
            ("a.rs", "macro_rules! check {", "check", true),
            ("a.rs", "impl Reader for File {", "Reader", false),
            ("a.py", "    async def read(self):", "read", true),
            ("a.py", "LIMIT: int = 3", "LIMIT", true),
            ("a.py", "    limit = 3", "limit", false),
            ("a.py", "from x import read", "read", false),
            ("a.go", "func (r *Reader) Read(p []byte) int {", "Read", true),
            ("a.go", "\treturn r.Read(p)", "Read", false),
            ("a.go", "\tmodeFast mode = iota", "modeFast", true),
            ("a.js", "app.handle = function handle(req) {", "handle", true),
            ("a.js", "exports.json = json;", "json", true),
            ("a.ts", "  async fetchAll(id: string) {", "fetchAll", true),
            ("a.js", "  fetchAll(id);", "fetchAll", false),
            ("a.c", "static int parse_line(char *s)", "parse_line", true),
            ("a.c", "    n = parse_line(s);", "parse_line", false),
            ("a.h", "#define MAX_LINE 80", "MAX_LINE", true),
            ("a.h", "int parse_line(char *s);", "parse_line", false),
            ("a.java", "    public void run(String a) {", "run", true),
            ("a.sh", "build_all() {", "build_all", true),
            ("Makefile", "check: build", "check", true),
            ("Makefile", "check := 1", "check", false),
            ("justfile", "ci target='all': build", "ci", true),
            ("package.json", r#"{"scripts": {"lint": "x"}, "name": "test"}"#, "lint", true),
            ("package.json", r#"{"scripts": {"lint": "x"}, "name": "test"}"#, "name", false),
            ("Cargo.toml", "[profile.dev]\nopt-level = 1", "dev.opt-level", true),
            ("Cargo.toml", "[profile.dev]\nopt-level = 1", "opt-level", true),
            ("Cargo.toml", "# debug = 1", "debug", false),
            ("readme.md", "fn load_config()", "load_config", false),
        ];
        for (path, text, symbol, expected) in cases {
            assert_eq!(defines(path, text, symbol), expected, "{symbol} in {path}: {text}");
        }
    }

    #[test]
    fn a_qualified_name_needs_its_outer_part() {
        let text = "struct Config;\nimpl Config {\n    fn load() {}\n}";
        assert!(defines("src/a.rs", text, "Config::load"));
        assert!(defines("src/settings.rs", text, "settings::load"));
        assert!(!defines("src/a.rs", text, "Other::load"));
    }
}
