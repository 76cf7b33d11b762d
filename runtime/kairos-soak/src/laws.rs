//! The same days in three memories: as they came, in another order, and with each dream left for review and accepted. They have to
//! stay the same, byte for byte.

use crate::bed::{self, Dreamer};
use crate::dice::Dice;
use crate::story::{Story, night};
use anyhow::Result;
use kairos_core::dream::State;
use kairos_memory::dream::Fallen;
use kairos_memory::memory::Memory;
use std::collections::BTreeMap;
use std::path::Path;

/// What differs, in words; empty where the laws hold.
///
/// # Errors
/// Where memory can't be read or written, or a strategy fails.
pub async fn triplets(dreamer: &Dreamer, folder: &Path, nights: u32, seed: u64) -> Result<Vec<String>> {
    let mut story = Story::new(nights, seed);
    let memories = [bed::open(&folder.join("a"))?, bed::open(&folder.join("b"))?, bed::open(&folder.join("c"))?];
    let mut dice = Dice::new(seed);
    let mut broken = vec![];
    let mut echo = vec![];
    for day in 0..nights {
        let observed = story.day(day, &echo);
        for (n, memory) in memories.iter().enumerate() {
            for text in story.written(day) {
                memory.add(bed::states(&text), night(day) - 12 * 3600 * 1000)?;
            }
            let mut observed = observed.clone();
            if n == 1 {
                dice.shuffle(&mut observed);
            }
            memory.transcripts().append(observed)?;
            let plan = dreamer.plan(memory, Default::default(), night(day)).await?;
            let dream = memory.end_dream(plan, n == 2)?;
            if dream.state == State::Waiting {
                memory.accept(&dream.id, None, Fallen::default(), dreamer.policy, night(day))?;
            }
        }
        let [first, shuffled, reviewed] = [&memories[0], &memories[1], &memories[2]].map(files);
        let first = first?;
        if shuffled? != first {
            broken.push(format!("night {}: the order in which observations came matters", day + 1));
        }
        if reviewed? != first {
            broken.push(format!("night {}: an accepted review is not what would have been done", day + 1));
        }
        echo = memories[0].book()?.claims().filter(|c| c.is_current()).map(|c| c.text.clone()).collect();
    }
    Ok(broken)
}

/// What a person reads, and the ledger.
pub fn files(memory: &Memory) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = &memory.home().places.files;
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            all.insert(name, std::fs::read(entry.path())?);
        }
    }
    let ledger = folder.join(".kairos/claims.jsonl");
    all.extend(std::fs::read(&ledger).ok().map(|bytes| ("claims.jsonl".into(), bytes)));
    Ok(all)
}
