//! `kairos-run ask` and `kairos-run chat`: the model works, the user looks on and says what may be done.

use crate::cli::{AboutArgs, AskArgs};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::text::{Paint, clean_lines};
use crate::view::{self, ask::Screen};
use anyhow::{Context, Result};
use kairos_api::{AskEvent, AskRequest, Client, PermissionAnswer};
use kairos_core::permission::Scope;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

/// Most bytes of a question from standard input.
const MAX_QUESTION: u64 = 256 << 10;

/// Asks once. The exit code is 1 if the turn broke off.
pub async fn ask(paths: &Paths, args: AskArgs) -> Result<ExitCode> {
    let text = match &args.text[..] {
        [dash] if dash == "-" => standard_input()?,
        words => words.join(" "),
    };
    let client = super::client(paths).await?;
    let attended = args.yes || (!args.json && std::io::stdin().is_terminal());
    let request = AskRequest { project: about(args.about), text, session: args.session, attended };
    let answers = if args.yes { Answers::Yes } else { Answers::Asked };
    let turn = Turn { client: &client, json: args.json, answers };
    Ok(if turn.run(&request).await?.ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A conversation, line by line, until the end of input or `/exit`.
pub async fn chat(paths: &Paths, args: AboutArgs) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() {
        return Err(advice("a conversation needs a terminal", "kairos-run ask \"...\" asks once"));
    }
    let client = super::client(paths).await?;
    let mut request = AskRequest { project: about(args), attended: true, ..AskRequest::default() };
    let paint = Paint::for_stdout();
    view::print(&paint.dim("/new begins anew, /exit or Ctrl-D ends; @path hands a file along\n"))?;
    let turn = Turn { client: &client, json: false, answers: Answers::Asked };
    loop {
        let Some(line) = line(&paint.bold("you> "))? else { break };
        match line.trim() {
            "" => continue,
            "/exit" | "/quit" => break,
            "/new" => request.session = None,
            "/help" => view::print("/new begins anew, /exit ends; all else goes to the model\n")?,
            command if command.starts_with('/') && !command.contains(' ') => {
                view::print(&format!("there is no {command}; /help shows what there is\n"))?;
            }
            text => {
                request.text = text.to_owned();
                // Also after a turn that broke off it goes on where it was.
                request.session = Some(turn.run(&request).await?.session);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn about(args: AboutArgs) -> Option<String> {
    args.project.as_deref().map(super::project_name)
}

/// How what has to be permitted is answered.
enum Answers {
    /// By the user.
    Asked,
    /// With yes, because the user said so beforehand.
    Yes,
}

/// What came of a turn.
struct Ran {
    /// The conversation's id.
    session: String,
    /// It came to an end, and did not break off.
    ended: bool,
}

struct Turn<'a> {
    client: &'a Client,
    json: bool,
    answers: Answers,
}

impl Turn<'_> {
    async fn run(&self, request: &AskRequest) -> Result<Ran> {
        let mut events = self.client.ask(request).await?;
        let mut screen = Screen::new(Paint::for_stdout());
        let mut session = String::new();
        while let Some(event) = events.recv().await {
            if self.json {
                view::print(&(serde_json::to_string(&event)? + "\n"))?;
            } else {
                view::print(&screen.show(&event))?;
            }
            match event {
                AskEvent::Began { session: id } => session = id,
                AskEvent::Permission { id, .. } => {
                    let answer = self.permit()?;
                    // It may have waited too long.
                    let _ = self.client.permit(&id, answer).await;
                }
                AskEvent::Ended { .. } => return Ok(Ran { session, ended: true }),
                AskEvent::Failed { error } => {
                    if self.json {
                        eprintln!("{error}");
                    }
                    return Ok(Ran { session, ended: false });
                }
                _ => {}
            }
        }
        Err(advice(
            "kairos-run ended before the model was done",
            "`kairos-run start` starts it; what was said is in the transcript",
        ))
    }

    fn permit(&self) -> Result<PermissionAnswer> {
        let yes = |scope| PermissionAnswer { allow: true, scope };
        if matches!(self.answers, Answers::Yes) {
            return Ok(yes(Scope::Once));
        }
        if self.json {
            return Ok(PermissionAnswer::default());
        }
        let answer = line("do it? [y]es once, for this [c]onversation, for a [d]ay in this project, [N]o ")?.unwrap_or_default();
        Ok(match answer.trim().to_lowercase().as_str() {
            "y" | "yes" | "once" => yes(Scope::Once),
            "c" | "conversation" => yes(Scope::Conversation),
            "d" | "day" => yes(Scope::Day),
            _ => PermissionAnswer::default(),
        })
    }
}

/// A line of the user's; none at the end of input.
fn line(prompt: &str) -> Result<Option<String>> {
    let mut out = std::io::stdout();
    out.write_all(prompt.as_bytes())?;
    out.flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).context("can't read what you type")?;
    Ok((read > 0).then(|| clean_lines(&line).collect::<Vec<_>>().join(" ")))
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_QUESTION).read_to_string(&mut text).context("can't read the standard input")?;
    Ok(text)
}
