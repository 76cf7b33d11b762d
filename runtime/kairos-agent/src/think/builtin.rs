//! What a model can do beside calling the tools of plugins: speak up, keep something, end its turn.

use super::results::Results;
use super::statements::{Checked, check};
use crate::inbox::{Inbox, about};
use crate::look::look;
use crate::now;
use crate::recorder::Recorder;
use crate::registry::MODEL;
use crate::skills::Skills;
use kairos_core::finding::one_line;
use kairos_core::model::{Call, Tool};
use kairos_core::ports::ProjectView;
use kairos_core::{Evidence, Finding, Report, Urgency};
use kairos_project::Project;
use kairos_turn::Outcome;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How often a model may speak up in one turn.
const SURFACES: usize = 3;
/// How much it may keep in one turn.
const NOTES: usize = 3;
/// Most bytes of what it keeps.
const MAX_NOTE: usize = 500;

/// The host's own tools, for one turn.
pub(super) struct Builtin {
    pub(super) view: Project,
    pub(super) inbox: Inbox,
    pub(super) recorder: Recorder,
    /// The findings that woke the model. What it says of them ends with them.
    pub(super) about: Vec<u64>,
    /// Of the turn; what is kept names it.
    pub(super) session: String,
    /// What it may read of how work is done; the tool for that is there where one is.
    pub(super) skills: Arc<Skills>,
    pub(super) results: Arc<Results>,
    pub(super) surfaced: AtomicUsize,
    pub(super) noted: AtomicUsize,
}

pub(super) const SURFACE: &str = "surface";
pub(super) const REMEMBER: &str = "remember";
pub(super) const SLEEP: &str = "sleep";
pub(super) const SKILL: &str = "skill";

#[derive(Deserialize)]
struct Surface {
    title: String,
    detail: String,
    file: Option<String>,
    line: Option<u32>,
    urgency: Option<Urgency>,
    remedy: Option<String>,
}

#[derive(Deserialize)]
struct ReadSkill {
    name: String,
    file: Option<String>,
}

#[derive(Deserialize)]
struct Remember {
    text: String,
}

/// As the model is told of them. `sleep` only where nobody waits for an answer, `skill` only where there are skills.
pub(super) fn tools(asleep: bool, skills: bool) -> Vec<Tool> {
    let tool = |name: &str, description: &str, properties: Value, required: &[&str]| Tool {
        name: name.into(),
        description: description.into(),
        input_schema: json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}),
    };
    let text = |description: &str| json!({"type": "string", "description": description});
    let mut all = vec![
        tool(
            SURFACE,
            "Tells the developer something that he does not know yet and that is worth an interruption.",
            json!({
                "title": text("What is wrong, in one line of at most 120 characters."),
                "detail": text("How it comes about, in plain words; paths and names of code between backticks."),
                "file": text("The file in which it can be seen, relative to the project."),
                "line": {"type": "integer", "minimum": 1, "description": "The line in that file."},
                "urgency": {"enum": ["low", "normal", "high"], "description": "high: it has to be seen now."},
                "remedy": text("What to do, in one line."),
            }),
            &["title", "detail", "file", "line", "urgency", "remedy"],
        ),
        tool(
            REMEMBER,
            "Keeps one sentence about the project that will be useful in a month.",
            json!({"text": text("One sentence; paths and names of code between backticks.")}),
            &["text"],
        ),
    ];
    if skills {
        let (name, file) = (text("Of the skill"), text("A file in its folder that its text names; without it, its text"));
        let description = "Reads how a kind of work is done: the text of a skill, or of a file in its folder.";
        all.push(tool(SKILL, description, json!({"name": name, "file": file}), &["name"]));
    }
    if asleep {
        all.push(tool(SLEEP, "Ends your turn: there is nothing left to do.", json!({}), &[]));
    }
    all
}

impl Builtin {
    /// None where it is a tool of somebody else.
    pub(super) async fn call(&self, call: &Call) -> Option<Outcome> {
        Some(match call.name.as_str() {
            SURFACE => self.surface(&call.input).await.unwrap_or_else(Outcome::error),
            SKILL => self.skill(&call.input).await.unwrap_or_else(Outcome::error),
            REMEMBER => self.remember(&call.input).await.unwrap_or_else(Outcome::error),
            SLEEP => Outcome { ends: true, ..Outcome::ok("good night") },
            _ => return None,
        })
    }

    async fn skill(&self, input: &Value) -> Result<Outcome, String> {
        let ReadSkill { name, file } = ReadSkill::deserialize(input).map_err(|e| format!("this does not fit the schema: {e}"))?;
        let skills = self.skills.clone();
        let read = look(self.view.root(), "skill", move || skills.text(&name, file.as_deref())).await;
        read.map_err(|e| e.to_string())?.map(Outcome::ok)
    }

    async fn surface(&self, input: &Value) -> Result<Outcome, String> {
        let said = Surface::deserialize(input).map_err(|e| format!("this does not fit the schema: {e}"))?;
        let checked =
            self.check(&format!("{}\n{}\n{}", said.title, said.detail, said.remedy.as_deref().unwrap_or_default())).await;
        refuse_missing(&checked)?;
        let evidence = self.evidence(&said).await?;
        let about = self.about.first().copied().map(about).unwrap_or_default();
        let finding = Finding {
            key: format!("{about}{}", slug(&said.title)),
            title: one_line(&said.title).chars().take(120).collect(),
            detail: format!("{}{}", shortened(&said.detail, 3500), note(&checked)),
            urgency: said.urgency.unwrap_or(Urgency::Normal).min(Urgency::High),
            evidence: vec![evidence],
            remedy: said.remedy.map(|r| shortened(&one_line(&r), 400)).filter(|r| !r.is_empty()),
        };
        let report = Report { findings: vec![finding], ..Report::default() };
        let report = report.validate().map_err(|e| e.to_string())?;
        if self.surfaced.fetch_add(1, Relaxed) >= SURFACES {
            return Err(format!("you have spoken up {SURFACES} times in this turn: that is all"));
        }
        self.inbox.take(MODEL, report, now()).await.map_err(|e| format!("it could not be kept: {e}"))?;
        Ok(Outcome::ok(format!(
            "it is in the inbox{}: the developer sees it. Is there nothing else, then end your turn",
            note(&checked)
        )))
    }

    /// Holds what is said against the project, and against what was seen to run.
    async fn check(&self, text: &str) -> Checked {
        let mut checked = check(&self.view, text).await;
        checked.unverified.extend(self.results.unseen(text));
        checked
    }

    /// Where it can be seen: a line of a file, in its own words, whatever the model has of it; else what woke the model.
    async fn evidence(&self, said: &Surface) -> Result<Evidence, String> {
        let Some(file) = said.file.as_deref().map(str::trim).filter(|f| !f.is_empty()) else {
            let Some(id) = self.about.first() else { return Err("say in which file, and on which line, it can be seen".into()) };
            return Ok(Evidence { kind: "finding".into(), subject: id.to_string(), line: None, excerpt: String::new() });
        };
        let file = file.strip_prefix("./").unwrap_or(file);
        let unread = |e| format!("`{file}` can't be read ({e}): name a file that you have read");
        let bytes = self.view.read(file, 0, kairos_core::ports::MAX_READ).await.map_err(unread)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = said.line.filter(|line| *line > 0);
        let excerpt = match line {
            Some(line) => {
                let found = text.lines().nth(line as usize - 1);
                let found = found.ok_or_else(|| format!("`{file}` has {} lines, not {line}", text.lines().count()))?;
                shortened(&one_line(found), 400)
            }
            None => String::new(),
        };
        Ok(Evidence { kind: "file".into(), subject: file.into(), line, excerpt })
    }

    /// A model's note is an observation: it bears nothing out by itself, and a dream weighs it as such.
    async fn remember(&self, input: &Value) -> Result<Outcome, String> {
        let Remember { text } = Remember::deserialize(input).map_err(|e| format!("this does not fit the schema: {e}"))?;
        let text = one_line(&text);
        if text.is_empty() || text.len() > MAX_NOTE {
            return Err(format!("one sentence of at most {MAX_NOTE} bytes, not {}", text.len()));
        }
        let checked = self.check(&text).await;
        refuse_missing(&checked)?;
        if self.noted.fetch_add(1, Relaxed) >= NOTES {
            return Err(format!("you have kept {NOTES} notes in this turn: that is all"));
        }
        self.recorder.model_note(&format!("{text}{}", note(&checked)), &self.session, now());
        Ok(Outcome::ok("it is kept as your note; it becomes a fact only where others bear it out"))
    }
}

fn refuse_missing(checked: &Checked) -> Result<(), String> {
    match &checked.missing[..] {
        [] => Ok(()),
        missing => Err(format!("not in the project: {}; look again, and say only what you have read", missing.join(", "))),
    }
}

fn note(checked: &Checked) -> String {
    match &checked.unverified[..] {
        [] => String::new(),
        unverified => format!(" (unverified: {})", unverified.join(", ")),
    }
}

fn shortened(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}

/// Names what is said, so that the same is said once: the letters and digits of its first words.
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase);
    let slug = words.take(12).collect::<Vec<_>>().join("-");
    slug[..slug.floor_char_boundary(120)].to_owned()
}
