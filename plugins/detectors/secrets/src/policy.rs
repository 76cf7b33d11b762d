//! How pressing a hit is, by how sure it is, where it stands and how near it is to being committed. Pure.

use crate::paths::Place;
use crate::scan::Sureness;

/// How far a secret has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In a file only.
    WorkTree,
    /// In the index: the next commit would record it.
    Index,
    /// In HEAD, having been reported before.
    Committed,
}

/// How pressing; the words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Listed only.
    Low,
    /// Worth a line at the next good moment.
    Normal,
    /// Worth a line now.
    High,
    /// Harm is about to happen.
    Critical,
}

/// `None`: not reported.
pub fn weigh(sureness: Sureness, place: Place, stage: Stage) -> Option<Weight> {
    let steps = [None, Some(Weight::Low), Some(Weight::Normal), Some(Weight::High), Some(Weight::Critical)];
    let base = match (place, sureness) {
        (Place::Skip, _) | (Place::Test | Place::Example, Sureness::Guess) | (Place::Test, Sureness::Weak) => return None,
        (Place::Ordinary, Sureness::Certain) => 3,
        (Place::Ordinary, Sureness::Weak | Sureness::Guess) | (Place::Example, Sureness::Certain) => 2,
        (Place::Example, Sureness::Weak) | (Place::Test, Sureness::Certain) => 1,
    };
    steps[base + usize::from(stage == Stage::Index)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staging_raises_and_tests_lower() {
        use {Place::*, Stage::*, Sureness::*};
        assert_eq!(weigh(Certain, Ordinary, WorkTree), Some(Weight::High));
        assert_eq!(weigh(Certain, Ordinary, Index), Some(Weight::Critical));
        assert_eq!(weigh(Certain, Ordinary, Committed), Some(Weight::High));
        assert_eq!(weigh(Weak, Ordinary, WorkTree), Some(Weight::Normal));
        assert_eq!(weigh(Guess, Ordinary, Index), Some(Weight::High));
        assert_eq!(weigh(Certain, Test, WorkTree), Some(Weight::Low));
        assert_eq!(weigh(Certain, Test, Index), Some(Weight::Normal));
        assert_eq!(weigh(Certain, Example, Index), Some(Weight::High));
        assert_eq!(weigh(Guess, Test, Index), None);
        assert_eq!(weigh(Guess, Example, Index), None);
        assert_eq!(weigh(Weak, Test, Index), None);
    }
}
