use super::*;
use kairos_plugin::testing::Fake;

const T: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
const FAILED: &str = "test tests::a ... ok\ntest tests::race ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed\n";

fn ran(command: &str, code: i64, body: &str, minute: u64) -> Signal {
    Signal::new("command.finished")
        .with("command", command)
        .with("folder", "")
        .with("exit-code", code)
        .with("duration-ms", 5_000)
        .with_body(body)
        .at(T + minute * MINUTE)
}
fn edit(minute: u64) -> Signal {
    Signal::new("file.modified").with("path", "src/a.rs").at(T + minute * MINUTE + 30_000)
}
fn repository(head: &str) -> Repository {
    Repository { branch: Some("main".into()), head: Some(head.into()), ..Repository::default() }
}
/// The fake's files are as old as its clock says, and the tree is looked at after the runs.
fn host() -> Fake {
    Fake::new().at(T).repository(repository("0123456789ab"))
}
fn run(host: &Fake, signals: &[Signal]) -> Vec<(String, Urgency)> {
    let report = FlakyTests::detect(host, signals).unwrap();
    report.findings.into_iter().map(|finding| (finding.key, finding.urgency)).collect()
}

#[test]
fn a_named_test_is_told_at_the_first_other_result() {
    let host = host();
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1)]).is_empty());
    let report = FlakyTests::detect(&host, &[ran("cargo  test", 0, "", 3)]).unwrap();
    let finding = &report.findings[0];
    assert_eq!((finding.key.as_str(), finding.urgency), ("test:tests::race", Urgency::Normal));
    assert_eq!(finding.title, "tests::race passes and fails on the same files");
    assert!(
        finding.detail.starts_with("1 of 2 runs of `cargo test` failed within 2 minutes, on the same files (commit 01234567)")
    );
    assert!(report.wake_after.is_some_and(|seconds| seconds >= 604_800));
}

#[test]
fn without_output_it_is_listed_and_told_when_it_turns_again() {
    let host = host();
    assert!(run(&host, &[ran("npm test", 0, "", 1), ran("npm test", 0, "", 2)]).is_empty());
    let told = run(&host, &[ran("npm test", 1, "", 3)]);
    assert_eq!(told[0].1, Urgency::Low);
    assert_eq!(run(&host, &[ran("npm test", 0, "", 4)]), [(told[0].0.clone(), Urgency::Normal)]);
}

#[test]
fn an_edit_between_two_runs_never_counts() {
    let changed = |host: Fake| host.change(Change::new("src/a.rs", None, Some(ChangeKind::Modified)));
    let mut host = changed(host()).file("src/a.rs", "let a = 1;");
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1)]).is_empty());
    host.write("src/a.rs", "let a = 2;");
    assert!(run(&host, &[edit(2), ran("cargo test", 0, "", 4)]).is_empty());
    // A commit, and a file that is back as HEAD has it.
    host.set_repository(Some(repository("f")));
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 6)]).is_empty());
    host.set_changes(vec![]);
    assert!(run(&host, &[edit(7), ran("cargo test", 0, "", 9)]).is_empty());
    // The same content as in the second run, another result: that counts.
    let host = changed(super::tests::host()).file("src/a.rs", "let a = 1;");
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1)]).is_empty());
    assert_eq!(run(&host, &[edit(2), ran("cargo test", 0, "", 4)]).len(), 1);
}

#[test]
fn a_run_whose_files_are_not_known_is_left_out() {
    // All in one tick: which files the first run saw can't be told afterwards.
    let one = host();
    assert!(run(&one, &[ran("cargo test", 101, FAILED, 1), edit(2), ran("cargo test", 0, "", 4)]).is_empty());
    // Edited while it ran, or before it was looked at.
    let mut during = ran("cargo test", 101, FAILED, 3);
    during.attributes[3].value = (2 * MINUTE).to_string();
    let host = host();
    assert!(run(&host, &[edit(1), during, edit(4)]).is_empty());
    assert!(run(&host, &[ran("cargo test", 0, "", 6)]).is_empty());
    // A file is newer than the run.
    let mut host = super::tests::host().change(Change::new("a", None, Some(ChangeKind::Modified))).file("a", "");
    host.set_now(T + 2 * MINUTE);
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1), ran("cargo test", 0, "", 2)]).is_empty());
    // Not a repository, or too much of it changed.
    let both = [ran("cargo test", 101, FAILED, 1), ran("cargo test", 0, "", 2)];
    assert!(run(&Fake::new().at(T), &both).is_empty());
    let mut host = super::tests::host();
    host.set_changes((0..400).map(|n| Change::new(&n.to_string(), None, Some(ChangeKind::Untracked))).collect());
    assert!(run(&host, &both).is_empty());
}

#[test]
fn an_edit_that_is_told_late_takes_the_finding_back() {
    let mut host = host();
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1)]).is_empty());
    host.set_now(T + 3 * MINUTE);
    assert_eq!(run(&host, &[ran("cargo test", 0, "", 3)]).len(), 1);
    let late = Signal::new("file.modified").with("path", "a").at(T + 3 * MINUTE + 200);
    assert_eq!(FlakyTests::detect(&host, &[late]).unwrap().cleared, ["test:tests::race"]);
}

#[test]
fn what_may_have_changed_around_the_tests() {
    let host = host();
    let start = Signal::new("command.finished").with("command", "docker compose up -d").with("exit-code", 0).at(T + 2 * MINUTE);
    assert!(run(&host, &[ran("cargo test", 101, FAILED, 1), start, ran("cargo test", 0, "", 3)]).is_empty());
    // Looking does no harm.
    let look = Signal::new("command.finished").with("command", "git diff").with("exit-code", 0).at(T + 4 * MINUTE);
    assert_eq!(run(&host, &[look, ran("cargo test", 101, FAILED, 5)]).len(), 1);
    // Other commands, other folders, and what isn't a verdict.
    let host = super::tests::host();
    let mut below = ran("cargo test", 0, "", 2);
    below.attributes[1].value = "a".into();
    let others = [ran("cargo test", 101, FAILED, 1), below, ran("cargo test race", 0, "", 3), ran("cargo test", 130, "", 4)];
    assert!(run(&host, &others).is_empty());
    let built = "error: could not compile `app`\n";
    assert!(run(&super::tests::host(), &[ran("cargo test", 101, built, 1), ran("cargo test", 0, "", 2)]).is_empty());
}

#[test]
fn many_at_once_are_listed_only() {
    let host = host();
    let many: String = (0..9).map(|n| format!("test t{n} ... FAILED\n")).collect();
    let told = run(&host, &[ran("cargo test", 101, &many, 1), ran("cargo test", 0, "", 2)]);
    assert_eq!((told.len(), told[0].1), (1, Urgency::Low));
    assert!(told[0].0.starts_with("command:"));
}

#[test]
fn what_nobody_saw_again_is_taken_back() {
    let mut host = host();
    assert_eq!(run(&host, &[ran("cargo test", 101, FAILED, 1), ran("cargo test", 0, "", 2)]).len(), 1);
    host.set_now(T + told::QUIET);
    let report = FlakyTests::detect(&host, &[Signal::new("kairos.wake")]).unwrap();
    assert_eq!((report.cleared, report.wake_after), (vec!["test:tests::race".to_string()], Some(0)));
}
