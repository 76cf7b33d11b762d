//! What is new to a strategy: each reads on where it stopped, whatever the others have read meanwhile. How far each has come stands in
//! the records of the dreams that it took part in.

use super::evidence::stated_by_user;
use crate::memory::{Memory, Result};
use crate::transcript::Position;
use kairos_core::dream::Dream;
use kairos_core::memory::Observation;
use kairos_core::recall::Owner;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most observations of one dream; what is more waits for the next.
const MAX_NEW: usize = 100_000;

/// See the module.
pub(super) struct Unread {
    reached: BTreeMap<String, String>,
    from: String,
    /// By time, whichever file or process they came from: the order of two imports must not matter.
    pub new: Vec<Arc<Observation>>,
    /// Where to read on.
    pub end: String,
}

impl Unread {
    /// To whoever took part in the newest of these dreams, which stand newest first.
    pub fn since(memory: &Memory, dreams: &[Dream]) -> Result<Self> {
        let mut reached = BTreeMap::new();
        for dream in dreams {
            for strategy in &dream.strategies {
                let position = dream.apart.get(strategy).unwrap_or(&dream.position);
                reached.entry(strategy.clone()).or_insert_with(|| position.clone());
            }
        }
        let from = dreams.first().map(|d| d.position.clone()).unwrap_or_default();
        let mut unread = Self { reached, from, new: vec![], end: String::new() };
        unread.read(memory)?;
        Ok(unread)
    }

    /// To this strategy. One that never took part begins at the start, as far as anything of it is kept.
    pub fn turn(&mut self, memory: &Memory, strategy: &str) -> Result<()> {
        let from = self.reached.get(strategy).cloned().unwrap_or_default();
        if from == self.from {
            return Ok(());
        }
        self.from = from;
        self.read(memory)
    }

    fn read(&mut self, memory: &Memory) -> Result<()> {
        let mut position: Position = self.from.parse()?;
        let mut new = vec![];
        while new.len() < MAX_NEW {
            let page = memory.transcripts().since(&position, MAX_NEW - new.len())?;
            position = page.position;
            if page.observations.is_empty() {
                break;
            }
            new.extend(page.observations);
        }
        // Of what was seen while the user worked nothing is true of all his projects.
        let wanted = |o: &Observation| memory.home().owner == Owner::Project || stated_by_user(o);
        new.retain(wanted);
        new.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        (self.new, self.end) = (new.into_iter().map(Arc::new).collect(), position.to_string());
        Ok(())
    }
}
