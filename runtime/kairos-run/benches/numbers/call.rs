//! A warm detector with a batch of ten signals.

use crate::bare::{self, Bare, Files};
use crate::plugins::{self, Result, component, host, load};
use crate::report::{Row, Sample, Target, Unit};
use kairos_core::{PortError, ports::StateStore};
use kairos_host::{Access, Detector, Host, share};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Calls in a block; then it is the other side's turn.
const BLOCK: usize = 100;
const BLOCKS: usize = 60;

pub async fn measure() -> Result<Vec<Row>> {
    let (host, _cache) = host()?;
    let bare = Bare::new()?;
    let mut rows = Vec::new();
    // The first does nothing with what it gets, so all there is to see is the way in and out.
    for (name, kind) in
        [("hello-detector", "file.modified"), ("crowd-detector", "file.modified"), ("command-failures", "command.finished")]
    {
        match component(name) {
            Ok(bytes) => rows.push(one(&host, &bare, name, kind, &bytes).await?),
            Err(e) => eprintln!("skipped: {e}"),
        }
    }
    if rows.is_empty() { Err("no detector is built".into()) } else { Ok(rows) }
}

async fn one(host: &Host, bare: &Bare, name: &str, kind: &str, bytes: &[u8]) -> Result<Row> {
    let signals = plugins::ten_signals(kind);
    let plugin = Arc::new(load(host, bytes).await?);
    let access = Access::new(name, Arc::new(crate::tool::Memory(Vec::new())), Arc::new(NoState), &plugins::reads_all());
    let mut detector = Detector::new(host, plugin, access).ok_or("not a detector")?;
    let shared: Vec<_> = signals.iter().map(share).collect();

    let pre = bare.compile(bytes)?;
    let mut store = bare.store(Files::None);
    let instance = bare::detector::DetectsPre::new(pre)?.instantiate_async(&mut store).await?;
    let generated: Vec<_> = signals.iter().map(bare::signal).collect();

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for block in 0..=BLOCKS {
        for _ in 0..BLOCK {
            let start = Instant::now();
            let outcome = detector.detect(&shared).await;
            keep(&mut ours, block, start.elapsed());
            outcome.result?;
        }
        for _ in 0..BLOCK {
            let start = Instant::now();
            store.set_epoch_deadline(1);
            let report = instance.kairos_detector_detector().call_detect(&mut store, &generated).await?;
            drop(report);
            keep(&mut theirs, block, start.elapsed());
        }
    }
    Ok(Row::new("call", format!("warm call, 10 signals: {name}"), Unit::Time, Sample::times(&ours))
        .against("bare", Sample::times(&theirs))
        .target(Target::Ratio(1.3)))
}

/// The first block warms up.
fn keep(times: &mut Vec<Duration>, block: usize, time: Duration) {
    if block > 0 {
        times.push(time);
    }
}

/// A plugin's state where none is kept.
pub struct NoState;

#[async_trait::async_trait]
impl StateStore for NoState {
    async fn load(&self, _: &str) -> std::result::Result<Vec<(String, Vec<u8>)>, PortError> {
        Ok(Vec::new())
    }
    async fn apply(&self, _: &str, _: Vec<(String, Option<Vec<u8>>)>) -> std::result::Result<(), PortError> {
        Ok(())
    }
}
