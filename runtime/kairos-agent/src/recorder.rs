//! What is observed in a project goes into its transcript: commands, commits, changed files, findings, the user's answers to them.
//!
//! What is kept is what somebody did, what came of it, and what was said; see [`words`] for the signals. What only repeats that time
//! passes or that something changed (idleness, the index, a rescan, servers that still run, plain log lines) is not.
//!
//! Nothing here waits for the disk, and nothing of it is needed for a tick: where the transcript can't be written, the log says so once.

mod words;

use crate::dreams;
use crate::heard::AGENT;
use crate::registry::MODEL;
use crate::think::question;
use kairos_api::InboxItem;
use kairos_core::finding::one_line;
use kairos_core::memory::{MAX_OBSERVATION, Origin};
use kairos_core::{Millis, Signal};
use kairos_exec::redact::Redactor;
use kairos_memory::transcript::import::observed;
use kairos_memory::transcript::{Appender, New, Transcripts, day_of, origin_of_command};
use kairos_project::Project;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Changed files of one tick that are told one by one; more at once are a branch switch, not somebody's work.
const MAX_FILES: usize = 20;
/// Commits that are looked at when HEAD moves.
const COMMITS: u32 = 20;

/// Writes to the transcript of one project. Clones share it.
#[derive(Clone)]
pub(crate) struct Recorder {
    /// None where observations are not kept.
    appender: Option<Arc<Appender>>,
    in_trouble: Arc<AtomicBool>,
}

impl Recorder {
    /// Into the transcripts below a project's data; `keep`: the user's setting.
    pub(crate) fn new(data: &Path, keep: bool) -> Self {
        let transcripts = Transcripts::open(data.join("transcripts"), Redactor::from_env());
        let appender = keep.then(|| Appender::start(Arc::new(transcripts)));
        let appender = appender
            .and_then(|started| started.inspect_err(|e| tracing::warn!("what is observed is not kept: {e}")).ok().map(Arc::new));
        Self { appender, in_trouble: Arc::default() }
    }

    /// What a tick collected.
    pub(crate) fn signals(&self, signals: &[Signal], project: &Project) {
        if self.appender.is_none() {
            return;
        }
        let files = signals.iter().filter(|s| is_file(s)).count();
        for signal in signals {
            match signal.kind.as_str() {
                // It was kept when it was heard of.
                "command.finished" if signal.source == AGENT => {}
                "command.finished" => self.push(command(signal)),
                _ if is_file(signal) && files > MAX_FILES => {}
                kind => {
                    if kind == "git.head" {
                        self.commits(project.clone());
                    }
                    if let Some((origin, text)) = words::of(signal) {
                        self.push(New { origin, text, ..observation(signal, "signal") });
                    }
                }
            }
        }
    }

    /// A finding that was taken in: what it says is the plugin's word. `change`: `new`, `reopened`, or `resolved` with the reason.
    pub(crate) fn finding(&self, item: &InboxItem, change: &str, why: &str, now: Millis) {
        // What a dream came to is no evidence for the next.
        if self.appender.is_none()
            || dreams::is_about_them(&item.plugin, &item.key)
            || question(&item.plugin, &item.key).is_some()
        {
            return;
        }
        let parts = [item.title.as_str(), &item.detail, item.remedy.as_deref().unwrap_or_default()];
        let said = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        let text = if change == "resolved" { format!("resolved ({why}): {}", item.title) } else { said };
        let new = New {
            time: now,
            source: item.plugin.clone(),
            session: day_of(now).to_string(),
            origin: Origin::Plugin,
            kind: "finding".into(),
            attributes: vec![],
            text,
        };
        self.push(new.with("change", change).with("key", &item.key).with("urgency", item.urgency.as_str()));
    }

    /// The user's answer to a finding.
    pub(crate) fn verdict(&self, item: &InboxItem, verdict: &str, now: Millis) {
        self.answer(item, Origin::User, "feedback", verdict, format!("{verdict}: {}", item.title), now);
    }

    /// The answer of another program, which is nobody's feedback.
    pub(crate) fn decided(&self, item: &InboxItem, verdict: &str, by: &str, now: Millis) {
        self.answer(item, Origin::Model, "decision", verdict, format!("{verdict} by {}: {}", one_line(by), item.title), now);
    }

    fn answer(&self, item: &InboxItem, origin: Origin, kind: &str, verdict: &str, text: String, now: Millis) {
        let (session, kind) = (day_of(now).to_string(), kind.to_owned());
        let new = New { time: now, source: "inbox".into(), session, origin, kind, attributes: vec![], text };
        self.push(new.with("verdict", verdict).with("detector", &item.plugin).with("key", &item.key));
    }

    /// Commits that are new; those that are known are known by their ids.
    fn commits(&self, project: Project) {
        let recorder = self.clone();
        tokio::spawn(async move {
            match project.log_with_files(COMMITS).await {
                Ok(commits) => {
                    commits.iter().filter(|(_, files)| !files.is_empty()).for_each(|(c, f)| recorder.push(observed(c, f)))
                }
                Err(e) => tracing::debug!("commits are not observed: {e}"),
            }
        });
    }

    /// What a model keeps of its own accord.
    pub(crate) fn model_note(&self, text: &str, session: &str, now: Millis) {
        self.turn(Origin::Model, "note", text, session, now);
    }

    /// A step of a model's turn.
    pub(crate) fn turn(&self, origin: Origin, kind: &str, text: &str, session: &str, now: Millis) {
        let (source, session, kind) = (MODEL.to_owned(), session.to_owned(), kind.to_owned());
        let text = text[..text.floor_char_boundary(MAX_OBSERVATION)].to_owned();
        self.push(New { time: now, source, session, origin, kind, attributes: vec![], text });
    }

    /// What another agent's hook told.
    pub(crate) fn heard(&self, new: New) {
        self.push(new);
    }

    fn push(&self, new: New) {
        let Some(appender) = &self.appender else { return };
        let failed = appender.push(new).err().map(|e| e.to_string()).or_else(|| appender.figures().trouble);
        let was = self.in_trouble.swap(failed.is_some(), Ordering::Relaxed);
        if let Some(why) = failed.filter(|_| !was) {
            tracing::warn!("what is observed can't be kept at the moment: {why}");
        }
    }
}

/// A signal for a model's eyes, on one line; none for one that only tells that time passes.
pub(crate) fn in_words(signal: &Signal) -> Option<String> {
    if signal.kind != "command.finished" {
        return words::of(signal).map(|(_, text)| text);
    }
    let value = |name: &str| signal.attribute(name).unwrap_or_default();
    Some(format!("$ {} (exit {})", value("command"), value("exit-code")))
}

fn is_file(signal: &Signal) -> bool {
    matches!(signal.kind.as_str(), "file.created" | "file.modified" | "file.removed")
}

/// A command line, how it ended, and the end of what it said.
fn command(signal: &Signal) -> New {
    let line = signal.attribute("command").unwrap_or_default();
    let text = if signal.body.is_empty() { format!("$ {line}") } else { format!("$ {line}\n{}", signal.body) };
    New { origin: origin_of_command(line), text, ..observation(signal, "command") }
}

fn observation(signal: &Signal, kind: &str) -> New {
    New {
        time: signal.time,
        source: signal.source.clone(),
        // A day in a project belongs together.
        session: day_of(signal.time).to_string(),
        origin: Origin::Tool,
        kind: kind.into(),
        attributes: signal.attributes.clone(),
        text: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_s_work_is_kept_and_a_branch_switch_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::open(dir.path(), &[]).unwrap();
        let recorder = Recorder::new(dir.path(), true);
        let file = |n: usize| Signal::new("file.modified", "files", 5).with("path", format!("f{n}"));
        let run = Signal::new("command.finished", "exec", 5).with("command", "make t").with("exit-code", 0).with_body("ok");
        let show = Signal::new("command.finished", "shell", 6).with("command", "cat README").with("exit-code", 0);
        recorder.signals(&[run, show, file(0)], &project);
        recorder.signals(&(1..30).map(file).collect::<Vec<_>>(), &project);
        let item = serde_json::json!({
            "id": "1", "project": "/p", "plugin": "p", "key": "k", "title": "tests fail", "detail": "since today", "urgency": "high",
            "evidence": [], "remedy": null, "status": "open", "first_seen": 5, "last_seen": 5, "occurrences": 1, "times_reopened": 0,
        });
        let item: InboxItem = serde_json::from_value(item).unwrap();
        recorder.finding(&item, "new", "", 7);
        recorder.finding(&item, "resolved", "they pass", 8);
        recorder.appender.as_ref().unwrap().flush().unwrap();
        let transcripts = Transcripts::open(dir.path().join("transcripts"), Redactor::default());
        let mut seen = vec![];
        let day = day_of(5);
        transcripts
            .scan(day..=day, |o| {
                seen.push((o.origin, o.kind, o.text));
                true
            })
            .unwrap();
        let expected = [
            (Origin::Tool, "command", "$ make t\nok"),
            (Origin::File, "command", "$ cat README"),
            (Origin::Tool, "signal", "f0 was modified"),
            (Origin::Plugin, "finding", "tests fail\nsince today"),
            (Origin::Plugin, "finding", "resolved (they pass): tests fail"),
        ];
        assert_eq!(seen, expected.map(|(origin, kind, text)| (origin, kind.to_owned(), text.to_owned())));
    }

    #[test]
    fn nothing_is_kept_where_the_user_does_not_want_it() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::open(dir.path(), &[]).unwrap();
        Recorder::new(dir.path(), false).signals(&[Signal::new("command.finished", "exec", 5)], &project);
        assert!(!dir.path().join("transcripts").exists());
    }
}
