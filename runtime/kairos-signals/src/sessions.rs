//! Sessions of other agents on this machine: that one works in this project, and how much. Never what it says.

use crate::queue::SignalQueue;
use kairos_core::signal::Signal;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Files that are looked at, the newest of the folder's; bytes that are counted of one in one look.
const MAX_FILES: usize = 200;
const MAX_READ: u64 = 16 << 20;

/// Where an agent keeps its sessions of one project: one `.jsonl` file each, one entry a line.
#[derive(Debug, Clone)]
pub struct SessionFolder {
    /// The agent's name.
    pub agent: String,
    /// The folder; it need not be there.
    pub folder: PathBuf,
}

impl SessionFolder {
    /// Of Claude Code, below the folder where it keeps its things: named after the project's folder, with `-` for all that is
    /// neither a letter nor a digit.
    pub fn claude_code(home: &Path, project: &Path) -> Self {
        let name: String = project.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Self { agent: "claude-code".into(), folder: home.join("projects").join(name) }
    }
}

/// Looks when it is asked to.
pub(crate) struct Sessions {
    folders: Vec<SessionFolder>,
    /// Bytes of each file that were counted; none before the first look.
    counted: Option<BTreeMap<PathBuf, u64>>,
}

impl Sessions {
    pub fn new(folders: Vec<SessionFolder>) -> Self {
        Self { folders, counted: None }
    }

    pub fn look(&mut self, queue: &SignalQueue) {
        let (before, mut counted) = (self.counted.take(), BTreeMap::new());
        for SessionFolder { agent, folder } in &self.folders {
            for (path, size) in files(folder) {
                let known = match &before {
                    // What was there before we looked is old.
                    None => size,
                    Some(before) => before.get(&path).copied().unwrap_or(0).min(size),
                };
                let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                if size > known && name.len() <= 64 && name.chars().all(is_plain) {
                    let signal = Signal::new("agent.session", "agents", crate::now())
                        .with("agent", agent)
                        .with("session", name)
                        .with("entries", lines(&path, known, size))
                        .with("bytes", size - known);
                    queue.push(signal);
                }
                counted.insert(path, size);
            }
        }
        self.counted = Some(counted);
    }
}

/// The newest files and their sizes. Links are none.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(list) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = list
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "jsonl"))
        .filter_map(|e| e.metadata().ok().filter(|m| m.is_file()).map(|m| (m.modified().ok(), e.path(), m.len())))
        .collect();
    files.sort_by_key(|f| std::cmp::Reverse(f.0));
    files.truncate(MAX_FILES);
    files.into_iter().map(|(_, path, size)| (path, size)).collect()
}

/// Ends of lines between two places; of a very long stretch only those of its end.
fn lines(path: &Path, from: u64, to: u64) -> usize {
    let from = from.max(to.saturating_sub(MAX_READ));
    let count = || -> std::io::Result<usize> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let (mut part, mut file, mut count) = (vec![0; 64 * 1024], file.take(to - from), 0);
        loop {
            match file.read(&mut part)? {
                0 => return Ok(count),
                n => count += part[..n].iter().filter(|b| **b == b'\n').count(),
            }
        }
    };
    count().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_session_is_counted_and_never_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let place = SessionFolder::claude_code(dir.path(), Path::new("/home/a/my.project"));
        assert!(place.folder.ends_with("projects/-home-a-my-project"));
        fs::create_dir_all(&place.folder).unwrap();
        let file = place.folder.join("0f1e-session.jsonl");
        fs::write(&file, "{\"a\": 1}\n").unwrap();
        let (queue, folder) = (SignalQueue::default(), place.folder.clone());
        let mut sessions = Sessions::new(vec![place]);
        sessions.look(&queue);
        assert!(queue.is_empty(), "what was there before is old");
        fs::write(&file, "{\"a\": 1}\n{\"secret\": \"hunter2\"}\n{}\n").unwrap();
        fs::write(folder.join("new.jsonl"), "{}\n").unwrap();
        fs::write(folder.join("odd name.jsonl"), "{}\n").unwrap();
        sessions.look(&queue);
        let told = queue.drain().signals;
        let entries: BTreeMap<_, _> =
            told.iter().map(|s| (s.attribute("session").unwrap(), s.attribute("entries").unwrap())).collect();
        assert_eq!(entries, BTreeMap::from([("0f1e-session", "2"), ("new", "1")]));
        assert!(!format!("{told:?}").contains("hunter2") && told.iter().all(|s| s.body.is_empty()));
        sessions.look(&queue);
        assert!(queue.is_empty());
        // One that was written anew from its beginning has nothing to count.
        fs::write(&file, "").unwrap();
        sessions.look(&queue);
        assert!(queue.is_empty());
    }
}
