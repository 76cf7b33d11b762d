use super::{Sandbox, git_in};
use crate::Project;
use kairos_core::ErrorCode;
use kairos_core::ports::{ChangeKind, ProjectView, Version};

async fn changes(project: &Project) -> Vec<(String, Option<ChangeKind>, Option<ChangeKind>)> {
    let changes = project.git_changes(Version::Head, 1000).await.unwrap();
    changes.into_iter().map(|change| (change.path, change.staged, change.unstaged)).collect()
}

#[tokio::test]
async fn without_a_work_tree_git_is_unavailable() {
    let sandbox = Sandbox::new();
    let project = sandbox.open();
    assert_eq!(project.git_status().await.unwrap_err().code, ErrorCode::Unavailable);
    assert_eq!(project.git_changes(Version::Head, 1).await.unwrap_err().code, ErrorCode::Unavailable);
    assert!(project.snapshot().is_none() && project.git_dir().is_none());
    sandbox.git(&["init", "-q", "--bare", "."]);
    assert_eq!(project.git_log(1, None).await.unwrap_err().code, ErrorCode::Unavailable);
    // It becomes one while it is open.
    let late = Sandbox::new();
    let project = late.open();
    late.git(&["init", "-q", "-b", "trunk"]);
    let status = project.git_status().await.unwrap();
    assert_eq!((status.branch.as_deref(), status.head), (Some("trunk"), None));
    assert!(project.git_log(5, None).await.unwrap().is_empty());
    late.write("a", "");
    late.git(&["add", "a"]);
    assert_eq!(changes(&project).await, [("a".into(), Some(ChangeKind::Added), None)]);
    assert_eq!(project.snapshot().unwrap().branch.as_deref(), Some("trunk"));
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    use ChangeKind::*;
    let sandbox = Sandbox::with_commit();
    for (path, text) in [("both", "1\n"), ("gone", "2\n"), ("staged-gone", "3\n"), ("old-name", "some text\nthat is moved\n")] {
        sandbox.write(path, text);
    }
    sandbox.write("typed", "4\n");
    sandbox.write(".gitignore", "ignored\n");
    sandbox.commit("more");
    sandbox.write("both", "staged\n");
    sandbox.git(&["add", "both"]);
    sandbox.write("both", "and unstaged\n");
    std::fs::remove_file(sandbox.root.join("gone")).unwrap();
    sandbox.git(&["rm", "-q", "staged-gone"]);
    sandbox.git(&["mv", "old-name", "renamed"]);
    std::fs::remove_file(sandbox.root.join("typed")).unwrap();
    sandbox.link("a.txt", "typed");
    sandbox.write("ignored", "");
    sandbox.write("new/deep/one", "");
    sandbox.write("new/two", "");
    let project = sandbox.open();
    let expected = [
        ("both", Some(Modified), Some(Modified)),
        ("gone", None, Some(Deleted)),
        ("new/deep/one", None, Some(Untracked)),
        ("new/two", None, Some(Untracked)),
        ("renamed", Some(Renamed), None),
        ("staged-gone", Some(Deleted), None),
        ("typed", None, Some(TypeChanged)),
    ];
    let expected = expected.map(|(path, staged, unstaged)| (path.to_owned(), staged, unstaged));
    assert_eq!(changes(&project).await, expected);
    let first: Vec<_> = project.git_changes(Version::Head, 3).await.unwrap().into_iter().map(|change| change.path).collect();
    assert_eq!(first, ["both", "gone", "new/deep/one"]);
    assert_eq!(project.git_changes(Version::Head, 0).await.unwrap_err().code, ErrorCode::Invalid);
    assert_eq!(project.read_at(Version::Index, "both", 2, 3).await.unwrap(), b"age");
    assert_eq!(project.size_at(Version::Index, "both").await.unwrap(), 7);
    assert_eq!(project.read_at(Version::Index, "new/two", 0, 3).await.unwrap_err().code, ErrorCode::NotFound);
}

/// A branch `other` and `main` that both changed `a.txt`.
fn diverged() -> Sandbox {
    let sandbox = Sandbox::with_commit();
    sandbox.git(&["checkout", "-q", "-b", "other"]);
    sandbox.write("a.txt", "theirs\n");
    sandbox.commit("theirs");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("a.txt", "ours\n");
    sandbox.commit("ours");
    sandbox
}

#[tokio::test]
async fn unfinished_operations_are_named_and_dated() {
    for (operation, commands) in [
        ("merge", &["merge", "other"][..]),
        ("rebase", &["rebase", "other"]),
        ("cherry-pick", &["cherry-pick", "other"]),
        ("revert", &["revert", "HEAD~1"]),
        ("bisect", &["bisect", "start", "main", "other"]),
    ] {
        let sandbox = diverged();
        if operation == "revert" {
            sandbox.write("a.txt", "later\n");
            sandbox.commit("later");
        }
        git_in(&sandbox.root, commands);
        let project = sandbox.open();
        let status = project.git_status().await.unwrap();
        assert_eq!(status.operation.as_deref(), Some(operation));
        assert!(status.operation_since.is_some_and(|since| since > 1_600_000_000_000), "{operation}");
        assert_eq!(project.snapshot().unwrap().operation.as_deref(), Some(operation));
        if operation != "bisect" {
            let conflict = ("a.txt".to_owned(), Some(ChangeKind::Conflicted), Some(ChangeKind::Conflicted));
            assert_eq!(changes(&project).await, [conflict], "{operation}");
            assert_eq!(project.size_at(Version::Index, "a.txt").await.unwrap_err().code, ErrorCode::Unavailable);
        }
        if operation == "rebase" {
            assert_eq!(status.branch, None);
        }
    }
}

#[tokio::test]
async fn ahead_and_behind_are_counted_against_the_upstream() {
    let origin = Sandbox::with_commit();
    let (ok, output) = git_in(origin.outside(), &["clone", "-q", "project", "clone"]);
    assert!(ok, "{output}");
    let clone = Sandbox { root: origin.outside().join("clone"), temp: tempfile::tempdir().unwrap() };
    let project = clone.open();
    let counts = || project.snapshot().map(|snapshot| (snapshot.upstream.unwrap(), snapshot.ahead, snapshot.behind)).unwrap();
    assert_eq!(counts(), ("origin/main".into(), 0, 0));
    clone.commit("mine");
    assert_eq!(counts(), ("origin/main".into(), 1, 0));
    // A side branch that is merged, so that commits are reached on more than one way.
    origin.git(&["checkout", "-q", "-b", "side"]);
    origin.write("side", "");
    origin.commit("side");
    origin.git(&["checkout", "-q", "main"]);
    origin.commit("theirs");
    origin.git(&["merge", "-q", "--no-ff", "-m", "join", "side"]);
    clone.git(&["fetch", "-q"]);
    assert_eq!(counts(), ("origin/main".into(), 1, 3));
    clone.git(&["merge", "-q", "-m", "join", "origin/main"]);
    assert_eq!(counts(), ("origin/main".into(), 2, 0));
    let status = project.git_status().await.unwrap();
    assert_eq!((status.upstream.as_deref(), status.ahead, status.behind), (Some("origin/main"), 2, 0));
    clone.git(&["checkout", "-q", "--detach"]);
    let status = project.git_status().await.unwrap();
    assert_eq!((status.branch, status.upstream, status.ahead), (None, None, 0));
    assert_eq!(status.head.unwrap(), clone.git(&["rev-parse", "HEAD"]).trim());
    // A branch that follows another of the same repository.
    clone.git(&["checkout", "-q", "-b", "feature", "--track", "main"]);
    clone.commit("feature");
    assert_eq!(counts(), ("main".into(), 1, 0));
}

#[tokio::test]
async fn counts_hold_when_clocks_differ() {
    // What `main` has in common with its upstream is younger than its own commits.
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    let commit = |time: &str| {
        let date = format!("{time} +0000");
        sandbox.git(&["-c", "core.logAllRefUpdates=false", "commit", "-q", "--allow-empty", "-m", time]);
        // The committer's date counts, and only the environment can set it.
        let mut amend = std::process::Command::new("git");
        amend.current_dir(&sandbox.root).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_COMMITTER_DATE", date);
        amend.args(["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--amend", "--allow-empty", "--no-edit"]);
        assert!(amend.status().unwrap().success());
    };
    commit("1700000000");
    commit("1700003600");
    commit("1699999000");
    sandbox.git(&["branch", "base"]);
    commit("1700002000");
    commit("1700001000");
    sandbox.git(&["branch", "-q", "--set-upstream-to=base"]);
    let project = sandbox.open();
    let counts = project.snapshot().map(|snapshot| (snapshot.ahead, snapshot.behind));
    assert_eq!(counts, Some((2, 0)));
    sandbox.git(&["checkout", "-q", "base"]);
    sandbox.git(&["branch", "-q", "--set-upstream-to=main"]);
    let counts = project.snapshot().map(|snapshot| (snapshot.ahead, snapshot.behind));
    assert_eq!(counts, Some((0, 2)));
}

#[tokio::test]
async fn stashes_are_listed_newest_first() {
    let sandbox = Sandbox::with_commit();
    let project = sandbox.open();
    assert!(project.git_status().await.unwrap().stashes.is_empty());
    for message in ["older", "newer"] {
        sandbox.write("a.txt", message);
        sandbox.git(&["stash", "push", "-q", "-m", message]);
    }
    let stashes = project.git_status().await.unwrap().stashes;
    let messages: Vec<_> = stashes.iter().map(|stash| stash.message.as_str()).collect();
    assert_eq!(messages, ["On main: newer", "On main: older"]);
    assert!(stashes[0].time > 1_600_000_000_000);
    assert_eq!(project.snapshot().unwrap().stash_count, 2);
}

#[tokio::test]
async fn a_snapshot_notices_the_index() {
    let sandbox = Sandbox::with_commit();
    let project = sandbox.open();
    let before = project.snapshot().unwrap();
    assert_eq!(before, project.snapshot().unwrap());
    sandbox.write("new", "");
    sandbox.git(&["add", "new"]);
    assert_ne!(before.index_stamp, project.snapshot().unwrap().index_stamp);
}

#[tokio::test]
async fn log_is_newest_first_and_can_follow_a_path() {
    let sandbox = Sandbox::with_commit();
    sandbox.write("dir/b", "1");
    let second = sandbox.commit("second\n\nwith a body\nof two lines");
    sandbox.write("a.txt", "two\n");
    sandbox.commit(&format!("third\n\n{}", "é".repeat(8000)));
    let project = sandbox.open();
    let all = project.git_log(1000, None).await.unwrap();
    assert_eq!(all.len(), 3);
    let of_dir = project.git_log(10, Some("dir")).await.unwrap();
    assert_eq!(of_dir.len(), 1);
    let commit = &of_dir[0];
    assert_eq!((commit.id.as_str(), commit.author.as_str()), (second.as_str(), "Ada <ada@example.org>"));
    assert_eq!((commit.summary.as_str(), commit.body.as_str()), ("second", "with a body\nof two lines"));
    let of_file: Vec<_> = project.git_log(10, Some("a.txt")).await.unwrap().into_iter().map(|commit| commit.summary).collect();
    assert_eq!(of_file, ["third", "first"]);
    assert!(all.iter().all(|commit| commit.body.len() <= 8192));
    assert!(project.git_log(10, Some("none")).await.unwrap().is_empty());
    assert_eq!(project.git_log(1, None).await.unwrap().len(), 1);
    assert_eq!(project.git_log(1, Some("../x")).await.unwrap_err().code, ErrorCode::Denied);
}

#[tokio::test]
async fn what_was_renamed_is_followed_and_what_was_deleted_is_not() {
    let sandbox = Sandbox::with_commit();
    let text: String = (0..40).map(|n| format!("line {n}\n")).collect();
    sandbox.write("old/deep/one.txt", &text);
    sandbox.write("old/two.txt", "two\nand more of it\n");
    sandbox.commit("two files");
    sandbox.git(&["mv", "old", "new"]);
    sandbox.commit("the folder moves");
    sandbox.git(&["mv", "new/deep/one.txt", "last.txt"]);
    sandbox.write("last.txt", text.replace("line 7\n", "line seven\n"));
    sandbox.git(&["rm", "-q", "a.txt"]);
    sandbox.commit("and the file, with an edit");
    let project = sandbox.open();
    assert_eq!(project.became("old/deep/one.txt").await.unwrap().as_deref(), Some("last.txt"));
    assert_eq!(project.became("old/two.txt").await.unwrap().as_deref(), Some("new/two.txt"));
    assert_eq!(project.became("old").await.unwrap().as_deref(), Some("new"));
    assert_eq!(project.became("new").await.unwrap().as_deref(), Some("new"));
    assert_eq!(project.became("a.txt").await.unwrap(), None);
    assert_eq!(project.became("never").await.unwrap(), None);
}
