//! The real binary: how fast it starts, and what it costs while nothing happens.

use crate::plugins::{Result, component};
use crate::report::{Row, Sample, Target, Unit};
use crate::system::{Activity, rss_anon};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

pub const BINARY: &str = env!("CARGO_BIN_EXE_kairos-run");
const FILES: usize = 100;
const PLUGINS: usize = 10;
const WARM_RUNS: usize = 20;
const COLD_RUNS: usize = 2;
/// After the first tick, what was in flight is given time to end; the next tick is 27 s away at least.
const CALM: Duration = Duration::from_secs(5);
const WATCHED: Duration = Duration::from_secs(20);
const MORE: usize = 100;

pub fn start() -> Result<Vec<Row>> {
    let place = Place::new()?;
    let mut cold = Vec::new();
    for run in 0..COLD_RUNS {
        let home = place.folder.path().join(format!("cold-{run}"));
        cold.push(Running::start(&place, &home, &["--ticks", "1"])?.first_tick);
    }
    let home = place.folder.path().join("cold-0");
    let (mut warm, mut whole, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let mut plugins = 0;
    for _ in 0..WARM_RUNS {
        let begin = Instant::now();
        let mut running = Running::start(&place, &home, &["--ticks", "1"])?;
        running.child.wait()?;
        whole.push(begin.elapsed());
        warm.push(running.first_tick);
        plugins = running.plugins;
        let begin = Instant::now();
        git(&place.project(), &["status", "--short"])?;
        plain.push(begin.elapsed());
    }
    let plain = Sample::times(&plain);
    let row =
        |what: &str, times: &[Duration]| Row::new("start", what, Unit::Time, Sample::times(times)).against("git status", plain);
    Ok(vec![
        row("process start to end of first tick, warm", &warm)
            .target(Target::AtMost(100e6))
            .note(format!("{plugins} plugins, {FILES} files")),
        row("the same, cold: every plugin is compiled", &cold),
        row("process start to exit with --ticks 1, warm", &whole),
    ])
}

pub fn idle() -> Result<Vec<Row>> {
    let place = Place::new()?;
    let crowd = place.folder.path().join("more");
    place.copies(&crowd, MORE)?;
    let crowd = crowd.display().to_string();
    let (few, many) = (place.folder.path().join("few"), place.folder.path().join("many"));
    // Once to compile: what that leaves in memory is no part of an idle process.
    Running::start(&place, &few, &["--ticks", "1"])?;
    Running::start(&place, &many, &["--ticks", "1", "--plugins", &crowd])?;
    let few = Running::start(&place, &few, &["--every", "30s"])?;
    let many = Running::start(&place, &many, &["--every", "30s", "--plugins", &crowd])?;
    std::thread::sleep(CALM);
    let (begin, before) = (Instant::now(), Activity::of(few.child.id())?);
    std::thread::sleep(WATCHED);
    let (time, after) = (begin.elapsed(), Activity::of(few.child.id())?);
    let memory = |r: &Running| rss_anon(&r.child.id().to_string()).map(|b| b as f64);
    let (small, large) = (memory(&few)?, memory(&many)?);
    let more = many.plugins.saturating_sub(few.plugins);
    let cpu = (after.cpu.saturating_sub(before.cpu)).as_secs_f64() / time.as_secs_f64() * 100.0;
    let wakeups = after.wakeups.saturating_sub(before.wakeups) as f64;
    let note = format!("{} plugins, {FILES} files", few.plugins);
    let row = |what: &str, unit, value| Row::new("idle", what, unit, Sample::one(value));
    Ok(vec![
        row("memory (RssAnon)", Unit::Bytes, small).target(Target::AtMost(25.0 * 1048576.0)).note(note),
        row("CPU", Unit::Percent, cpu).target(Target::AtMost(0.1)),
        row("wake-ups between two ticks, 20 s", Unit::Count, wakeups).target(Target::AtMost(0.0)),
        row("memory of a further detector", Unit::Bytes, (large - small) / more.max(1) as f64).note(format!("from {more} more")),
    ])
}

/// A repository, and plugins that fill the standard set up to ten.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Result<Self> {
        let place = Self { folder: tempfile::tempdir()? };
        let project = place.project();
        for i in 0..FILES {
            let dir = project.join(format!("src/part_{}", i % 10));
            std::fs::create_dir_all(&dir)?;
            let text = format!("//! Module {i}.\n\npub fn answer() -> u32 {{\n    {i}\n}}\n").repeat(10);
            std::fs::write(dir.join(format!("module_{i}.rs")), text)?;
        }
        git(&project, &["init", "--quiet"])?;
        git(&project, &["add", "."])?;
        git(&project, &["-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "--quiet", "-m", "All files"])?;
        let plugins = place.folder.path().join("plugins");
        std::fs::create_dir(&plugins)?;
        let standard = Running::start(&place, &place.folder.path().join("count"), &["--ticks", "1"])?.plugins;
        place.copies(&plugins, PLUGINS.saturating_sub(standard))?;
        Ok(place)
    }

    fn project(&self) -> std::path::PathBuf {
        self.folder.path().join("project")
    }

    /// Copies of a detector that asks for nothing.
    fn copies(&self, dir: &Path, count: usize) -> Result<()> {
        let bytes = component("hello-detector")?;
        std::fs::create_dir_all(dir)?;
        let prefix = dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        (0..count).try_for_each(|i| Ok(std::fs::write(dir.join(format!("{prefix}-{i}.wasm")), &bytes)?))
    }
}

/// The binary after its first tick. Dropping it ends it.
pub struct Running {
    pub child: Child,
    /// From its start.
    first_tick: Duration,
    plugins: usize,
    /// Open as long as it runs: a closed one would end it.
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    pub fn start(place: &Place, home: &Path, arguments: &[&str]) -> Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(BINARY)
            .args(["--json", "--project"])
            .arg(place.project())
            .arg("--plugins")
            .arg(place.folder.path().join("plugins"))
            .args(arguments)
            .env("KAIROS_HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{BINARY}: {e}"))?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut plugins = 0;
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line)? == 0 {
                let status = child.wait()?;
                return Err(format!("kairos-run ended before its first tick ({status})").into());
            }
            let event: Value = serde_json::from_str(&line)?;
            match event["event"].as_str() {
                Some("started") => plugins = event["plugins"].as_u64().unwrap_or(0) as usize,
                Some("tick") => break,
                _ => {}
            }
        }
        Ok(Self { child, first_tick: begin.elapsed(), plugins, _stdout: stdout })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ends by itself is left to it: its data is still being written.
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs git as on a machine without settings.
fn git(dir: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .map_err(|e| format!("git: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("git: {}", String::from_utf8_lossy(&output.stderr)).into()) }
}
