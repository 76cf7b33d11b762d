use super::Sandbox;
use crate::{Call, LONG, Project};
use kairos_core::ErrorCode;
use kairos_core::ports::{FileKind, MAX_READ, ProjectView, Version};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Instant;

async fn code(project: &Project, path: &str) -> ErrorCode {
    project.read(path, 0, 10).await.expect_err(path).code
}

#[tokio::test]
async fn read_gives_windows_of_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "0123456789");
    let project = sandbox.open();
    assert_eq!(project.read("a.txt", 0, 100).await.unwrap(), b"0123456789");
    assert_eq!(project.read("./a.txt", 8, 100).await.unwrap(), b"89");
    assert_eq!(project.read("a.txt", 3, 2).await.unwrap(), b"34");
    assert!(project.read("a.txt", 10, 5).await.unwrap().is_empty());
    assert!(project.read("a.txt", u64::MAX, 5).await.unwrap().is_empty());
    assert_eq!(project.read("a.txt", 0, MAX_READ + 1).await.unwrap_err().code, ErrorCode::TooLarge);
    assert_eq!(code(&project, "none").await, ErrorCode::NotFound);
    assert_eq!(code(&project, "a.txt/b").await, ErrorCode::NotFound);
    assert_eq!(code(&project, "").await, ErrorCode::Invalid);
}

#[tokio::test]
async fn no_link_leads_out() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.outside().join("secret"), "x").unwrap();
    sandbox.write("in/a.txt", "inside");
    sandbox.link("../secret", "relative");
    sandbox.link(sandbox.outside().join("secret"), "absolute");
    sandbox.link("relative", "chain");
    sandbox.link("..", "folder");
    sandbox.link(sandbox.root.join("in/a.txt"), "absolute-inside");
    sandbox.link("in/a.txt", "fine");
    sandbox.link("loop", "loop");
    let project = sandbox.open();
    for path in ["relative", "absolute", "chain", "folder/secret", "folder/project/in/a.txt", "absolute-inside", "../secret"] {
        assert_eq!(code(&project, path).await, ErrorCode::Denied, "{path}");
    }
    assert_eq!(project.stat("folder/secret").await.unwrap_err().code, ErrorCode::Denied);
    assert_eq!(project.read("fine", 0, 6).await.unwrap(), b"inside");
    assert_eq!(code(&project, "loop").await, ErrorCode::Invalid);
    assert_eq!(project.stat("relative").await.unwrap().kind, FileKind::Link);
    assert_eq!(project.list_files("folder", 0, None).await.unwrap_err().code, ErrorCode::Invalid);
    let page = project.list_files("", 0, None).await.unwrap();
    assert!(page.entries.iter().all(|entry| !entry.path.starts_with("folder/")), "{page:?}");
}

#[tokio::test]
async fn fifos_and_folders_are_refused_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("d/a", "");
    assert!(std::process::Command::new("mkfifo").arg(sandbox.root.join("pipe")).status().unwrap().success());
    sandbox.link("pipe", "to-pipe");
    let project = sandbox.open();
    for path in ["pipe", "to-pipe", "d"] {
        assert_eq!(code(&project, path).await, ErrorCode::Invalid, "{path}");
    }
    assert_eq!(project.stat("pipe").await.unwrap().kind, FileKind::Other);
}

#[tokio::test]
async fn private_content_stays_private() {
    let sandbox = Sandbox::with_commit();
    sandbox.write(".env", "KEY=1");
    sandbox.write("mine/a", "x");
    sandbox.link(".env", "innocent");
    sandbox.link(".git", "history");
    sandbox.link(".git/config", "config");
    sandbox.git(&["add", "-f", ".env"]);
    let project = Project::open(&sandbox.root, &["mine".into()]).unwrap();
    for path in [".env", "innocent", "mine/a", ".git/config", ".GIT/config", "history/config", "config"] {
        assert_eq!(code(&project, path).await, ErrorCode::Denied, "{path}");
    }
    assert_eq!(project.stat("history/config").await.unwrap_err().code, ErrorCode::Denied);
    assert_eq!(project.read_at(Version::Index, ".env", 0, 10).await.unwrap_err().code, ErrorCode::Denied);
    assert_eq!(project.size_at(Version::Index, ".env").await.unwrap_err().code, ErrorCode::Denied);
    // Names are no secret: a detector may say that `.env` is about to be committed.
    assert_eq!(project.stat(".env").await.unwrap().size, 5);
    assert!(project.git_changes(Version::Head, 100).await.unwrap().iter().any(|change| change.path == ".env"));
}

#[tokio::test]
async fn stat_tells_kind_size_and_mode() {
    let sandbox = Sandbox::new();
    sandbox.write("run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(sandbox.root.join("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    let project = sandbox.open();
    let info = project.stat("run.sh").await.unwrap();
    assert_eq!((info.path.as_str(), info.kind, info.size, info.executable), ("run.sh", FileKind::File, 10, true));
    assert!(info.modified > 1_600_000_000_000);
    assert_eq!(project.stat("").await.unwrap().kind, FileKind::Directory);
    assert_eq!(project.stat("none").await.unwrap_err().code, ErrorCode::NotFound);
}

async fn names(project: &Project, path: &str, depth: u32) -> Vec<String> {
    let page = project.list_files(path, depth, None).await.unwrap();
    assert_eq!(page.next, None);
    page.entries.into_iter().map(|entry| entry.path).collect()
}

#[tokio::test]
async fn listing_obeys_ignore_rules_depth_and_order() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "target/\n*.log\n");
    sandbox.write("target/x", "");
    sandbox.write("sub/deep/.gitignore", "skip\n");
    for path in ["a-b", "a/b", "a.log", ".hidden", "sub/deep/file", "sub/deep/skip", "sub/a.log", "sub/top", ".git/config"] {
        sandbox.write(path, "");
    }
    let odd = sandbox.root.join(std::ffi::OsStr::from_bytes(b"bad\xff"));
    std::fs::write(odd, "").unwrap();
    let project = sandbox.open();
    let all = [".gitignore", ".hidden", "a-b", "a/b", "sub/deep/.gitignore", "sub/deep/file", "sub/top"];
    assert_eq!(names(&project, "", 0).await, all);
    assert_eq!(names(&project, "", 1).await, [".gitignore", ".hidden", "a", "a-b", "sub"]);
    assert_eq!(names(&project, "sub", 1).await, ["sub/deep", "sub/top"]);
    assert_eq!(names(&project, "sub", 2).await, ["sub/deep/.gitignore", "sub/deep/file", "sub/top"]);
    assert_eq!(names(&project, "sub/deep", 0).await, ["sub/deep/.gitignore", "sub/deep/file"]);
    assert!(names(&project, "target", 0).await.is_empty());
    // Not listed, but not secret either.
    assert!(project.read("a.log", 0, 1).await.is_ok());
    assert_eq!(project.list_files("a-b", 0, None).await.unwrap_err().code, ErrorCode::Invalid);
    assert_eq!(project.list_files("none", 0, None).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(project.list_files(".git", 0, None).await.unwrap_err().code, ErrorCode::Denied);
}

#[tokio::test]
async fn pages_joined_are_the_whole_sorted_list() {
    let sandbox = Sandbox::new();
    let mut expected = Vec::new();
    for number in 0..2500u32 {
        // Folders and files whose names interleave in byte order.
        let path = match number % 4 {
            0 => format!("d{}/f{number}", number % 7),
            1 => format!("d{}-{number}", number % 7),
            2 => format!("d{}/e{}/g{number}", number % 7, number % 3),
            _ => format!("z{number}"),
        };
        sandbox.write(&path, "");
        expected.push(path);
    }
    expected.sort();
    let project = sandbox.open();
    let (mut joined, mut after, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let page = project.list_files("", 0, after.as_deref()).await.unwrap();
        pages += 1;
        joined.extend(page.entries.into_iter().map(|entry| entry.path));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(joined, expected);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let error = Project::open("/nowhere/at/all".as_ref(), &[]).err().unwrap();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn while_a_call_hangs_all_others_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "one");
    let project = sandbox.open();
    let (release, hang) = std::sync::mpsc::channel::<()>();
    let job = tokio::task::spawn_blocking(move || hang.recv().is_ok());
    let give_up = |begun| drop(Call { inner: &project.inner, stop: Arc::default(), job: job.abort_handle(), begun });
    give_up(Instant::now());
    assert!(project.answers(), "it may just be about to end");
    give_up(Instant::now() - 2 * LONG);
    assert_eq!(project.stat("a.txt").await.unwrap_err().code, ErrorCode::Unavailable);
    drop(release);
    job.await.unwrap();
    assert_eq!(project.stat("a.txt").await.unwrap().size, 3);
}

#[tokio::test]
async fn what_is_withheld_is_not_there_under_any_name() {
    let sandbox = Sandbox::with_commit();
    for path in ["secrets/a.txt", "secrets/deep/b.txt", "open/c.txt"] {
        sandbox.write(path, "needle");
    }
    sandbox.link("../secrets/a.txt", "open/link");
    sandbox.commit("all");
    sandbox.write("secrets/a.txt", "needle, changed");
    let all = sandbox.open();
    let some = all.without(Arc::new(|path| path.starts_with("secrets/").then(|| "rule 7".into())));
    for path in ["secrets/a.txt", "./secrets/./a.txt", "open/link"] {
        let error = some.read(path, 0, 10).await.expect_err(path);
        assert!(error.code == ErrorCode::Denied && error.message.contains("rule 7"), "{error:?}");
        // In a version, a link is the text of where it leads.
        assert!(some.read_at(Version::Head, path, 0, 10).await.is_ok() == (path == "open/link"), "{path}");
        assert!(all.read(path, 0, 10).await.is_ok(), "{path}");
    }
    assert_eq!(some.read("open/c.txt", 0, 10).await.unwrap(), b"needle");
    let names = |page: kairos_core::ports::Page| page.entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>();
    assert_eq!(names(some.list_files("", 0, None).await.unwrap()), ["a.txt", "open/c.txt", "open/link"]);
    assert!(some.list_files("secrets", 0, None).await.unwrap_err().message.contains("rule 7"));
    let options = kairos_core::ports::SearchOptions { max_matches: 100, ..Default::default() };
    let found = some.search("needle", &options).await.unwrap();
    assert_eq!(found.into_iter().map(|found| found.path).collect::<Vec<_>>(), ["open/c.txt"]);
    assert_eq!(all.search("needle", &options).await.unwrap().len(), 3);
    assert!(some.git_changes(Version::Head, 10).await.unwrap().is_empty());
    assert_eq!(all.git_changes(Version::Head, 10).await.unwrap().len(), 1);
}
