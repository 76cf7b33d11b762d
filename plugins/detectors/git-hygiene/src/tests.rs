use super::*;
use crate::judge::HOUR;
use kairos_plugin::testing::Fake;

const NOW: u64 = 1_800_000_000_000;

fn run(host: &Fake, kind: &str) -> Report {
    GitHygiene::detect(host, &[Signal::new(kind)]).unwrap()
}
fn keys(report: &Report) -> Vec<(&str, Urgency)> {
    report.findings.iter().map(|finding| (finding.key.as_str(), finding.urgency)).collect()
}
fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Change {
    Change::new(path, staged, unstaged)
}
fn on_main() -> Repository {
    Repository { branch: Some("main".into()), head: Some("a".into()), ..Repository::default() }
}

#[test]
fn uncommitted_work_over_a_day() {
    let mut host = Fake::new().at(NOW).repository(on_main());
    host.set_changes((0..5).map(|n| change(&format!("a{n}.rs"), None, Some(ChangeKind::Modified))).collect());
    let report = run(&host, "project.opened");
    assert_eq!((keys(&report), report.wake_after), (vec![], Some(3601)));
    assert!(report.cleared.contains(&"uncommitted".to_string()));
    host.set_now(NOW + 9 * HOUR);
    assert_eq!(keys(&run(&host, "kairos.wake")), [("uncommitted", Urgency::Low)]);
    host.set_now(NOW + 30 * HOUR);
    assert_eq!(keys(&run(&host, "kairos.wake")), [("uncommitted", Urgency::Normal)]);
    host.set_changes((0..5).map(|n| change(&format!("a{n}.rs"), None, Some(ChangeKind::Untracked))).collect());
    assert!(keys(&run(&host, "git.index")).is_empty());
    assert!(host.state()[MEMORY].is_empty());
}

#[test]
fn large_and_built_files_are_told_once_staged() {
    let host = Fake::new()
        .at(NOW)
        .repository(on_main())
        .change(change("a.bin", Some(ChangeKind::Added), None))
        .change(change("b.o", Some(ChangeKind::Added), None))
        .change(change("c.bin", None, Some(ChangeKind::Untracked)))
        .change(change("d.rs", Some(ChangeKind::Modified), None))
        .staged("a.bin", vec![0; 6 << 20])
        .staged("b.o", vec![0; 1000])
        .staged("d.rs", "fn");
    assert_eq!(keys(&run(&host, "git.index")), [("staged:a.bin", Urgency::High), ("staged:b.o", Urgency::Normal)]);
}

#[test]
fn commits_on_a_detached_head() {
    let commit = |id: &str, time| Commit { id: id.into(), author: "A".into(), time, summary: "s".into(), body: String::new() };
    let detached = |head: &str| Repository { head: Some(head.into()), ..Repository::default() };
    let host = Fake::new().at(NOW).repository(detached("a")).commit(commit("a", NOW - 9 * HOUR));
    assert!(keys(&run(&host, "git.head")).is_empty());
    let memory = host.state()[MEMORY].clone();
    let host =
        Fake::new().at(NOW + HOUR).repository(detached("b")).commit(commit("b", NOW + HOUR)).commit(commit("a", NOW - 9 * HOUR));
    kairos_plugin::State::set(&host, MEMORY, &memory).unwrap();
    assert_eq!(keys(&run(&host, "git.head")), [("detached", Urgency::Normal)]);
}

#[test]
fn without_git_it_sleeps() {
    let report = run(&Fake::new(), "project.opened");
    assert_eq!((report.findings.len(), report.cleared.len(), report.wake_after), (0, 0, Some(0)));
    assert_eq!(run(&Fake::new(), "file.modified"), Report::new());
}
