//! Reading the output of builds and tests: where did it fail, and how much of it. Pure, and never sure: the output is
//! untrusted, and its beginning may be cut off.

mod generic;
mod go;
mod js;
mod python;
mod rust;
#[cfg(test)]
mod tests;

/// A place that an output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// As it stands in the output.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// What is wrong there, or empty.
    pub message: String,
}

/// What an output says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// In the order of the output, each place once, at most 64.
    pub locations: Vec<Location>,
    /// How many tests failed, where that is said.
    pub failed_tests: u32,
}

impl Output {
    /// Reads the tail of an output.
    pub fn read(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let mut output = Output::default();
        rust::read(&lines, &mut output);
        python::read(&lines, &mut output);
        js::read(&lines, &mut output);
        go::read(&lines, &mut output);
        generic::read(&lines, &mut output);
        output
    }

    fn add(&mut self, path: &str, line: &str, message: &str) {
        let path = path.strip_prefix("./").unwrap_or(path);
        let Ok(line) = line.parse::<u32>() else { return };
        if line == 0 || self.locations.len() >= 64 || !is_project_path(path) {
            return;
        }
        let message = kairos_plugin::fit(message.trim(), 300);
        // The same place with and without a message is one place.
        match self.locations.iter_mut().find(|known| known.path == path && known.line == line) {
            Some(known) if known.message.is_empty() => known.message = message,
            Some(_) => {}
            None => self.locations.push(Location { path: path.into(), line, message }),
        }
    }
}

/// Something that can be a file of the project: not a library's, not a toolchain's.
fn is_project_path(path: &str) -> bool {
    const OTHERS: &[&str] = &[
        "site-packages/",
        "dist-packages/",
        "node_modules/",
        "/rustc/",
        ".cargo/registry",
        ".rustup/",
        // Wherever an interpreter is installed: by the system, a version manager, in a virtual environment.
        "/lib/python",
        "/lib/ruby/",
        "/usr/lib",
        "/usr/include",
        "/usr/local/",
        "<frozen",
        "node:",
        "internal/",
        "library/std/",
        "library/core/",
        "/goroot/",
        "/pkg/mod/",
        "/tmp/cc",
    ];
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    !path.is_empty()
        && path.len() <= 300
        && !path.contains(['"', '<', '*', '='])
        && !path.contains("://")
        && (name.contains('.') && !name.ends_with('.')
            || matches!(name, "Makefile" | "makefile" | "GNUmakefile" | "Dockerfile" | "Justfile" | "justfile"))
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && !OTHERS.iter().any(|other| path.contains(other))
}

/// Splits `path:line[:column]` and what follows. A drive letter belongs to the path.
fn place(text: &str) -> Option<(&str, &str, &str)> {
    let from = if text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic() { 2 } else { 0 };
    let colon = from + text[from..].find(':')?;
    let (path, rest) = (&text[..colon], &text[colon + 1..]);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 7 || path.contains(' ') {
        return None;
    }
    let (line, mut rest) = rest.split_at(digits);
    if let Some(column) = rest.strip_prefix(':') {
        let digits = column.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            rest = &column[digits..];
        }
    }
    Some((path, line, rest))
}

/// The number before a word: `2 failed`.
fn number_before(text: &str, word: &str) -> Option<u32> {
    let (before, _) = text.split_once(word)?;
    before.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
