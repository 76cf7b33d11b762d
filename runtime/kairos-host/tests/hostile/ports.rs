//! Doubles of the ports: they record what reaches them, and wait when they are told to.

use async_trait::async_trait;
use kairos_core::ports::*;
use kairos_core::{ErrorCode, PortError};
use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::sync::Semaphore;

/// A project with three files. It resolves `..` as a careless port would, so that a scope has to hold without its help.
pub struct FakeProject {
    /// What reached it.
    pub asked: Mutex<Vec<String>>,
    /// A search waits for a permit; none are there at first.
    pub gate: Semaphore,
}

impl Default for FakeProject {
    fn default() -> Self {
        Self { asked: Mutex::default(), gate: Semaphore::new(0) }
    }
}

fn not_found() -> PortError {
    PortError::new(ErrorCode::NotFound, "no such file")
}

impl FakeProject {
    fn content(&self, path: &str) -> PortResult<Vec<u8>> {
        self.asked.lock().unwrap().push(path.into());
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Err(PortError::new(ErrorCode::Denied, "outside")),
                ".." => {}
                name => parts.push(name),
            }
        }
        match parts.join("/").as_str() {
            "secret.txt" => Ok(b"s3cret".to_vec()),
            "src/a.rs" => Ok(b"fn a() {}".to_vec()),
            "big" => Ok(vec![b'x'; 1 << 20]),
            _ => Err(not_found()),
        }
    }
}

#[async_trait]
impl ProjectView for FakeProject {
    async fn read(&self, path: &str, _offset: u64, length: u32) -> PortResult<Vec<u8>> {
        let mut bytes = self.content(path)?;
        bytes.truncate(length as usize);
        Ok(bytes)
    }
    async fn stat(&self, path: &str) -> PortResult<FileInfo> {
        let size = self.content(path)?.len() as u64;
        Ok(FileInfo { path: path.into(), kind: FileKind::File, size, modified: 0, executable: false })
    }
    async fn list_files(&self, _path: &str, _depth: u32, _after: Option<&str>) -> PortResult<Page> {
        Err(not_found())
    }
    async fn search(&self, _pattern: &str, _options: &SearchOptions) -> PortResult<Vec<Match>> {
        self.asked.lock().unwrap().push("search".into());
        self.gate.acquire().await.map_err(|_| not_found())?.forget();
        Ok(Vec::new())
    }
    async fn git_status(&self) -> PortResult<Repository> {
        Ok(Repository::default())
    }
    async fn git_changes(&self, _since: Version, _max: u32) -> PortResult<Vec<Change>> {
        let change = |path: &str, old: &str| Change {
            path: path.into(),
            renamed_from: Some(old.into()),
            committed: None,
            staged: Some(ChangeKind::Renamed),
            unstaged: None,
        };
        Ok(vec![change("secret.txt", "src/old"), change("src/a.rs", "secret-before.txt")])
    }
    async fn read_at(&self, _version: Version, path: &str, _offset: u64, _length: u32) -> PortResult<Vec<u8>> {
        self.content(path)
    }
    async fn size_at(&self, _version: Version, path: &str) -> PortResult<u64> {
        Ok(self.content(path)?.len() as u64)
    }
    async fn git_log(&self, _max: u32, _path: Option<&str>) -> PortResult<Vec<Commit>> {
        Ok(Vec::new())
    }
    async fn git_diff(&self, _what: Comparison, _paths: &[String]) -> PortResult<Patch> {
        Ok(Patch::default())
    }
    async fn git_show(&self, _revision: &str, _paths: &[String]) -> PortResult<Shown> {
        Err(not_found())
    }
}

/// State in memory, which can be told to fail.
#[derive(Default)]
pub struct FakeState {
    /// By key; there is one plugin.
    pub values: Mutex<BTreeMap<String, Vec<u8>>>,
    /// How often it was written.
    pub writes: Mutex<u32>,
    /// Refuses every write.
    pub full: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl StateStore for FakeState {
    async fn load(&self, _plugin: &str) -> PortResult<Vec<(String, Vec<u8>)>> {
        Ok(self.values.lock().unwrap().clone().into_iter().collect())
    }
    async fn apply(&self, _plugin: &str, changes: Vec<(String, Option<Vec<u8>>)>) -> PortResult<()> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(PortError::new(ErrorCode::Unavailable, "the disk is full"));
        }
        *self.writes.lock().unwrap() += 1;
        let mut values = self.values.lock().unwrap();
        for (key, value) in changes {
            match value {
                Some(value) => values.insert(key, value),
                None => values.remove(&key),
            };
        }
        Ok(())
    }
}
