//! One way to misbehave in a call, one test.

use crate::support::{Bench, fault, limits, signals, text};
use kairos_core::ErrorCode;
use kairos_host::{CallError, FaultKind, Limits};
use std::time::Duration;

#[tokio::test]
async fn limits_obeyed_leave_no_trace() {
    let bench = Bench::new();
    let mut detector = bench.detector("well-behaved").await;
    for n in 1..=3 {
        let outcome = detector.detect(&signals(10)).await;
        assert_eq!(text(&outcome), format!("call {n}, 10 signals"), "the instance stays warm");
        assert!(outcome.memory > 0 && outcome.memory <= 4 << 20);
        assert!(outcome.host_calls.is_empty());
    }
    let output = bench.call("well-behaved").await.result.unwrap();
    assert_eq!(output.text, r#"call 1: misbehave {"a":1}"#);
}

#[tokio::test]
async fn cpu_limit_violated_is_a_timeout() {
    let bench = Bench::new();
    let outcome = bench.detect_fault("loop", FaultKind::Timeout).await;
    assert_eq!(fault(&outcome).message, "used more than 200 ms of CPU time");
    assert!(outcome.cpu >= Duration::from_millis(200), "{:?}", outcome.cpu);
    // The ticker looks every 5 ms; the rest is room for a machine on which it gets no turn.
    assert!(outcome.cpu < Duration::from_millis(400), "{:?}", outcome.cpu);
    eprintln!("overrun of the CPU limit: {:?}", outcome.cpu - Duration::from_millis(200));
    bench.call_fault("loop", FaultKind::Timeout).await;
}

#[tokio::test]
async fn wall_limit_violated_in_a_host_call_is_a_timeout() {
    let bench = Bench::with(Limits { call_wall: Duration::from_secs(1), ..limits() });
    // Loaded before, because a compile would count against nobody but takes long.
    let mut detector = bench.detector("sleep").await;
    let outcome = detector.detect(&signals(1)).await;
    assert_eq!(fault(&outcome).kind, FaultKind::Timeout);
    assert_eq!(fault(&outcome).message, "took more than 1 s, waits included");
    assert!(outcome.wall >= Duration::from_secs(1));
    assert!(outcome.cpu < Duration::from_millis(100), "waiting is not work: {:?}", outcome.cpu);
    assert!(!detector.is_warm());
    assert_eq!(*bench.project.asked.lock().unwrap(), ["search"]);
    // The next call starts afresh, and ends when the host call does.
    bench.project.gate.add_permits(1);
    assert_eq!(text(&detector.detect(&signals(1)).await), "call 1, 1 signals");
}

#[tokio::test]
async fn memory_limit_violated_is_out_of_memory() {
    let bench = Bench::new();
    for mode in ["allocate", "grow-memory"] {
        let outcome = bench.detect_fault(mode, FaultKind::OutOfMemory).await;
        assert_eq!(fault(&outcome).message, "needs more than 64 MiB of memory");
        assert!(outcome.memory <= 64 << 20);
        bench.call_fault(mode, FaultKind::OutOfMemory).await;
    }
}

#[tokio::test]
async fn refused_growth_that_the_guest_copes_with_is_no_fault() {
    let outcome = Bench::new().detect("grow-and-cope").await;
    assert_eq!(text(&outcome), "grew by 512 MiB: false");
}

#[tokio::test]
async fn warm_calls_limit_ends_a_slow_leak() {
    let bench = Bench::with(Limits { warm_calls: 3, ..limits() });
    let mut detector = bench.detector("leak").await;
    let mut told = Vec::new();
    for _ in 0..7 {
        let outcome = detector.detect(&signals(1)).await;
        told.push(text(&outcome).to_string());
        assert!(outcome.memory < 8 << 20, "{}", outcome.memory);
    }
    let calls: Vec<_> = told.iter().map(|t| &t[5..6]).collect();
    assert_eq!(calls, ["1", "2", "3", "1", "2", "3", "1"]);
}

#[tokio::test]
async fn stack_limit_violated_is_a_trap() {
    let bench = Bench::new();
    let outcome = bench.detect_fault("recurse", FaultKind::Trap).await;
    assert_eq!(fault(&outcome).message, "recursed until its stack overflowed");
}

#[tokio::test]
async fn traps_are_named() {
    let bench = Bench::new();
    for mode in ["trap", "unreachable"] {
        let outcome = bench.detect_fault(mode, FaultKind::Trap).await;
        assert!(fault(&outcome).message.starts_with("panicked or aborted"), "{}", fault(&outcome));
        bench.call_fault(mode, FaultKind::Trap).await;
    }
    let outcome = bench.detect_fault("wild-address", FaultKind::Trap).await;
    assert!(fault(&outcome).message.starts_with("trapped: "), "{}", fault(&outcome));
}

#[tokio::test]
async fn host_calls_limit_violated_is_bad_output() {
    // More CPU time than usual: in a debug build 20,000 host calls use some.
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(10), ..limits() });
    let outcome = bench.detect_fault("host-calls", FaultKind::BadOutput).await;
    assert_eq!(fault(&outcome).message, "made more than 20000 calls to the host");
    assert_eq!(outcome.host_calls.len(), 20_000, "all that was answered is in the journal");
}

#[tokio::test]
async fn host_bytes_limit_is_told_to_the_guest() {
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(20), host_bytes: 8 << 20, ..limits() });
    let outcome = bench.detect("read-flood").await;
    assert_eq!(text(&outcome), "8 reads, then exhausted");
    let recorded: usize = outcome.host_calls.iter().filter_map(|c| c.answer.as_ref()).map(Vec::len).sum();
    assert!(recorded <= 4 << 20, "the journal of a call is bounded: {recorded}");
}

#[tokio::test]
async fn transfer_limit_holds_for_results_and_for_arguments() {
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(20), ..limits() });
    for mode in ["giant-string", "many-findings", "many-cleared", "giant-claim", "log-giant", "log-big"] {
        let outcome = bench.detect_fault(mode, FaultKind::BadOutput).await;
        assert!(fault(&outcome).message.starts_with("handed over what can't be taken: "), "{mode}: {}", fault(&outcome));
    }
    for mode in ["giant-string", "giant-claim"] {
        bench.call_fault(mode, FaultKind::BadOutput).await;
    }
    // The limit of a transfer is 4 MiB, and the guest could fill 64.
    let largest = crate::largest::allocation();
    assert!(largest < 20 << 20, "the host allocated {largest} bytes at once");
}

#[tokio::test]
async fn text_that_is_none_is_bad_output() {
    let bench = Bench::new();
    bench.detect_fault("bad-utf8", FaultKind::BadOutput).await;
    bench.call_fault("bad-utf8", FaultKind::BadOutput).await;
}

#[tokio::test]
async fn report_that_breaks_the_contract_is_bad_output() {
    let bench = Bench::new();
    let cases = [
        ("101-findings", "101 findings in one report, at most 100"),
        ("no-evidence", "`bare` has 0 pieces of evidence, allowed are 1 to 16"),
        ("long-title", "the title of `long` has 121 characters, allowed are 1 to 120"),
        ("control-key", "a finding's key must have 1 to 256 bytes and no control characters"),
        ("bad-wake", "wake-after is 1 s, allowed are 0 and 60 to 604800"),
    ];
    for (mode, message) in cases {
        let outcome = bench.detect_fault(mode, FaultKind::BadOutput).await;
        assert_eq!(fault(&outcome).message, message);
    }
}

#[tokio::test]
async fn output_that_breaks_the_contract_is_bad_output() {
    let bench = Bench::new();
    assert_eq!(
        bench.call_fault("big-output", FaultKind::BadOutput).await.message,
        "returned 307200 bytes, at most 262144 are allowed"
    );
    assert!(bench.call_fault("bad-json", FaultKind::BadOutput).await.message.starts_with("the structured output is no JSON"));
}

#[tokio::test]
async fn input_over_its_limit_never_reaches_a_tool() {
    let bench = Bench::new();
    let plugin = bench.load("trap").await;
    let input = serde_json::json!({ "a": "x".repeat(1 << 20) });
    let outcome = kairos_host::call_tool(&bench.host, &plugin, bench.access(), "misbehave", &input).await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(error.code, ErrorCode::TooLarge);
}

#[tokio::test]
async fn control_characters_never_come_out() {
    let report = Bench::new().detect("control-title").await.result.unwrap();
    assert_eq!(report.findings[0].title, "a[2Jb c");
}

#[tokio::test]
async fn error_of_the_guest_is_no_fault() {
    let bench = Bench::new();
    let mut detector = bench.detector("error").await;
    let outcome = detector.detect(&signals(1)).await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Unavailable, "not[2J today"));
    assert!(detector.is_warm());
    let outcome = bench.detect("giant-error").await;
    let Err(CallError::Guest(error)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(error.message.len(), 1024);
}

#[tokio::test]
async fn log_flood_is_dropped() {
    // 5,000 lines of 10 KB cross the border; a debug build needs its time.
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(20), ..limits() });
    let outcome = bench.detect("log-flood").await;
    assert_eq!(text(&outcome), "call 1, 1 signals");
    assert!(outcome.host_calls.is_empty());
    assert_eq!(text(&bench.detect("log-codes").await), "call 1, 1 signals");
}
