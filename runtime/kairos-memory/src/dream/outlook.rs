//! Whether a dream is worth its while: what is new since the last one, and what the user made of those before.

use super::evidence::CLAIM;
use crate::memory::{Memory, Result};
use crate::transcript::Position;
use kairos_core::Millis;
use kairos_core::dream::{Dream, State};

impl Memory {
    /// How much was observed since the last dream, counted up to `most`.
    ///
    /// # Errors
    /// Where the transcripts can't be read.
    pub fn count_new(&self, most: usize) -> Result<usize> {
        let last = self.dreams()?.into_iter().next().map(|d| d.position).unwrap_or_default();
        let mut position: Position = last.parse()?;
        let mut count = 0;
        while count < most {
            let page = self.transcripts().since(&position, most - count)?;
            if page.observations.is_empty() {
                break;
            }
            // What a dream itself took along from projects is not new.
            count += page.observations.iter().filter(|o| o.kind != CLAIM).count();
            position = page.position;
        }
        Ok(count)
    }
}

/// How many of the newest dreams (newest first, those up to `since` left out) the user undid or rejected as a whole, up to the first of
/// which he kept something. One that changed nothing, or still waits, tells nothing.
pub fn unwanted(dreams: &[Dream], since: Millis) -> usize {
    let decided = dreams.iter().filter(|d| d.time > since && !matches!(d.state, State::Nothing | State::Waiting));
    decided.take_while(|d| matches!(d.state, State::Rejected | State::Reverted)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::tests::memory;
    use kairos_core::memory::Origin;

    #[test]
    fn what_is_new_is_counted_up_to_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        let memory = memory(dir.path());
        assert_eq!(memory.count_new(5).unwrap(), 0);
        for n in 0..7 {
            let new = crate::transcript::New {
                time: 1_750_000_000_000 + n,
                source: "test".into(),
                session: "s".into(),
                origin: Origin::Tool,
                kind: "command".into(),
                attributes: vec![],
                text: format!("$ make {n}"),
            };
            memory.transcripts().append(vec![new]).unwrap();
        }
        assert_eq!((memory.count_new(5).unwrap(), memory.count_new(100).unwrap()), (5, 7));
        let night = memory.begin_dream(Default::default(), super::super::Policy::default(), 1_750_000_001_000).unwrap();
        memory.end_dream(night, false).unwrap();
        assert_eq!(memory.count_new(5).unwrap(), 0);
    }

    #[test]
    fn what_the_user_kept_ends_the_count() {
        let dream = |time: Millis, state| Dream {
            id: time.to_string(),
            time,
            strategies: vec![],
            skipped: vec![],
            state,
            steps: vec![],
            position: "".into(),
            apart: Default::default(),
        };
        use State::{Applied, Nothing, Rejected, Reverted, Waiting};
        let dreams: Vec<Dream> = [Waiting, Reverted, Nothing, Rejected, Applied, Reverted]
            .iter()
            .zip([60, 50, 40, 30, 20, 10])
            .map(|(s, t)| dream(t, *s))
            .collect();
        assert_eq!(unwanted(&dreams, 0), 2);
        assert_eq!(unwanted(&dreams, 30), 1);
        assert_eq!(unwanted(&dreams[4..], 0), 0);
        assert_eq!(unwanted(&[], 0), 0);
    }
}
