//! What is not granted can't be had.

use crate::support::{Bench, limits, signals, text};
use kairos_core::Rights;
use kairos_host::Limits;
use std::time::Duration;

#[tokio::test]
async fn ungranted_project_is_denied_and_never_asked() {
    let bench = Bench::new();
    let mut detector = bench.detector_with("ungranted", bench.access_to(&[])).await;
    let outcome = detector.detect(&signals(1)).await;
    assert_eq!(text(&outcome), "secret.txt: denied");
    assert!(detector.is_warm(), "asking is no fault");
    assert!(bench.project.asked.lock().unwrap().is_empty());
    assert_eq!(outcome.host_calls[0].function, "project.read");
    assert!(String::from_utf8_lossy(outcome.host_calls[0].answer.as_deref().unwrap()).contains("plugin grant"));
}

#[tokio::test]
async fn scope_can_not_be_left_by_any_spelling() {
    let bench = Bench::new();
    let mut detector = bench.detector_with("escape", bench.access_to(&["src/**"])).await;
    let outcome = detector.detect(&signals(1)).await;
    let told: Vec<_> = text(&outcome).lines().collect();
    assert_eq!(
        told,
        [
            "../../etc/passwd: denied",
            "/etc/passwd: denied",
            "src/../secret.txt: denied",
            "src/./../secret.txt: denied",
            "./secret.txt: denied",
            "src/a.rs: fn a() {}",
            "index: denied",
            "head: denied",
            "branch point: denied",
            "changed: src/a.rs, was None",
            "stat: denied",
        ]
    );
    assert_eq!(*bench.project.asked.lock().unwrap(), ["src/a.rs"], "the port was asked for nothing else");
    let recorded = |function| outcome.host_calls.iter().filter(move |c| c.function == function).map(|c| c.arguments.as_str());
    assert!(recorded("git.read-at").any(|arguments| arguments == r#"["branch-point","src/../secret.txt",0,1000]"#));
    assert!(recorded("git.changes").any(|arguments| arguments == r#"["head",10]"#));
}

#[tokio::test]
async fn project_as_a_whole_can_not_be_left() {
    let bench = Bench::new();
    let outcome = bench.detect("escape").await;
    let told: Vec<_> = text(&outcome).lines().take(4).collect();
    assert!(told.iter().all(|t| t.ends_with(": denied")), "{told:?}");
}

#[tokio::test]
async fn revocation_holds_for_a_call_in_flight() {
    let bench = Bench::with(Limits { call_cpu: Duration::from_secs(5), ..limits() });
    let access = bench.access();
    let mut detector = bench.detector_with("wait-and-read", access.clone()).await;
    let call = tokio::spawn(async move { detector.detect(&signals(1)).await });
    while bench.project.asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    access.set_rights(&Rights::default());
    bench.project.gate.add_permits(1);
    assert_eq!(text(&call.await.unwrap()), "secret.txt: denied");
    access.set_rights(&Rights { project: vec!["**".into()], ..Rights::default() });
    bench.project.gate.add_permits(1);
    let mut detector = bench.detector_with("wait-and-read", access).await;
    assert_eq!(text(&detector.detect(&signals(1)).await), "secret.txt: s3cret");
}
