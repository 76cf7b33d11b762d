//! How much of what is believed is so, and how much of what is so is found.

use crate::truth::{Meaning, Truth, Way};
use kairos_core::memory::{Claim, Observation};
use kairos_memory::memory::Memory;
use kairos_memory::recall::search::{Hit, Search};
use std::collections::{BTreeMap, BTreeSet};

/// Claims beside the truth of a day.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Facts that were told by then, by how one learns of them; and how many a believed claim states as they are.
    pub ways: BTreeMap<Way, (usize, usize)>,
    /// Claims that are believed.
    pub believed: usize,
    /// Of these, what is worth nothing: noise, and what was planted.
    pub junk: usize,
    /// Of these, what says again what another says.
    pub twice: usize,
    /// Of these, what was so once.
    pub outdated: usize,
    /// Of these, what was planted.
    pub planted: usize,
    /// Bytes of their text.
    pub bytes: usize,
    /// What is stated as it is.
    pub stated: BTreeSet<(usize, usize)>,
}

impl Score {
    /// Of claims, on a day.
    pub fn of<'a>(truth: &Truth, day: u32, claims: impl IntoIterator<Item = &'a Claim>) -> Self {
        let mut score = Self::default();
        for claim in claims.into_iter().filter(|c| c.is_current()) {
            score.believed += 1;
            score.bytes += claim.text.len();
            match truth.judge(&claim.text) {
                Meaning::Fact(fact, version) if truth.facts[fact].at(day) == Some(version) => {
                    score.twice += usize::from(!score.stated.insert((fact, version)));
                }
                Meaning::Fact(..) => score.outdated += 1,
                Meaning::Planted => (score.planted, score.junk) = (score.planted + 1, score.junk + 1),
                Meaning::Noise => score.junk += 1,
            }
        }
        for (fact, f) in truth.facts.iter().enumerate() {
            let Some(version) = f.at(day) else { continue };
            let (told, kept) = score.ways.entry(f.way).or_default();
            *told += 1;
            *kept += usize::from(score.stated.contains(&(fact, version)));
        }
        score
    }

    /// Facts that were told and are stated, 0 to 1; files that change together aside: they need a busy day.
    pub fn survival(&self) -> f64 {
        let sum =
            |of: fn(&(usize, usize)) -> usize| self.ways.iter().filter(|(w, _)| **w != Way::Together).map(|(_, x)| of(x)).sum();
        share(sum(|x| x.1), sum(|x| x.0))
    }

    /// What is believed and is worth nothing, 0 to 1.
    pub fn junk_rate(&self) -> f64 {
        if self.believed == 0 { 0.0 } else { share(self.junk, self.believed) }
    }

    /// What is believed and said again in other words, 0 to 1.
    pub fn twice_rate(&self) -> f64 {
        if self.believed == 0 { 0.0 } else { share(self.twice, self.believed) }
    }
}

/// 0 of 0 is all.
pub fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

/// Questions about what is so, asked of an index.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recall {
    /// The answer is among the first ten, 0 to 1.
    pub at_10: f64,
    /// What speaks of the matter first says how it is now, and not how it was, 0 to 1.
    pub right_first: f64,
}

impl Recall {
    /// One question for each fact, or each so many-th, that was told by then.
    pub fn of(
        truth: &Truth,
        day: u32,
        every: usize,
        mut search: impl FnMut(&Search) -> anyhow::Result<Vec<Hit>>,
    ) -> anyhow::Result<Self> {
        let (mut asked, mut found, mut first) = (0, 0, 0);
        for (fact, f) in truth.facts.iter().enumerate().step_by(every.max(1)) {
            let Some(version) = f.at(day) else { continue };
            asked += 1;
            let hits = search(&Search { text: f.question.clone(), limit: 10, ..Search::default() })?;
            let meant = hits.iter().filter_map(|hit| match truth.judge(&hit.text) {
                Meaning::Fact(of, version) if of == fact => Some(version),
                _ => None,
            });
            let meant: Vec<usize> = meant.collect();
            found += usize::from(meant.contains(&version));
            first += usize::from(meant.first() == Some(&version));
        }
        Ok(Self { at_10: share(found, asked), right_first: share(first, asked) })
    }
}

/// Facts of a memory that nothing bears out but text which anyone could have written, or memory's own words.
///
/// # Errors
/// Where memory can't be read.
pub fn unfounded(memory: &Memory) -> anyhow::Result<Vec<String>> {
    let own = |o: &Observation| {
        o.source == "dream"
            || o.attribute("path").is_some()
            || o.attribute("command").is_some_and(|c| c.starts_with("kairos-run"))
    };
    let mut all = vec![];
    for claim in memory.book()?.claims().filter(|c| c.is_current()) {
        let evidence = memory.transcripts().get(&claim.evidence)?.found;
        if !evidence.iter().any(|o| o.origin.is_trusted() && !own(o)) {
            all.push(claim.text.clone());
        }
    }
    Ok(all)
}
