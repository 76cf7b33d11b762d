//! What git knows, and commits: read without running anything, made by the host if the user agrees; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use support::model::ModelServer;
use support::{Background, World, text};

/// A user with a name of his own, and a model that is reached at a server.
fn world(server: Option<&ModelServer>, more: &str) -> World {
    with_name(World::with_git(), server, more)
}

fn with_name(mut world: World, server: Option<&ModelServer>, more: &str) -> World {
    let home = world.dir.path().join("user");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[user]\nname = Ada L\nemail = ada@example.org\n").unwrap();
    world.env.push(("HOME", home.display().to_string()));
    let model = server.map(|s| format!("[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", s.url)).unwrap_or_default();
    world.settings(&format!("every = \"1s\"\n{more}\n{model}"));
    world
}

/// Makes this one call, and says what came of it.
fn calling(name: &'static str, input: Value) -> ModelServer {
    ModelServer::speaking(move |question| match question["messages"].as_array().unwrap().iter().any(|m| m["role"] == "tool") {
        false => (None, vec![(name, input.clone())]),
        true => (Some("Done."), vec![]),
    })
}

fn call(world: &World, name: &str, input: Value) -> String {
    text(&world.run(&["tool", "call", name, &input.to_string()]).stdout)
}

fn git(world: &World, arguments: &[&str]) -> String {
    text(&world.git(arguments).stdout)
}

/// What came of the last call, as the model was told.
fn outcome(server: &ModelServer) -> String {
    let last = server.asked().pop().unwrap();
    let messages = last["messages"].as_array().unwrap();
    messages.iter().filter(|m| m["role"] == "tool").map(|m| m["content"].as_str().unwrap().to_owned()).collect()
}

/// The questions that the user was asked.
fn asked(world: &World, arguments: &[&str]) -> Vec<Value> {
    let said = world.ok(&[&["ask", "--json"], arguments, &["commit it"]].concat());
    let events = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|e| e["ask"] == "permission").collect()
}

/// Git's own words, without what ours leave out: blobs, modes, and what stands behind the `@@`.
fn plain(diff: &str) -> String {
    let line = |line: &str| match line {
        _ if ["index ", "similarity ", "old mode", "new mode"].iter().any(|s| line.starts_with(s)) => None,
        _ if line.starts_with("new file") => Some("new file\n".into()),
        _ if line.starts_with("deleted file") => Some("deleted file\n".into()),
        _ => Some(format!("{line}\n")),
    };
    diff.lines().filter_map(line).collect()
}

/// A repository that wants programs run by whoever reads it.
fn arm(world: &World) {
    let evil = world.dir.path().join("evil");
    std::fs::write(&evil, format!("#!/bin/sh\ntouch {}\ncat \"$@\"\n", world.dir.path().join("ran").display())).unwrap();
    std::fs::set_permissions(&evil, std::fs::Permissions::from_mode(0o755)).unwrap();
    let evil = evil.display().to_string();
    for key in [
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
        "core.fsmonitor",
        "core.pager",
    ] {
        world.git(&["config", key, &evil]);
    }
    for key in ["pager.diff", "core.sshCommand", "core.editor", "gpg.program", "alias.status", "alias.diff"] {
        world.git(&["config", key, &format!("!{evil}")]);
    }
    world.write(".git/info/attributes", "* diff=x filter=x\n");
}

#[test]
fn what_git_knows_is_told_as_git_tells_it_and_nothing_is_run_for_it() {
    let world = world(None, "files.private = [\"vault\"]");
    world.write("moved.txt", "a\nb\nc\nd\ne\nf\n");
    world.write("gone.txt", "gone\n");
    world.write(".env", "TOKEN=old-secret\n");
    world.write("vault/key", "old-secret\n");
    world.write("bytes", [0, 1, 2]);
    world.git(&["add", "-f", "."]);
    world.git(&["commit", "-q", "-m", "second\n\nwhy"]);
    world.git(&["mv", "moved.txt", "new name.txt"]);
    world.write("a.txt", "one\ntwo\n");
    world.git(&["add", "a.txt"]);
    world.write("a.txt", "one\ntwo\nthree\n");
    std::fs::remove_file(world.project().join("gone.txt")).unwrap();
    world.write("bytes", [0, 3]);
    world.write(".env", "TOKEN=new-secret\n");
    world.write("vault/key", "new-secret\n");
    world.write("untracked\nstaged:", "x\n");
    let unstaged = plain(&git(&world, &["diff", "--", "a.txt", "gone.txt"]));
    let staged = plain(&git(&world, &["diff", "--cached", "-M"]));
    let head = plain(&git(&world, &["diff", "HEAD", "--", "a.txt"]));
    let shown = plain(&git(&world, &["show", "--format=", "HEAD", "--", "moved.txt"]));
    let log = git(&world, &["log", "--format=%H %s"]);
    arm(&world);
    let _background = Background::start(&world);

    let status = call(&world, "git-status", json!({}));
    for line in [
        "on branch main at ",
        "staged:\n  modified: a.txt\n  renamed: moved.txt => new name.txt\n",
        "not staged:\n  modified: .env\n  modified: a.txt\n  modified: bytes\n  deleted: gone.txt\n  modified: vault/key\n",
        "untracked:\n  untracked: \"untracked\\nstaged:\"\n",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    assert_eq!(call(&world, "git-diff", json!({"paths": ["a.txt", "gone.txt"]})), unstaged);
    assert_eq!(call(&world, "git-diff", json!({"what": "staged"})), staged);
    assert_eq!(call(&world, "git-diff", json!({"what": "head", "paths": ["a.txt"]})), head);
    let all = call(&world, "git-diff", json!({}));
    assert!(
        all.contains("a/.env b/.env\n[private") && all.contains("vault/key\n[private") && all.contains("bytes\n[binary"),
        "{all}"
    );
    let second = call(&world, "git-show", json!({}));
    assert!(second.contains("    second\n\n    why\n") && second.contains("vault/key\nnew file\n[private"), "{second}");
    assert!(call(&world, "git-show", json!({"revision": "main", "paths": ["moved.txt"]})).ends_with(&shown));
    for hash in log.lines().map(|line| &line[..10]) {
        assert!(
            call(&world, "git-log", json!({})).contains(hash)
                && call(&world, "git-show", json!({"revision": hash})).contains(hash)
        );
    }
    assert!(!(all + &second).contains("-secret"));
    for odd in ["-x", "HEAD:a.txt", ":/second", "HEAD^{/why}", "HEAD@{0}", "main..HEAD", "", "no"] {
        let run = world.run(&["tool", "call", "git-show", &json!({"revision": odd}).to_string()]);
        assert!(!run.status.success(), "{odd}: {}", text(&run.stdout));
    }
    let refused = world.run(&["tool", "call", "git-commit", r#"{"message": "x", "paths": ["a.txt"]}"#]);
    assert!(!refused.status.success(), "{}", text(&refused.stdout));
    assert!(!world.dir.path().join("ran").exists(), "nothing that the repository names was run");
    assert_eq!(git(&world, &["rev-parse", "HEAD"]).trim(), &log[..40]);
}

/// Staged by the user himself, changed, and new, with names that want to be more than names.
fn hostile(world: &World) -> Vec<&'static str> {
    let paths = vec!["--amend", "$(touch ran)", "it's; touch ran", "*", "a.txt"];
    paths.iter().for_each(|path| world.write(path, "two\n"));
    world.write("mine.txt", "mine\n");
    world.git(&["add", "--", "mine.txt"]);
    world.write("other.txt", "other\n");
    paths
}

const MESSAGE: &str =
    "--no-verify $(touch ran) `touch ran`\n\nit's \"this\"; touch ran\n\nassisted-by: kairos-run (someone else)";

#[test]
fn a_commit_is_shown_made_and_says_who_helped() {
    let server =
        calling("git-commit", json!({"message": MESSAGE, "paths": ["--amend", "$(touch ran)", "it's; touch ran", "*", "a.txt"]}));
    let world = world(Some(&server), "");
    hostile(&world);
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "git"]);
    let questions = asked(&world, &["--yes"]);
    let told = outcome(&server);
    let [question] = &questions[..] else { panic!("{questions:?} {told}") };
    let preview = question["preview"].as_str().unwrap();
    assert!(preview.starts_with("$ git add --intent-to-add -- '$(touch ran)' ':(literal)*' --amend "), "{preview}");
    assert!(preview.contains(" && git commit -m '--no-verify $(touch ran)") && preview.contains("--only -- "), "{preview}");
    assert!(preview.contains("\nM a.txt +1 -1\n") && preview.contains("\nA * +1 -0\n"), "{preview}");
    assert!(preview.contains("Assisted-by: kairos-run (scripted)'"), "{preview}");

    let wanted = MESSAGE.replace("assisted-by: kairos-run (someone else)", "Assisted-by: kairos-run (scripted)");
    assert_eq!(git(&world, &["log", "-1", "--format=%B"]).trim(), wanted);
    assert_eq!(git(&world, &["log", "-1", "--format=%an <%ae> %cn <%ce>"]), "Ada L <ada@example.org> Ada L <ada@example.org>\n");
    assert_eq!(git(&world, &["log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)"]).trim(), "kairos-run (scripted)");
    let files = git(&world, &["show", "--format=", "--name-only", "-z", "HEAD"]);
    assert_eq!(files.split_terminator('\0').collect::<Vec<_>>(), ["$(touch ran)", "*", "--amend", "a.txt", "it's; touch ran"]);
    assert_eq!(git(&world, &["status", "--porcelain"]), "A  mine.txt\n?? other.txt\n", "what the user staged stays staged");
    assert_eq!(git(&world, &["rev-list", "--count", "HEAD"]), "2\n");
    assert!(!world.project().join("ran").exists());
    assert!(
        told.contains(&git(&world, &["rev-parse", "HEAD"])[..10]) && told.contains("5 files") && told.contains("modified: a.txt"),
        "{told}"
    );
}

#[test]
fn who_does_not_agree_finds_all_as_it_was() {
    let server = calling("git-commit", json!({"message": MESSAGE, "paths": ["--amend", "a.txt"]}));
    let world = world(Some(&server), "permissions.wait = \"0s\"");
    hostile(&world);
    let _background = Background::start(&world);
    let state =
        || (git(&world, &["log", "--all"]), git(&world, &["status", "--porcelain"]), git(&world, &["ls-files", "--stage"]));
    let before = state();
    asked(&world, &["--yes"]);
    assert!(outcome(&server).contains("plugin grant"), "{}", outcome(&server));
    world.ok(&["plugin", "grant", "git"]);
    assert!(asked(&world, &[]).is_empty());
    assert!(outcome(&server).contains("nobody is there to agree"), "{}", outcome(&server));
    assert_eq!(state(), before);
}

/// A hook of the repository's, in `$HERE`.
fn hook(world: &World, name: &str, script: &str) {
    let path = world.project().join(".git/hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\nHERE='{}'\n{script}\n", world.dir.path().display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn hooks_of_the_repository_run_as_ever_but_in_the_sandbox() {
    let server = calling("git-commit", json!({"message": "Add it", "paths": ["new.txt"]}));
    let world = world(Some(&server), "");
    world.write("new.txt", "new\n");
    let config = std::fs::read(world.project().join(".git/config")).unwrap();
    let tries = "touch \"$HERE/out\"; git config core.editor evil; touch .git/hooks/post-checkout; mv .git .git2; git config --global a.b c";
    hook(&world, "pre-commit", &format!("({tries}) 2>/dev/null; echo checked by a hook; touch checked; exit 1"));
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "git"]);
    let action = asked(&world, &["--yes"])[0]["action"].to_string();
    let told = outcome(&server);
    if action.contains("can't confine") {
        return eprintln!("skipped: {action}");
    }
    assert!(
        told.contains("nothing was committed, git ended with 1: checked by a hook") && told.contains("`git reset -- PATH`"),
        "{told}"
    );
    assert_eq!(git(&world, &["rev-list", "--count", "HEAD"]), "1\n");
    assert!(world.project().join("checked").exists() && !world.dir.path().join("out").exists());
    let is_kept = std::fs::read(world.project().join(".git/config")).unwrap() == config;
    assert_eq!(is_kept, !told.contains("configuration or its hooks were changed"), "what can't be prevented is told: {told}");
    eprintln!("the configuration is kept: {is_kept}");
    assert!(!std::fs::read_to_string(world.dir.path().join("user/.gitconfig")).unwrap().contains("[a]"));

    hook(&world, "pre-commit", "echo fine");
    asked(&world, &["--yes"]);
    assert!(
        outcome(&server).contains("Add it, 1 file:\n  added: new.txt +1 -0\ngit and the hooks said:\nfine\n"),
        "{}",
        outcome(&server)
    );
    assert_eq!(git(&world, &["status", "--porcelain"]), "?? checked\n");
}

#[test]
fn the_user_s_rules_and_settings_hold_for_commits() {
    let server = ModelServer::speaking(|question| {
        let messages = question["messages"].as_array().unwrap();
        let commit = |paths: &[&str]| (None, vec![("git-commit", json!({"message": "Change it", "paths": paths}))]);
        match messages.iter().filter(|m| m["role"] == "tool").count() {
            0 => commit(&[]),
            1 => commit(&[]),
            2 => commit(&["deploy.key"]),
            3 => commit(&["../x"]),
            4 => commit(&["shut/a"]),
            _ => (Some("Done."), vec![]),
        }
    });
    let rules =
        "[permissions]\nallow = [\"Bash(git commit *)\", \"Bash(git add *)\"]\ndeny = [\"Read(shut/**)\"]\nwait = \"0s\"\n";
    let world = world(Some(&server), &format!("git.attribution = false\n{rules}"));
    world.write("a.txt", "two\n");
    world.git(&["add", "a.txt"]);
    world.write("a.txt", "three\n");
    world.write("deploy.key", "secret\n");
    world.write("shut/a", "secret\n");
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "git"]);
    assert!(asked(&world, &[]).is_empty());
    let last = server.asked().pop().unwrap();
    let told: Vec<&str> = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["role"] == "tool")
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    if told[0].contains("can't confine") {
        return eprintln!("skipped: {}", told[0]);
    }
    assert!(told[0].contains("modified: a.txt +1 -1"), "{told:?}");
    assert!(told[1].contains("nothing is staged"), "{told:?}");
    assert!(told[2].contains("nobody is there"), "a private file asks, whatever is allowed: {told:?}");
    assert!(told[3].contains("may not contain `..`"), "{told:?}");
    assert!(told[4].contains("rules forbid") && told[4].contains("shut/**"), "{told:?}");
    assert_eq!(git(&world, &["log", "-1", "--format=%B"]).trim(), "Change it");
    assert_eq!(git(&world, &["show", "HEAD:a.txt"]), "two\n");
    assert_eq!(git(&world, &["status", "--porcelain"]), " M a.txt\n?? deploy.key\n?? shut/\n");
}

/// The repository lies elsewhere: in another work tree's folder, or above the project.
#[test]
fn a_repository_that_lies_outside_of_the_project_can_be_committed_to() {
    for is_linked in [true, false] {
        let server = calling("git-commit", json!({"message": "Add it", "paths": ["a.txt", "new.txt"]}));
        let world = with_name(World::new(), Some(&server), "");
        let outside = |arguments: &[&str], folder: &str| {
            let folder = world.dir.path().join(folder).display().to_string();
            git(&world, &[&["-C", &folder], arguments].concat())
        };
        let repository = if is_linked { "repository" } else { "." };
        std::fs::create_dir_all(world.dir.path().join(repository)).unwrap();
        outside(&["init", "-q", "-b", "main"], repository);
        if is_linked {
            outside(&["commit", "-q", "--allow-empty", "-m", "first"], repository);
            std::fs::remove_dir(world.project()).unwrap();
            std::fs::create_dir(world.project()).unwrap();
            outside(&["worktree", "add", "-q", "-b", "other", "../project"], repository);
        }
        world.write("a.txt", "one\n");
        world.git(&["add", "a.txt"]);
        world.git(&["commit", "-q", "-m", "second"]);
        std::fs::write(world.dir.path().join(repository).join("beside.txt"), "x\n").unwrap();
        outside(&["add", "beside.txt"], repository);
        world.write("a.txt", "two\n");
        world.write("new.txt", "new\n");
        let _background = Background::start(&world);
        world.ok(&["plugin", "grant", "git"]);
        asked(&world, &["--yes"]);
        let told = outcome(&server);
        assert!(told.contains("Add it, 2 files"), "{is_linked}: {told}");
        assert_eq!(git(&world, &["log", "-1", "--format=%an %s"]), "Ada L Add it\n");
        assert!(outside(&["status", "--porcelain"], repository).contains("A  beside.txt"), "what is staged beside it stays");
    }
}
