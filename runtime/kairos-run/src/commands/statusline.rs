//! `kairos-run statusline`: a few characters for tmux, starship or a prompt. It is asked every few seconds, perhaps for each
//! prompt: it is quick, and where nobody answers it prints nothing.

use crate::cli::LineFormat;
use crate::paths::Paths;
use crate::view;
use anyhow::Result;
use kairos_api::{Client, OpenFindings, Status};
use serde_json::json;
use std::time::Duration;

/// A prompt must not wait longer for a process that is busy.
const PATIENCE: Duration = Duration::from_millis(200);

/// How many findings are open, and how urgent the most urgent one is.
pub async fn statusline(paths: &Paths, format: LineFormat) -> Result<()> {
    let asked = async { Client::connect(&paths.socket()).await?.status().await };
    // No process, or one that can't be asked: `status` says why.
    let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, asked).await else { return Ok(()) };
    let paused = status.projects.iter().any(|p| p.paused_until.is_some());
    view::print(&line(&open(&status), paused, format))
}

/// All projects together.
fn open(status: &Status) -> OpenFindings {
    status.projects.iter().map(|p| p.open).fold(OpenFindings::default(), |sum, open| OpenFindings {
        low: sum.low.saturating_add(open.low),
        normal: sum.normal.saturating_add(open.normal),
        high: sum.high.saturating_add(open.high),
        critical: sum.critical.saturating_add(open.critical),
    })
}

/// What is of low urgency is listed, and never draws the eye.
fn line(open: &OpenFindings, paused: bool, format: LineFormat) -> String {
    let count = open.total() - open.low;
    let mut shown = if count == 0 { "○".to_string() } else { format!("● {count}") };
    if paused {
        shown += " ‖";
    }
    let (class, colour) = match open {
        OpenFindings { critical: 1.., .. } => ("critical", "red,bold"),
        OpenFindings { high: 1.., .. } => ("high", "red"),
        OpenFindings { normal: 1.., .. } => ("normal", "yellow"),
        _ => ("calm", "default"),
    };
    match format {
        LineFormat::Plain => format!("{shown}\n"),
        LineFormat::Tmux => format!("#[fg={colour}]{shown}#[default]\n"),
        LineFormat::Json => {
            // `text` and `class` are what waybar reads.
            let fields = json!({"text": shown, "class": class, "open": open});
            format!("{fields}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_finding_gives_the_colour_and_low_ones_are_not_counted() {
        let open = |low, normal, high, critical| OpenFindings { low, normal, high, critical };
        assert_eq!(line(&open(3, 0, 0, 0), false, LineFormat::Plain), "○\n");
        assert_eq!(line(&open(3, 1, 1, 0), false, LineFormat::Plain), "● 2\n");
        assert_eq!(line(&open(0, 1, 0, 0), false, LineFormat::Tmux), "#[fg=yellow]● 1#[default]\n");
        assert_eq!(line(&open(0, 1, 0, 1), false, LineFormat::Tmux), "#[fg=red,bold]● 2#[default]\n");
        assert_eq!(line(&open(0, 0, 0, 0), true, LineFormat::Plain), "○ ‖\n");
        let printed: serde_json::Value = serde_json::from_str(&line(&open(0, 0, 2, 0), false, LineFormat::Json)).unwrap();
        assert_eq!((&printed["text"], &printed["class"]), (&json!("● 2"), &json!("high")));
    }
}
