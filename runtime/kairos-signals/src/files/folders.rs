//! Which folders have a watch.

use super::worker::Stop;
use super::{PER_FOLDER, Shared, lock};
use crate::pending::{Change, FolderWork};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The system's watcher, and what it watches.
pub(super) struct Folders {
    shared: Arc<Shared>,
    watcher: RecommendedWatcher,
}

impl Folders {
    /// Watches all that is there now.
    pub fn watch(shared: &Arc<Shared>) -> Result<Self, Stop> {
        let handler = Arc::clone(shared);
        let watcher = notify::recommended_watcher(move |event| handler.on_event(event)).map_err(|e| refused(shared, &e))?;
        let mut folders = Self { shared: Arc::clone(shared), watcher };
        folders.walk_all()?;
        Ok(folders)
    }

    /// Does what events have asked for. Answers how many watched folders were moved.
    pub fn apply(&mut self, work: FolderWork) -> Result<u64, Stop> {
        let mut moved_folders = 0;
        for (gone, moved) in work.gone {
            if gone == self.shared.root() || !self.shared.root().is_dir() {
                return Err(Stop::Gone);
            }
            if !moved {
                // The folders below went before it, each with its own event; the system took the watch with it.
                lock(&self.shared.state).watched.remove(&gone);
                continue;
            }
            // A moved folder takes its watches along, under a wrong name.
            let below: Vec<PathBuf> = lock(&self.shared.state).watched.extract_if(|p| p.starts_with(&gone)).collect();
            for path in &below {
                let _ = self.watcher.unwatch(path);
            }
            moved_folders += below.len() as u64;
        }
        if PER_FOLDER {
            // By now a link may have taken its place; links are not followed.
            for new in work.new.into_iter().filter(|p| is_real_folder(p)) {
                self.add(new, true)?;
            }
            if work.all {
                self.walk_all()?;
            }
        }
        Ok(moved_folders)
    }

    /// Watches what is there now, and no longer what has become ignored.
    fn walk_all(&mut self) -> Result<(), Stop> {
        let root = self.shared.root().to_path_buf();
        if !PER_FOLDER {
            self.watcher.watch(&root, RecursiveMode::Recursive).map_err(|e| refused(&self.shared, &e))?;
            lock(&self.shared.state).watched.insert(root);
            return Ok(());
        }
        let seen = self.add(root, false)?;
        let stale: Vec<PathBuf> = lock(&self.shared.state).watched.extract_if(|p| !seen.contains(p)).collect();
        for path in stale {
            let _ = self.watcher.unwatch(&path);
        }
        Ok(())
    }

    /// Watches a folder and those below it, each before it is read, so that nothing slips through in between.
    fn add(&mut self, top: PathBuf, tell: bool) -> Result<HashSet<PathBuf>, Stop> {
        let mut seen = HashSet::new();
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            let known = {
                let mut state = lock(&self.shared.state);
                if state.stop {
                    break;
                }
                let (known, most) = (state.watched.contains(&folder), self.shared.config.max_watches);
                if !known && state.watched.len() >= most {
                    return Err(Stop::Limit(format!("more than {most} folders: polling. Ignore folders with files.ignore")));
                }
                // Before it is watched: should it go at once, the event must find it here, or it would never be watched again.
                state.watched.insert(folder.clone());
                known
            };
            if !known && let Err(e) = self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                lock(&self.shared.state).watched.remove(&folder);
                if is_limit(&e) || folder == self.shared.root() {
                    return Err(refused(&self.shared, &e));
                }
                // Gone again, or not ours to read.
                tracing::debug!(folder = %folder.display(), "not watched: {e}");
                continue;
            }
            let Ok(list) = std::fs::read_dir(&folder) else { continue };
            for entry in list.flatten() {
                let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
                if self.shared.rules().is_ignored_here(&path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if tell && let Some(told) = self.shared.told_as(&path) {
                    lock(&self.shared.state).pending.touch(&told, Change::Created, Instant::now());
                }
            }
            seen.insert(folder);
        }
        Ok(seen)
    }
}

fn is_real_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|m| m.is_dir())
}

fn refused(shared: &Shared, error: &notify::Error) -> Stop {
    if !shared.root().is_dir() {
        Stop::Gone
    } else if is_limit(error) {
        Stop::Limit("the system's watch limit is used up: polling. Raise fs.inotify.max_user_watches".into())
    } else {
        Stop::Limit(format!("the system can't watch this folder: polling. {error}"))
    }
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        notify::ErrorKind::Io(e) => {
            matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
                || e.raw_os_error() == Some(24)
        }
        _ => false,
    }
}
