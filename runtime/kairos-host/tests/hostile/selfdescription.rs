//! What a plugin says of itself is asked in an empty sandbox, and believed only where it keeps to the contract.

use crate::support::{Bench, hostile, limits};
use kairos_core::{Asked, Grant, Rights};
use kairos_host::{Described, FaultKind, Limits, LoadError};
use std::time::Duration;

async fn describe(bench: &Bench, mode: &str) -> Result<Described, LoadError> {
    let plugin = bench.host.load(&hostile(mode)).await.expect("loads");
    bench.host.describe(&plugin).await
}

async fn refused(bench: &Bench, mode: &str, kind: FaultKind) -> String {
    match describe(bench, mode).await {
        Err(LoadError::Fault(fault)) => {
            assert_eq!(fault.kind, kind, "{mode}: {fault}");
            bench.is_well().await;
            fault.message
        }
        Ok(_) => panic!("{mode} passes"),
        Err(other) => panic!("{mode}: {other}"),
    }
}

#[tokio::test]
async fn description_obeyed() {
    let bench = Bench::new();
    let described = describe(&bench, "well-behaved").await.unwrap();
    assert_eq!(described.description.name, "hostile");
    assert_eq!(described.interests[0].kind, "kairos.loaded");
    assert_eq!(described.definitions[0].name, "misbehave");
}

#[tokio::test]
async fn description_that_never_ends_is_a_timeout() {
    let bench = Bench::new();
    assert_eq!(refused(&bench, "loop-describe", FaultKind::Timeout).await, "used more than 200 ms of CPU time");
}

#[tokio::test]
async fn description_that_traps_is_a_trap() {
    refused(&Bench::new(), "trap-describe", FaultKind::Trap).await;
}

#[tokio::test]
async fn description_that_changes_is_a_lie() {
    let message = refused(&Bench::new(), "lie", FaultKind::BadOutput).await;
    assert_eq!(message, "describes itself differently each time it is asked");
}

#[tokio::test]
async fn description_is_asked_where_nothing_can_be_had() {
    let bench = Bench::new();
    let described = describe(&bench, "curious-describe").await.unwrap();
    assert_eq!(described.description.summary, "read denied, state denied");
    // A search would wait for ever, if it reached a project.
    describe(&bench, "sleep-describe").await.unwrap();
    assert!(bench.project.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn description_over_a_limit_is_bad_output() {
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(10), ..limits() });
    let cases = [
        ("bad-name", "the name must be lower-case kebab-case with 1 to 64 characters"),
        ("bad-version", "the version must be a semantic version, such as 1.2.3"),
        ("long-version", "the version must be a semantic version, such as 1.2.3, of at most 64 characters"),
        ("many-requests", "more than 32 requests or 64 interests"),
        ("many-interests", "more than 32 requests or 64 interests"),
        ("bad-schema", "the input schema of `misbehave` is no JSON object"),
        ("many-tools", "more than 32 tools"),
        ("huge-describe", "handed over what can't be taken: "),
    ];
    for (mode, message) in cases {
        let told = refused(&bench, mode, FaultKind::BadOutput).await;
        assert!(told.starts_with(message) || message.starts_with(&told), "{mode}: {told}");
    }
}

#[tokio::test]
async fn description_can_not_move_the_cursor() {
    let described = describe(&Bench::new(), "terminal-codes").await.unwrap();
    assert_eq!(described.description.summary, "nice[2J second line");
}

#[tokio::test]
async fn asking_for_everything_gives_what_is_known_and_granted() {
    let described = describe(&Bench::new(), "wants-everything").await.unwrap();
    let asked: Asked = described.asked();
    let capabilities: Vec<_> = asked.0.iter().map(|r| r.capability.as_str()).collect();
    assert_eq!(capabilities, ["model", "net", "process", "project", "secret", "signals", "teleport"]);
    assert_eq!(Rights::effective(&asked, &Grant::default()), Rights::default());
    let rights = Rights::effective(&asked, &Grant::all_of(&asked));
    let (all, tokens) = (vec!["*".into()], vec!["1000000".into()]);
    let (process, net) = (vec!["*".into()], vec!["*".into()]);
    assert_eq!(rights, Rights { signals: all, project: vec!["**".into()], model: tokens, process, net, ..Rights::default() });
}
