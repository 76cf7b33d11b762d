//! What a claim's text names: files, identifiers, tasks, quotations. Only the text is looked at; what of it is there, the project tells.

use super::define::is_word;

/// Most names of one kind that are taken from a claim.
const MAX_NAMES: usize = 8;
/// Bytes of a quotation: a shorter one is a word, a longer one no person compares.
const QUOTE: std::ops::RangeInclusive<usize> = 12..=400;

/// The names in a text, each once, in the order in which they stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// A path or the name of a file.
    pub(super) paths: Vec<String>,
    /// An identifier, perhaps qualified.
    pub(super) symbols: Vec<String>,
    /// A target and the files that may define it: `just ci`, `make test`, `npm run lint`.
    pub(super) tasks: Vec<(String, &'static [&'static str])>,
    /// Words in quotation marks or back quotes.
    pub(super) quotes: Vec<String>,
}

const JUST: &[&str] = &["justfile", "Justfile", ".justfile"];
const MAKE: &[&str] = &["Makefile", "makefile", "GNUmakefile"];
const NODE: &[&str] = &["package.json"];

/// Files that have no ending and are known by name.
const FILES: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    ".justfile",
    "Dockerfile",
    "Containerfile",
    "Gemfile",
    "Rakefile",
    "Procfile",
    "Vagrantfile",
    "Jenkinsfile",
    "LICENSE",
    "COPYING",
    "NOTICE",
    "CODEOWNERS",
    ".gitignore",
    ".gitattributes",
    ".editorconfig",
    ".dockerignore",
];

/// Reads a claim.
pub(super) fn mentions(text: &str) -> Mentions {
    let mut found = Mentions::default();
    for (span, kind) in spans(text) {
        match kind {
            Span::Plain => span.split_whitespace().for_each(|word| found.word(word, false)),
            Span::Code => found.code(span),
            Span::Quoted => {
                found.quote(span);
                // A file may be named in quotation marks.
                if !span.contains(char::is_whitespace) {
                    found.word(span, false);
                }
            }
        }
    }
    found
}

impl Mentions {
    fn code(&mut self, span: &str) {
        let span = span.trim();
        self.quote(span);
        let words: Vec<&str> = span.split_whitespace().collect();
        match words.as_slice() {
            ["just", target, ..] => self.task(target, JUST),
            ["make", target, ..] => self.task(target, MAKE),
            ["npm" | "pnpm" | "yarn" | "bun", "run", script, ..] => self.task(script, NODE),
            ["npm" | "pnpm" | "yarn", script @ ("test" | "start"), ..] => self.task(script, NODE),
            [word] => return self.word(word, true),
            _ => {}
        }
        // Of a command or an expression only what can't be but a path: `python scripts/check.py`.
        words.iter().filter(|word| is_path(trimmed(word))).for_each(|word| self.word(word, false));
    }

    fn task(&mut self, target: &str, files: &'static [&'static str]) {
        let plain = target.starts_with(char::is_alphabetic) && target.chars().all(|c| is_word(c) || "-_:.".contains(c));
        if plain && self.tasks.len() < MAX_NAMES && !self.tasks.iter().any(|(known, _)| known == target) {
            self.tasks.push((target.to_owned(), files));
        }
    }

    fn quote(&mut self, span: &str) {
        let span = span.trim();
        if QUOTE.contains(&span.len()) && span.contains(char::is_whitespace) {
            push(&mut self.quotes, span);
        }
    }

    fn word(&mut self, word: &str, code: bool) {
        let word = trimmed(word);
        if word.contains("://") || word.starts_with(['/', '~', '-', '@', '<']) {
            return;
        }
        if is_path(word) {
            // `src/a.rs:12` and `src/a.rs#L12` point into the file.
            let path = word.split(['#', ':']).next().unwrap_or(word);
            push(&mut self.paths, path.strip_prefix("./").unwrap_or(path));
            // `app.run` may be either.
            if !code || word.contains('/') {
                return;
            }
        }
        let name = word.split('(').next().unwrap_or(word).trim_end_matches('!');
        if name.is_empty() {
            return;
        }
        let called = word.len() > name.len() && word[name.len()..].starts_with("()");
        if is_identifier(name) && (code || called || is_code_form(name)) || code && is_key(name) {
            push(&mut self.symbols, name);
        }
    }
}

fn push(list: &mut Vec<String>, new: &str) {
    if list.len() < MAX_NAMES && !new.is_empty() && !list.iter().any(|known| known == new) {
        list.push(new.to_owned());
    }
}

#[derive(Clone, Copy)]
enum Span {
    Plain,
    Code,
    Quoted,
}

/// The text cut at back quotes and quotation marks. A mark without its partner is plain text, as is an apostrophe.
fn spans(text: &str) -> Vec<(&str, Span)> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((open, mark)) = rest.char_indices().find(|(_, c)| matches!(c, '`' | '"' | '“')) {
        let (close, kind) = match mark {
            '`' => ('`', Span::Code),
            '“' => ('”', Span::Quoted),
            other => (other, Span::Quoted),
        };
        // reStructuredText writes code in two back quotes.
        let run = if mark == '`' { rest[open..].chars().take_while(|c| *c == '`').count() } else { 1 };
        let inside = &rest[open + mark.len_utf8() * run..];
        let Some(end) = inside.find(&close.to_string().repeat(run)) else {
            spans.push((&rest[..open], Span::Plain));
            rest = inside;
            continue;
        };
        spans.push((&rest[..open], Span::Plain));
        spans.push((&inside[..end], kind));
        rest = &inside[end + close.len_utf8() * run..];
    }
    spans.push((rest, Span::Plain));
    spans
}

/// Without the punctuation and the emphasis around it.
fn trimmed(word: &str) -> &str {
    let word = word.trim_start_matches(['(', '[', '{', '*', ',', ';', '\'', '"', '“', '‘']);
    let word = word.trim_end_matches([']', '}', '*', ',', ';', ':', '\'', '"', '”', '’', '?', '.']);
    // `load()` keeps its brackets, `(load)` loses them.
    if word.ends_with(')') && !word.contains('(') { word.trim_end_matches([')', '.', ',']) } else { word }
}

/// Has it the form of a path: a `/` that doesn't begin it, or a name with an ending of letters and digits?
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._-/+@#:[]".contains(c);
    if word.is_empty() || !word.chars().all(plain) || word.contains("::") || word.contains("//") {
        return false;
    }
    if FILES.contains(&word) || word.strip_prefix("./").is_some() {
        return true;
    }
    let path = word.split(['#', ':']).next().unwrap_or(word);
    if path.contains('/') {
        return path.split('/').filter(|part| !part.is_empty()).all(|part| part.contains(char::is_alphanumeric));
    }
    path.rsplit_once('.').is_some_and(|(stem, ending)| {
        // Not `i.e` nor `e.g`.
        path.len() > 3
            && !stem.is_empty()
            && (1..=8).contains(&ending.len())
            && ending.starts_with(char::is_alphabetic)
            && ending.chars().all(char::is_alphanumeric)
    })
}

/// A name, or several joined by `::`, `.` or `#`.
fn is_identifier(name: &str) -> bool {
    let mut parts = super::define::parts(name).peekable();
    parts.peek().is_some()
        && name.len() >= 3
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| is_word(c) || matches!(c, ':' | '.' | '#'))
        && parts.all(|part| !part.starts_with(|c: char| c.is_ascii_digit()))
}

/// Would nobody write it so in a sentence: `snake_case`, `camelCase`, `TwoHumps`, `a::b`?
pub(super) fn is_code_form(name: &str) -> bool {
    let humps = name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let snake = name.trim_matches('_').contains('_');
    (humps || snake || name.contains("::")) && !name.contains('.')
}

/// A key such as `opt-level` or `profile.dev.debug`.
fn is_key(name: &str) -> bool {
    name.len() >= 3 && name.starts_with(char::is_alphabetic) && name.chars().all(|c| is_word(c) || matches!(c, '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_names_tasks_and_quotations_are_read() {
        let read = mentions(
            "The parser is in src/parse.rs; `load_config()` in config.py (see docs/), run `just ci` and `npm run lint:fix`. It says \
             \"no such thing here\", and/or e.g. Read::new isn't `x`. See https://example.org/a/b.html, `python scripts/a.py`.",
        );
        assert_eq!(read.paths, ["src/parse.rs", "config.py", "docs/", "and/or", "scripts/a.py"]);
        assert_eq!(read.symbols, ["load_config", "Read::new"]);
        assert_eq!(read.tasks, [("ci".to_owned(), JUST), ("lint:fix".to_owned(), NODE)]);
        assert!(read.quotes.contains(&"no such thing here".to_owned()));
    }

    #[test]
    fn plain_words_are_no_names() {
        let read = mentions("Use Rust 1.85, i.e. the newest; don't say GitHub's version twice. It's \"fine");
        assert_eq!(read, Mentions::default());
    }
}
