//! A program that the user chose, run with the findings on its standard input.

use super::message::Message;
use super::process::{self, Failed};
use super::settings::CommandSettings;
use super::worker::{Channel, Failure};
use async_trait::async_trait;
use std::time::Duration;

pub(super) struct Command {
    line: Vec<String>,
    limit: Duration,
    /// A variable of the environment that it must not see: it holds the webhook's key.
    hidden: Option<String>,
}

impl Command {
    pub(super) fn new(settings: &CommandSettings, hidden: Option<&str>) -> Self {
        Self { line: settings.line.clone(), limit: settings.timeout, hidden: hidden.map(String::from) }
    }
}

#[async_trait]
impl Channel for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn setting(&self) -> &'static str {
        "channels.command-line"
    }

    fn to(&self) -> String {
        self.line.first().cloned().unwrap_or_default()
    }

    /// Tried once: what a program has done before it failed can't be known.
    async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        let [program, arguments @ ..] = &self.line[..] else { return Ok(()) };
        let mut command = tokio::process::Command::new(program);
        command.args(arguments);
        if let Some(name) = &self.hidden {
            command.env_remove(name);
        }
        process::run(command, message.document(), self.limit).await.map_err(|failed| match failed {
            Failed::Missing => Failure::Never(format!("there is no program `{program}`")),
            Failed::Otherwise(why) => Failure::Never(format!("`{program}` {why}")),
        })
    }
}
