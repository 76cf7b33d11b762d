//! Dreams that go wrong hurt nobody but themselves. Which way `plugins/testing/hostile-dream` goes wrong stands in the first claim that
//! it reads.

use crate::support::{Bench, fault, limits, options};
use async_trait::async_trait;
use kairos_core::memory::{Anchor, Change, Claim, ClaimKind, NewClaim, Observation, Operation, Origin, Relation, Status};
use kairos_core::ports::{Candidate, ClaimView, PortResult, Snapshot, Support};
use kairos_core::{ErrorCode, Grant, Millis, PluginKind, PortError, Rights};
use kairos_host::{Access, CallError, FaultKind, Host, HostOptions, Limits, Outcome};
use std::sync::Arc;
use std::time::Duration;

/// Memory with one claim and so many observations.
pub(crate) struct Remembered {
    pub(crate) claim: String,
    pub(crate) observations: usize,
}

fn observation(n: usize) -> Observation {
    Observation {
        id: format!("o{n}"),
        time: n as u64,
        source: "exec".into(),
        session: "a".into(),
        origin: Origin::Tool,
        kind: "command".into(),
        attributes: vec![("exit-code".into(), "0".into())],
        hash: String::new(),
        text: format!("line {n}"),
    }
}

#[async_trait]
impl Snapshot for Remembered {
    fn time(&self) -> Millis {
        99
    }
    async fn claims(&self, after: Option<&str>, _max: u32) -> PortResult<Vec<ClaimView>> {
        let claim = Claim {
            id: "c1".into(),
            topic: "project".into(),
            kind: ClaimKind::Project,
            status: Status::Fact,
            text: self.claim.clone(),
            evidence: vec!["o0".into()],
            anchors: Vec::new(),
            recorded: 1,
            valid_from: None,
            valid_to: None,
            author: "user".into(),
            rivals: Vec::new(),
        };
        let view = ClaimView { claim, anchored: true, recalls: 0, last_recall: None };
        Ok(if after.is_none() { vec![view] } else { Vec::new() })
    }
    async fn observations(&self, after: Option<&str>, max: u32) -> PortResult<Vec<Observation>> {
        let from = after.map_or(0, |id| id[1..].parse::<usize>().unwrap() + 1);
        Ok((from..self.observations).take(max as usize).map(observation).collect())
    }
    async fn observation(&self, id: &str) -> PortResult<Observation> {
        let n = id[1..].parse().map_err(|_| PortError::new(ErrorCode::NotFound, "no such observation"))?;
        Ok(observation(n))
    }
    async fn similar(&self, _text: &str, _max: u32) -> PortResult<Vec<Candidate>> {
        Ok(vec![Candidate { id: "c1".into(), score: 0.5, relation: Relation::Includes }])
    }
    async fn support(&self, claim: &str, more: &[String]) -> PortResult<Support> {
        assert_eq!(claim, "c1");
        Ok(Support { stated: Some(7), days: 1, sessions: more.len(), latest: None, enough: true })
    }
    fn compare(&self, _first: &str, _second: &str) -> Relation {
        Relation::Contrary
    }
}

pub(crate) const STRATEGY: &[u8] = include_bytes!("../../../../plugins/prebuilt/hostile-dream.wasm");

pub(crate) fn access(bench: &Bench, rights: &Rights) -> Access {
    Access::new("hostile-dream", bench.project.clone(), bench.state.clone(), rights)
}

async fn dream_with(bench: &Bench, claim: &str, rights: &Rights) -> Outcome<Vec<Operation>> {
    let plugin = bench.host.load(STRATEGY).await.expect("loads");
    let snapshot = Arc::new(Remembered { claim: claim.into(), observations: 2500 });
    kairos_host::dream(&bench.host, &plugin, access(bench, rights), snapshot).await
}

async fn dream(bench: &Bench, claim: &str) -> Outcome<Vec<Operation>> {
    dream_with(bench, claim, &Rights { memory: vec!["read".into()], ..Rights::default() }).await
}

fn within(dream: Limits) -> Bench {
    let host = Host::new(HostOptions { dream, ..options(limits()) }).unwrap();
    Bench { host, ..Bench::new() }
}

#[tokio::test]
async fn a_strategy_says_what_it_is_and_proposes() {
    let bench = Bench::new();
    let plugin = bench.host.load(STRATEGY).await.unwrap();
    assert_eq!(plugin.kinds, [PluginKind::Dream]);
    let asked = bench.host.describe(&plugin).await.unwrap().asked();
    let granted = Grant::all_of(&asked);
    assert_eq!(granted.0, [("memory".to_string(), vec!["read".to_string()])]);
    let outcome = dream_with(&bench, "any", &Rights::effective(&asked, &granted)).await;
    let retire = Change::Retire { claim: "c1".into() };
    assert_eq!(outcome.result, Ok(vec![Operation { change: retire, reason: "on demand".into(), evidence: Vec::new() }]));
}

#[tokio::test]
async fn all_that_is_remembered_is_read_and_only_counted_in_the_journal() {
    let outcome = dream(&within(Limits::dream()), "read everything").await;
    let text = "1 claims, 2500 observations, the last said line 2499 at 2499 for Some(\"0\"); near: c1 Relation::Includes; \
                Relation::Contrary; borne out 2 times, said at Some(7); at 99";
    let claim = NewClaim {
        kind: ClaimKind::Project,
        topic: Some("topic".into()),
        text: text.into(),
        anchors: vec![Anchor { path: "src/a.rs".into(), blob: None, symbol: None, quote: None }],
        valid_from: Some(7),
    };
    let told = outcome.result.unwrap();
    assert_eq!(
        told,
        [Operation { change: Change::Add(claim), reason: "it was all there".into(), evidence: vec!["o2499".into()] }]
    );
    let [journalled] = &outcome.host_calls[..] else { panic!("{:?}", outcome.host_calls) };
    assert_eq!(journalled.function, "memory");
    let sum: serde_json::Value = serde_json::from_slice(journalled.answer.as_deref().unwrap()).unwrap();
    assert_eq!((&sum["claims"], &sum["observations"], &sum["compare"]), (&3.into(), &4.into(), &1.into()));
}

#[tokio::test]
async fn a_dream_without_the_right_does_not_begin() {
    let bench = Bench::new();
    let other = Rights { project: vec!["**".into()], memory: vec!["write".into()], ..Rights::default() };
    for rights in [Rights::default(), other] {
        let outcome = dream_with(&bench, "panic", &rights).await;
        let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
        assert_eq!(error.code, ErrorCode::Denied);
        assert!(error.message.contains("plugin grant"));
    }
}

#[tokio::test]
async fn a_revocation_holds_for_a_dream_in_flight() {
    // The right goes while the first page is on its way.
    struct Revoking(Remembered, Access);
    #[async_trait]
    impl Snapshot for Revoking {
        fn time(&self) -> Millis {
            0
        }
        async fn claims(&self, after: Option<&str>, max: u32) -> PortResult<Vec<ClaimView>> {
            self.1.set_rights(&Rights::default());
            self.0.claims(after, max).await
        }
        async fn observations(&self, _: Option<&str>, _: u32) -> PortResult<Vec<Observation>> {
            panic!("asked without the right")
        }
        async fn observation(&self, _: &str) -> PortResult<Observation> {
            panic!("asked without the right")
        }
        async fn similar(&self, _: &str, _: u32) -> PortResult<Vec<Candidate>> {
            panic!("asked without the right")
        }
        async fn support(&self, _: &str, _: &[String]) -> PortResult<Support> {
            panic!("asked without the right")
        }
        fn compare(&self, _: &str, _: &str) -> Relation {
            panic!("asked without the right")
        }
    }
    let bench = Bench::new();
    let access = access(&bench, &Rights { memory: vec!["read".into()], ..Rights::default() });
    let snapshot = Revoking(Remembered { claim: "read everything".into(), observations: 1 }, access.clone());
    let plugin = bench.host.load(STRATEGY).await.unwrap();
    let outcome = kairos_host::dream(&bench.host, &plugin, access, Arc::new(snapshot)).await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(error.code, ErrorCode::Denied);
}

#[tokio::test]
async fn every_misdeed_is_a_fault_of_that_dream_alone() {
    // Time enough to fill 256 MiB on a busy machine.
    let quick = Limits { call_cpu: Duration::from_secs(3), host_calls: 1000, ..Limits::dream() };
    let bench = within(quick);
    let cases = [
        ("never return", FaultKind::Timeout, "used more than 3000 ms of CPU time"),
        ("allocate", FaultKind::OutOfMemory, "needs more than 256 MiB of memory"),
        ("call for ever", FaultKind::BadOutput, "made more than 1000 calls to the host"),
        ("panic", FaultKind::Trap, "panicked or aborted"),
        ("a million operations", FaultKind::BadOutput, "handed over what can't be taken: "),
        ("giant text", FaultKind::BadOutput, "handed over what can't be taken: "),
        ("1,001 operations", FaultKind::BadOutput, "1001 operations, at most 1000 are allowed"),
        ("long text", FaultKind::BadOutput, "operation 0: the text of a claim has 2049 bytes, at most 2048 are allowed"),
        ("empty text", FaultKind::BadOutput, "operation 0: the text of a claim is empty"),
        ("no evidence", FaultKind::BadOutput, "operation 0: a new claim without evidence"),
        ("climbing topic", FaultKind::BadOutput, "operation 0: the topic `../../.bashrc` is no file name"),
        ("long id", FaultKind::BadOutput, "operation 0: an id has 1 to 64 printable characters"),
        ("one to merge", FaultKind::BadOutput, "operation 0: 1 claims in dispute, allowed are 2 to 256"),
    ];
    for (misdeed, kind, message) in cases {
        let outcome = dream(&bench, misdeed).await;
        let fault = fault(&outcome);
        assert_eq!(fault.kind, kind, "{misdeed}: {fault}");
        assert!(fault.message.starts_with(message), "{misdeed}: {fault}");
        assert_eq!(dream(&bench, "any").await.result.unwrap().len(), 1, "after {misdeed}");
    }
    bench.is_well().await;
}

#[tokio::test]
async fn what_the_guest_says_is_cleaned() {
    let bench = Bench::new();
    assert_eq!(dream(&bench, "terminal codes").await.result.unwrap()[0].reason, "a[2Jb c");
    let outcome = dream(&bench, "fail").await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(error.message, "no[2J dreams");
    let outcome = dream(&bench, "ask for nothing").await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!((error.code, &*error.message), (ErrorCode::Invalid, "`max` is 0, allowed are 1 to 1000"));
    let outcome = dream(&bench, "ask with too much").await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!((error.code, &*error.message), (ErrorCode::TooLarge, "257 ids, at most 256 are allowed"));
}

#[tokio::test]
async fn a_plugin_that_is_no_strategy_does_not_dream() {
    let bench = Bench::new();
    let plugin = bench.load("well-behaved").await;
    let snapshot = Arc::new(Remembered { claim: String::new(), observations: 0 });
    let access = access(&bench, &Rights { memory: vec!["read".into()], ..Rights::default() });
    let outcome = kairos_host::dream(&bench.host, &plugin, access, snapshot).await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(error.code, ErrorCode::NotFound);
}
