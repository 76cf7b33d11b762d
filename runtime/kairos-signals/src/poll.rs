//! Looking at all files from time to time, where the system can't watch them: size and time of change, compared.

use crate::files::Shared;
use crate::pending::Change;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Files beyond this are not looked at, and the status says so.
const MAX_FILES: usize = 500_000;
/// After so many entries the scan takes a breath, so that it never fills a core.
const BREATH: usize = 500;

type Stamp = (Option<SystemTime>, u64);

/// What the last scan saw.
#[derive(Default)]
pub(crate) struct Poller {
    known: Option<HashMap<String, Stamp>>,
}

impl Poller {
    /// Scans once and compares; the first scan only remembers. None when it was told to stop in between.
    pub fn scan(&mut self, shared: &Shared) -> Option<Vec<(String, Change)>> {
        let mut seen: HashMap<String, Stamp> = HashMap::new();
        let mut folders: Vec<PathBuf> = vec![shared.root().into()];
        let mut entries = 0;
        while let Some(folder) = folders.pop() {
            let Ok(list) = std::fs::read_dir(&folder) else { continue };
            for entry in list.flatten() {
                entries += 1;
                if entries % BREATH == 0 && shared.pause(Duration::from_millis(5)) {
                    return None;
                }
                let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
                if shared.rules().is_ignored_here(&path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file()
                    && seen.len() < MAX_FILES
                    && let Some(below) = shared.told_as(&path)
                    && let Ok(meta) = entry.metadata()
                {
                    seen.insert(below, (meta.modified().ok(), meta.len()));
                }
            }
        }
        if seen.len() >= MAX_FILES {
            shared.note(&format!("more than {MAX_FILES} files: the rest is not watched"));
        }
        let mut changes = Vec::new();
        if let Some(known) = &self.known {
            for (path, stamp) in &seen {
                match known.get(path) {
                    None => changes.push((path.clone(), Change::Created)),
                    Some(old) if old != stamp => changes.push((path.clone(), Change::Modified)),
                    Some(_) => {}
                }
            }
            let removed = known.keys().filter(|p| !seen.contains_key(*p));
            changes.extend(removed.map(|p| (p.clone(), Change::Removed)));
            changes.sort_by(|a, b| a.0.cmp(&b.0));
        }
        self.known = Some(seen);
        Some(changes)
    }
}
