//! Where the check of anchors and the truth differ over a repository's history, for a person to judge; and how long checks take:
//! `cargo run --release -p kairos-memory --example drift_misses -- REPOSITORY`.

use anyhow::{Context, Result};
use kairos_memory::bench::drift;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let repository = std::env::args().nth(1).context("usage: drift_misses REPOSITORY")?;
    let folder = tempfile::tempdir()?;
    let found = drift::run(repository.as_ref(), folder.path()).await?;
    found.misses.iter().for_each(|miss| println!("{miss}"));
    let last = |share: f64, count: usize| (count.saturating_sub(1) as f64 * share) as usize;
    let (times, ticks) = (&found.times, &found.ticks);
    println!("a check: p50 {:?}, p95 {:?}", times[last(0.5, times.len())], times[last(0.95, times.len())]);
    println!("a tick: p50 {:?}, longest {:?}", ticks[last(0.5, ticks.len())], ticks[last(1.0, ticks.len())]);
    Ok(())
}
