//! What the system's event thread does: it notes down what happened, and wakes the watcher's thread when it has to know.

use super::{PER_FOLDER, Shared, lock};
use crate::pending::Change;
use crate::rules::is_rule_file;
use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use std::path::Path;
use std::time::Instant;

impl Shared {
    /// Called on the system's event thread: only notes down, never watches (that would wait for this very thread).
    pub(super) fn on_event(&self, event: notify::Result<notify::Event>) {
        let now = Instant::now();
        let Ok(event) = event else {
            lock(&self.state).pending.lost_events(now);
            return self.tell_thread();
        };
        if event.need_rescan() {
            lock(&self.state).pending.lost_events(now);
        } else {
            let (change, folder) = match event.kind {
                EventKind::Create(kind) => (Change::Created, kind == CreateKind::Folder),
                EventKind::Remove(kind) => (Change::Removed, kind == RemoveKind::Folder),
                EventKind::Modify(ModifyKind::Name(RenameMode::From)) if self.is_repeated(&event) => return,
                EventKind::Modify(ModifyKind::Name(RenameMode::From)) => (Change::Removed, false),
                EventKind::Modify(ModifyKind::Name(RenameMode::To)) => (Change::Appeared, false),
                // Told as From and To already.
                EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
                EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) | EventKind::Other => return,
                _ => (Change::Modified, false),
            };
            let moved = matches!(event.kind, EventKind::Modify(_));
            for path in &event.paths {
                self.on_path(path, change, folder, moved, now);
            }
        }
        self.tell_thread();
    }

    /// A moved folder says so itself, after the folders that it left and entered; only there the two names belong together.
    /// It may say so late, when its new name is watched already. Nobody but the root is without a folder that says it first.
    fn is_repeated(&self, event: &notify::Event) -> bool {
        PER_FOLDER && event.tracker().is_none() && event.paths.iter().all(|p| p != self.root())
    }

    /// Wakes the watcher's thread if it has to know at once. One that waits for a time need not: nothing that comes now is due
    /// before that time, and a wake-up for each event would slow down whoever writes many files.
    fn tell_thread(&self) {
        let state = lock(&self.state);
        if state.asleep || state.pending.has_folder_work() {
            drop(state);
            self.changed.notify_all();
        }
    }

    fn on_path(&self, path: &Path, change: Change, folder: bool, moved: bool, now: Instant) {
        if change == Change::Removed {
            let mut state = lock(&self.state);
            if state.watched.contains(path) || path == self.root() {
                return state.pending.folder_gone(path.into(), moved);
            }
        }
        let is_folder = folder || (change == Change::Appeared && path.symlink_metadata().is_ok_and(|m| m.is_dir()));
        {
            let mut rules = self.rules();
            // What is gone can't be asked what it was.
            if rules.is_ignored(path, is_folder) || (change == Change::Removed && rules.is_ignored(path, true)) {
                return;
            }
            if is_rule_file(path) {
                rules.forget();
            }
        }
        let told = if is_folder { None } else { self.told_as(path) };
        let mut state = lock(&self.state);
        if is_rule_file(path) {
            state.pending.walk_all();
        }
        if is_folder && change != Change::Removed {
            state.pending.new_folder(path.into(), now);
        } else if let Some(told) = told {
            state.pending.touch(&told, change, now);
        }
    }
}
