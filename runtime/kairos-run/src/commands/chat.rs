//! `kairos-run chat`: a conversation, line by line, until the end of input or `/exit`.

use super::ask::{Answers, Turn, about, which};
use crate::cli::{AuditCommand, ChatArgs, CostBy, JsonFlag, ResumeArgs};
use crate::errors::{advice, explain};
use crate::paths::Paths;
use crate::view;
use crate::view::lists::Page;
use crate::view::text::{Paint, clean_lines};
use anyhow::{Context as _, Result};
use kairos_api::{AskRequest, Client, ProjectFilter};
use kairos_exec::redact::Redactor;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Lines of the user's that are kept for the next time, and the longest that is, in bytes.
const HISTORY: usize = 1000;
const LONGEST: usize = 4 << 10;
/// Names that are offered for one.
const OFFERS: usize = 200;

const COMMANDS: [(&str, &str); 6] = [
    ("/new", "begins anew"),
    ("/continue", "goes on with the conversation that was used last"),
    ("/list", "shows the conversations of this project"),
    ("/cost", "shows what models cost today"),
    ("/help", "shows this"),
    ("/exit", "ends, as Ctrl-D does; Ctrl-C stops an answer"),
];

/// Talks until the user has enough.
pub async fn chat(paths: &Paths, args: ChatArgs) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() {
        return Err(advice("a conversation needs a terminal", "kairos-run ask \"...\" asks once"));
    }
    let client = super::client(paths).await?;
    let (project, session) = which(&client, about(args.about), args.resume).await?;
    let mut request = AskRequest { project, session, attended: true, ..AskRequest::default() };
    let paint = Paint::for_stdout();
    view::print(&paint.dim("/help shows what there is, Ctrl-D ends; @path hands a file along\n"))?;
    let lines = Lines::new(paths.chat_history(), folder(&client, request.project.as_deref()).await?)?;
    let ask = |prompt: &str| match lines.read(prompt)? {
        Read::Line(line) => Ok(Some(line)),
        Read::Interrupted | Read::End => Ok(None),
    };
    let turn = Turn { client: &client, json: false, answers: Answers::Asked(&ask) };
    // From here on Ctrl-C stops an answer, not us.
    let mut interrupt = signal(SignalKind::interrupt()).context("can't hear Ctrl-C")?;
    loop {
        let line = match lines.read("you> ")? {
            Read::Line(line) => line,
            Read::Interrupted => continue,
            Read::End => break,
        };
        match line.trim() {
            "" => continue,
            "/exit" | "/quit" => break,
            "/new" => request.session = None,
            "/help" => view::print(&help())?,
            "/list" => {
                let all = client.conversations(&ProjectFilter { project: request.project.clone() }).await?;
                view::print(&Page::for_stdout().conversations(&all))?;
            }
            "/continue" => {
                let newest = ResumeArgs { session: None, resume: true };
                match which(&client, request.project.clone(), newest).await {
                    Ok((project, session)) => (request.project, request.session) = (project, session),
                    Err(e) => view::print(&format!("{e}\n"))?,
                }
            }
            "/cost" => {
                let today = AuditCommand::Cost { by: CostBy::Kind, days: 1, json: JsonFlag { json: false } };
                super::audit::audit(paths, today).await?;
            }
            command if command.starts_with('/') && !command[1..].contains([' ', '/', '\n']) => {
                view::print(&format!("there is no {command}; /help shows what there is\n"))?;
            }
            text => {
                lines.remember(text);
                request.text = text.to_owned();
                // Also after a turn that broke off it goes on where it was.
                match turn.run(&request, Some(&mut interrupt)).await {
                    Ok(ran) => request.session = Some(ran.session).filter(|id| !id.is_empty()).or(request.session),
                    Err(e) => eprintln!("{}", explain(&e)),
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn help() -> String {
    let all = COMMANDS.iter().map(|(name, what)| format!("{name:<10} {what}\n"));
    all.chain(["all else goes to the model; a pasted text may have several lines\n".to_owned()]).collect()
}

/// Where paths behind an `@` lie.
async fn folder(client: &Client, project: Option<&str>) -> Result<PathBuf> {
    let all = client.status().await?.projects;
    let named = all.iter().find(|p| project.is_none_or(|name| p.path == name || p.slug == name));
    Ok(named.map_or_else(PathBuf::new, |p| PathBuf::from(&p.path)))
}

enum Read {
    Line(String),
    Interrupted,
    End,
}

/// The line editor, with what was typed before.
struct Lines {
    editor: RefCell<Editor<Offers, DefaultHistory>>,
    history: PathBuf,
    redactor: Redactor,
}

impl Lines {
    fn new(history: PathBuf, project: PathBuf) -> Result<Self> {
        let config = Config::builder().max_history_size(HISTORY)?.auto_add_history(false).build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Offers { project }));
        // There is none before the first time, and one that can't be read is no reason not to talk.
        let _ = editor.load_history(&history);
        Ok(Self { editor: RefCell::new(editor), history, redactor: Redactor::from_env() })
    }

    fn read(&self, prompt: &str) -> Result<Read> {
        Ok(match self.editor.borrow_mut().readline(prompt) {
            Ok(line) => Read::Line(clean_lines(&line).collect::<Vec<_>>().join("\n")),
            Err(ReadlineError::Interrupted) => Read::Interrupted,
            Err(ReadlineError::Eof) => Read::End,
            Err(e) => return Err(e).context("can't read what you type"),
        })
    }

    /// For the next time; the file is the user's alone.
    fn remember(&self, text: &str) {
        if text.len() > LONGEST {
            return;
        }
        let mut editor = self.editor.borrow_mut();
        let _ = editor.add_history_entry(self.redactor.redact(text));
        let _ = editor.append_history(&self.history);
    }
}

/// What Tab offers: our commands, and paths behind an `@`.
struct Offers {
    project: PathBuf,
}

impl Completer for Offers {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(offers(&self.project, &line[..pos]))
    }
}

impl Hinter for Offers {
    type Hint = String;
}

impl Highlighter for Offers {}
impl Validator for Offers {}
impl Helper for Offers {}

/// What may stand from which byte on.
fn offers(project: &Path, typed: &str) -> (usize, Vec<String>) {
    if typed.starts_with('/') && !typed.contains(char::is_whitespace) {
        let names = COMMANDS.iter().map(|(name, _)| (*name).to_owned());
        return (0, names.filter(|name| name.starts_with(typed)).collect());
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
        let of = |typed: &str| offers(dir.path(), typed);
        let some = |at, names: &[&str]| (at, names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("/co"), some(0, &["/continue", "/cost"]));
        assert_eq!(of("look at @s"), some(9, &["setup.py", "src/"]));
        assert_eq!(of("é @src/m"), some(8, &["main.rs", "model.rs"]));
        assert_eq!((of("@src/a").1.len(), of("me@s").1.len(), of("@.e").1.len()), (0, 0, 1));
    }
}
