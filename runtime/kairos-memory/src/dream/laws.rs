//! What holds for any memory and whatever is proposed.

use super::tests::{DAY, NOW, markdown, observe};
use super::*;
use crate::memory::Memory;
use crate::memory::tests::{memory, says};
use kairos_core::memory::{Change, ClaimKind, NewClaim, Operation, Origin};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

/// What is said in these memories: of few things, so that much of it is the same or contrary.
fn sentence() -> impl Strategy<Value = String> {
    let subject = prop::sample::select(vec!["The server", "The parser", "The cache", "CI"]);
    let verb = prop::sample::select(vec!["uses", "does not use", "always uses", "never uses"]);
    let object = prop::sample::select(vec!["port 80", "port 81", "Postgres", "MySQL", "tabs", "`make t`"]);
    (subject, verb, object).prop_map(|(s, v, o)| format!("{s} {v} {o}."))
}

/// An observation: who says it, in which session, on which day, and what.
type Said = (Origin, u8, u8, String);

fn said() -> impl Strategy<Value = Said> {
    let origin = prop::sample::select(vec![Origin::User, Origin::Tool, Origin::Web, Origin::Model]);
    (origin, 0..3u8, 0..3u8, sentence())
}

/// What is proposed, claims and evidence by number.
#[derive(Debug, Clone)]
enum Wish {
    Add(usize),
    Merge(usize, usize),
    Supersede(usize, usize),
    Dispute(usize, usize),
    Promote(usize),
    Reword(usize, usize),
    Retire(usize),
    Refile(usize),
}

fn wish() -> impl Strategy<Value = Wish> {
    let n = || 0..64usize;
    prop_oneof![
        4 => n().prop_map(Wish::Add),
        1 => (n(), n()).prop_map(|(a, b)| Wish::Merge(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Wish::Supersede(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Wish::Dispute(a, b)),
        3 => n().prop_map(Wish::Promote),
        1 => (n(), n()).prop_map(|(a, b)| Wish::Reword(a, b)),
        1 => n().prop_map(Wish::Retire),
        1 => n().prop_map(Wish::Refile),
    ]
}

/// The wish in terms of what is there.
fn operation(wish: &Wish, claims: &[(String, String)], evidence: &[(String, String)]) -> Option<Operation> {
    let id = |n: usize| claims.get(n % claims.len().max(1)).map(|(id, _)| id.clone());
    let word = |n: usize| claims.get(n % claims.len().max(1)).map(|(_, text)| text.clone());
    let mut cited = vec![];
    let change = match *wish {
        Wish::Add(n) => {
            let (observation, text) = evidence.get(n % evidence.len().max(1))?;
            cited.push(observation.clone());
            let new = NewClaim { kind: ClaimKind::Project, topic: None, text: text.clone(), anchors: vec![], valid_from: None };
            Change::Add(new)
        }
        Wish::Merge(a, b) => Change::Merge { claims: vec![id(a)?, id(b)?], text: word(a)? },
        Wish::Supersede(a, b) => Change::Supersede { claim: id(a)?, by: id(b)? },
        Wish::Dispute(a, b) => Change::Dispute { claims: vec![id(a)?, id(b)?] },
        Wish::Promote(n) => Change::Promote { claim: id(n)? },
        Wish::Reword(a, b) => Change::Reword { claim: id(a)?, text: word(b)? },
        Wish::Retire(n) => Change::Retire { claim: id(n)? },
        Wish::Refile(n) => {
            Change::Refile { claim: id(n)?, kind: ClaimKind::Reference, topic: Some(["notes", "places"][n % 2].into()) }
        }
    };
    Some(Operation { change, reason: "on a wish".into(), evidence: cited })
}

/// A memory with what was said and written, the observations put in as they come.
fn filled(folder: &Path, said: &[Said], written: &[String]) -> Memory {
    let memory = memory(folder);
    for (n, text) in written.iter().enumerate() {
        memory.add(says(text), NOW + n as u64).unwrap();
    }
    for (origin, session, day, text) in said {
        observe(&memory, *origin, "message", &format!("s{session}"), NOW + DAY * u64::from(*day), text);
    }
    memory
}

fn claims(memory: &Memory) -> Vec<kairos_core::memory::Claim> {
    memory.book().unwrap().claims().cloned().collect()
}

/// One dream of all wishes, over what is there when each is made.
fn dream(memory: &Memory, wishes: &[Wish], now: u64, review: bool) -> Dream {
    let mut night = memory.begin_dream(BTreeSet::new(), Policy::default(), now).unwrap();
    let evidence: Vec<(String, String)> = night.unread.new.iter().map(|o| (o.id.clone(), o.text.clone())).collect();
    for wish in wishes {
        let claims: Vec<(String, String)> = night.draft.live().map(|c| (c.id.clone(), c.text.clone())).collect();
        night.propose("wisher", operation(wish, &claims, &evidence).into_iter().collect(), &BTreeSet::new());
    }
    memory.end_dream(night, review).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dreams_are_undone_byte_for_byte_and_step_by_step_in_any_order(
        said in prop::collection::vec(said(), 1..8),
        written in prop::collection::vec(sentence(), 1..4),
        nights in prop::collection::vec(prop::collection::vec(wish(), 1..12), 1..3),
        order in prop::collection::vec(any::<prop::sample::Index>(), 24),
        whole in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let memory = filled(dir.path(), &said, &written);
        let mut before = vec![];
        for (n, wishes) in nights.iter().enumerate() {
            let state = (markdown(dir.path()), claims(&memory));
            before.push((state, dream(&memory, wishes, NOW + DAY * (4 + n as u64), false).id));
        }
        for (state, id) in before.iter().rev() {
            let steps = |memory: &Memory| -> Vec<usize> {
                let steps = memory.dream(id).unwrap().steps;
                steps.iter().filter(|s| s.state == State::Applied).map(|s| s.number).collect()
            };
            let mut rounds = 0;
            while !steps(&memory).is_empty() {
                let left = steps(&memory);
                // In any order: what a later step built upon has to wait for it, and then goes.
                let one = [order[rounds % order.len()].get(&left)];
                let chosen = (!whole).then_some(one.map(|n| *n));
                memory.revert(id, chosen.as_ref().map(|n| n.as_slice()), false, NOW + 30 * DAY + rounds as u64).unwrap();
                rounds += 1;
                prop_assert!(rounds < 200, "{:?} can't be undone", steps(&memory));
            }
            // Out of order a file may keep its head; what is claimed is the same, byte for byte where it was the whole dream.
            prop_assert_eq!(&claims(&memory), &state.1);
            prop_assert!(!whole || markdown(dir.path()) == state.0);
        }
    }

    #[test]
    fn what_is_accepted_is_what_would_have_been_done(
        said in prop::collection::vec(said(), 1..8),
        written in prop::collection::vec(sentence(), 0..4),
        wishes in prop::collection::vec(wish(), 1..16),
    ) {
        let [done, waited] = [false, true].map(|review| {
            let dir = tempfile::tempdir().unwrap();
            let memory = filled(dir.path(), &said, &written);
            let dream = dream(&memory, &wishes, NOW + 4 * DAY, review);
            if dream.state == State::Waiting {
                memory.accept(&dream.id, None, Fallen::default(), Policy::default(), NOW + 4 * DAY).unwrap();
            }
            (relative(dir.path()), memory.dream(&dream.id).unwrap())
        });
        prop_assert_eq!(done, waited);
    }

    #[test]
    fn the_order_of_putting_in_does_not_matter(
        said in prop::collection::vec(said(), 1..8).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        wishes in prop::collection::vec(wish(), 1..16),
    ) {
        let [one, other] = [said.0, said.1].map(|said| {
            let dir = tempfile::tempdir().unwrap();
            let memory = filled(dir.path(), &said, &[]);
            dream(&memory, &wishes, NOW + 4 * DAY, false);
            relative(dir.path())
        });
        prop_assert_eq!(one, other);
    }
}

/// The files that a person reads, and the ledger, wherever the folder lies.
fn relative(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |path: &Path| path.strip_prefix(folder).unwrap().display().to_string();
    markdown(folder).into_iter().map(|(path, bytes)| (name(&path), bytes)).collect()
}
