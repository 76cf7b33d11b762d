//! Where the log goes: to the terminal in the foreground, to files in the background.

use crate::paths::Paths;
use crate::view::dreams;
use anyhow::{Context, Result};
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate, compression::Compression};
use kairos_api::{DreamChange, Event, MemoryChange, PluginChange, ProjectChange, TurnChange};
use kairos_core::finding::one_line;
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tracing_subscriber::EnvFilter;

/// Bytes of a log file, and how many older ones are kept.
const MAX_FILE: usize = 1024 * 1024;
const KEPT: usize = 4;

/// Warnings go to standard error; `KAIROS_LOG` takes the usual filters.
pub fn to_stderr(verbose: u8) {
    let level = if verbose > 1 { "debug" } else { "error" };
    let _ = tracing_subscriber::fmt().with_env_filter(filter(level)).with_writer(std::io::stderr).try_init();
}

/// The log goes to files that are never more than a few megabytes together.
pub fn to_files(paths: &Paths) -> Result<()> {
    let file = paths.log();
    if let Some(folder) = file.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("can't make {}", folder.display()))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let limit = ContentLimit::BytesSurpassed(MAX_FILE);
    let writer = FileRotate::new(&file, AppendCount::new(KEPT), limit, Compression::None, Some(options));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter("info"))
        .with_ansi(false)
        .with_target(false)
        .with_writer(Mutex::new(writer))
        .try_init();
    Ok(())
}

/// The older files, the oldest first.
pub fn older(paths: &Paths) -> Vec<PathBuf> {
    let file = |n: usize| paths.log().with_added_extension(n.to_string());
    (1..=KEPT).rev().map(file).filter(|f| f.exists()).collect()
}

/// Is it one of these?
pub fn is_log(file: &Path) -> bool {
    file.with_extension("").extension().is_some_and(|e| e == "log")
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_from_env("KAIROS_LOG").unwrap_or_else(|_| EnvFilter::new(level))
}

/// Writes down what happens, as long as it happens. Quiet ticks are no news.
pub async fn events(mut events: Receiver<Event>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Started { version, plugins, .. } => tracing::info!("kairos-run {version} runs, with {plugins} plugins"),
            Event::Finding { item, announced, why, .. } => {
                let (id, urgency, plugin, title) =
                    (&item.id, item.urgency.as_str(), one_line(&item.plugin), one_line(&item.title));
                let kept = if announced { String::new() } else { format!(" (not announced: {})", one_line(&why)) };
                tracing::info!("finding {id}, {urgency}, of {plugin}: {title}{kept}");
            }
            Event::Resolved { item, reason } => tracing::info!("resolved {}: {}", item.id, one_line(&reason)),
            Event::Plugin { name, change, why } => {
                let why = why.map(|w| format!(": {}", one_line(&w))).unwrap_or_default();
                let line = format!("plugin {} {}{why}", one_line(&name), format!("{change:?}").to_lowercase());
                match change {
                    PluginChange::Quarantined | PluginChange::Refused | PluginChange::Fault => tracing::warn!("{line}"),
                    _ => tracing::info!("{line}"),
                }
            }
            Event::Project { project, change, why } => {
                let why = why.map(|w| format!(": {}", one_line(&w))).unwrap_or_default();
                let project = one_line(&project);
                match change {
                    ProjectChange::Added => tracing::info!("watching {project}"),
                    ProjectChange::Removed => tracing::info!("no longer watching {project}{why}"),
                    ProjectChange::Failed => tracing::warn!("can't watch {project}{why}"),
                }
            }
            Event::Settings { project, error: None } => tracing::info!("new settings hold in {}", one_line(&project)),
            Event::Settings { project, error: Some(error) } => {
                tracing::error!("settings of {} can't be used, the old ones hold: {}", one_line(&project), one_line(&error));
            }
            Event::Watch { project, mode, reason } => {
                let reason = reason.map(|r| format!(": {}", one_line(&r))).unwrap_or_default();
                let how = match mode.as_str() {
                    "gone" | "hung" => "files are not watched".into(),
                    _ => format!("files are watched by {mode}"),
                };
                tracing::warn!("{}: {how}{reason}", one_line(&project));
            }
            Event::Memory { project, change, text } => {
                let what = match change {
                    MemoryChange::Edited => "edited by hand",
                    MemoryChange::Dropped => "kept within its bounds",
                };
                tracing::info!("memory of {} {what}: {}", one_line(&project), one_line(&text));
            }
            Event::Turn { project, change, text } => {
                let line = format!(
                    "{}: turn of a model {}: {}",
                    one_line(&project),
                    format!("{change:?}").to_lowercase(),
                    one_line(&text)
                );
                match change {
                    TurnChange::Failed => tracing::warn!("{line}"),
                    _ => tracing::info!("{line}"),
                }
            }
            Event::Budget { text } => tracing::warn!("{}", one_line(&text)),
            Event::Pause { project, until: Some(_) } => tracing::info!("signals of {} are paused", one_line(&project)),
            Event::Pause { project, until: None } => tracing::info!("the pause of {} has ended", one_line(&project)),
            Event::Dream { project, change, why, dream } => {
                let line = format!("{}: {}", one_line(&project), dreams::line(change, why.as_deref(), dream.as_ref()));
                match change {
                    DreamChange::Failed => tracing::warn!("{line}"),
                    _ => tracing::info!("{line}"),
                }
            }
            Event::Dropped { count } => tracing::warn!("{count} signals or events were lost: more happened at once than fits"),
            Event::Test { .. } => tracing::info!("the channels are tested"),
            Event::Stopped { reason } => tracing::info!("ends: {reason}"),
            Event::Tick { .. } | Event::Compiling { .. } | Event::Buddy { .. } => {}
        }
    }
}
