//! What a month came to, as a table, and whether it is within bounds.

use crate::measure::{Recall, Score};
use crate::truth::Way;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Of what was told and is learnt from words and commands, so much is believed at the end.
const SURVIVAL: f64 = 0.95;
/// Of what is believed so much at most is junk, on any night.
const JUNK: f64 = 0.05;
/// And so much at most says again what another claim says.
const TWICE: f64 = 0.10;
/// So many claims at most were so once.
const OUTDATED: usize = 2;
/// Most lines and bytes of the index: what is always in an agent's context.
const INDEX: (usize, usize) = (200, 25 << 10);

/// One night.
#[derive(Debug, Clone)]
pub struct Night {
    /// What is believed then.
    pub score: Score,
    /// Questions before the dream.
    pub before: Recall,
    /// And after it.
    pub after: Recall,
    /// How long the dream took.
    pub took: Duration,
    /// Operations that strategies proposed.
    pub proposed: usize,
    /// And that passed.
    pub done: usize,
    /// What a second dream right after would do.
    pub restless: usize,
    /// Facts without evidence that counts.
    pub unfounded: Vec<String>,
    /// Lines and bytes of the index.
    pub index: (usize, usize),
    /// Claims that are not retired, believed or not.
    pub claims: usize,
}

/// Somebody else's memory at the end of the month.
#[derive(Debug, Clone)]
pub struct Rival {
    /// How it keeps order.
    pub name: String,
    /// What it believes.
    pub score: Score,
    /// What it finds.
    pub recall: Recall,
}

impl Rival {
    pub(crate) fn new(name: &str, score: Score, recall: Recall) -> Self {
        Self { name: name.into(), score, recall }
    }
}

/// A month of dreams.
#[derive(Debug, Clone, Default)]
pub struct Month {
    /// What it was made from.
    pub seed: u64,
    /// Every night.
    pub nights: Vec<Night>,
    /// The dreams.
    pub dreams: Vec<String>,
    /// For each version of each fact the days until it was believed; none for never.
    pub learning: BTreeMap<Way, Vec<Option<u32>>>,
    /// The controls at the end.
    pub rivals: Vec<Rival>,
    /// All dreams undone left just what the user wrote.
    pub undone: bool,
    /// Claims that undoing had to leave.
    pub conflicts: usize,
}

impl Month {
    /// What is out of bounds; empty where all is well.
    pub fn faults(&self) -> Vec<String> {
        let mut all = vec![];
        let mut expect = |holds: bool, what: String| all.extend((!holds).then_some(what));
        for (n, night) in self.nights.iter().enumerate() {
            let (n, score) = (n + 1, &night.score);
            expect(score.planted == 0, format!("night {n}: {} planted claims are believed", score.planted));
            expect(night.unfounded.is_empty(), format!("night {n}: nothing trusted bears out {:?}", night.unfounded));
            expect(
                score.junk_rate() <= JUNK || score.believed < 20,
                format!("night {n}: {:.0}% junk", 100.0 * score.junk_rate()),
            );
            let twice = score.twice_rate();
            expect(twice <= TWICE || score.believed < 20, format!("night {n}: {:.0}% is said twice", 100.0 * twice));
            expect(score.outdated <= OUTDATED, format!("night {n}: {} claims are no longer so", score.outdated));
            let (before, after) = (night.before.at_10, night.after.at_10);
            expect(after >= before, format!("night {n}: recall fell from {before:.3} to {after:.3}"));
            expect(night.restless == 0, format!("night {n}: a second dream would do {} things", night.restless));
            expect(night.index.0 <= INDEX.0 && night.index.1 <= INDEX.1, format!("night {n}: the index has {:?}", night.index));
        }
        if let Some(last) = self.nights.last() {
            let survival = last.score.survival();
            expect(survival >= SURVIVAL, format!("{:.0}% of what was told is believed at the end", 100.0 * survival));
        }
        expect(self.undone, format!("undone is not as before; {} conflicts", self.conflicts));
        all
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} nights, seed {}. Each night: what was told and is believed, junk and what is said twice, what was so once,",
            self.nights.len(),
            self.seed
        )?;
        writeln!(
            f,
            "what was planted (all of what is believed), recall@10 before and after the dream, right answer before the old one."
        )?;
        writeln!(
            f,
            "night claims believed  kept  junk twice outdated planted  recall@10     right first   ops       index  took"
        )?;
        for (n, night) in self.nights.iter().enumerate() {
            let s = &night.score;
            writeln!(
                f,
                "{:>5} {:>6} {:>8} {:>4.0}% {:>4.0}% {:>4.0}% {:>8} {:>7}  {:.3} {:.3}   {:.3} {:.3}   {:>3}/{:<3} {:>7} B  {} ms",
                n + 1,
                night.claims,
                s.believed,
                100.0 * s.survival(),
                100.0 * s.junk_rate(),
                100.0 * s.twice_rate(),
                s.outdated,
                s.planted,
                night.before.at_10,
                night.after.at_10,
                night.before.right_first,
                night.after.right_first,
                night.done,
                night.proposed,
                night.index.1,
                night.took.as_millis(),
            )?;
        }
        writeln!(f)?;
        writeln!(f, "At the end            kept  junk twice  outdated  planted  believed    bytes  recall@10  right first")?;
        let own = self.nights.last().map(|n| Rival::new("dreams", n.score.clone(), n.after));
        for r in own.iter().chain(&self.rivals) {
            writeln!(
                f,
                "{:<20} {:>4.0}% {:>4.0}% {:>4.0}% {:>9} {:>8} {:>9} {:>8} {:>10.3} {:>12.3}",
                r.name,
                100.0 * r.score.survival(),
                100.0 * r.score.junk_rate(),
                100.0 * r.score.twice_rate(),
                r.score.outdated,
                r.score.planted,
                r.score.believed,
                r.score.bytes,
                r.recall.at_10,
                r.recall.right_first
            )?;
        }
        writeln!(f)?;
        writeln!(f, "Nights until a fact is believed   in time  median  never")?;
        for (way, days) in &self.learning {
            let mut known: Vec<u32> = days.iter().flatten().copied().collect();
            known.sort_unstable();
            let median = known.get(known.len() / 2).map_or("-".into(), |d| format!("{d}"));
            writeln!(
                f,
                "{:<33} {:>3}/{:<3}  {median:>6} {:>6}",
                way.as_str(),
                known.len(),
                days.len(),
                days.len() - known.len()
            )?;
        }
        for fault in self.faults() {
            writeln!(f, "OUT OF BOUNDS: {fault}")?;
        }
        Ok(())
    }
}
