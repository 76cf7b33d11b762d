//! `kairos-run ask`: the model works, the user looks on and says what may be done. A turn of `chat` is the same.

use crate::cli::{AboutArgs, AskArgs, ResumeArgs};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::text::{Paint, clean_lines, width};
use crate::view::{self, ask::Screen, lists::Page};
use anyhow::{Context, Result};
use kairos_api::{AskEvent, AskRequest, Client, PermissionAnswer, ProjectFilter};
use kairos_core::permission::Scope;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc::Receiver;

/// Most bytes of a question from standard input.
const MAX_QUESTION: u64 = 256 << 10;

/// Asks once. The exit code is 1 if the turn broke off.
pub async fn ask(paths: &Paths, args: AskArgs) -> Result<ExitCode> {
    let client = super::client(paths).await?;
    if args.list {
        let all = client.conversations(&ProjectFilter { project: about(args.about) }).await?;
        if args.json {
            view::print_json(&all)?;
        } else {
            view::print(&Page::for_stdout().conversations(&all))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let text = match &args.text[..] {
        [dash] if dash == "-" => standard_input()?,
        words => words.join(" "),
    };
    let attended = args.yes || (!args.json && std::io::stdin().is_terminal());
    let (project, session) = which(&client, about(args.about), args.resume).await?;
    let request = AskRequest { project, text, session, model: args.model, skill: None, attended };
    let answers = if args.yes { Answers::Yes } else { Answers::Asked(&line) };
    let turn = Turn { client: &client, json: args.json, answers };
    Ok(if turn.run(&request, None).await?.ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn about(args: AboutArgs) -> Option<String> {
    args.project.as_deref().map(super::project_name)
}

/// The project and the conversation that goes on, if one does. A conversation knows its project.
pub(super) async fn which(
    client: &Client,
    project: Option<String>,
    args: ResumeArgs,
) -> Result<(Option<String>, Option<String>)> {
    if !args.resume && args.session.is_none() {
        return Ok((project, None));
    }
    let known = client.conversations(&ProjectFilter { project: project.clone() }).await?;
    // The last used comes first.
    match (known.into_iter().find(|c| args.session.as_ref().is_none_or(|id| *id == c.id)), args.session) {
        (Some(found), _) => Ok((Some(found.project), Some(found.id))),
        (None, Some(id)) => Ok((project, Some(id))),
        (None, None) => Err(advice("there is no conversation to go on with", "`kairos-run ask \"...\"` begins one")),
    }
}

/// How what has to be permitted is answered.
pub(super) enum Answers<'a> {
    /// By the user, in a line.
    Asked(&'a dyn Fn(&str) -> Result<Option<String>>),
    /// With yes, because the user said so beforehand.
    Yes,
}

/// What came of a turn.
pub(super) struct Ran {
    /// The conversation's id; empty where none began.
    pub(super) session: String,
    /// It came to an end, and did not break off.
    pub(super) ended: bool,
}

pub(super) struct Turn<'a> {
    pub(super) client: &'a Client,
    pub(super) json: bool,
    pub(super) answers: Answers<'a>,
}

impl Turn<'_> {
    /// Until the end, or Ctrl-C where that is to stop the turn alone.
    pub(super) async fn run(&self, request: &AskRequest, interrupt: Option<&mut Signal>) -> Result<Ran> {
        self.follow(self.client.ask(request).await?, interrupt).await
    }

    /// The same for what has begun.
    pub(super) async fn follow(&self, mut events: Receiver<AskEvent>, mut interrupt: Option<&mut Signal>) -> Result<Ran> {
        let mut screen = Screen::new(Paint::for_stdout(), width());
        let mut session = String::new();
        loop {
            let interrupted = async {
                match &mut interrupt {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                event = events.recv() => event,
                _ = interrupted => {
                    view::print(&screen.stopped())?;
                    return Ok(Ran { session, ended: false });
                }
            };
            let Some(event) = event else { break };
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
        let Answers::Asked(line) = &self.answers else { return Ok(yes(Scope::Once)) };
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
