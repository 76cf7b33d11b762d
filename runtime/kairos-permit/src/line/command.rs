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
        let simple = Simple { texts: texts(words), lower: lower(words), free };
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
    let raw = join(words.iter().map(|w| w.raw.clone()));
    let quoted = join(words.iter().map(Word::quoted));
    if raw == quoted { vec![raw] } else { vec![raw, quoted] }
}

/// What a rule that forbids is compared with, in lower case: also without quotes, without the path of the program, and without
/// what stands before git's command.
fn lower(words: &[Word]) -> Vec<String> {
    let mut all = texts(words);
    let bare: Vec<String> = words.iter().map(|w| w.text.clone()).collect();
    all.push(bare.join(" "));
    let mut short = bare.clone();
    short[0] = base_name(&short[0]).into();
    all.push(short.join(" "));
    if short[0].eq_ignore_ascii_case("git")
        && let Some(at) = options::git_command(&words[1..])
    {
        short.drain(1..=at);
        all.push(short.join(" "));
    }
    let mut all: Vec<String> = all.into_iter().map(|text| text.to_lowercase()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Not a file of the same name from elsewhere.
fn is_the_real_one(program: &str) -> bool {
    !program.contains('/')
        || ["/bin/", "/usr/bin/"].iter().any(|folder| program.strip_prefix(folder).is_some_and(|n| !n.contains('/')))
}
