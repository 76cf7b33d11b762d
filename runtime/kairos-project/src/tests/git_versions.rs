//! What is recorded, and what has changed since.

use super::{Sandbox, git_in};
use crate::Project;
use kairos_core::ErrorCode;
use kairos_core::ports::Version::{BranchPoint, Head, Index};
use kairos_core::ports::{ChangeKind, ProjectView, Version};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A clone whose `origin/main` is one commit of `a.txt`.
fn cloned(origin: &Sandbox) -> Sandbox {
    let (ok, output) = git_in(origin.outside(), &["clone", "-q", "project", "clone"]);
    assert!(ok, "{output}");
    Sandbox { root: origin.outside().join("clone"), temp: tempfile::tempdir().unwrap() }
}

async fn text(project: &Project, version: Version, path: &str) -> String {
    String::from_utf8(project.read_at(version, path, 0, 1000).await.unwrap()).unwrap()
}

async fn code(project: &Project, version: Version, path: &str) -> ErrorCode {
    let code = project.read_at(version, path, 0, 10).await.unwrap_err().code;
    assert_eq!(project.size_at(version, path).await.unwrap_err().code, code);
    code
}

type Told = (String, [Option<ChangeKind>; 3]);

/// Committed, staged, unstaged.
async fn told(project: &Project, since: Version) -> Vec<Told> {
    let changes = project.git_changes(since, 1000).await.unwrap();
    // What a tick's one walk tells of this version is the same.
    let in_tick = project.for_ticks();
    in_tick.git_changes(Head, 1000).await.unwrap();
    assert_eq!(in_tick.git_changes(since, 1000).await.unwrap(), changes);
    changes.into_iter().map(|change| (change.path, [change.committed, change.staged, change.unstaged])).collect()
}

async fn renamed(project: &Project, since: Version) -> Vec<(String, String)> {
    let changes = project.git_changes(since, 1000).await.unwrap();
    changes.into_iter().filter_map(|change| Some((change.path, change.renamed_from?))).collect()
}

fn expected<const N: usize>(of: [(&str, [Option<ChangeKind>; 3]); N]) -> Vec<Told> {
    of.map(|(path, kinds)| (path.to_owned(), kinds)).to_vec()
}

#[tokio::test]
async fn every_version_has_its_own_content() {
    let origin = Sandbox::with_commit();
    let sandbox = cloned(&origin);
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.write("a.txt", "two\n");
    sandbox.write("src/deep/new", "committed\n");
    sandbox.link("a.txt", "link");
    sandbox.commit("feature");
    sandbox.write("a.txt", "three!\n");
    sandbox.git(&["add", "a.txt"]);
    sandbox.write("a.txt", "and on disk");
    let project = sandbox.open();
    for (version, expected) in [(Index, "three!\n"), (Head, "two\n"), (BranchPoint, "one\n")] {
        assert_eq!(text(&project, version, "a.txt").await, expected);
        assert_eq!(project.size_at(version, "./a.txt").await.unwrap(), expected.len() as u64);
        assert_eq!(project.read_at(version, "a.txt", 1, 2).await.unwrap(), &expected.as_bytes()[1..3]);
        assert!(project.read_at(version, "a.txt", 99, 2).await.unwrap().is_empty());
        assert_eq!(project.read_at(version, "a.txt", 0, 1 << 21).await.unwrap_err().code, ErrorCode::TooLarge);
        for path in ["none", "a.txt/below", "src/none/x", ""] {
            assert_eq!(code(&project, version, path).await, ErrorCode::NotFound, "{version:?} {path}");
        }
        assert_eq!(code(&project, version, "../a.txt").await, ErrorCode::Denied);
        assert_eq!(code(&project, version, ".env").await, ErrorCode::Denied);
    }
    assert_eq!(text(&project, Head, "src/deep/new").await, "committed\n");
    assert_eq!(text(&project, Head, "link").await, "a.txt", "a link is not followed");
    assert_eq!(code(&project, BranchPoint, "src/deep/new").await, ErrorCode::NotFound);
    for version in [Index, Head] {
        assert_eq!(code(&project, version, "src/deep").await, ErrorCode::Invalid, "a folder");
    }
}

#[tokio::test]
async fn changes_begin_at_the_version() {
    use ChangeKind::*;
    let origin = Sandbox::with_commit();
    for (path, text) in [("moved", "a text that is\nlong enough to be known\n"), ("dropped", "x"), ("z", "z"), ("kept", "k")] {
        origin.write(path, text);
    }
    origin.commit("more");
    let sandbox = cloned(&origin);
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.write("src/new", "1");
    sandbox.git(&["mv", "moved", "src/moved"]);
    sandbox.git(&["rm", "-q", "dropped"]);
    sandbox.write("a.txt", "two");
    sandbox.commit("feature");
    // A later commit takes a part back.
    std::fs::remove_file(sandbox.root.join("z")).unwrap();
    sandbox.link("a.txt", "z");
    sandbox.write("a.txt", "one\n");
    sandbox.commit("more");
    sandbox.write("src/new", "2");
    sandbox.git(&["add", "src/new"]);
    sandbox.write("src/new", "3");
    sandbox.write("kept", "changed");
    sandbox.write("untracked", "");
    let project = sandbox.open();
    let uncommitted = [
        ("kept", [None, None, Some(Modified)]),
        ("src/new", [None, Some(Modified), Some(Modified)]),
        ("untracked", [None, None, Some(Untracked)]),
    ];
    assert_eq!(told(&project, Head).await, expected(uncommitted));
    let of_work_tree = uncommitted.map(|(path, [.., unstaged])| (path, [None, None, unstaged]));
    assert_eq!(told(&project, Index).await, expected(of_work_tree));
    let since_branch_point = [
        ("dropped", [Some(Deleted), None, None]),
        ("kept", [None, None, Some(Modified)]),
        ("src/moved", [Some(Renamed), None, None]),
        ("src/new", [Some(Added), Some(Modified), Some(Modified)]),
        ("untracked", [None, None, Some(Untracked)]),
        ("z", [Some(TypeChanged), None, None]),
    ];
    assert_eq!(told(&project, BranchPoint).await, expected(since_branch_point));
    assert_eq!(renamed(&project, BranchPoint).await, [("src/moved".to_owned(), "moved".to_owned())]);
    sandbox.git(&["mv", "kept", "keeping"]);
    assert_eq!(renamed(&project, Head).await, [("keeping".to_owned(), "kept".to_owned())]);
    sandbox.git(&["mv", "keeping", "kept"]);
    let first = project.git_changes(BranchPoint, 3).await.unwrap();
    assert_eq!(first.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["dropped", "kept", "src/moved"]);
    // A project that is a folder of the repository sees its own part: what came from outside is new in it.
    let project = Project::open(&sandbox.root.join("src"), &[]).unwrap();
    let of_folder = [("moved", [Some(Added), None, None]), ("new", [Some(Added), Some(Modified), Some(Modified)])];
    assert_eq!(told(&project, BranchPoint).await, expected(of_folder));
    assert!(renamed(&project, BranchPoint).await.is_empty());
    assert_eq!(text(&project, Head, "moved").await, "a text that is\nlong enough to be known\n");
}

#[tokio::test]
async fn the_branch_point_follows_what_the_remote_calls_its_default() {
    let origin = Sandbox::with_commit();
    origin.git(&["branch", "-q", "-m", "trunk"]);
    let sandbox = cloned(&origin);
    let project = sandbox.open();
    // On the default branch it is what was pushed last.
    sandbox.write("a.txt", "two");
    sandbox.commit("not pushed");
    assert_eq!(text(&project, BranchPoint, "a.txt").await, "one\n");
    assert_eq!(told(&project, BranchPoint).await, expected([("a.txt", [Some(ChangeKind::Modified), None, None])]));
    sandbox.git(&["push", "-q", "origin", "HEAD:refs/heads/other"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    assert_eq!(text(&project, BranchPoint, "a.txt").await, "two");
    assert!(told(&project, BranchPoint).await.is_empty());
    // What the remote's default was called is gone: the usual names are tried.
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]);
    assert_eq!(code(&project, BranchPoint, "a.txt").await, ErrorCode::Unavailable);
    sandbox.git(&["update-ref", "refs/remotes/origin/master", "HEAD~1"]);
    assert_eq!(text(&project, BranchPoint, "a.txt").await, "one\n");
    sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(text(&project, BranchPoint, "a.txt").await, "two");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "feature"]);
    sandbox.write("a.txt", "one\n");
    sandbox.git(&["add", "a.txt"]);
    let project = sandbox.open();
    for version in [Head, BranchPoint] {
        assert_eq!(code(&project, version, "a.txt").await, ErrorCode::Unavailable, "no commit");
    }
    assert_eq!(project.git_changes(BranchPoint, 1).await.unwrap_err().message, "there is no commit yet");
    assert_eq!(told(&project, Head).await, expected([("a.txt", [None, Some(ChangeKind::Added), None])]));
    assert!(told(&project, Index).await.is_empty());
    sandbox.commit("first");
    let error = project.git_changes(BranchPoint, 1).await.unwrap_err();
    assert!(error.code == ErrorCode::Unavailable && error.message.contains("`origin/HEAD`"), "{error}");
    sandbox.git(&["checkout", "-q", "--orphan", "main"]);
    sandbox.commit("another beginning");
    sandbox.git(&["checkout", "-q", "feature"]);
    let error = project.git_changes(BranchPoint, 1).await.unwrap_err();
    assert!(error.message.contains("HEAD and `main` have no commit in common"), "{error}");
}

#[tokio::test]
async fn a_shallow_clone_knows_its_branch_point_as_far_as_it_goes() {
    let origin = Sandbox::with_commit();
    origin.write("a.txt", "two\n");
    origin.commit("second");
    let url = format!("file://{}", origin.root.display());
    let (ok, output) = git_in(origin.outside(), &["clone", "-q", "--depth", "1", &url, "clone"]);
    assert!(ok, "{output}");
    let sandbox = Sandbox { root: origin.outside().join("clone"), temp: tempfile::tempdir().unwrap() };
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.write("a.txt", "three\n");
    sandbox.commit("feature");
    let project = sandbox.open();
    assert_eq!(text(&project, BranchPoint, "a.txt").await, "two\n");
    // The default branch moved on, and what lies between isn't here.
    origin.write("b.txt", "");
    origin.commit("third");
    origin.commit("fourth");
    sandbox.git(&["fetch", "-q", "--depth", "1", "origin"]);
    let error = project.git_changes(BranchPoint, 1).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
}

#[tokio::test]
async fn conflicts_are_told_from_every_version() {
    let sandbox = Sandbox::with_commit();
    sandbox.git(&["checkout", "-q", "-b", "other"]);
    sandbox.write("a.txt", "theirs\n");
    sandbox.commit("theirs");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("a.txt", "ours\n");
    sandbox.commit("ours");
    git_in(&sandbox.root, &["merge", "-q", "other"]);
    let project = sandbox.open();
    let conflicted = Some(ChangeKind::Conflicted);
    assert_eq!(told(&project, Index).await, expected([("a.txt", [None, None, conflicted])]));
    assert_eq!(told(&project, BranchPoint).await, expected([("a.txt", [None, conflicted, conflicted])]));
    assert_eq!(code(&project, Index, "a.txt").await, ErrorCode::Unavailable);
    assert_eq!(text(&project, Head, "a.txt").await, "ours\n");
}

#[tokio::test]
async fn one_walk_answers_a_tick_and_no_longer() {
    let sandbox = Sandbox::with_commit();
    let project = sandbox.open();
    let in_tick = project.for_ticks();
    let paths = async |project: &Project, max| -> Vec<String> {
        project.git_changes(Head, max).await.unwrap().into_iter().map(|change| change.path).collect()
    };
    in_tick.begin_tick();
    sandbox.write("b", "");
    sandbox.write("c", "");
    assert_eq!(paths(&in_tick, 1).await, ["b"]);
    sandbox.write("a", "");
    // The same tick, another detector, which wants more.
    assert_eq!(paths(&in_tick.clone(), 10).await, ["b", "c"]);
    assert_eq!(project.for_ticks().git_changes(Index, 10).await.unwrap().len(), 3, "another handle, another answer");
    assert_eq!(in_tick.git_changes(Index, 10).await.unwrap().len(), 2, "the same walk");
    assert_eq!(paths(&project, 10).await, ["a", "b", "c"]);
    in_tick.begin_tick();
    assert_eq!(paths(&in_tick, 10).await, ["a", "b", "c"]);
    assert_eq!(in_tick.git_changes(Head, 0).await.unwrap_err().code, ErrorCode::Invalid);
}

#[tokio::test]
async fn a_walk_that_was_stopped_is_no_answer() {
    let sandbox = Sandbox::with_commit();
    sandbox.write("b", "");
    let project = sandbox.open();
    for since in [Head, Index, BranchPoint] {
        let stopped = project.inner.git.changes(since, 10, Arc::new(AtomicBool::new(true)));
        assert_eq!(stopped.unwrap_err().code, ErrorCode::Unavailable);
    }
}
