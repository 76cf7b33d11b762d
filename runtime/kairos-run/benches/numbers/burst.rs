//! A hundred thousand files change at once.

use crate::plugins::Result;
use crate::report::{Row, Sample, Target, Unit};
use crate::system::Peak;
use kairos_core::Signal;
use kairos_signals::{Drained, FileConfig, FileWatch, SignalQueue, WatchMode};
use std::path::Path;
use std::time::{Duration, Instant};

const EVENTS: usize = 100_000;
const FOLDERS: usize = 100;
const MEMORY: f64 = 32.0 * 1048576.0;

pub fn measure() -> Result<Vec<Row>> {
    let mut rows = queue()?;
    rows.extend(watch()?);
    Ok(rows)
}

fn signal(i: usize) -> Signal {
    Signal::new("file.modified", "files", 1_750_000_000_000).with("path", format!("src/part_{}/module_{i}.rs", i % FOLDERS))
}

fn queue() -> Result<Vec<Row>> {
    let peak = Peak::start()?;
    let queue = SignalQueue::default();
    let begin = Instant::now();
    (0..EVENTS).for_each(|i| queue.push(signal(i)));
    let ours = begin.elapsed();
    let grown = peak.end();
    let counted = Counted::of(&queue.drain());

    let peak = Peak::start()?;
    let begin = Instant::now();
    let plain: Vec<_> = (0..EVENTS).map(signal).collect();
    let theirs = begin.elapsed();
    let plain_grown = peak.end();
    drop(plain);

    let one = |v: f64| Sample::one(v);
    let time = |d: Duration| one(d.as_nanos() as f64);
    Ok(vec![
        counted.row("pushed into the queue: accounted for"),
        Row::new("burst", "pushed into the queue: time", Unit::Time, time(ours)).against("a Vec", time(theirs)),
        Row::new("burst", "pushed into the queue: memory", Unit::Bytes, one(grown as f64))
            .against("a Vec", one(plain_grown as f64))
            .target(Target::AtMost(MEMORY)),
    ])
}

fn watch() -> Result<Vec<Row>> {
    let unwatched = tempfile::tempdir()?;
    let plain = make_files(unwatched.path())?;
    drop(unwatched);

    let folder = tempfile::tempdir()?;
    folders(folder.path())?;
    let queue = SignalQueue::default();
    let peak = Peak::start()?;
    let watch = FileWatch::start(FileConfig::new(folder.path()), queue.clone())?;
    let begin = Instant::now();
    while watch.status().mode == WatchMode::Starting && begin.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = watch.status();
    if status.mode != WatchMode::Watching {
        return Err(format!("files can't be watched here: {}", status.reason).into());
    }
    queue.drain();
    let ours = make_files(folder.path())?;
    // All is told when nothing more comes for longer than the watcher holds things back.
    let (mut all, mut quiet_since, begin) = (Drained::default(), Instant::now(), Instant::now());
    while quiet_since.elapsed() < Duration::from_secs(3) && begin.elapsed() < Duration::from_secs(120) {
        let drained = queue.drain();
        if !drained.signals.is_empty() {
            quiet_since = Instant::now();
        }
        all.signals.extend(drained.signals);
        all.dropped += drained.dropped;
        std::thread::sleep(Duration::from_millis(50));
    }
    let grown = peak.end();
    let counted = Counted::of(&all);
    let time = |d: Duration| Sample::one(d.as_nanos() as f64);
    Ok(vec![
        counted.row("made under a watch: accounted for"),
        Row::new("burst", "made under a watch: time to make them", Unit::Time, time(ours)).against("unwatched", time(plain)),
        Row::new("burst", "made under a watch: memory", Unit::Bytes, Sample::one(grown as f64)).target(Target::AtMost(MEMORY)),
    ])
}

fn folders(root: &Path) -> Result<()> {
    (0..FOLDERS).try_for_each(|i| Ok(std::fs::create_dir_all(root.join(format!("part_{i}")))?))
}

fn make_files(root: &Path) -> Result<Duration> {
    folders(root)?;
    let begin = Instant::now();
    for i in 0..EVENTS {
        std::fs::File::create(root.join(format!("part_{}/module_{i}.rs", i % FOLDERS)))?;
    }
    Ok(begin.elapsed())
}

/// What became of the events.
struct Counted {
    told: u64,
    by_rescan: u64,
    reasons: Vec<String>,
    dropped: u64,
}

impl Counted {
    fn of(drained: &Drained) -> Self {
        let mut counted = Self { told: 0, by_rescan: 0, reasons: Vec::new(), dropped: drained.dropped };
        for signal in &drained.signals {
            if signal.kind == "file.rescan" {
                counted.by_rescan += signal.attribute("count").and_then(|c| c.parse::<u64>().ok()).unwrap_or(0);
                counted.reasons.extend(signal.attribute("reason").map(String::from));
            } else {
                counted.told += 1;
            }
        }
        counted.reasons.sort();
        counted.reasons.dedup();
        counted
    }

    fn row(&self, what: &str) -> Row {
        let sum = (self.told + self.by_rescan) as f64;
        let note = format!(
            "{} told, {} by file.rescan ({}), {} dropped",
            self.told,
            self.by_rescan,
            self.reasons.join(", "),
            self.dropped
        );
        Row::new("burst", what, Unit::Count, Sample::one(sum)).target(Target::AtLeast(EVENTS as f64)).note(note)
    }
}
