//! `kairos-run exec`: a command under observation.

use crate::paths::Paths;
use anyhow::{Context, Result};
use kairos_api::CommandReport;
use kairos_exec::run_observed;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

/// How long the user may wait for our sake after his command.
const REPORT: Duration = Duration::from_secs(1);

/// Ends as the command does. That nobody is there to hear of it is no error.
pub fn exec(paths: &Paths, command: Vec<String>) -> Result<ExitCode> {
    let folder = std::env::current_dir().context("the current folder is gone")?;
    let argv: Vec<OsString> = command.iter().map(OsString::from).collect();
    let observed = match run_observed(&argv, &folder) {
        Ok(observed) => observed,
        Err(error) => {
            eprintln!("error: {error}");
            return Ok(code(error.exit_code()));
        }
    };
    let report = CommandReport {
        command: super::redacted(&command.iter().map(|word| shown(word)).collect::<Vec<_>>().join(" ")),
        folder: folder.display().to_string(),
        exit_code: observed.exit_code,
        duration_ms: u64::try_from(observed.duration.as_millis()).unwrap_or(u64::MAX),
        source: "exec".into(),
        tail: observed.tail,
    };
    let told = crate::wait(async {
        let tell = async { super::client(paths).await?.command_finished(&report).await };
        Ok(tokio::time::timeout(REPORT, tell).await)
    });
    if let Ok(Ok(Err(error))) = told {
        tracing::debug!(%error, "the command is not reported");
    }
    Ok(code(report.exit_code))
}

fn code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// As a user would type it.
fn shown(word: &str) -> String {
    let simple = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(simple) { word.into() } else { kairos_exec::shell::quote(word) }
}
