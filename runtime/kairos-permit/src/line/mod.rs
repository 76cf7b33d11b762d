//! What a command line would run, found out before it runs.

mod builtins;
mod command;
mod options;
mod walk;
mod word;
mod wrappers;

use crate::wildcard::TextPattern;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Longer ones are not looked into.
const MAX_BYTES: usize = 16 << 10;
/// More brackets and the like than this in one line are not looked into: parsing them takes stack, and time that doubles with
/// each level. At this limit the worst line known takes a quarter of a second in a debug build.
const MAX_OPENERS: usize = 20;
/// So many shells and wrappers, one within the other, are looked into.
const MAX_DEPTH: usize = 8;
/// Commands, words that may be paths; one line has no more.
const MAX_PARTS: usize = 500;

/// A command line, parsed as bash would. Each simple command in it is judged by itself: those of pipelines, lists, loops, functions
/// and substitutions, and those that `env`, `timeout`, `xargs`, `find -exec`, `sh -c`, `eval` and their like would run. What can't be
/// told before it runs is a doubt, and a line with a doubt is allowed by no rule but one that is, letter by letter, the line.
///
/// Rules that forbid are compared in lower case, with what quotes, paths, and wrappers hide taken away.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub(crate) text: String,
    pub(crate) lower: String,
    pub(crate) commands: Vec<Simple>,
    pub(crate) files: Vec<(Use, PathBuf)>,
    pub(crate) doubts: Vec<Cow<'static, str>>,
}

/// How a file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Edit,
    /// A word of a command that may be a path.
    Named,
    /// The folder that a command goes to.
    Enter,
}

/// A simple command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simple {
    /// As it is written, and with needless quotes taken away; what a rule that allows is compared with.
    pub texts: Vec<String>,
    /// What a rule that forbids is compared with: the same and more, in lower case.
    pub lower: Vec<String>,
    /// Needs no rule: it has no effect, or is a wrapper of another command, which is listed too.
    pub free: bool,
}

impl Line {
    /// Parses a line that is to run in `cwd`, for a user whose home is `home`.
    pub fn parse(text: &str, cwd: &Path, home: &Path) -> Self {
        let text = text.trim();
        let mut line = Self { text: text.into(), lower: text.to_lowercase(), ..Self::default() };
        if text.len() > MAX_BYTES {
            line.doubt("the line is too long to be looked into");
            return line;
        }
        if text.chars().any(word::invisible) {
            line.doubt("it has characters that don't show");
        }
        let mut walk = walk::Walk::new(&mut line, cwd, home);
        walk.program(text);
        walk.finish();
        line
    }

    /// What can't be told before it runs; empty if all can.
    pub fn doubts(&self) -> &[Cow<'static, str>] {
        &self.doubts
    }

    /// The programs that it would run, as far as they are known: for a person who is asked.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().filter(|c| !c.free).filter_map(|c| c.texts.first()).map(String::as_str)
    }

    /// Does one of these patterns (`git *`, as in `Bash(git *)`) match each command in it? Only `*` covers a line with a doubt.
    pub fn is_within(&self, patterns: &[String]) -> bool {
        let patterns: Vec<TextPattern> = patterns.iter().map(|pattern| TextPattern::new(pattern)).collect();
        let covered =
            |command: &Simple| command.free || patterns.iter().any(|p| command.texts.iter().any(|text| p.matches(text)));
        patterns.contains(&TextPattern::All)
            || (!patterns.is_empty() && self.doubts.is_empty() && self.commands.iter().all(covered))
    }

    /// The line itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn doubt(&mut self, why: impl Into<Cow<'static, str>>) {
        let why = why.into();
        if self.doubts.len() < 20 && !self.doubts.contains(&why) {
            self.doubts.push(why);
        }
    }
}

/// Brackets, substitutions and words that open something to be nested, also in quotes: which they are in is for the parser to say.
fn openers(text: &str) -> usize {
    let marks = text.bytes().filter(|b| matches!(b, b'(' | b'{' | b'`')).count();
    let weight = |word: &str| match word {
        "case" => 4,
        "if" | "while" | "until" | "for" | "select" | "elif" | "!" => 1,
        _ => 0,
    };
    marks + text.split([' ', '\t', '\n', ';', '&', '|', '(', '{']).map(weight).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_within_patterns_as_a_whole_or_not_at_all() {
        let within = |text: &str, patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            Line::parse(text, Path::new("/p"), Path::new("/h")).is_within(&patterns)
        };
        assert!(within("git status && timeout 5 cargo test", &["git *", "cargo test:*"]) && within("rm $x", &["*"]));
        for text in ["git status; rm x", "git log $(git status)", "gitk", "git -c a=b status"] {
            assert!(!within(text, &["git *"]), "{text}");
        }
        assert!(!within("true", &[]));
    }
}
