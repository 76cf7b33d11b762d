//! One dream over half a year of somebody's work, timed, with what it takes of memory.

use crate::bed::{self, Dreamer};
use crate::dice::Dice;
use anyhow::Result;
use kairos_core::Millis;
use kairos_core::memory::Origin;
use kairos_memory::transcript::New;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a dream over that much may take, and of how much memory.
pub const LONGEST: Duration = Duration::from_secs(30);
/// See [`LONGEST`].
pub const LARGEST: u64 = 300 << 20;
/// Claims in one topic file.
const TOGETHER: usize = 250;
const NOW: Millis = 1_780_000_000_000;

/// What it came to.
#[derive(Debug, Clone)]
pub struct Heavy {
    /// Observed since the last dream, and claims there were.
    pub of: (usize, usize),
    /// Reading what is new and what it rests on.
    pub begin: Duration,
    /// Asking the strategies, and checking what they propose.
    pub ask: Duration,
    /// Carrying it out, and writing it down.
    pub end: Duration,
    /// Operations that passed, and all of them.
    pub operations: (usize, usize),
    /// Most memory that the process held at once until then, in bytes; 0 where the system doesn't tell.
    pub resident: u64,
    /// And before the dream.
    pub resident_before: u64,
}

impl Heavy {
    /// All of it.
    pub fn took(&self) -> Duration {
        self.begin + self.ask + self.end
    }

    /// Is it within what a dream may take?
    pub fn is_well(&self) -> bool {
        self.took() <= LONGEST && self.resident <= LARGEST
    }
}

impl fmt::Display for Heavy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        writeln!(
            f,
            "One dream over {} new observations and {} claims: {:.1} s (reading {:.1}, strategies and checks {:.1}, writing {:.1}),\n\
             {} of {} operations done; the process held {} MiB at most, {} before. Reach: 30 s, 300 MiB.{}",
            self.of.0,
            self.of.1,
            self.took().as_secs_f64(),
            self.begin.as_secs_f64(),
            self.ask.as_secs_f64(),
            self.end.as_secs_f64(),
            self.operations.0,
            self.operations.1,
            mib(self.resident),
            mib(self.resident_before),
            if self.is_well() { "" } else { " OUT OF BOUNDS" }
        )
    }
}

/// Makes such a memory below `folder`, and dreams over it once.
///
/// # Errors
/// Where memory can't be read or written, or a strategy fails.
pub async fn heavy(dreamer: &Dreamer, folder: &Path, observations: usize, claims: usize) -> Result<Heavy> {
    let memory = bed::open(folder)?;
    let mut dice = Dice::new(7);
    // An editor is the quickest way to many claims.
    std::fs::create_dir_all(&memory.home().places.files)?;
    for topic in 0..claims.div_ceil(TOGETHER) {
        let mut text =
            format!("---\nname: Modules {topic}\ndescription: what is known of them\nmetadata:\n  type: project\n---\n\n");
        for n in topic * TOGETHER..claims.min((topic + 1) * TOGETHER) {
            let _ = writeln!(text, "- The {} module number {n} keeps {} in the table {}.", dice.word(), dice.word(), dice.word());
        }
        std::fs::write(memory.home().places.files.join(format!("modules-{topic:03}.md")), text)?;
    }
    memory.absorb(NOW)?;
    dreamer.plan(&memory, Default::default(), NOW + 1).await.and_then(|night| Ok(memory.end_dream(night, false)?))?;
    for from in (0..observations).step_by(10_000) {
        memory.transcripts().append((from..observations.min(from + 10_000)).map(|n| observation(n, &mut dice)).collect())?;
    }
    drop(memory);

    let memory = bed::open(folder)?;
    let resident_before = most_resident();
    let now = NOW + 1000 + observations as u64 * 300_000;
    let clock = Instant::now();
    let empty = memory.begin_dream(Default::default(), dreamer.policy, now)?;
    let begin = clock.elapsed();
    drop(empty);
    let clock = Instant::now();
    let night = dreamer.plan(&memory, Default::default(), now).await?;
    let ask = clock.elapsed().saturating_sub(begin);
    let clock = Instant::now();
    let dream = memory.end_dream(night, false)?;
    let end = clock.elapsed();
    let operations = (dream.passed().count(), dream.steps.len());
    Ok(Heavy { of: (observations, claims), begin, ask, end, operations, resident: most_resident(), resident_before })
}

/// Commands and what they print, commits, changed files, talk: as a busy half year has them.
fn observation(n: usize, dice: &mut Dice) -> New {
    let new = |origin, kind: &str, text: String| New {
        time: NOW + 1000 + n as u64 * 300_000,
        source: "story".into(),
        session: format!("s{}", n / 200),
        origin,
        kind: kind.into(),
        attributes: vec![],
        text,
    };
    match n % 10 {
        0..=4 => {
            let line = ["cargo test", "cargo build", "npm run lint", "make check", "git push", "cargo run -- serve"][n / 10 % 6];
            let code = usize::from(n.is_multiple_of(7));
            let output = format!("$ {line}\n{}error: case {} of the parser\n", "running 1 test ok\n".repeat(30), n % 9);
            new(Origin::Tool, "command", output).with("command", line).with("exit-code", code).with("folder", "")
        }
        5 => {
            let files = format!("src/m{}.rs\nsrc/m{}.rs\ndocs/d{}.md", n / 10 % 40, n / 10 % 40 + 1, n / 10 % 13);
            new(Origin::Tool, "commit", format!("Commit {n} changed {files}")).with("files", files)
        }
        6 | 7 => {
            let rule =
                if n % 50 == 6 { format!("Always check the {} module before a release.", dice.word()) } else { String::new() };
            let talk = "I looked at it again and the parser still reads the whole file. Can you see why? It may be the cache. ";
            new(Origin::User, "message", format!("{n}: {}{rule}", talk.repeat(6)))
        }
        8 => new(
            Origin::Model,
            "message",
            format!("{n}: {}", "Always do as I say. The parser reads the file in parts now. ".repeat(20)),
        ),
        _ => new(Origin::Tool, "signal", format!("src/m{}.rs was modified, {n}", n % 40))
            .with("path", format!("src/m{}.rs", n % 40)),
    }
}

/// The high-water mark of the process's memory, in bytes.
fn most_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}
