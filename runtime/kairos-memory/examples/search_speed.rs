//! How fast a search in many observations is, and what the index costs:
//! `cargo run --release -p kairos-memory --example search_speed -- [OBSERVATIONS] [--keep DIR] [--depth N] [--table FILE]`, one million unless told.
//!
//! The observations are made: 8 to 32 words each, drawn by Zipf's law from 200,000 made words, 40 to a session. A query has five
//! words: one of the hundred most frequent, one of the next thousand, one of the next ten thousand, and two of any rank.

use anyhow::{Context, Result};
use kairos_core::memory::{Observation, Origin};
use kairos_memory::recall::Table;
use kairos_memory::recall::search::{DEPTH, Search, SearchIndex, Unit};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WORDS: u64 = 200_000;
const QUERIES: usize = 500;

fn main() -> Result<()> {
    let (mut count, mut keep, mut depth, mut table) = (1_000_000, None, DEPTH, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--keep" => keep = Some(PathBuf::from(args.next().context("--keep: its folder is missing")?)),
            "--depth" => depth = args.next().context("--depth: its number is missing")?.parse()?,
            "--table" => table = Some(Table::read(&std::fs::read(args.next().context("--table: its file is missing")?)?)?),
            number => count = number.parse().with_context(|| format!("{number}: not a number of observations"))?,
        }
    }
    let scratch = tempfile::tempdir()?;
    let dir = keep.unwrap_or_else(|| scratch.path().to_owned());
    let mut random = Random(7);
    let index = SearchIndex::open(&dir)?;
    if index.len()? == 0 {
        let start = Instant::now();
        for first in (0..count).step_by(50_000) {
            let batch: Vec<Observation> = (first..count.min(first + 50_000)).map(|n| observation(n, &mut random)).collect();
            index.add(&batch)?;
        }
        println!("adding      {:.0} observations/s", count as f64 / start.elapsed().as_secs_f64());
        let start = Instant::now();
        index.commit("all")?;
        println!("committing  {:.1} s", start.elapsed().as_secs_f64());
    }
    println!("index       {} documents, {} MiB", index.len()?, size(&dir)? >> 20);
    drop(index);

    let mut index = SearchIndex::open(&dir)?.with_depth(depth);
    if let Some(table) = table {
        index = index.with_table(Arc::new(table));
    }
    println!("resident    {} KiB with the index open and idle", resident());
    let mut random = Random(11);
    let queries: Vec<String> = (0..QUERIES).map(|_| query(&mut random)).collect();
    for unit in [Unit::Turn, Unit::Session] {
        let mut times = vec![];
        for text in &queries {
            let start = Instant::now();
            let hits = index.search(&Search { text: text.clone(), unit, ..Search::default() })?;
            times.push(start.elapsed());
            anyhow::ensure!(!hits.is_empty(), "{text}: nothing found");
        }
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("{unit:?}: p50 {}, p90 {}, p99 {}", ms(at(0.5)), ms(at(0.9)), ms(at(0.99)));
    }
    println!("resident    {} KiB after {} searches, mapped files included", resident(), 2 * QUERIES);
    Ok(())
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn observation(number: u64, random: &mut Random) -> Observation {
    let words: Vec<String> = (0..8 + random.below(25)).map(|_| word(random.zipf())).collect();
    Observation {
        id: format!("{number:012x}"),
        time: 1_700_000_000_000 + number * 20_000,
        source: "made".into(),
        session: format!("session-{}", number / 40),
        origin: if number.is_multiple_of(2) { Origin::User } else { Origin::Model },
        kind: "message".into(),
        attributes: vec![],
        hash: String::new(),
        text: words.join(" "),
    }
}

fn query(random: &mut Random) -> String {
    let ranks = [random.below(100), 100 + random.below(1000), 1100 + random.below(10_000), random.zipf(), random.below(WORDS)];
    ranks.map(word).join(" ")
}

/// The word of a rank: syllables, so that it is neither a stop word nor stemmed away; a frequent one is short.
fn word(rank: u64) -> String {
    let mut rest = rank + 60;
    let mut out = String::new();
    while rest > 0 {
        out.push(char::from(b"bdfgklmnprtvz"[(rest % 13) as usize]));
        out.push(char::from(b"aiou"[(rest / 13 % 4) as usize]));
        rest /= 52;
    }
    out
}

fn size(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        total += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(total)
}

/// Resident memory in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// `SplitMix64` (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A rank with a probability of one over itself.
    fn zipf(&mut self) -> u64 {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((WORDS as f64).powf(share) as u64).min(WORDS - 1)
    }
}
