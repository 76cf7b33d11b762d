//! Commands that end in the user's shells reach their projects.

use crate::commands::redacted;
use kairos_agent::Agent;
use kairos_api::{CommandReport, Control};
use kairos_signals::CommandFile;
use std::path::PathBuf;
use std::sync::Arc;

/// Takes in what the shell hooks write, for as long as the file can be had; it is removed at the end.
pub async fn follow(file: PathBuf, agent: Arc<Agent>) {
    let mut commands = match CommandFile::create(&file) {
        Ok(commands) => commands,
        Err(e) => return tracing::warn!("commands of shells are not seen: {}: {e}", file.display()),
    };
    loop {
        for command in commands.next().await {
            let report = CommandReport {
                command: redacted(&command.command),
                folder: command.folder,
                exit_code: command.exit_code,
                duration_ms: command.duration_ms,
                source: "shell".into(),
                tail: String::new(),
            };
            if let Err(error) = agent.command_finished(report).await {
                tracing::debug!(%error, "a command is not taken in");
            }
        }
    }
}
