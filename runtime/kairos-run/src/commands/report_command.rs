//! `kairos-run report-command`: what the shell hook calls. Nobody reads what it prints, so it prints nothing.

use crate::cli::ReportArgs;
use crate::paths::Paths;
use anyhow::Result;
use kairos_api::{Client, CommandReport};
use std::path::PathBuf;

/// Reports a command, if somebody listens.
pub async fn report_command(paths: &Paths, report: ReportArgs) -> Result<()> {
    // The hook was made for a certain socket; the user may have named another since.
    let socket = std::env::var_os("KAIROS_SOCKET").filter(|s| !s.is_empty()).map_or_else(|| paths.socket(), PathBuf::from);
    // Nobody listens: then nothing is worth doing.
    let Ok(client) = Client::connect(&socket).await else { return Ok(()) };
    let report = CommandReport {
        command: super::redacted(&report.command),
        folder: report.folder.display().to_string(),
        exit_code: report.exit_code,
        duration_ms: report.duration_ms,
        source: "shell".into(),
        tail: String::new(),
    };
    if let Err(error) = client.command_finished(&report).await {
        tracing::debug!(%error, "the command is not reported");
    }
    Ok(())
}
