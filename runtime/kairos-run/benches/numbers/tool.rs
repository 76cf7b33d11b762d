//! A tool call in a fresh instance.

use crate::bare::{self, Bare, Files};
use crate::call::NoState;
use crate::plugins::{self, Result, component, host, load};
use crate::report::{Row, Sample, Target, Unit};
use kairos_core::ports::{
    Change, Commit, Comparison, FileInfo, Match, Page, Patch, PortResult, ProjectView, Repository, SearchOptions, Shown, Version,
};
use kairos_core::{ErrorCode, PortError};
use kairos_host::{Access, Plugin, call_tool};
use kairos_project::Project;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BLOCK: usize = 50;
const BLOCKS: usize = 30;
const ON_TOP: f64 = 50_000.0;

pub async fn measure() -> Result<Vec<Row>> {
    let bytes = component("read-file")?;
    let (host, _cache) = host()?;
    let bare = Bare::new()?;
    let plugin = load(&host, &bytes).await?;
    let works = bare::tool::WorksPre::new(bare.compile(&bytes)?)?;
    let content = "a line of thirty-two bytes, yes\n".repeat(32).into_bytes();
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.txt"), &content)?;
    let project = Project::open(folder.path(), &[])?;
    let input = serde_json::json!({ "path": "a.txt" });

    let mut rows = Vec::new();
    let cases: [(&str, Arc<dyn ProjectView>, Files); 2] = [
        ("the host alone", Arc::new(Memory(content.clone())), Files::Memory(content)),
        ("through the project view", Arc::new(project.clone()), Files::Disk(folder.path().into())),
    ];
    for (name, view, files) in cases {
        let access = Access::new("read-file", view, Arc::new(NoState), &plugins::reads_all());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for block in 0..=BLOCKS {
            for _ in 0..BLOCK {
                let time = our_call(&host, &plugin, access.clone(), &input).await?;
                ours.extend((block > 0).then_some(time));
            }
            for _ in 0..BLOCK {
                let time = bare_call(&bare, &works, files.clone(), &input.to_string()).await?;
                theirs.extend((block > 0).then_some(time));
            }
        }
        let (ours, theirs) = (Sample::times(&ours), Sample::times(&theirs));
        let note = format!("on top: {:.1} µs", (ours.median - theirs.median) / 1e3);
        let row = Row::new("tool", format!("fresh call of read-file, 1 KiB: {name}"), Unit::Time, ours);
        rows.push(row.against("bare", theirs).target(Target::OnTop(ON_TOP)).note(note));
    }
    rows.extend(reading(&project, &folder.path().join("a.txt")).await?);
    Ok(rows)
}

/// What of it is the reading: the view's own checks, and the hop to a thread that may block.
async fn reading(project: &Project, file: &std::path::Path) -> Result<[Row; 2]> {
    let (mut view, mut hop, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BLOCK * BLOCKS {
        let start = Instant::now();
        project.read("a.txt", 0, 1 << 20).await?;
        view.push(start.elapsed());
        let (start, path) = (Instant::now(), file.to_path_buf());
        tokio::task::spawn_blocking(move || std::fs::read(path)).await??;
        hop.push(start.elapsed());
        let start = Instant::now();
        std::fs::read(file)?;
        plain.push(start.elapsed());
    }
    let plain = Sample::times(&plain);
    let row =
        |what: &str, times: &[Duration]| Row::new("tool", what, Unit::Time, Sample::times(times)).against("plain read", plain);
    Ok([row("of that: the view's read", &view), row("of that: a plain read on a blocking thread", &hop)])
}

async fn our_call(host: &kairos_host::Host, plugin: &Plugin, access: Access, input: &serde_json::Value) -> Result<Duration> {
    let start = Instant::now();
    let outcome = call_tool(host, plugin, access, "read-file", input).await;
    let time = start.elapsed();
    outcome.result?;
    Ok(time)
}

pub async fn bare_call(bare: &Bare, works: &bare::tool::WorksPre<bare::State>, files: Files, input: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut store = bare.store(files);
    let instance = works.instantiate_async(&mut store).await?;
    let answer = instance.kairos_tool_tool().call_call(&mut store, "read-file", input).await?;
    drop(store);
    let time = start.elapsed();
    answer.map_err(|e| e.message)?;
    Ok(time)
}

/// A project of one file, whatever its path.
pub struct Memory(pub Vec<u8>);

fn nothing<T>() -> PortResult<T> {
    Err(PortError::new(ErrorCode::Unavailable, "not in the benchmark"))
}

#[async_trait::async_trait]
impl ProjectView for Memory {
    async fn read(&self, _: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        Ok(self.0.iter().skip(offset as usize).take(length as usize).copied().collect())
    }
    async fn stat(&self, _: &str) -> PortResult<FileInfo> {
        nothing()
    }
    async fn list_files(&self, _: &str, _: u32, _: Option<&str>) -> PortResult<Page> {
        nothing()
    }
    async fn search(&self, _: &str, _: &SearchOptions) -> PortResult<Vec<Match>> {
        nothing()
    }
    async fn git_status(&self) -> PortResult<Repository> {
        nothing()
    }
    async fn git_changes(&self, _: Version, _: u32) -> PortResult<Vec<Change>> {
        nothing()
    }
    async fn read_at(&self, _: Version, _: &str, _: u64, _: u32) -> PortResult<Vec<u8>> {
        nothing()
    }
    async fn size_at(&self, _: Version, _: &str) -> PortResult<u64> {
        nothing()
    }
    async fn git_log(&self, _: u32, _: Option<&str>) -> PortResult<Vec<Commit>> {
        nothing()
    }
    async fn git_diff(&self, _: Comparison, _: &[String]) -> PortResult<Patch> {
        nothing()
    }
    async fn git_show(&self, _: &str, _: &[String]) -> PortResult<Shown> {
        nothing()
    }
}
