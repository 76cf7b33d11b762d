//! What other agents tell through their hooks: an observation each, and a signal where a command ended or a conversation went on.

use crate::agent::Agent;
use crate::control::ProjectHandle;
use crate::now;
use crate::signals::{REDACTOR, private};
use kairos_api::CommandReport;
use kairos_core::Signal;
use kairos_memory::transcript::New;
use kairos_memory::transcript::import::Heard;
use kairos_signals::hide_private;
use std::path::Path;

/// The source of commands that another agent ran.
pub(crate) const AGENT: &str = "agent";

impl Agent {
    /// Takes in what a hook told, if it is of a watched project that is not paused. Private files are neither kept nor named.
    pub async fn heard(&self, heard: Heard) {
        let Some((project, folder)) = self.around(Path::new(&heard.folder)).await else { return };
        if project.queue.paused_until().is_none() {
            project.heard(heard, &folder);
        }
    }
}

impl ProjectHandle {
    fn heard(&self, heard: Heard, folder: &Path) {
        let Heard { mut new, .. } = heard;
        if new.kind == "message" {
            self.went_on(&new.session, new.text.len());
            return self.recorder.heard(new);
        }
        let is_private = private(&self.view);
        if let Some(path) = attribute(&mut new, "path")
            && is_private(&self.relative(&folder.join(&*path)))
        {
            return;
        }
        if new.kind == "command" && !self.options.config.flag("signals.commands") {
            return;
        }
        new.text = hide_private(&REDACTOR.redact(&new.text), true, &is_private);
        if let Some(line) = attribute(&mut new, "command") {
            *line = hide_private(&REDACTOR.redact(line), false, &is_private);
        }
        if let Some(signal) = self.ended(&mut new, folder) {
            self.queue.push(signal);
        }
        self.recorder.heard(new.with("folder", self.relative(folder)));
    }

    /// The signal of a command that ended.
    fn ended(&self, new: &mut New, folder: &Path) -> Option<Signal> {
        let mut number = |name| attribute(new, name).and_then(|text| text.parse::<u32>().ok());
        let (exit_code, duration) = (number("exit-code")?, number("duration-ms").unwrap_or(0));
        let command = attribute(new, "command")?.clone();
        // A command may have several lines.
        let output = new.text.strip_prefix("$ ").and_then(|text| text.strip_prefix(command.as_str()));
        let output = output.or_else(|| Some(new.text.split_once('\n')?.1)).unwrap_or_default();
        let report = CommandReport {
            folder: folder.display().to_string(),
            exit_code: i32::try_from(exit_code).ok()?,
            duration_ms: duration.into(),
            source: AGENT.into(),
            tail: output.trim_start_matches('\n').to_owned(),
            command,
        };
        self.command_signal(&report, folder).map(|signal| Signal { source: AGENT.into(), ..signal })
    }

    /// Relative to the project where it lies in it.
    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// Where sessions are counted by their files, this one is counted there.
    fn went_on(&self, session: &str, bytes: usize) {
        if self.options.config.list("signals.agents").is_empty() {
            let signal = Signal::new("agent.session", "hook", now()).with("agent", "claude-code").with("session", session);
            self.queue.push(signal.with("entries", 1).with("bytes", bytes));
        }
    }
}

fn attribute<'a>(new: &'a mut New, name: &str) -> Option<&'a mut String> {
    new.attributes.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
}
