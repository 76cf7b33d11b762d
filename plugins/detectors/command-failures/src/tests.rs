use super::*;
use kairos_plugin::testing::Fake;

const RUST: &str = "thread 'tests::b' panicked at src/lib.rs:42:9:\nboom\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored\n";

fn ran(command: &str, code: i64, body: &str) -> Signal {
    Signal::new("command.finished")
        .with("command", command)
        .with("folder", "")
        .with("exit-code", code)
        .with_body(body)
        .at(600_000)
}
fn run(host: &Fake, signals: &[Signal]) -> Report {
    CommandFailures::detect(host, signals).unwrap()
}

#[test]
fn a_failing_test_is_told_with_its_place_and_cleared() {
    let host = Fake::new().at(600_000);
    let report = run(&host, &[ran("cargo test", 101, RUST)]);
    let finding = &report.findings[0];
    assert_eq!(finding.title, "cargo test fails: 2 tests, first at src/lib.rs:42");
    assert_eq!(finding.evidence[0], Evidence::file("src/lib.rs", 42, "boom"));
    assert_eq!((finding.urgency, report.wake_after), (Urgency::Normal, Some(86_400)));
    let passed = run(&host, &[ran("cargo  test", 0, "")]);
    assert_eq!((passed.cleared, passed.findings.len(), passed.wake_after), (vec![finding.key.clone()], 0, Some(0)));
}

#[test]
fn a_regression_is_told_without_output() {
    let host = Fake::new().at(600_000);
    assert!(run(&host, &[ran("make", 0, "").at(1)]).findings.is_empty());
    let report = run(&host, &[ran("make", 2, "")]);
    assert_eq!(report.findings[0].title, "make fails with exit code 2");
    assert!(report.findings[0].detail.starts_with("It passed 9 minutes before."));
}

#[test]
fn the_last_run_of_a_batch_counts_and_folders_are_apart() {
    let host = Fake::new().at(600_000);
    let report = run(&host, &[ran("cargo test", 101, RUST), ran("cargo test", 0, "")]);
    assert_eq!((report.findings.len(), report.cleared.len()), (0, 1));
    let mut below = ran("cargo test", 101, RUST);
    below.attributes[1].value = "crates/a".into();
    assert_eq!(run(&host, &[below]).findings[0].evidence[0].subject, "crates/a/src/lib.rs");
    assert!(run(&host, &[ran("cargo test", 0, "")]).cleared.is_empty());
    assert_eq!(in_project("web/app", "../lib/a.ts"), "web/lib/a.ts");
}

#[test]
fn a_failure_that_nobody_ran_again_is_forgotten() {
    let mut host = Fake::new().at(600_000);
    let key = run(&host, &[ran("cargo test", 101, RUST)]).findings[0].key.clone();
    host.set_now(600_000 + STALE);
    let report = run(&host, &[Signal::new("kairos.wake")]);
    assert_eq!((report.cleared, report.wake_after), (vec![key], Some(0)));
}

#[test]
fn what_is_not_told() {
    let host = Fake::new();
    let cases = [
        ("cargo test", 130),
        ("cargo tset", 127),
        ("grep x a.rs", 1),
        ("ls none", 2),
        ("git push", 1),
        ("yes | head", 141),
        ("false", 1),
        ("vim", 1),
        ("[ -f x ]", 1),
        ("cargo test", 143),
    ];
    for (command, code) in cases {
        let many = vec![ran(command, code, RUST); 5];
        assert!(run(&host, &many).findings.is_empty(), "{command}");
    }
    assert!(run(&host, &[ran("./deploy", 0, ""), ran("./deploy", 1, "")]).findings.is_empty());
    assert!(run(&host, &[ran("cargo test", 101, "")]).findings.is_empty());
    assert!(run(&host, &[Signal::new("command.finished")]).findings.is_empty());
}
