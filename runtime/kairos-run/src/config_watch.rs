//! Settings take effect while it runs.

use kairos_agent::Agent;
use notify::{RecursiveMode, Watcher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// An editor writes a file in several steps.
const SETTLE: Duration = Duration::from_millis(200);

/// Reads the settings again whenever the user's file, or a project's own, has changed. What concerns the process as a whole
/// (limits, folders of plugins) holds from the next start on.
pub async fn follow(file: PathBuf, agent: Arc<Agent>) {
    let (sender, mut changed) = mpsc::channel(1);
    let name = file.file_name().map(ToOwned::to_owned);
    let concerns = move |e: &notify::Event| !e.kind.is_access() && e.paths.iter().any(|p| p.file_name() == name.as_deref());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| concerns(&e)) {
            let _ = sender.try_send(());
        }
    });
    // The folder, because editors replace the file. Where it isn't there, nobody has settings yet.
    if let (Ok(watcher), Some(folder)) = (&mut watcher, file.parent())
        && let Err(e) = watcher.watch(folder, RecursiveMode::NonRecursive)
    {
        tracing::debug!("changes of {} are not noticed: {e}", file.display());
    }
    loop {
        tokio::select! {
            Some(()) = changed.recv() => {}
            () = agent.settings_changed() => {}
        }
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, changed.recv()).await {}
        agent.reconfigure().await;
    }
}
