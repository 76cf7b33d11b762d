//! The room that all we keep may take together (`limits.disk`). Each table, log and report has a bound of its own; this is the
//! bound of their sum. Over it goes what can be spared, of each kind the oldest first: compiled plugins that nobody uses, older
//! logs, reports of crashes, ticks of the journals. Memories have bounds of their own (`memory.keep`, `memory.size`). Inboxes, grants and the plugins that the user put there are never touched.

use crate::crash;
use crate::log;
use crate::paths::Paths;
use crate::view::text::size;
use anyhow::Result;
use kairos_agent::Agent;
use kairos_store::ProjectDb;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// When it is looked for the first time: plugins are loaded, and nobody waits for anything.
const FIRST: Duration = Duration::from_secs(5);
/// And how often from then on: a few hundred files are looked at.
const EVERY: Duration = Duration::from_secs(600);

/// Bytes on disk, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the user and of all projects, with their backups.
    pub databases: u64,
    /// Memories, with what was observed.
    pub memory: u64,
    /// Compiled plugins.
    pub components: u64,
    /// What the process in the background wrote down.
    pub logs: u64,
    /// Reports of crashes.
    pub crashes: u64,
}

impl Usage {
    /// Looks. The user's own plugins do not count.
    pub fn of(paths: &Paths) -> Self {
        let (logs, crashes) = (paths.log().parent().map_or(0, size_of), size_of(&paths.crashes()));
        let memory = paths.memories().iter().map(|folder| size_of(folder)).sum();
        let rest = logs + crashes + memory + size_of(&paths.plugins());
        Self { databases: size_of(&paths.data).saturating_sub(rest), memory, components: size_of(&paths.cache), logs, crashes }
    }

    /// All together.
    pub fn sum(&self) -> u64 {
        self.databases + self.memory + self.components + self.logs + self.crashes
    }

    /// In words.
    pub fn text(&self) -> String {
        let Self { databases, memory, components, logs, crashes } = *self;
        format!(
            "{} of databases, {} of memory, {} of compiled plugins, {} of logs, {} of crash reports",
            size(databases),
            size(memory),
            size(components),
            size(logs),
            size(crashes)
        )
    }
}

/// Keeps the sum below `limit` bytes, as far as it can.
pub async fn keep(paths: Paths, limit: u64, agent: Arc<Agent>) {
    let mut said = false;
    sleep(FIRST).await;
    loop {
        match look(&paths, limit, &agent, &mut said).await {
            Ok(over) => agent.tell_disk(over),
            Err(e) => tracing::error!("the room that kairos-run takes can't be kept below `limits.disk`: {e:#}"),
        }
        sleep(EVERY).await;
    }
}

/// Looks, and makes room where there is too little. Answers what the user has to know if that was not enough.
async fn look(paths: &Paths, limit: u64, agent: &Agent, said: &mut bool) -> Result<Option<String>> {
    let measure = || {
        let paths = paths.clone();
        tokio::task::spawn_blocking(move || Usage::of(&paths))
    };
    let before = measure().await?;
    if before.sum() <= limit {
        return Ok(None);
    }
    if !std::mem::replace(said, true) {
        tracing::warn!(
            "what kairos-run keeps takes {}, more than `limits.disk` ({}): the oldest of what can be spared goes",
            size(before.sum()),
            size(limit)
        );
    }
    // A tenth more, so that it is not over again at once.
    let goal = limit / 10 * 9;
    let (own, used) = (paths.clone(), agent.compiled());
    tokio::task::spawn_blocking(move || remove(&spare(&own, &used), before.sum() - goal)).await?;
    let over = measure().await?.sum().saturating_sub(goal);
    if over > 0 {
        cut_journals(paths, over).await;
    }
    let after = measure().await?;
    let still = format!(
        "what kairos-run keeps takes {}, more than `limits.disk` ({}), and no more of it can be spared: {}",
        size(after.sum()),
        size(limit),
        after.text()
    );
    Ok((after.sum() > limit).then_some(still))
}

/// The files that can be spared, in the order in which they go.
fn spare(paths: &Paths, used: &[PathBuf]) -> Vec<PathBuf> {
    let folder = paths.components().read_dir();
    let compiled = folder.into_iter().flatten().flatten().map(|e| e.path());
    let is_temporary = |p: &Path| p.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
    let mut all: Vec<PathBuf> = compiled.filter(|p| !is_temporary(p) && !used.contains(p)).collect();
    all.sort_by_key(|p| p.metadata().and_then(|m| m.modified()).ok());
    all.extend(log::older(paths));
    all.extend(crash::reports(paths));
    all
}

/// Removes files until so many bytes are free. A log is emptied only: the one who writes it counts on its older ones.
fn remove(files: &[PathBuf], bytes: u64) {
    let mut freed = 0;
    for file in files {
        if freed >= bytes {
            return;
        }
        let size = file.symlink_metadata().map_or(0, |m| m.blocks() * 512);
        let removed = if log::is_log(file) {
            OpenOptions::new().write(true).open(file).and_then(|f: File| f.set_len(0))
        } else {
            std::fs::remove_file(file)
        };
        match removed {
            Ok(()) => freed += size,
            Err(e) => tracing::warn!("{} can't be removed: {e}", file.display()),
        }
    }
}

/// Takes the oldest ticks out of all journals, also of projects that are no longer watched, from each in proportion.
async fn cut_journals(paths: &Paths, bytes: u64) {
    let mut journals = Vec::new();
    for file in paths.project_dbs() {
        // A damaged one is left as it is; who opens it says so.
        let Ok(db) = ProjectDb::open(file).await else { continue };
        if let Ok(kept) = db.cut_journal(u64::MAX).await {
            journals.push((db, kept));
        }
    }
    let sum: u64 = journals.iter().map(|(_, kept)| kept).sum();
    for (db, kept) in journals {
        let left = u128::from(kept) * u128::from(sum.saturating_sub(bytes)) / u128::from(sum.max(1));
        if let Err(e) = db.cut_journal(u64::try_from(left).unwrap_or(u64::MAX)).await {
            tracing::warn!("{}: its journal can't be cut: {e}", db.file().display());
        }
        db.close().await;
    }
}

/// Bytes on disk below a folder. Links are not followed.
fn size_of(folder: &Path) -> u64 {
    let mut sum = 0;
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(m) if m.is_dir() => open.push(entry.path()),
                Ok(m) => sum += m.blocks() * 512,
                Err(_) => {}
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_store::{Answer, Delivery, HostCall, TickRecord};
    use std::fs;

    fn paths(home: &Path) -> Paths {
        let paths = Paths { config: home.join("c"), data: home.join("data"), cache: home.join("cache"), run: home.join("run") };
        for folder in [paths.components(), paths.crashes(), paths.plugins(), paths.data.join("logs"), paths.project("p")] {
            fs::create_dir_all(folder).unwrap();
        }
        paths
    }

    #[test]
    fn what_is_kept_is_counted_by_kind_and_links_are_not() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        let kib = |n: usize| vec![1; n * 1024];
        fs::write(paths.user_db(), kib(8)).unwrap();
        fs::write(paths.project("p").join("state.db"), kib(8)).unwrap();
        fs::write(paths.components().join("a.cwasm"), kib(32)).unwrap();
        fs::create_dir(paths.project("p").join("transcripts")).unwrap();
        fs::write(paths.project("p").join("transcripts/2026-01-02.jsonl"), kib(4)).unwrap();
        fs::write(paths.log(), kib(4)).unwrap();
        fs::write(paths.crashes().join("1.txt"), kib(4)).unwrap();
        fs::write(paths.plugins().join("mine.wasm"), kib(64)).unwrap();
        std::os::unix::fs::symlink("/usr", paths.data.join("link")).unwrap();
        let usage = Usage::of(&paths);
        assert_eq!(usage.memory, 4 << 10);
        assert_eq!(
            usage,
            Usage { databases: 16 << 10, memory: usage.memory, components: 32 << 10, logs: 4 << 10, crashes: 4 << 10 }
        );
        assert!(usage.text().starts_with("16 KiB of databases, 4 KiB of memory, 32 KiB of compiled plugins"), "{}", usage.text());
    }

    #[tokio::test]
    async fn journals_give_in_proportion_also_those_of_projects_that_nobody_watches() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        let journal = async |project: &str, ticks: u8| {
            let db = ProjectDb::open(paths.project(project).join("state.db")).await.unwrap();
            for n in 0..ticks {
                let call = HostCall { function: "f".into(), args: "[]".into(), answer: Answer::new(vec![n; 60_000]) };
                let delivery = Delivery { plugin: "p".into(), calls: vec![call], ..Delivery::default() };
                let deliveries = vec![delivery];
                db.append(TickRecord { started: n.into(), deliveries, ..TickRecord::default() }).await.unwrap();
            }
            db
        };
        let (large, small) = (journal("large", 40).await, journal("small", 10).await);
        small.close().await;
        cut_journals(&paths, 1_500_000).await;
        let small = ProjectDb::open(small.file()).await.unwrap();
        let left = async |db: &ProjectDb| db.ticks(0..u64::MAX, 100).await.unwrap().len();
        assert_eq!((left(&large).await, left(&small).await), (20, 5));
        cut_journals(&paths, u64::MAX).await;
        assert_eq!((left(&large).await, left(&small).await), (0, 0));
    }

    #[test]
    fn the_oldest_that_nobody_uses_goes_first() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        let component = |name: &str, age: u64| {
            let file = paths.components().join(name);
            fs::write(&file, vec![1; 8192]).unwrap();
            File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(std::time::SystemTime::now() - Duration::from_secs(age))
                .unwrap();
            file
        };
        let (new, old, used) = (component("new.cwasm", 1), component("old.cwasm", 9), component("used.cwasm", 99));
        component(".new-x", 99);
        let (log, older) = (paths.log(), paths.data.join("logs/kairos-run.log.1"));
        let oldest = paths.data.join("logs/kairos-run.log.2");
        for file in [&log, &older, &oldest] {
            fs::write(file, vec![1; 8192]).unwrap();
        }
        let crash = paths.crashes().join("2026.txt");
        fs::write(&crash, "x").unwrap();
        let all = spare(&paths, std::slice::from_ref(&used));
        assert_eq!(all, [old.clone(), new.clone(), oldest.clone(), older.clone(), crash.clone()]);
        remove(&all, 3 * 8192);
        assert!(!old.exists() && !new.exists() && used.exists() && crash.exists());
        assert_eq!((oldest.metadata().unwrap().len(), older.metadata().unwrap().len()), (0, 8192));
    }
}
