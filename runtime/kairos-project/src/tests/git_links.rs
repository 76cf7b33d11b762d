//! Where a project isn't simply the top of a repository, and repositories that mean harm.

use super::{Sandbox, git_in};
use crate::Project;
use kairos_core::ErrorCode;
use kairos_core::ports::{ChangeKind, Comparison, ProjectView, Version};

async fn paths(project: &Project) -> Vec<String> {
    project.git_changes(Version::Head, 100).await.unwrap().into_iter().map(|change| change.path).collect()
}

#[tokio::test]
async fn a_subfolder_sees_its_own_part() {
    let sandbox = Sandbox::with_commit();
    sandbox.write(".gitignore", "*.log\n");
    sandbox.write("sub[1]/b", "b");
    sandbox.write("sub[1]/c", "c");
    sandbox.commit("second");
    sandbox.write("a.txt", "changed");
    sandbox.write("sub1/other", "");
    sandbox.write("sub[1]/b", "staged");
    sandbox.write("sub[1]/new", "");
    sandbox.write("sub[1]/x.log", "");
    sandbox.git(&["add", "a.txt", ":(literal)sub[1]/b"]);
    let project = Project::open(&sandbox.root.join("sub[1]"), &[]).unwrap();
    assert_eq!(paths(&project).await, ["b", "new"]);
    assert_eq!(project.read_at(Version::Index, "b", 0, 10).await.unwrap(), b"staged");
    assert_eq!(project.git_log(10, Some("b")).await.unwrap().len(), 1);
    assert_eq!(project.git_log(10, None).await.unwrap().len(), 2);
    let listed = project.list_files("", 0, None).await.unwrap();
    assert_eq!(listed.entries.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["b", "c", "new"]);
}

#[tokio::test]
async fn linked_work_trees_and_submodules_work() {
    let sandbox = Sandbox::with_commit();
    sandbox.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = Project::open(&sandbox.outside().join("linked"), &[]).unwrap();
    assert_eq!(linked.git_status().await.unwrap().branch.as_deref(), Some("linked"));
    assert!(linked.git_dir().unwrap().ends_with(".git/worktrees/linked"));
    assert_eq!(linked.common_dir().unwrap(), sandbox.open().common_dir().unwrap());
    assert!(paths(&linked).await.is_empty());

    let outer = Sandbox::with_commit();
    outer.git(&["submodule", "--quiet", "add", sandbox.root.to_str().unwrap(), "inner"]);
    outer.commit("with a submodule");
    let project = outer.open();
    assert!(paths(&project).await.is_empty());
    assert_eq!(project.size_at(Version::Index, "inner").await.unwrap_err().code, ErrorCode::Invalid);
    let inner = Project::open(&outer.root.join("inner"), &[]).unwrap();
    assert_eq!(inner.git_status().await.unwrap().branch.as_deref(), Some("main"));
    let (ok, output) = git_in(inner.root(), &["commit", "-q", "--allow-empty", "-m", "more"]);
    assert!(ok, "{output}");
    let changes = project.git_changes(Version::Head, 10).await.unwrap();
    assert_eq!((changes[0].path.as_str(), changes[0].unstaged), ("inner", Some(ChangeKind::Modified)));
}

#[tokio::test]
async fn a_link_to_a_foreign_repository_is_not_followed() {
    let foreign = Sandbox::with_commit();
    let sandbox = Sandbox::new();
    sandbox.write(".git", format!("gitdir: {}\n", foreign.root.join(".git").display()));
    assert_eq!(sandbox.open().git_log(1, None).await.unwrap_err().code, ErrorCode::Unavailable);
    let sandbox = Sandbox::new();
    sandbox.link(foreign.root.join(".git"), ".git");
    assert_eq!(sandbox.open().git_log(1, None).await.unwrap_err().code, ErrorCode::Unavailable);
    // One that is its own, but for what is in it; and one that passes for a linked work tree.
    for dot_git in [".git", "evil"] {
        let sandbox = Sandbox::with_commit();
        std::fs::rename(sandbox.root.join(".git"), sandbox.root.join("kept")).unwrap();
        std::fs::rename(sandbox.root.join("kept"), sandbox.root.join(dot_git)).unwrap();
        sandbox.write(&format!("{dot_git}/commondir"), foreign.root.join(".git").to_str().unwrap());
        if dot_git == "evil" {
            sandbox.write("evil/gitdir", sandbox.root.join(".git").to_str().unwrap());
            sandbox.write(".git", "gitdir: evil\n");
        }
        assert_eq!(sandbox.open().git_log(1, None).await.unwrap_err().code, ErrorCode::Unavailable, "{dot_git}");
        assert_eq!(sandbox.open().common_dir(), None);
    }
}

#[tokio::test]
async fn no_program_of_the_repository_is_run() {
    let sandbox = Sandbox::with_commit();
    sandbox.write("old", "a text that is\nlong enough to be known\n");
    sandbox.commit("more");
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.git(&["mv", "old", "new"]);
    sandbox.write("new", "a text that is\nlong enough to be known\nand longer\n");
    sandbox.commit("renamed and changed");
    let trace = sandbox.outside().join("ran");
    let touch = format!("touch {}; cat", trace.display());
    for key in ["filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.evil.command"] {
        sandbox.git(&["config", key, &touch]);
    }
    for key in ["core.fsmonitor", "diff.external", "core.sshCommand", "core.askPass", "core.pager", "core.alternateRefsCommand"] {
        sandbox.git(&["config", key, &touch]);
    }
    sandbox.write(".gitattributes", "* filter=evil diff=evil\n");
    sandbox.write("a.txt", "two\n");
    sandbox.write("b.txt", "one\n");
    let project = sandbox.open();
    // The same length as before, so that the content has to be compared.
    assert_eq!(paths(&project).await, [".gitattributes", "a.txt", "b.txt"]);
    let changes = project.git_changes(Version::BranchPoint, 10).await.unwrap();
    assert!(changes.iter().any(|change| change.committed == Some(ChangeKind::Renamed)));
    project.read_at(Version::BranchPoint, "old", 0, 10).await.unwrap();
    project.git_status().await.unwrap();
    project.git_log(10, Some("a.txt")).await.unwrap();
    project.read_at(Version::Index, "a.txt", 0, 10).await.unwrap();
    project.search("two", &kairos_core::ports::SearchOptions { max_matches: 1, ..Default::default() }).await.unwrap();
    for what in [Comparison::Unstaged, Comparison::Staged, Comparison::Head, Comparison::BranchPoint] {
        project.git_diff(what, &[]).await.unwrap();
    }
    project.git_show("HEAD", &[]).await.unwrap();
    project.intended_commit(vec!["a.txt".into()]).await.unwrap();
    project.snapshot().unwrap();
    assert!(!trace.exists());
}
