//! A tick with a thousand detectors.

use crate::bare::{self, Bare, Files};
use crate::plugins::{Result, component, host_options};
use crate::report::{Row, Sample, Target, Unit};
use crate::system::process_cpu;
use kairos_agent::{Agent, AgentOptions, Embedded, Events, ProjectOptions};
use kairos_api::Event;
use kairos_core::Signal;
use kairos_core::config::Config;
use kairos_memory::memory::Home;
use kairos_signals::SignalQueue;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

const DETECTORS: usize = 1000;
/// Each signal matches one group.
const GROUPS: usize = 100;
const WARM_UP: usize = 3;
const RUNS: usize = 40;

pub async fn measure() -> Result<Vec<Row>> {
    let bytes = component("crowd-detector")?;
    let home = tempfile::tempdir()?;
    let root = home.path().join("project");
    std::fs::create_dir(&root)?;
    let mut config = Config::default();
    // No tick but those that are asked for.
    config.set("every", "\"24h\"")?;
    let (events, mut received) = Events::channel();
    let options = AgentOptions {
        version: "bench".into(),
        host: host_options(&home.path().join("cache"))?,
        embedded: crowd(&bytes)?,
        plugin_dirs: Vec::new(),
        user_db: home.path().join("state.db"),
        projects: vec![ProjectOptions {
            root: root.clone(),
            slug: "bench".into(),
            db: home.path().join("project.db"),
            config: config.clone(),
            settings: Vec::new(),
            home: Home::within(home.path()),
            users_home: Home::set(&home.path().join("user"), "", None)?,
            users_mcp: home.path().join("mcp.json"),
            users_config: config.clone(),
            skills: Vec::new(),
        }],
        opener: Box::new(|_| Err("no other project here".into())),
        config,
        ticks: None,
    };
    eprintln!("  compiling {GROUPS} variants of a detector");
    let agent = Agent::load(options, events).await?.begin();
    let queue = agent.queue("bench").ok_or("the project is not there")?;
    tick(&mut received).await?;

    let grouped: Vec<_> = (0..GROUPS).map(|g| file(&format!("group-{g:03}/a.rs"))).collect();
    let all: Vec<_> =
        (0..GROUPS as u64).map(|i| Signal::new("crowd.all", "bench", i).with("path", format!("a/{i}.rs"))).collect();
    let ten = ticks(&queue, &mut received, &grouped, DETECTORS as u64).await?;
    let every = ticks(&queue, &mut received, &all, (DETECTORS * GROUPS) as u64).await?;
    let quiet = ticks(&queue, &mut received, &[], 0).await?;
    agent.stop();
    agent.wait("done").await?;

    let bare_ten = bare_calls(&bytes, &grouped[..1]).await?;
    let bare_every = bare_calls(&bytes, &all).await?;
    Ok(vec![
        Row::new("crowd", "1,000 deliveries: CPU of the tick", Unit::Time, ten.cpu)
            .against("the bare calls", bare_ten)
            .target(Target::AtMost(30e6)),
        Row::new("crowd", "1,000 deliveries: wall time of the tick", Unit::Time, ten.wall),
        Row::new("crowd", "all match, 100,000 deliveries: CPU of the tick", Unit::Time, every.cpu)
            .against("the bare calls", bare_every),
        Row::new("crowd", "all match, 100,000 deliveries: wall time of the tick", Unit::Time, every.wall),
        Row::new("crowd", "quiet tick: wall time", Unit::Time, quiet.wall).target(Target::AtMost(50e3)),
        Row::new("crowd", "quiet tick: CPU of the process, waking included", Unit::Time, quiet.cpu),
    ])
}

fn file(path: &str) -> Signal {
    Signal::new("file.modified", "files", 1_750_000_000_000).with("path", path).with("size", 4096)
}

/// The copies, as embedded plugins: those need no grant.
fn crowd(bytes: &[u8]) -> Result<Vec<Embedded>> {
    const GLOB: &[u8] = b"group-000/**";
    let at = bytes.windows(GLOB.len()).position(|w| w == GLOB).ok_or("crowd-detector has no glob to replace")?;
    // Leaked: an embedded plugin lives as long as the program.
    let groups: Vec<&'static [u8]> = (0..GROUPS)
        .map(|g| {
            let mut copy = bytes.to_vec();
            copy[at..at + GLOB.len()].copy_from_slice(format!("group-{g:03}/**").as_bytes());
            &*copy.leak()
        })
        .collect();
    let copy = |i: usize| Embedded { name: format!("crowd-{i:04}").leak(), bytes: groups[i % GROUPS] };
    Ok((0..DETECTORS).map(copy).collect())
}

struct Ticks {
    cpu: Sample,
    wall: Sample,
}

/// Ticks that begin with these signals.
async fn ticks(queue: &SignalQueue, events: &mut Receiver<Event>, signals: &[Signal], expected: u64) -> Result<Ticks> {
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for run in 0..WARM_UP + RUNS {
        let before = process_cpu();
        signals.iter().for_each(|s| queue.push(s.clone()));
        queue.wake();
        let (deliveries, duration) = tick(events).await?;
        let used = process_cpu() - before;
        if deliveries != expected {
            return Err(format!("the tick made {deliveries} deliveries instead of {expected}").into());
        }
        if run >= WARM_UP {
            cpu.push(used);
            wall.push(duration);
        }
    }
    Ok(Ticks { cpu: Sample::times(&cpu), wall: Sample::times(&wall) })
}

/// Waits for the end of a tick: its deliveries, and how long it took.
async fn tick(events: &mut Receiver<Event>) -> Result<(u64, Duration)> {
    loop {
        match events.recv().await.ok_or("the agent has ended")? {
            Event::Tick { deliveries, duration_us, .. } => return Ok((deliveries, Duration::from_micros(duration_us))),
            Event::Plugin { name, why: Some(why), .. } => return Err(format!("{name}: {why}").into()),
            _ => {}
        }
    }
}

/// The CPU time of one call into each of a thousand bare instances.
async fn bare_calls(bytes: &[u8], signals: &[Signal]) -> Result<Sample> {
    let bare = Bare::new()?;
    let file = bare.precompile(bytes)?;
    let signals: Vec<_> = signals.iter().map(bare::signal).collect();
    let mut instances = Vec::new();
    for _ in 0..DETECTORS {
        let mut store = bare.store(Files::None);
        let detects = bare::detector::DetectsPre::new(bare.load(&file)?)?.instantiate_async(&mut store).await?;
        instances.push((store, detects));
    }
    let mut cpu = Vec::new();
    for run in 0..WARM_UP + RUNS {
        let before = process_cpu();
        for (store, detects) in &mut instances {
            store.set_epoch_deadline(1);
            detects.kairos_detector_detector().call_detect(store, &signals).await?.map_err(|e| e.message)?;
        }
        if run >= WARM_UP {
            cpu.push(process_cpu() - before);
        }
    }
    Ok(Sample::times(&cpu))
}
