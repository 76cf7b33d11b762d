//! The line editor of `chat`.

use super::COMMANDS;
use crate::view::text::clean_lines;
use anyhow::{Context as _, Result};
use kairos_exec::redact::Redactor;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Lines of the user's that are kept for the next time, and the longest that is, in bytes.
const HISTORY: usize = 1000;
const LONGEST: usize = 4 << 10;
/// Names that are offered for one.
const OFFERS: usize = 200;

/// What came of it.
pub(super) enum Read {
    Line(String),
    Interrupted,
    End,
}

/// The editor, with what was typed before.
pub(super) struct Lines {
    editor: RefCell<Editor<Offers, DefaultHistory>>,
    history: PathBuf,
    redactor: Redactor,
}

impl Lines {
    pub(super) fn new(history: PathBuf, project: PathBuf, words: Arc<Words>) -> Result<Self> {
        let config = Config::builder().max_history_size(HISTORY)?.auto_add_history(false).build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Offers { project, words }));
        // There is none before the first time, and one that can't be read is no reason not to talk.
        let _ = editor.load_history(&history);
        Ok(Self { editor: RefCell::new(editor), history, redactor: Redactor::from_env() })
    }

    pub(super) fn read(&self, prompt: &str) -> Result<Read> {
        Ok(match self.editor.borrow_mut().readline(prompt) {
            Ok(line) => Read::Line(clean_lines(&line).collect::<Vec<_>>().join("\n")),
            Err(ReadlineError::Interrupted) => Read::Interrupted,
            Err(ReadlineError::Eof) => Read::End,
            Err(e) => return Err(e).context("can't read what you type"),
        })
    }

    /// For the next time; the file is the user's alone.
    pub(super) fn remember(&self, text: &str) {
        if text.len() > LONGEST {
            return;
        }
        let mut editor = self.editor.borrow_mut();
        let _ = editor.add_history_entry(self.redactor.redact(text));
        let _ = editor.append_history(&self.history);
    }
}

/// What can stand behind a command.
#[derive(Default)]
pub(super) struct Words {
    pub(super) skills: OnceLock<Vec<String>>,
    pub(super) models: OnceLock<Vec<String>>,
}

/// What Tab offers: commands with their words, skills, and paths behind an `@`.
struct Offers {
    project: PathBuf,
    words: Arc<Words>,
}

impl Completer for Offers {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(offers(&self.project, &self.words, &line[..pos]))
    }
}

impl Hinter for Offers {
    type Hint = String;
}

impl Highlighter for Offers {}
impl Validator for Offers {}
impl Helper for Offers {}

/// What may stand from which byte on.
fn offers(project: &Path, words: &Words, typed: &str) -> (usize, Vec<String>) {
    let begun = |at: usize, names: &mut dyn Iterator<Item = &str>| {
        let fit = names.filter(|name| name.starts_with(&typed[at..])).take(OFFERS);
        (at, fit.map(str::to_owned).collect::<Vec<_>>())
    };
    let known = |list: &'static str| -> &[String] {
        let list = if list == "/model" { &words.models } else { &words.skills };
        list.get().map_or(&[], Vec::as_slice)
    };
    match typed.split_once(' ') {
        None if typed.starts_with('/') && !typed.contains(char::is_whitespace) => {
            let skills: Vec<String> = known("/skill").iter().map(|name| format!("/{name}")).collect();
            let ours = COMMANDS.iter().map(|(name, ..)| *name);
            return begun(0, &mut ours.chain(skills.iter().map(String::as_str)));
        }
        Some(("/model", _)) => return begun(7, &mut known("/model").iter().map(String::as_str)),
        Some(("/skill", _)) => return begun(7, &mut known("/skill").iter().map(String::as_str)),
        Some(("/permissions", _)) => return begun(13, &mut ["forget "].into_iter()),
        _ => {}
    }
    let word = typed.rsplit(char::is_whitespace).next().unwrap_or_default();
    let Some(path) = word.strip_prefix('@') else { return (typed.len(), Vec::new()) };
    let (folder, begun) = path.rsplit_once('/').unwrap_or(("", path));
    let entries = std::fs::read_dir(project.join(folder)).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_offered = name.starts_with(begun) && (!name.starts_with('.') || begun.starts_with('.'));
        let is_plain = !name.contains(|c: char| c.is_control() || c.is_whitespace());
        let end = if entry.file_type().is_ok_and(|t| t.is_dir()) { "/" } else { "" };
        (is_offered && is_plain).then(|| name + end)
    };
    let mut all: Vec<String> = entries.filter_map(name).take(OFFERS).collect();
    all.sort();
    (typed.len() - begun.len(), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_paths_are_offered() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        for file in ["src/main.rs", "src/model.rs", "src/a\u{1b}b", "setup.py", ".env"] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        let words = Words::default();
        words.skills.set(vec!["release".into(), "review".into()]).unwrap();
        words.models.set(vec!["default".into(), "ollama/qwen3".into()]).unwrap();
        let of = |typed: &str| offers(dir.path(), &words, typed);
        let some = |at, names: &[&str]| (at, names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("/co"), some(0, &["/continue", "/compact", "/cost"]));
        assert_eq!((of("/re"), of("/skill rev")), (some(0, &["/release", "/review"]), some(7, &["review"])));
        assert_eq!((of("/model o"), of("/permissions ")), (some(7, &["ollama/qwen3"]), some(13, &["forget "])));
        assert_eq!(of("look at @s"), some(9, &["setup.py", "src/"]));
        assert_eq!(of("é @src/m"), some(8, &["main.rs", "model.rs"]));
        assert_eq!((of("@src/a").1.len(), of("me@s").1.len(), of("@.e").1.len()), (0, 0, 1));
    }
}
