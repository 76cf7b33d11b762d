//! What changed line by line, held against the real git; and what a commit would be about.

use super::Sandbox;
use crate::Project;
use kairos_core::ErrorCode;
use kairos_core::ports::{ChangeKind, Comparison, FilePatch, MAX_PATCH_FILES, Patch, ProjectView, Withheld};

async fn diff(project: &Project, what: Comparison) -> Patch {
    project.git_diff(what, &[]).await.unwrap()
}

/// Path, kind, lines and why not.
fn summary(patch: &Patch) -> Vec<(&str, ChangeKind, u32, u32, Option<Withheld>)> {
    patch.files.iter().map(|f: &FilePatch| (f.path.as_str(), f.kind, f.added, f.removed, f.withheld)).collect()
}

/// The hunks of one file as git writes them, without what stands behind the `@@`.
fn hunks(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let all = sandbox.git(&[&["diff", "--no-color", "--diff-algorithm=myers", "--no-indent-heuristic"], arguments].concat());
    let from = all.find("\n@@").map_or(all.len(), |at| at + 1);
    let line = |line: &str| match line.strip_prefix("@@").and_then(|rest| rest.find("@@")) {
        Some(end) => format!("{}\n", &line[..end + 4]),
        None => line.to_owned(),
    };
    all[from..].split_inclusive('\n').map(line).collect()
}

#[tokio::test]
async fn hunks_are_those_of_git() {
    let sandbox = Sandbox::with_commit();
    let numbered = |skip: &[usize], more: &[(usize, &str)]| {
        let mut lines: Vec<String> = (0..60).filter(|n| !skip.contains(n)).map(|n| format!("line {n}\n")).collect();
        more.iter().for_each(|(at, text)| lines.insert(*at, (*text).into()));
        lines.concat()
    };
    let old = numbered(&[], &[]);
    let project = sandbox.open();
    for (n, new) in [
        numbered(&[3], &[]),
        numbered(&[0, 59], &[(30, "new é\n")]),
        numbered(&[10, 11, 12, 20], &[(10, "x\n"), (40, "y\n"), (41, "z\n")]),
        old.trim_end().to_owned(),
        format!("{old}no end"),
        old.replace('\n', "\r\n"),
        old.replace('3', "3\r"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("f{n}");
        sandbox.write(&path, &old);
        sandbox.commit("old");
        sandbox.write(&path, new);
        let patch = project.git_diff(Comparison::Unstaged, std::slice::from_ref(&path)).await.unwrap();
        assert_eq!(patch.files[0].hunks, hunks(&sandbox, &["--", &path]), "{path}");
        let numbers = sandbox.git(&["diff", "--numstat", "--", &path]);
        assert_eq!(numbers, format!("{}\t{}\t{path}\n", patch.files[0].added, patch.files[0].removed));
        sandbox.git(&["add", "."]);
        let staged = project.git_diff(Comparison::Staged, std::slice::from_ref(&path)).await.unwrap();
        assert_eq!(staged.files[0].hunks, patch.files[0].hunks);
        sandbox.commit("new");
        let shown = project.git_show("HEAD", &[]).await.unwrap();
        assert_eq!((shown.patch.files[0].hunks.as_str(), shown.parents.len()), (patch.files[0].hunks.as_str(), 1));
    }
}

#[tokio::test]
async fn each_comparison_tells_what_became_of_a_file() {
    use ChangeKind::{Added, Deleted, Modified, Renamed};
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("first", "1\n");
    sandbox.git(&["add", "."]);
    let project = sandbox.open();
    assert_eq!(summary(&diff(&project, Comparison::Head).await), [("first", Added, 1, 0, None)], "before the first commit");
    assert_eq!(project.git_show("HEAD", &[]).await.unwrap_err().code, ErrorCode::NotFound);
    sandbox.write("gone", "1\n2\n");
    sandbox.write("old", "a\nb\nc\nd\n");
    sandbox.commit("first");
    assert_eq!(project.git_show("main", &[]).await.unwrap().patch.files.len(), 3, "a first commit, against nothing");
    sandbox.git(&["switch", "-q", "-c", "work"]);
    sandbox.write("new", "1\n");
    sandbox.commit("new");
    sandbox.git(&["mv", "old", "moved"]);
    sandbox.write("new", "1\n2\n");
    sandbox.git(&["add", "new"]);
    sandbox.write("new", "1\n2\n3\n");
    std::fs::remove_file(sandbox.root.join("gone")).unwrap();
    sandbox.write("untracked", "1\n");
    assert_eq!(
        summary(&diff(&project, Comparison::Unstaged).await),
        [("gone", Deleted, 0, 2, None), ("new", Modified, 1, 0, None)]
    );
    assert_eq!(
        summary(&diff(&project, Comparison::Staged).await),
        [("moved", Renamed, 0, 0, None), ("new", Modified, 1, 0, None)]
    );
    let head = [("gone", Deleted, 0, 2, None), ("moved", Renamed, 0, 0, None), ("new", Modified, 2, 0, None)];
    assert_eq!(summary(&diff(&project, Comparison::Head).await), head);
    let branch = [head[0], head[1], ("new", Added, 3, 0, None)];
    assert_eq!(summary(&diff(&project, Comparison::BranchPoint).await), branch);
    let only = |paths: &[&str]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let below = project.git_diff(Comparison::Head, &only(&["old", "n"])).await.unwrap();
    assert_eq!(summary(&below), [("moved", Renamed, 0, 0, None)], "by its old name, and `n` is no folder");
    assert_eq!(project.git_diff(Comparison::Head, &only(&["../x"])).await.unwrap_err().code, ErrorCode::Denied);
}

#[tokio::test]
async fn what_is_not_told_says_why() {
    let sandbox = Sandbox::with_commit();
    sandbox.write(".env", "old-secret\n");
    sandbox.write("large", "x\n".repeat(600 << 10));
    sandbox.write("binary", [b'a', 0]);
    sandbox.write("latin", [0xe9, b'\n']);
    sandbox.link("a.txt", "link");
    sandbox.write("long", "");
    sandbox.commit("all");
    sandbox.write(".env", "new-secret\n");
    sandbox.write("large", "y\n");
    sandbox.write("binary", [b'b', 0]);
    sandbox.write("latin", [0xe8, b'\n']);
    std::fs::remove_file(sandbox.root.join("link")).unwrap();
    sandbox.link(".env", "link");
    sandbox.write("long", (0..20_000).map(|n| format!("line {n}\n")).collect::<String>());
    let project = sandbox.open();
    let patch = diff(&project, Comparison::Unstaged).await;
    let why: Vec<_> = patch.files.iter().map(|f| (f.path.as_str(), f.withheld.unwrap())).collect();
    use Withheld::{Binary, Cut, Private, TooLarge, Unreadable};
    let expected =
        [(".env", Private), ("binary", Binary), ("large", TooLarge), ("latin", Binary), ("link", Unreadable), ("long", Cut)];
    assert_eq!(why, expected);
    let long = patch.files.last().unwrap();
    assert_eq!((long.added, long.hunks.ends_with('\n'), long.hunks.len() > 60 << 10), (20_000, true, true));
    assert!(!format!("{patch:?}").contains("-secret"));

    // A secret that is called otherwise now, and one in the past.
    sandbox.git(&["mv", "-f", ".env", "config.txt"]);
    sandbox.git(&["add", "."]);
    let staged = diff(&project, Comparison::Staged).await;
    assert!(!format!("{staged:?}").contains("old-secret"), "{staged:?}");
    assert!(!format!("{:?}", project.git_show("HEAD", &[]).await.unwrap()).contains("-secret"));

    (0..=MAX_PATCH_FILES).for_each(|n| sandbox.write(&format!("many/{n:04}"), format!("{n}\n")));
    sandbox.commit("many");
    let many = project.git_show("HEAD", &["many".into()]).await.unwrap().patch;
    assert_eq!((many.files.len(), many.more), (MAX_PATCH_FILES, true));
}

#[tokio::test]
async fn a_commit_is_named_and_nothing_else() {
    let sandbox = Sandbox::with_commit();
    let first = sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let second = sandbox.commit("second");
    sandbox.git(&["tag", "-a", "v1", "-m", "one", &first]);
    let project = sandbox.open();
    let id = async |revision: &str| project.git_show(revision, &[]).await.map(|s| s.commit.id).map_err(|e| e.code);
    for (revision, expected) in
        [(&second[..8], &second), ("HEAD", &second), ("main", &second), ("HEAD~1", &first), ("main^", &first)]
    {
        assert_eq!(id(revision).await.as_ref(), Ok(expected), "{revision}");
    }
    assert_eq!(id("v1").await, Ok(first.clone()), "a tag stands for its commit");
    for odd in ["", "HEAD:a.txt", ":/second", "HEAD@{1}", "main^{tree}", "a b", "x\ny", &"x".repeat(300)] {
        assert_eq!(id(odd).await, Err(ErrorCode::Invalid), "{odd}");
    }
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    for none in ["none", "HEAD~9", "main..HEAD", "--all", "^HEAD", tree.trim()] {
        assert_eq!(id(none).await, Err(ErrorCode::NotFound), "{none}");
    }
}

#[tokio::test]
async fn a_commit_is_about_what_is_named_or_staged() {
    let sandbox = Sandbox::with_commit();
    let project = sandbox.open();
    let of = async |paths: &[&str]| {
        let intended = project.intended_commit(paths.iter().map(ToString::to_string).collect()).await?;
        let files: Vec<String> = intended.files.iter().map(|f| format!("{} +{} -{}", f.path, f.added, f.removed)).collect();
        Ok::<_, kairos_core::PortError>((files, intended.paths, intended.untracked))
    };
    let wrong = async |paths: &[&str]| of(paths).await.unwrap_err().message;
    assert!(wrong(&[]).await.contains("nothing is staged") && wrong(&["a.txt"]).await.contains("nothing changed"));
    sandbox.write("a.txt", "one\ntwo\n");
    sandbox.git(&["add", "a.txt"]);
    sandbox.write("a.txt", "one\ntwo\nthree\n");
    sandbox.write("dir/new", "new\n");
    sandbox.write("other", "x\n");
    assert_eq!(of(&[]).await.unwrap(), (vec!["a.txt +1 -0".into()], vec![], vec![]));
    let (files, paths, untracked) = of(&["dir", "a.txt"]).await.unwrap();
    assert_eq!(files, ["a.txt +2 -0", "dir/new +1 -0"]);
    assert_eq!((paths, untracked), (vec!["a.txt".into(), "dir/new".into()], vec!["dir/new".to_owned()]));
    assert!(wrong(&["a.txt", "b"]).await.contains("`b`"));
    sandbox.commit("all");
    sandbox.git(&["mv", "a.txt", "b.txt"]);
    assert_eq!(of(&["b.txt"]).await.unwrap().1, ["a.txt", "b.txt"], "a rename is the old name, too");
}
