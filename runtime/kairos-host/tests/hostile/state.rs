//! A plugin's state: what is kept, and what isn't.

use crate::support::{Bench, fault, limits, signals, text};
use kairos_host::{CallError, FaultKind, Limits};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

#[tokio::test]
async fn state_is_kept_after_success() {
    let bench = Bench::new();
    let mut detector = bench.detector("count").await;
    assert_eq!(text(&detector.detect(&signals(1)).await), "count was 0");
    assert_eq!(text(&detector.detect(&signals(1)).await), "count was 1");
    assert_eq!(bench.state.values.lock().unwrap()["count"], [2]);
    // Another instance, as after a restart.
    assert_eq!(text(&bench.detect("count").await), "count was 2");
}

#[tokio::test]
async fn state_written_before_a_fault_is_not_kept() {
    let bench = Bench::new();
    bench.detect("count").await;
    bench.detect_fault("state-then-trap", FaultKind::Trap).await;
    bench.detect_fault("state-then-loop", FaultKind::Timeout).await;
    assert_eq!(*bench.state.writes.lock().unwrap(), 1);
    assert_eq!(text(&bench.detect("count").await), "count was 1");
}

#[tokio::test]
async fn state_written_before_an_error_is_kept() {
    let bench = Bench::new();
    let mut detector = bench.detector("state-then-error").await;
    for n in 0..3 {
        let outcome = detector.detect(&signals(1)).await;
        let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
        assert_eq!(error.message, format!("count was {n}"));
    }
    assert_eq!(bench.state.values.lock().unwrap()["count"], [3], "what the guest sees is what is stored");
}

#[tokio::test]
async fn state_of_a_tool_and_a_detector_in_one_plugin_is_one() {
    let bench = Bench::new();
    let mut detector = bench.detector("count").await;
    assert_eq!(text(&detector.detect(&signals(1)).await), "count was 0");
    assert_eq!(bench.call("count").await.result.unwrap().text, "count was 1");
    assert_eq!(text(&detector.detect(&signals(1)).await), "count was 2", "the warm instance sees the tool's write");
}

#[tokio::test]
async fn state_limits_are_told_to_the_guest() {
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(30), ..limits() });
    let outcome = bench.detect("state-flood").await;
    let told: Vec<_> = text(&outcome).lines().collect();
    assert_eq!(
        told,
        ["empty key: invalid", "long key: invalid", "long value: toolarge", "big values: 15", "small values: 4096", "keys: 4096",]
    );
    assert_eq!(bench.state.values.lock().unwrap().len(), 4096);
}

#[tokio::test]
async fn state_that_can_not_be_written_is_the_hosts_fault() {
    let bench = Bench::new();
    bench.state.full.store(true, Relaxed);
    let outcome = bench.detect("count").await;
    assert_eq!(fault(&outcome).kind, FaultKind::HostError);
    assert_eq!(fault(&outcome).message, "the plugin's state can't be kept: the disk is full");
}
