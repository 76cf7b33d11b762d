//! A month of dreams over a made-up project, measured: is what is remembered still true?
//!
//! [`truth`] says what is so on which day, [`story`] what is observed of it (repetition in other words, changes of mind, noise, text
//! that anyone could have written, memory's own words), [`bed`] dreams over it with real strategies in their sandbox and a real
//! memory on disk, [`measure`] compares what is believed with the truth, and [`control`] does the same without the care. The same
//! seed gives the same month.

pub mod bed;
pub mod control;
pub mod dice;
pub mod heavy;
pub mod laws;
pub mod measure;
mod report;
pub mod story;
pub mod truth;

pub use report::{Month, Night, Rival};

use anyhow::Result;
use bed::Dreamer;
use control::Heap;
use kairos_core::memory::Claim;
use kairos_memory::memory::Memory;
use kairos_memory::recall::Table;
use kairos_memory::recall::search::SearchIndex;
use measure::{Recall, Score, unfounded};
use std::collections::BTreeMap;
use std::path::Path;
use story::{Story, night};

/// Dreams through so many nights, with memories below `folder`, which is empty at first. A question is asked for each `every`-th fact.
///
/// # Errors
/// Where memory can't be read or written, or a strategy fails.
pub async fn soak(dreamer: &Dreamer, folder: &Path, nights: u32, seed: u64, every: usize) -> Result<Month> {
    let mut story = Story::new(nights, seed);
    let memory = bed::open(&folder.join("dreaming"))?;
    let awake = bed::open(&folder.join("awake"))?;
    let mut heaps = [("append-only", Heap::append_only()), ("similarity-only", Heap::similarity_only())];
    let mut month = Month { seed, ..Month::default() };
    let (mut echo, mut observed): (Vec<String>, Vec<_>) = (vec![], vec![]);
    let mut learnt = BTreeMap::new();
    for day in 0..nights {
        for text in story.written(day) {
            for memory in [&memory, &awake] {
                memory.add(bed::states(&text), night(day) - 12 * 3600 * 1000)?;
            }
        }
        let new = story.day(day, &echo);
        awake.transcripts().append(new.clone())?;
        let stored = memory.transcripts().append(new)?.stored;
        heaps.iter_mut().for_each(|(_, heap)| heap.see(&stored));
        observed.extend(stored);

        let before = recall(&story, day, every, &memory)?;
        let began = std::time::Instant::now();
        let dream = dreamer.dream(&memory, night(day)).await?;
        let took = began.elapsed();
        let after = recall(&story, day, every, &memory)?;
        let again = dreamer.plan(&memory, Default::default(), night(day) + 60_000).await?;
        let book = memory.book()?;
        let score = Score::of(&story.truth, day, book.claims());
        for known in &score.stated {
            learnt.entry(*known).or_insert(day);
        }
        month.nights.push(Night {
            score,
            before,
            after,
            took,
            proposed: dream.steps.len(),
            done: dream.passed().count(),
            restless: again.plan().passed().count(),
            unfounded: unfounded(&memory)?,
            index: index_size(&memory),
            claims: book.claims().filter(|c| c.status != kairos_core::memory::Status::Retired).count(),
        });
        echo = book.claims().filter(|c| c.is_current()).map(|c| c.text.clone()).collect();
        month.dreams.push(dream.id);
    }
    let last = nights.saturating_sub(1);
    for (fact, f) in story.truth.facts.iter().enumerate() {
        for (version, v) in f.versions.iter().enumerate().filter(|(_, v)| v.from < nights) {
            month.learning.entry(f.way).or_default().push(learnt.get(&(fact, version)).map(|day| day - v.from));
        }
    }
    let of_awake: Vec<Claim> = awake.book()?.claims().cloned().collect();
    month.rivals.push(Rival::new("no dream", Score::of(&story.truth, last, &of_awake), recall(&story, last, every, &awake)?));
    for (at, (name, heap)) in heaps.iter().enumerate() {
        let claims = heap.claims();
        let mut index = SearchIndex::open(&folder.join(format!("heap{at}")))?;
        if let Some(table) = Table::embedded() {
            index = index.with_table(table);
        }
        index.add(&observed)?;
        index.put_claims(&claims)?;
        index.commit("")?;
        let recall = Recall::of(&story.truth, last, every, |search| Ok(index.search(search)?))?;
        month.rivals.push(Rival::new(name, Score::of(&story.truth, last, &claims), recall));
    }
    // All of it undone, the last night first: what is left is what the user wrote.
    for (n, id) in month.dreams.iter().rev().enumerate() {
        if memory.dream(id)?.state == kairos_core::dream::State::Applied {
            month.conflicts += memory.revert(id, None, false, night(last) + 120_000 + n as u64)?.conflicts.len();
        }
    }
    month.undone = claims_of(&memory)? == claims_of(&awake)?;
    Ok(month)
}

fn recall(story: &Story, day: u32, every: usize, memory: &Memory) -> Result<Recall> {
    Recall::of(&story.truth, day, every, |search| Ok(memory.search(search, night(day))?))
}

/// Lines and bytes of the index.
fn index_size(memory: &Memory) -> (usize, usize) {
    let text = std::fs::read_to_string(memory.home().places.files.join("MEMORY.md")).unwrap_or_default();
    (text.lines().count(), text.len())
}

fn claims_of(memory: &Memory) -> Result<Vec<Claim>> {
    Ok(memory.book()?.claims().cloned().collect())
}
