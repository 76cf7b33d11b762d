use crate::Forget;
use kairos_plugin::memory::{Change, Claim, Kind, Observation, Origin, Status};
use kairos_plugin::prelude::*;
use kairos_plugin::testing::FakeMemory;

const DAY: u64 = 24 * 3600 * 1000;
const NOW: u64 = 20_000 * DAY;

fn claim(kind: Kind, status: Status, days: u64) -> Claim {
    Claim::new("a", kind, "something").with_status(status).by("consolidate").recorded_at(NOW - days * DAY)
}

/// Is it retired?
fn goes(claim: Claim) -> bool {
    let evidence = Observation::new("fresh", Origin::Tool, "command", "ok").seen(NOW - 5 * DAY, "s");
    let mut memory = FakeMemory::at(NOW).observed(evidence).claim(claim);
    let operations = Forget::dream(&memory).unwrap();
    memory.apply("forget", &operations);
    assert!(Forget::dream(&memory).unwrap().is_empty(), "it comes to rest");
    operations.iter().any(|o| o.change == Change::Retire("a".into()))
}

#[test]
fn each_kind_has_its_time() {
    use Kind::*;
    use Status::*;
    for (kind, status, last_day) in [(Project, Tentative, 59), (Reference, Tentative, 179), (Reference, Fact, 179)] {
        assert!(!goes(claim(kind, status, last_day)), "{kind:?} {status:?}");
        assert!(goes(claim(kind, status, last_day + 1)), "{kind:?} {status:?}");
    }
    for (kind, status) in
        [(Project, Fact), (Project, Disputed), (User, Tentative), (Feedback, Tentative), (User, Fact), (Feedback, Stale)]
    {
        assert!(!goes(claim(kind, status, 5000)), "{kind:?} {status:?}");
    }
}

#[test]
fn a_stale_claim_is_reckoned_from_when_it_became_stale() {
    let stale = |since: Option<u64>| Claim { valid_to: since.map(|d| NOW - d * DAY), ..claim(Kind::Project, Status::Stale, 400) };
    assert!(!goes(stale(Some(29))));
    assert!(goes(stale(Some(30))));
    assert!(!goes(stale(None)), "who knows since when?");
}

#[test]
fn what_is_used_or_borne_out_stays() {
    let old = claim(Kind::Project, Status::Tentative, 400);
    assert!(goes(old.clone()));
    assert!(!goes(old.clone().resting_on("fresh")));
    assert!(goes(old.clone().resting_on("forgotten")));
    assert!(!goes(Claim { last_recall: Some(NOW - 59 * DAY), ..old.clone() }));
    assert!(!goes(old.by("user")));
}
