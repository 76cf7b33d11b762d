use super::*;
use kairos_plugin::testing::Fake;

fn conflict() -> String {
    let mark = |c: &str| c.repeat(7);
    format!("fn a() {{\n{} HEAD\n    1\n{}\n    2\n{} topic\n}}\n", mark("<"), mark("="), mark(">"))
}
fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Change {
    Change::new(path, staged, unstaged)
}
fn run(host: &Fake, signal: Signal) -> Report {
    MergeConflicts::detect(host, &[signal]).unwrap()
}
fn told(report: &Report) -> Vec<(&str, Urgency)> {
    report.findings.iter().map(|finding| (finding.key.as_str(), finding.urgency)).collect()
}
fn modified(path: &str) -> Signal {
    Signal::new("file.modified").with("path", path)
}

#[test]
fn a_merge_from_conflict_to_commit() {
    let repository = Repository { operation: Some("merge".into()), ..Repository::default() };
    let mut host = Fake::new().repository(repository).file("a.rs", conflict()).file("logo.png", "\0");
    host.set_changes(vec![
        change("a.rs", None, Some(ChangeKind::Conflicted)),
        change("logo.png", Some(ChangeKind::Conflicted), None),
    ]);
    let report = run(&host, Signal::new("git.operation"));
    assert_eq!(told(&report), [("file:a.rs", Urgency::Normal), ("file:logo.png", Urgency::Normal)]);
    assert_eq!(report.cleared, ["file:*"]);
    assert_eq!(report.findings[0].evidence[0], Evidence::file("a.rs", 2, &format!("{} HEAD", "<".repeat(7))));

    host.set_changes(vec![change("a.rs", Some(ChangeKind::Modified), None)]);
    assert_eq!(told(&run(&host, Signal::new("git.index"))), [("file:a.rs", Urgency::Critical)]);

    host.set_changes(Vec::new());
    let report = run(&host, Signal::new("git.head"));
    assert_eq!(told(&report), [("file:a.rs", Urgency::High)]);
    assert!(report.findings[0].title.contains("was committed"));

    host.write("a.rs", "fn a() {}\n");
    let report = run(&host, modified("a.rs"));
    assert_eq!((told(&report), report.cleared.as_slice()), (vec![], ["file:a.rs".to_string()].as_slice()));
    assert!(told(&run(&host, Signal::new("git.head"))).is_empty());
}

#[test]
fn a_saved_file_with_markers() {
    let mut host = Fake::new().change(change("a.rs", None, Some(ChangeKind::Modified))).file("a.rs", conflict());
    assert_eq!(told(&run(&host, modified("a.rs"))), [("file:a.rs", Urgency::High)]);
    // Fixed on disk, but what is staged still has them.
    host = Fake::new()
        .change(change("a.rs", Some(ChangeKind::Modified), Some(ChangeKind::Modified)))
        .file("a.rs", "fine")
        .staged("a.rs", conflict());
    assert_eq!(told(&run(&host, Signal::new("git.index"))), [("file:a.rs", Urgency::Critical)]);
}

#[test]
fn nothing_is_said_of_committed_tests_docs_and_patches() {
    let doc = format!("# How\n```\n{}```\n", conflict());
    let host = Fake::new()
        .change(change("README.md", None, Some(ChangeKind::Modified)))
        .change(change("fix.patch", None, Some(ChangeKind::Untracked)))
        .change(change("gone.rs", Some(ChangeKind::Deleted), None))
        .file("README.md", doc)
        .file("fix.patch", conflict())
        .file("tests/merge.rs", conflict());
    assert!(told(&run(&host, Signal::new("project.opened"))).is_empty());
    for path in ["README.md", "fix.patch", "tests/merge.rs", "gone.rs", "../etc"] {
        assert!(told(&run(&host, modified(path))).is_empty(), "{path}");
    }
}

#[test]
fn many_changes_are_searched_and_a_project_without_git_too() {
    let mut host = Fake::new().file("x/a.rs", conflict());
    assert_eq!(told(&run(&host, Signal::new("project.opened"))), [("file:x/a.rs", Urgency::High)]);
    host.set_repository(Some(Repository::default()));
    let mut changes: Vec<Change> = (0..300).map(|n| change(&format!("n{n:03}.rs"), None, Some(ChangeKind::Untracked))).collect();
    changes.push(change("x/a.rs", None, Some(ChangeKind::Untracked)));
    host.set_changes(changes);
    let reads = host.reads().len();
    assert_eq!(told(&run(&host, Signal::new("file.rescan"))), [("file:x/a.rs", Urgency::High)]);
    assert_eq!(host.reads().len(), reads + 1);
}

#[test]
fn files_without_markers_cost_one_read_each_and_images_none() {
    let host = Fake::new().repository(Repository::default()).file("a.rs", "fn a() {}");
    let signals: Vec<Signal> = (0..10).map(|n| modified(if n % 2 == 0 { "a.rs" } else { "b.png" })).collect();
    assert!(MergeConflicts::detect(&host, &signals).unwrap().findings.is_empty());
    assert_eq!(host.reads(), ["a.rs"]);
    assert!(host.state().is_empty());
}

/// Seen in the replay of real rebases: the files are written, git's index isn't yet.
#[test]
fn a_rebase_that_is_still_writing_gets_a_second_look() {
    let rebase = Repository { operation: Some("rebase".into()), ..Repository::default() };
    let mut host =
        Fake::new().repository(rebase).change(change("a.rs", None, Some(ChangeKind::Modified))).file("a.rs", conflict());
    let report = run(&host, Signal::new("git.operation"));
    assert_eq!((told(&report), report.wake_after), (vec![], Some(60)));
    host.set_changes(vec![change("a.rs", None, Some(ChangeKind::Conflicted))]);
    let report = run(&host, Signal::new("git.index"));
    assert_eq!((told(&report), report.wake_after), (vec![("file:a.rs", Urgency::Normal)], None));
    // Markers that stay and that git doesn't call unmerged are told.
    host.write("a.rs", "resolved");
    host.write("b.rs", conflict());
    host.set_changes(vec![change("b.rs", None, Some(ChangeKind::Modified))]);
    assert!(told(&run(&host, modified("b.rs"))).is_empty());
    assert_eq!(told(&run(&host, Signal::new("kairos.wake"))), [("file:b.rs", Urgency::High)]);
}
