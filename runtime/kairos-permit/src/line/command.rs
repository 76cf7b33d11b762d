//! One simple command: its text, what it wraps, what its words name.

use super::walk::Walk;
use super::word::Word;
use super::wrappers::{self, Wrapped};
use super::{MAX_PARTS, Simple, Use, builtins, options};

impl Walk<'_> {
    /// The words of a simple command. `plain`: nothing but itself decides about it; else it is wrapped by another one.
    pub(super) fn words(&mut self, words: &[Word], plain: bool) {
        let [program, arguments @ ..] = words else { return };
        if self.line.commands.len() >= MAX_PARTS {
            return self.doubt("it is too long to be looked into");
        }
        if program.doubt.is_some() {
            self.doubt("which program it runs is known only when it runs");
        }
        if !program.text.is_ascii() {
            self.doubt("the name of a program has letters that may look like others");
        }
        let name = base_name(&program.text);
        self.steered |= matches!(name, "git" | "make" | "npm" | "direnv")
            || program.text.starts_with("./")
            || program.text.starts_with("../");
        let mut free = builtins::has_no_effect(&program.text, arguments);
        let wrapped = if free { Wrapped::No } else { wrappers::look(name, arguments) };
        match builtins::state(name, arguments) {
            Some(why) if !free => self.doubt(why),
            _ => {}
        }
        if let Some(why) = options::dangerous(name, arguments) {
            self.doubt(why);
        }
        match wrapped {
            Wrapped::No => {}
            Wrapped::Doubt(why) => self.doubt(why),
            Wrapped::Words { at, assigned, doubt } => {
                assigned.iter().for_each(|n| self.assignment(&arguments[*n].text));
                doubt.into_iter().for_each(|why| self.doubt(why));
                self.deeper(|walk| walk.words(&arguments[at..], false));
                free = is_the_real_one(&program.text);
            }
            Wrapped::Text { text, doubt } => {
                doubt.into_iter().for_each(|why| self.doubt(why));
                self.program(&text);
                free = is_the_real_one(&program.text);
            }
            Wrapped::Folder(Some(folder)) => {
                self.enter(&folder);
                free = plain;
            }
            Wrapped::Folder(None) => self.doubt("which folder it goes to is known only when it runs"),
        }
        for word in arguments {
            self.named(word);
        }
        let texts = texts(words);
        let simple = Simple { lower: lower(&texts, words), texts, free };
        self.line.commands.push(simple);
    }

    fn enter(&mut self, folder: &str) {
        self.moved = true;
        self.path(Use::Enter, folder);
        let more: Vec<_> = self.folders.iter().map(|at| crate::path::normal(at, folder.as_ref())).collect();
        if self.folders.len() > 8 {
            return self.doubt("it goes through too many folders to be looked into");
        }
        self.folders.extend(more);
    }

    /// A word may be a path, as may what stands after `=`, `:` or `@` in it.
    fn named(&mut self, word: &Word) {
        let text = word.text.as_str();
        if text.is_empty() || text.len() > 4096 {
            return;
        }
        let after = |mark: char| text.split_once(mark).map(|(_, rest)| rest).filter(|rest| !rest.is_empty());
        let short =
            text.strip_prefix('-').filter(|t| !t.starts_with('-')).and_then(|t| t.get(1..)).filter(|t| t.contains(['/', '.']));
        for path in [Some(text), after('='), after(':'), after('@'), short].into_iter().flatten() {
            self.path(Use::Named, path);
        }
    }
}

/// What a rule that allows is compared with.
fn texts(words: &[Word]) -> Vec<String> {
    let raw = join(words.iter().map(|w| w.raw.as_str()));
    let quoted = join(words.iter().map(Word::quoted));
    if raw == quoted { vec![raw] } else { vec![raw, quoted] }
}

/// What a rule that forbids is compared with, in lower case: also without quotes, without the path of the program, and without
/// what stands before git's command.
fn lower(texts: &[String], words: &[Word]) -> Vec<String> {
    let mut all: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let mut add = |text: &str| {
        let text = text.to_lowercase();
        if !all.contains(&text) {
            all.push(text);
        }
    };
    let bare = join(words.iter().map(|w| w.text.as_str()));
    add(&bare);
    let [program, arguments @ ..] = words else { return all };
    let name = base_name(&program.text);
    if name != program.text {
        add(&bare[program.text.len() - name.len()..]);
    }
    if name.eq_ignore_ascii_case("git")
        && let Some(at) = options::git_command(arguments).filter(|at| *at > 0)
    {
        add(&join(std::iter::once(name).chain(arguments[at..].iter().map(|w| w.text.as_str()))));
    }
    all
}

fn join<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    let mut line = String::with_capacity(64);
    for (n, word) in words.enumerate() {
        if n > 0 {
            line.push(' ');
        }
        line.push_str(word.as_ref());
    }
    line
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Not a file of the same name from elsewhere.
fn is_the_real_one(program: &str) -> bool {
    !program.contains('/')
        || ["/bin/", "/usr/bin/"].iter().any(|folder| program.strip_prefix(folder).is_some_and(|n| !n.contains('/')))
}
