//! All claims whose files changed, checked in the tick in which they did.

use super::check::Checker;
use super::{Followed, Lost, Verdict};
use kairos_core::memory::{Anchor, Claim, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Searches through the project in a tick, and in a whole check.
const TICK_SEARCHES: usize = 8;
const WHOLE_SEARCHES: usize = 1000;
/// After it a tick looks for nothing that is gone: a tick has to end. Renames of hundreds of files at once are for the next one.
const TICK_TIME: Duration = Duration::from_millis(250);

/// What a claim's anchors came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was stale, and everything it points at is there again.
    Holds,
    /// All is still there, some of it at another path.
    Moved {
        /// What it points at now: all of its anchors.
        anchors: Vec<Anchor>,
    },
    /// Something it points at is gone.
    Stale {
        /// Each anchor that failed, and what of it is missing.
        lost: Vec<(Anchor, Lost)>,
    },
}

/// A claim whose state is another than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The claim's id.
    pub claim: String,
    /// What it is now.
    pub state: State,
}

/// What a look at claims came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Claims in another state, in the order of the list.
    pub changes: Vec<Change>,
    /// Ids of claims with an anchor that could not be checked now.
    pub left: Vec<String>,
}

/// Which claims point at which path.
#[derive(Debug, Default)]
pub struct Places {
    claims: BTreeMap<String, BTreeSet<usize>>,
}

impl Places {
    /// The index of these claims, by their place in the list.
    pub fn of(claims: &[Claim]) -> Self {
        let mut places = Self::default();
        for (number, claim) in claims.iter().enumerate() {
            for anchor in &claim.anchors {
                places.claims.entry(anchor.path.clone()).or_default().insert(number);
            }
        }
        places
    }

    /// The claims that point at one of these paths, at a folder that holds it, or at something below it.
    pub fn touched(&self, paths: &[String]) -> BTreeSet<usize> {
        let mut touched = BTreeSet::new();
        for path in paths {
            let path = path.trim_end_matches('/');
            for (at, _) in path.match_indices('/').chain([(path.len(), "")]) {
                touched.extend(self.claims.get(&path[..at]).into_iter().flatten());
            }
            let below = format!("{path}/");
            let below = self.claims.range(below.clone()..).take_while(|(place, _)| place.starts_with(&below));
            touched.extend(below.flat_map(|(_, claims)| claims));
        }
        touched
    }
}

/// Checks the claims that point at one of the changed paths, or all of them, and says which are in another state than their status
/// tells. What could not be checked stays as it is. In a tick at most 8 names that are gone are looked for elsewhere, and after
/// 250 ms none: the ids of claims that were left are in [`Checked::left`], to be checked again.
pub async fn check_all(claims: &[Claim], changed_paths: Option<&[String]>, project: &dyn Followed) -> Checked {
    let (numbers, searches) = match changed_paths {
        Some(paths) => (Places::of(claims).touched(paths), TICK_SEARCHES),
        None => ((0..claims.len()).collect(), WHOLE_SEARCHES),
    };
    let mut checker = Checker::new(project, searches);
    if changed_paths.is_some() {
        checker = checker.until(Instant::now() + TICK_TIME);
    }
    let mut checked = Checked::default();
    for claim in numbers.into_iter().filter_map(|number| claims.get(number)) {
        if claim.status == Status::Retired || claim.anchors.is_empty() {
            continue;
        }
        let (state, unsure) = state(claim, &mut checker).await;
        if unsure {
            checked.left.push(claim.id.clone());
        }
        checked.changes.extend(state.map(|state| Change { claim: claim.id.clone(), state }));
    }
    checked
}

/// The new state, if it is another, and whether an anchor could not be checked.
async fn state(claim: &Claim, checker: &mut Checker<'_>) -> (Option<State>, bool) {
    let (mut anchors, mut lost, mut unsure) = (Vec::new(), Vec::new(), false);
    for anchor in &claim.anchors {
        let mut now = anchor.clone();
        match checker.check(anchor).await {
            Verdict::Holds => {}
            Verdict::Moved(path) => now.path = path,
            Verdict::Gone { what } => lost.push((anchor.clone(), what)),
            Verdict::Unknown(_) => unsure = true,
        }
        anchors.push(now);
    }
    let was_stale = claim.status == Status::Stale;
    let state = match () {
        () if !lost.is_empty() => (!was_stale).then_some(State::Stale { lost }),
        () if anchors != claim.anchors && (!was_stale || !unsure) => Some(State::Moved { anchors }),
        () => (was_stale && !unsure).then_some(State::Holds),
    };
    (state, unsure)
}
