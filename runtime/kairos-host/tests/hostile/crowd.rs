//! Many plugins at once: none waits for another's misbehaviour.

use crate::support::{Bench, fault, limits, options, signals, text};
use kairos_host::{Detector, FaultKind, Host, Limits};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loop_of_one_does_not_stop_a_hundred_others() {
    // So much CPU time that it would outlast the test: nothing but its cancellation ends it.
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(600), call_wall: Duration::from_secs(900), ..limits() });
    let well = bench.load("well-behaved").await;
    let mut looping = bench.detector("loop").await;
    let looping = tokio::spawn(async move { looping.detect(&signals(1)).await.result.is_err() });
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut detector = Detector::new(&bench.host, well.clone(), bench.access()).unwrap();
        others.spawn(async move {
            for n in 1..=3 {
                assert_eq!(text(&detector.detect(&signals(10)).await), format!("call {n}, 10 signals"));
            }
        });
    }
    while let Some(done) = others.join_next().await {
        done.unwrap();
    }
    assert!(!looping.is_finished(), "they did not wait for it");
    looping.abort();
    assert!(looping.await.unwrap_err().is_cancelled());
    bench.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaviour_of_all_kinds_at_once_harms_nobody() {
    let bench = Bench::new();
    let well = bench.load("well-behaved").await;
    let mut hostile = tokio::task::JoinSet::new();
    let mut good = tokio::task::JoinSet::new();
    for mode in ["loop", "allocate", "recurse", "trap", "sleep", "bad-utf8", "no-evidence", "host-calls"] {
        let mut bad = bench.detector(mode).await;
        hostile.spawn(async move { assert_eq!(bad.detect(&signals(1)).await.result.is_err(), mode != "sleep", "{mode}") });
        let mut detector = Detector::new(&bench.host, well.clone(), bench.access()).unwrap();
        good.spawn(async move { text(&detector.detect(&signals(1)).await).to_string() });
    }
    assert!(good.join_all().await.iter().all(|t| t == "call 1, 1 signals"));
    // Only now may the sleeper wake.
    bench.project.gate.add_permits(1);
    hostile.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_calls_may_wait_in_the_host_at_once() {
    let bench = Bench::new();
    let sleeping = bench.load("sleep").await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut detector = Detector::new(&bench.host, sleeping.clone(), bench.access()).unwrap();
        all.spawn(async move { text(&detector.detect(&signals(1)).await).to_string() });
    }
    while bench.project.asked.lock().unwrap().len() < 100 && !all.is_empty() {
        if let Some(done) = all.try_join_next() {
            panic!("one ended before its search: {done:?}");
        }
        tokio::task::yield_now().await;
    }
    bench.project.gate.add_permits(100);
    assert!(all.join_all().await.iter().all(|t| t == "call 1, 1 signals"));
}

#[tokio::test]
async fn too_many_instances_are_the_hosts_fault_and_pass() {
    let mut bench = Bench::new();
    let mut few = options(limits());
    few.max_instances = 4;
    bench.host = Host::new(few).unwrap();
    let well = bench.load("well-behaved").await;
    let mut warm = Vec::new();
    let outcome = loop {
        let mut detector = Detector::new(&bench.host, well.clone(), bench.access()).unwrap();
        let outcome = detector.detect(&signals(1)).await;
        if outcome.result.is_err() {
            break outcome;
        }
        warm.push(detector);
        assert!(warm.len() <= 4, "more instances than allowed");
    };
    assert_eq!(fault(&outcome).kind, FaultKind::HostError, "{}", fault(&outcome));
    warm.clear();
    bench.is_well().await;
}
