//! Notices changes in the plugins directories, so that a tick need not look.

use crate::registry::Registry;
use notify::{RecursiveMode, Watcher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A file is looked at when nothing has changed for so long: copying a large one takes a while.
const SETTLE: Duration = Duration::from_millis(200);
/// How often directories are looked at where the system can't watch them, or they don't exist yet.
const POLL: Duration = Duration::from_secs(5);

/// Reloads the registry whenever a plugins directory changes; ends when it is dropped with its runtime.
pub(crate) async fn run(registry: Arc<Registry>) {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let handler = move |event: notify::Result<notify::Event>| {
        // Reading a file is no change of it.
        if !event.is_ok_and(|e| e.kind.is_access()) {
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(handler).map_err(|e| tracing::warn!("plugins are polled: {e}")).ok();
    let mut unwatched: Vec<_> = registry.dirs().to_vec();
    loop {
        let before = unwatched.len();
        // In place: a directory that hangs holds up this task alone.
        let watch = |dir: &PathBuf| watcher.as_mut().is_none_or(|w| w.watch(dir, RecursiveMode::NonRecursive).is_err());
        tokio::task::block_in_place(|| unwatched.retain(watch));
        if unwatched.len() < before {
            // A directory has just come under watch: what came before must not be missed.
        } else if unwatched.is_empty() {
            if receiver.recv().await.is_none() {
                return;
            }
        } else {
            tokio::select! {
                // A directory that is not there holds nothing to reload.
                () = tokio::time::sleep(POLL) => if missing(&unwatched) == unwatched { continue },
                _ = receiver.recv() => {}
            }
        }
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, receiver.recv()).await {}
        if let Err(e) = registry.reload().await {
            tracing::error!("plugins can't be reloaded: {e}");
        }
        // A directory that was removed takes its watch along; it may come back.
        unwatched.extend(missing(registry.dirs()));
        unwatched.sort();
        unwatched.dedup();
    }
}

fn missing(dirs: &[PathBuf]) -> Vec<PathBuf> {
    tokio::task::block_in_place(|| dirs.iter().filter(|dir| !dir.exists()).cloned().collect())
}
