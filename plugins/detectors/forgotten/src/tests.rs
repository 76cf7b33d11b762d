use super::*;
use kairos_plugin::State;
use kairos_plugin::testing::Fake;

const HOUR: u64 = 3_600_000;
/// 2026-11-16, a Monday, 00:00 UTC.
const MONDAY: u64 = 1_794_787_200_000;

fn at(day: u64, hour: u64) -> u64 {
    MONDAY + (day * 24 + hour) * HOUR
}
fn commit(time: u64) -> Commit {
    Commit { id: "c".into(), author: "A".into(), time, summary: "Add a parser".into(), body: String::new() }
}
fn ahead(branch: &str, upstream: Option<&str>, ahead: u32) -> Repository {
    Repository {
        branch: Some(branch.into()),
        head: Some("c".into()),
        upstream: upstream.map(Into::into),
        ahead,
        ..Repository::default()
    }
}
fn run(host: &Fake, kind: &str) -> Report {
    Forgotten::detect(host, &[Signal::new(kind)]).unwrap()
}
fn titles(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.title.as_str()).collect()
}

#[test]
fn a_branch_on_friday_evening() {
    let mut host = Fake::new().repository(ahead("parser", Some("origin/parser"), 3)).commit(commit(at(4, 11))).at(at(4, 12));
    let report = run(&host, "git.upstream");
    assert_eq!((titles(&report), report.wake_after), (vec![], Some(5 * 3600 + 1)));
    host.set_now(at(4, 17) + 1_000);
    let report = run(&host, "kairos.wake");
    assert_eq!(titles(&report), ["3 commits on parser are not pushed at the end of the week"]);
    assert_eq!((report.findings[0].key.as_str(), report.findings[0].urgency), ("unpushed:parser", Urgency::Normal));
    assert_eq!(report.findings[0].evidence[0], Evidence::git("parser", "Add a parser"));
    // Nothing new for one commit more. Another branch says nothing of this one; pushing it does.
    let more = Fake::new().repository(ahead("parser", Some("origin/parser"), 4)).commit(commit(at(4, 18))).at(at(4, 18));
    more.set_string(BRANCHES, &host.get_string(BRANCHES).unwrap().unwrap()).unwrap();
    let report = run(&more, "git.head");
    assert!(titles(&report).is_empty() && !report.cleared.contains(&"unpushed:parser".to_string()));
    host.set_repository(Some(ahead("main", Some("origin/main"), 0)));
    assert!(run(&host, "git.head").cleared.iter().all(|key| !key.starts_with("unpushed")));
    host.set_repository(Some(ahead("parser", Some("origin/parser"), 0)));
    assert!(run(&host, "git.upstream").cleared.contains(&"unpushed:parser".to_string()));
}

#[test]
fn a_branch_that_rests_for_days_and_one_that_is_left() {
    let mut host = Fake::new().repository(ahead("a", Some("origin/a"), 1)).commit(commit(at(0, 9))).at(at(3, 8));
    assert!(titles(&run(&host, "project.opened")).is_empty());
    host.set_now(at(3, 10));
    assert_eq!(titles(&run(&host, "kairos.wake")), ["A commit on a is not pushed for 3 days"]);
    host.set_repository(Some(ahead("main", Some("origin/main"), 0)));
    host.set_now(at(3, 10) + branches::AWAY);
    assert!(run(&host, "kairos.wake").cleared.contains(&"unpushed:a".to_string()));
}

#[test]
fn branches_that_are_left_alone() {
    let friday = at(4, 20);
    let tell = |repository: Repository, remote: bool, committed: bool| {
        let change = Change { committed: committed.then_some(ChangeKind::Modified), ..Change::new("a", None, None) };
        let host = Fake::new().at(friday).commit(commit(at(4, 9))).change(change).repository(repository);
        if remote {
            host.set_number(REMOTE, 1).unwrap();
        }
        run(&host, "kairos.wake").findings.first().map(|finding| finding.urgency)
    };
    assert_eq!(tell(ahead("a", Some("origin/a"), 2), false, false), Some(Urgency::Normal));
    // No upstream of its own: perhaps it was pushed under another name.
    assert_eq!(tell(ahead("a", None, 0), true, true), Some(Urgency::Low));
    assert_eq!(tell(ahead("a", Some("origin/main"), 2), false, true), Some(Urgency::Low));
    // No remote, nothing on it, follows a local branch, diverged, in a rebase, detached.
    assert_eq!(tell(ahead("a", None, 0), false, true), None);
    assert_eq!(tell(ahead("a", None, 0), true, false), None);
    assert_eq!(tell(ahead("a", Some("main"), 2), true, true), None);
    assert_eq!(tell(Repository { behind: 1, ..ahead("a", Some("origin/a"), 2) }, true, true), None);
    assert_eq!(tell(Repository { operation: Some("rebase".into()), ..ahead("a", Some("origin/a"), 2) }, true, true), None);
    assert_eq!(tell(Repository { branch: None, ..ahead("a", None, 0) }, true, true), None);
}

#[test]
fn leftovers_are_told_when_they_are_old() {
    let untracked = |path: &str| Change::new(path, None, Some(ChangeKind::Untracked));
    let paths = ["REVIEW.md", "a.rs.orig", "b.rs.orig", "out.patch", "src/new.rs"];
    let mut host = Fake::new().at(at(0, 0)).repository(ahead("main", None, 0)).file("tracked.orig", "");
    host.set_changes(paths.iter().map(|path| untracked(path)).collect());
    paths.iter().for_each(|path| host.write(path, "x"));
    let report = run(&host, "project.opened");
    assert_eq!((titles(&report), report.wake_after), (vec![], Some(24 * 3600 + 1)));
    // The fake's files are as old as its clock: ages are judged in the pure part below.
    let files = [(at(0, 0), "a.rs.orig"), (at(1, 0), "b.rs.orig")];
    let finding = of_leftovers(leftovers::Kind::Merge, &files, at(0, 0), at(3, 0));
    assert_eq!(finding.title, "2 files are left over from a merge, untracked for up to 3 days");
    assert_eq!((finding.evidence.len(), finding.urgency), (2, Urgency::Low));
    let finding = of_leftovers(leftovers::Kind::Review, &[(at(0, 0), "REVIEW.md")], at(0, 0), at(3, 0));
    assert_eq!(
        (finding.title.as_str(), finding.urgency),
        ("REVIEW.md is a review's notes, untracked for 3 days", Urgency::Normal)
    );
}

#[test]
fn a_server_that_nobody_uses() {
    let running = |pid: u64, time: u64| {
        Signal::new("server.running")
            .with("command", "npm run dev --api-token=x")
            .with("pid", pid)
            .with("port", 3000)
            .with("since-ms", at(0, 9))
            .at(time)
    };
    let mut host = Fake::new().at(at(0, 18));
    let idle = Signal::new("idle.started").with("seconds", 300).at(at(0, 18));
    assert!(Forgotten::detect(&host, &[idle]).unwrap().findings.is_empty());
    host.set_now(at(1, 8));
    assert!(Forgotten::detect(&host, &[running(7, at(1, 8))]).unwrap().findings.is_empty());
    host.set_now(at(1, 15));
    let report = Forgotten::detect(&host, &[running(7, at(1, 15))]).unwrap();
    assert_eq!(titles(&report), ["A server on port 3000 runs for 30 hours: npm run dev …"]);
    assert_eq!(report.findings[0].key, "server:3000");
    assert!(Forgotten::detect(&host, &[running(7, at(1, 16))]).unwrap().findings.is_empty());
    // Another process serves there; then none does.
    let report = Forgotten::detect(&host, &[running(8, at(1, 17))]).unwrap();
    assert_eq!((report.cleared, report.findings.len()), (vec!["server:3000".to_string()], 1));
    host.set_now(at(1, 20));
    let report = run(&host, "kairos.wake");
    assert_eq!((report.cleared, report.wake_after), (vec!["server:3000".to_string()], Some(0)));
}

#[test]
fn without_git_it_sleeps() {
    let report = run(&Fake::new(), "project.opened");
    assert_eq!((report.findings.len(), report.cleared.len(), report.wake_after), (0, 0, Some(0)));
}
