//! `kairos-run chat`: a conversation, line by line, until the end of input or `/exit`.

mod editor;

use super::ask::{Answers, Turn, about, which};
use crate::cli::{AuditCommand, ChatArgs, CostBy, JsonFlag, ResumeArgs};
use crate::errors::{advice, explain};
use crate::paths::Paths;
use crate::view;
use crate::view::lists::Page;
use crate::view::text::Paint;
use anyhow::{Context as _, Result};
use editor::{Lines, Read, Words};
use kairos_api::{AskRequest, Client, CompactRequest, LeaveRequest, Leaving, ModelFilter, Permission, ProjectFilter};
use kairos_core::permission::Scope;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Name, what may stand behind it, and what it does.
const COMMANDS: [(&str, &str, &str); 10] = [
    ("/new", "", "begins anew"),
    ("/continue", "", "goes on with the conversation that was used last"),
    ("/list", "", "shows the conversations of this project"),
    ("/compact", "[WHAT TO KEEP]", "sums the conversation up for the model"),
    ("/model", "[NAME]", "shows who answers, or chooses; `default` goes back"),
    ("/skill", "[NAME]", "shows skills, or puts one in front of your next words"),
    ("/permissions", "[forget [ID]]", "shows what you allowed here, or takes it back"),
    ("/cost", "", "shows what models cost today"),
    ("/help", "", "shows this"),
    ("/exit", "", "ends, as Ctrl-D does; Ctrl-C stops an answer"),
];

/// Talks until the user has enough.
pub async fn chat(paths: &Paths, args: ChatArgs) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() {
        return Err(advice("a conversation needs a terminal", "kairos-run ask \"...\" asks once"));
    }
    let client = super::client(paths).await?;
    let (project, session) = which(&client, about(args.about), args.resume).await?;
    let paint = Paint::for_stdout();
    view::print(&paint.dim("/help shows what there is, Ctrl-D ends; @path hands a file along\n"))?;
    let words = Arc::new(Words::default());
    let lines = Lines::new(paths.chat_history(), folder(&client, project.as_deref()).await?, words.clone())?;
    tokio::spawn(learn(client.clone(), project.clone(), words));
    let ask = |prompt: &str| match lines.read(prompt)? {
        Read::Line(line) => Ok(Some(line)),
        Read::Interrupted | Read::End => Ok(None),
    };
    let turn = Turn { client: &client, json: false, answers: Answers::Asked(&ask) };
    let request = AskRequest { project, session, attended: true, ..AskRequest::default() };
    // From here on Ctrl-C stops an answer, not us.
    let interrupt = signal(SignalKind::interrupt()).context("can't hear Ctrl-C")?;
    let mut talk = Talk { paths, client: &client, turn, request, interrupt };
    if let Some(name) = args.model {
        talk.choose(&name).await?;
    }
    loop {
        let line = match lines.read("you> ")? {
            Read::Line(line) => line,
            Read::Interrupted => continue,
            Read::End => break,
        };
        let line = line.trim();
        if matches!(line, "/exit" | "/quit") {
            break;
        }
        if !line.is_empty() && (line.contains(char::is_whitespace) || !line.starts_with('/')) {
            lines.remember(line);
        }
        if let Err(e) = talk.take(line).await {
            eprintln!("{}", explain(&e));
        }
    }
    talk.leave(Leaving::Exit).await;
    Ok(ExitCode::SUCCESS)
}

/// Where the conversation is.
struct Talk<'a> {
    paths: &'a Paths,
    client: &'a Client,
    turn: Turn<'a>,
    /// With what is to be said next.
    request: AskRequest,
    interrupt: Signal,
}

impl Talk<'_> {
    /// One line of the user's.
    async fn take(&mut self, line: &str) -> Result<()> {
        let (command, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(command, rest)| (command, rest.trim()));
        match (command, rest) {
            ("", _) => Ok(()),
            ("/new", "") => {
                self.leave(Leaving::New).await;
                Ok(())
            }
            ("/continue", "") => self.resume().await,
            ("/help", "") => view::print(&help()),
            ("/list", "") => view::print(&Page::for_stdout().conversations(&self.client.conversations(&self.project()).await?)),
            ("/cost", "") => {
                let today = AuditCommand::Cost { by: CostBy::Kind, days: 1, json: JsonFlag { json: false } };
                super::audit::audit(self.paths, today).await
            }
            ("/compact", focus) => self.compact(focus).await,
            ("/model", "") => self.who_answers().await,
            ("/model", name) => self.choose(name).await,
            ("/skill", "") => view::print(&Page::for_stdout().chat_skills(&self.client.skills(&self.project()).await?)),
            ("/skill", name) => self.skill(name).await,
            ("/permissions", "") => self.permissions().await,
            ("/permissions", rest) if rest == "forget" || rest.starts_with("forget ") => self.forget(rest[6..].trim()).await,
            (name, _) if name.starts_with('/') && rest.is_empty() && !name[1..].contains('/') => {
                if self.is_skill(&name[1..]).await? {
                    return self.say(line).await;
                }
                view::print(&format!("there is no {name}; /help shows what there is\n"))
            }
            _ => self.say(line).await,
        }
    }

    /// Also after a turn that broke off it goes on where it was.
    async fn say(&mut self, text: &str) -> Result<()> {
        self.request.text = text.to_owned();
        let ran = self.turn.run(&self.request, Some(&mut self.interrupt)).await?;
        if !ran.session.is_empty() {
            // What was chosen for this conversation is kept with it.
            (self.request.session, self.request.model, self.request.skill) = (Some(ran.session), None, None);
        }
        Ok(())
    }

    /// From here on there is none. Hooks are told; that they can't be is no reason to stay.
    async fn leave(&mut self, why: Leaving) {
        let project = self.request.project.clone();
        (self.request.model, self.request.skill) = (None, None);
        if let Some(session) = self.request.session.take() {
            let _ = self.client.leave(&session, &LeaveRequest { project, why }).await;
        }
    }

    async fn resume(&mut self) -> Result<()> {
        let newest = ResumeArgs { session: None, resume: true };
        let (project, session) = which(self.client, self.request.project.clone(), newest).await?;
        if session != self.request.session {
            self.leave(Leaving::Resume).await;
        }
        (self.request.project, self.request.session) = (project, session);
        Ok(())
    }

    async fn compact(&mut self, focus: &str) -> Result<()> {
        let Some(session) = &self.request.session else {
            return view::print("there is nothing to sum up yet\n");
        };
        let request = CompactRequest { project: self.request.project.clone(), focus: focus.to_owned() };
        let events = self.client.compact(session, &request).await?;
        self.turn.follow(events, Some(&mut self.interrupt)).await?;
        Ok(())
    }

    /// What was chosen, and not said yet, counts.
    fn models(&self, name: Option<String>) -> ModelFilter {
        let AskRequest { project, session, .. } = &self.request;
        ModelFilter { project: project.clone(), session: session.clone(), name }
    }

    async fn who_answers(&self) -> Result<()> {
        let models = self.client.models(&self.models(self.request.model.clone())).await?;
        view::print(&Page::for_stdout().models(&models))
    }

    async fn choose(&mut self, name: &str) -> Result<()> {
        let models = self.client.models(&self.models(Some(name.to_owned()))).await?;
        self.request.model = Some(name.to_owned());
        view::print(&Page::for_stdout().chosen(&models))
    }

    async fn is_skill(&self, name: &str) -> Result<bool> {
        Ok(self.client.skills(&self.project()).await?.iter().any(|skill| skill.name == name))
    }

    async fn skill(&mut self, name: &str) -> Result<()> {
        if !self.is_skill(name).await? {
            return Err(advice(format!("there is no skill `{name}`"), "/skill shows which there are"));
        }
        self.request.skill = Some(name.to_owned());
        view::print(&format!("{name} stands in front of what you say next\n"))
    }

    /// What holds in this conversation.
    async fn allowed(&self) -> Result<Vec<Permission>> {
        let here = |p: &Permission| Some(&p.session) == self.request.session.as_ref();
        let is_wide = |p: &Permission| p.answer.is_some_and(|a| matches!(a.scope, Scope::Day | Scope::Always));
        let all = self.client.permissions(&self.project()).await?;
        Ok(all.into_iter().filter(|p| here(p) || is_wide(p)).collect())
    }

    async fn permissions(&self) -> Result<()> {
        let all = self.allowed().await?;
        view::print(&Page::for_stdout().permissions(&all))?;
        let how = "/permissions forget ID takes one back; without an ID all that is for this conversation alone\n";
        view::print(&if all.is_empty() { String::new() } else { Paint::for_stdout().dim(how) })
    }

    async fn forget(&self, id: &str) -> Result<()> {
        let ids = match id {
            "" => {
                let all = self.allowed().await?.into_iter();
                all.filter(|p| p.answer.is_some_and(|a| a.scope == Scope::Conversation)).map(|p| p.id).collect()
            }
            id => vec![id.to_owned()],
        };
        for id in &ids {
            self.client.forget_permission(id).await?;
        }
        view::print(&format!("{} taken back\n", view::text::count(ids.len() as u64, "answer")))
    }

    fn project(&self) -> ProjectFilter {
        ProjectFilter { project: self.request.project.clone() }
    }
}

fn help() -> String {
    let skill = ("/NAME", "[WHAT TO DO]", "says that with the skill NAME in front of it");
    let all = COMMANDS.iter().chain([&skill]);
    let lines = all.map(|(name, behind, what)| format!("{:<26} {what}\n", format!("{name} {behind}")));
    lines.chain(["all else goes to the model; a pasted text may have several lines\n".to_owned()]).collect()
}

/// Finds out what Tab can offer.
async fn learn(client: Client, project: Option<String>, words: Arc<Words>) {
    if let Ok(skills) = client.skills(&ProjectFilter { project: project.clone() }).await {
        let _ = words.skills.set(skills.into_iter().map(|skill| skill.name).collect());
    }
    if let Ok(models) = client.models(&ModelFilter { project, ..ModelFilter::default() }).await {
        let names = models.models.iter().map(|m| format!("{}/{}", m.provider, m.model));
        let _ = words.models.set(["default".to_owned()].into_iter().chain(names).collect());
    }
}

/// Where paths behind an `@` lie.
async fn folder(client: &Client, project: Option<&str>) -> Result<PathBuf> {
    let all = client.status().await?.projects;
    let named = all.iter().find(|p| project.is_none_or(|name| p.path == name || p.slug == name));
    Ok(named.map_or_else(PathBuf::new, |p| PathBuf::from(&p.path)))
}
