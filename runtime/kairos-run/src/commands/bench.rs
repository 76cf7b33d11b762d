//! `kairos-run bench`.

use crate::cli::BenchMemory;
use crate::errors::advice;
use crate::view;
use anyhow::Result;
use kairos_memory::bench::{Options, run};

/// The figures of memory, beside what they are to reach.
pub async fn memory(bench: BenchMemory) -> Result<()> {
    for folder in bench.data.iter().chain(&bench.repo) {
        if !folder.is_dir() {
            return Err(advice(
                format!("{} is no folder", folder.display()),
                "`kairos-run bench memory --help` says what it holds",
            ));
        }
    }
    let progress = |what: &str| eprintln!("measuring {what} ...");
    let options = Options { detail: bench.detail, repositories: bench.repo, speed: bench.speed, progress, ..Options::default() };
    let report = run(bench.data.as_deref(), &options).await?;
    if bench.json.json { view::print_json(&report) } else { view::print(&report.to_string()) }
}
