//! The prebuilt components, and a plugin host for them.

use kairos_core::{Rights, Signal};
use kairos_host::{Host, HostOptions, Limits, Plugin};
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Where the prebuilt components lie.
pub fn prebuilt() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/prebuilt")
}

/// One of them.
pub fn component(name: &str) -> Result<Vec<u8>> {
    let path = prebuilt().join(format!("{name}.wasm"));
    std::fs::read(&path).map_err(|e| format!("{}: {e}; build the plugins first", path.display()).into())
}

/// The names of the standard set: all that are there but the examples.
pub fn standard_set() -> Result<Vec<String>> {
    let dir = prebuilt();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let example = name.starts_with("hello-") || name.starts_with("crowd-");
        names.extend(name.strip_suffix(".wasm").filter(|_| !example).map(String::from));
    }
    names.sort();
    Ok(names)
}

/// How many instances may live at once, for us and for the baseline.
pub const INSTANCES: u32 = 2500;

/// Settings of a host that keeps its compiled components in `cache`, and compiles by calling this program.
pub fn host_options(cache: &Path) -> Result<HostOptions> {
    Ok(HostOptions {
        cache: cache.into(),
        compiler: std::env::current_exe()?,
        limits: Limits::default(),
        dream: Limits::dream(),
        max_component: 64 << 20,
        max_instances: INSTANCES,
    })
}

/// A host with a cache of its own, gone with the folder.
pub fn host() -> Result<(Host, tempfile::TempDir)> {
    let cache = tempfile::tempdir()?;
    Ok((Host::new(host_options(cache.path())?)?, cache))
}

/// Loads a component, compiled if need be.
pub async fn load(host: &Host, bytes: &[u8]) -> Result<Plugin> {
    host.load(bytes).await.map_err(|e| e.to_string().into())
}

/// The right to read the whole project.
pub fn reads_all() -> Rights {
    Rights { project: vec!["**".into()], ..Rights::default() }
}

/// Ten signals as a save of ten files gives them, or ten test runs.
pub fn ten_signals(kind: &str) -> Vec<Signal> {
    let body = "test parser::tests::a_path_is_told_once ... ok\n".repeat(20);
    (0..10)
        .map(|i| {
            let signal = Signal { id: i + 1, ..Signal::new(kind, "files", 1_750_000_000_000 + i) };
            if kind.starts_with("command.") {
                let command = format!("cargo test --package part-{i}");
                signal
                    .with("command", command)
                    .with("folder", "")
                    .with("exit-code", 0)
                    .with("duration-ms", 4200 + i)
                    .with_body(&body)
            } else {
                signal.with("path", format!("crates/parser/src/module_{i}.rs")).with("size", 4096 + i)
            }
        })
        .collect()
}
