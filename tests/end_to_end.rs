//! The real binary, driven as a user drives it, on real git repositories.

mod support;

use serde_json::Value;
use support::{World, prebuilt, text};

/// A key of the right form that belongs to nobody; in two parts, so that no scanner takes this file for a leak.
fn planted_key() -> String {
    format!("{}_{}", "ghp", "x7Kq2LmZ9vRtB4nWcY8sDfG1hJ6pQe3uTa5o")
}

#[test]
fn the_embedded_set_reports_a_conflict_a_key_and_a_failing_command() {
    let world = World::with_git();
    world.git(&["checkout", "-q", "-b", "other"]);
    world.write("a.txt", "theirs\n");
    world.git(&["commit", "-q", "-am", "theirs"]);
    world.git(&["checkout", "-q", "main"]);
    world.write("a.txt", "ours\n");
    world.git(&["commit", "-q", "-am", "ours"]);
    let mut running = world.start(&[]);

    world.git(&["merge", "other"]);
    let conflict = running.finding("merge-conflicts", "a.txt");
    assert_eq!(conflict["evidence"][0]["subject"], "a.txt");

    // The conflict is gone: the finding leaves the inbox by itself.
    world.write("a.txt", "both\n");
    world.git(&["add", "a.txt"]);
    world.git(&["commit", "-q", "-m", "merged"]);
    assert_eq!(running.resolved("merge-conflicts")["item"]["key"], conflict["key"]);

    let key = planted_key();
    world.write("deploy.py", format!("TOKEN = \"{key}\"\n"));
    world.git(&["add", "deploy.py"]);
    running.finding("secrets", "deploy.py");

    let build = ["exec", "--", "cc", "-c", "main.c", "-o", "main.o"];
    world.write("main.c", "int main(void) { return 0; }\n");
    world.ok(&build);
    world.write("main.c", "int main(void) { return zero; }\n");
    let failed = world.run(&build);
    assert_eq!(failed.status.code(), Some(1), "exec ends as its command does");
    let failure = running.finding("command-failures", "main.c:1");

    let open = world.json(&["inbox", "list"]);
    let plugins: Vec<_> = open.as_array().unwrap().iter().map(|i| i["plugin"].as_str().unwrap()).collect();
    assert!(plugins.contains(&"secrets") && plugins.contains(&"command-failures"), "{plugins:?}");
    assert!(!plugins.contains(&"merge-conflicts"), "{plugins:?}");

    world.write("main.c", "int main(void) { return 0; }\n");
    world.ok(&build);
    assert_eq!(running.resolved("command-failures")["item"]["key"], failure["key"]);

    // No part of what we keep or say holds the key.
    assert!(!running.seen.iter().any(|e| e.to_string().contains(&key)));
    assert_eq!(running.stop(), 0);
    for file in ["data/state.db", "data/state.db-wal"] {
        let bytes = std::fs::read(world.home().join(file)).unwrap_or_default();
        assert!(!bytes.windows(key.len()).any(|w| w == key.as_bytes()), "{file}");
    }
}

#[test]
fn the_first_tick_looks_at_the_project_as_it_stands() {
    let world = World::with_git();
    let said = world.ok(&["--ticks", "1"]);
    assert!(said.contains("nothing needs you"), "{said}");
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    let output = world.run(&["--ticks", "1"]);
    assert!(output.status.success());
    let said = text(&output.stdout);
    assert!(said.contains("b.rs has a conflict left in it") && said.contains("kairos-run inbox show 1"), "{said}");
}

#[test]
fn a_plugin_that_asks_for_nothing_speaks_up_when_dropped_in_and_is_gone_when_removed() {
    let world = World::new();
    let dir = world.plugins();
    let mut running = world.start(&[]);
    std::fs::write(dir.join("hello_detector.wasm"), prebuilt("hello-detector")).unwrap();
    running.plugin("hello-detector", "loaded");
    running.finding("hello-detector", "Hello");
    std::fs::remove_file(dir.join("hello_detector.wasm")).unwrap();
    running.plugin("hello-detector", "removed");
    running.resolved("hello-detector");
    let names = world.json(&["plugin", "list"]);
    assert!(!names.to_string().contains("hello-detector"));
}

#[test]
fn a_plugin_that_asks_for_project_read_waits_until_it_is_granted_and_stops_when_revoked() {
    let world = World::with_git();
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    std::fs::write(world.plugins().join("mine.wasm"), prebuilt("merge-conflicts")).unwrap();
    let mut running = world.start(&[]);
    let request = running.finding("kairos", "plugin mine waits for a grant");
    assert_eq!(request["remedy"], "kairos-run plugin grant mine");
    let state = |world: &World| world.json(&["plugin", "info", "mine"])["state"].clone();
    assert_eq!(state(&world), "waiting-for-grant");
    assert!(!running.seen.iter().any(|e| e["item"]["plugin"] == "mine"));

    world.ok(&["plugin", "grant", "mine"]);
    running.finding("mine", "b.rs");
    running.ticks(1);
    assert_eq!(world.json(&["inbox", "list"]).to_string().matches("grant:mine").count(), 0);

    world.ok(&["plugin", "revoke", "mine"]);
    running.resolved("mine");
    assert_eq!(state(&world), "waiting-for-grant");
    world.write("c.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    running.finding("merge-conflicts", "c.rs");
    running.ticks(2);
    assert!(!running.seen.iter().any(|e| e["item"]["plugin"] == "mine" && e["item"]["title"].to_string().contains("c.rs")));
    assert_eq!(running.stop(), 0);

    // A grant belongs to the content: another file in its place waits again.
    std::fs::write(world.plugins().join("mine.wasm"), prebuilt("secrets")).unwrap();
    let _running = world.start(&[]);
    assert_eq!(state(&world), "waiting-for-grant");
}

#[test]
fn plugins_that_a_project_brings_wait_until_these_very_files_are_trusted() {
    let world = World::with_git();
    world.write(".kairos/plugins/hello_detector.wasm", prebuilt("hello-detector"));
    let other = world.dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let mut running = world.start(&["--project", ".", "--project", other.to_str().unwrap()]);
    let request = running.finding("kairos", "this project brings a plugin");
    assert_eq!(request["remedy"], "kairos-run project trust");
    assert_eq!(request["project"], world.project().canonicalize().unwrap().to_str().unwrap());
    let own = |world: &World| {
        let all = world.json(&["plugin", "list"]);
        let mut own = all.as_array().unwrap().iter().filter(|p| p["name"].as_str().unwrap().starts_with("hello-detector@"));
        (own.next().cloned().unwrap(), own.count())
    };
    assert_eq!(own(&world).0["state"], "untrusted");
    let refused = world.run(&["project", "trust"]);
    assert!(text(&refused.stderr).contains("--yes"), "{}", text(&refused.stderr));
    assert_eq!(own(&world).0["state"], "untrusted");

    world.ok(&["project", "trust", "--yes"]);
    let name = own(&world).0["name"].as_str().unwrap().to_string();
    let hello = running.finding(&name, "Hello");
    assert_eq!(hello["project"], request["project"], "it runs in its own project alone");
    running.ticks(4);
    assert_eq!(running.seen.iter().filter(|e| e["item"]["plugin"] == *name && e["event"] == "finding").count(), 1);
    assert_eq!(world.json(&["inbox", "list"]).to_string().matches("trust:plugins").count(), 0);

    // One file more, as a `git switch` brings it: all of them wait again, and what they said leaves the inbox.
    world.write(".kairos/plugins/one-more.wasm", prebuilt("merge-conflicts"));
    running.resolved(&name);
    running.finding("kairos", "this project brings 2 plugins");
    assert_eq!(own(&world).0["state"], "untrusted");
    std::fs::remove_file(world.project().join(".kairos/plugins/one-more.wasm")).unwrap();
    running.finding(&name, "Hello");

    world.ok(&["project", "distrust"]);
    running.resolved(&name);
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_file_of_the_same_name_overrides_the_embedded_plugin_and_inherits_nothing() {
    let world = World::new();
    std::fs::write(world.plugins().join("merge-conflicts.wasm"), prebuilt("hello-detector")).unwrap();
    let mut running = world.start(&[]);
    running.finding("merge-conflicts", "Hello");
    let list = world.json(&["plugin", "list"]);
    let states: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["name"] == "merge-conflicts")
        .map(|p| p["state"].as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&"overridden") && states.contains(&"running"), "{states:?}");
    world.ok(&["plugin", "disable", "merge-conflicts"]);
    running.resolved("merge-conflicts");
}

#[test]
fn the_user_decides_and_the_decision_lasts() {
    let world = World::with_git();
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    let mut running = world.start(&[]);
    let id = running.finding("merge-conflicts", "b.rs")["id"].as_str().unwrap().to_string();
    world.ok(&["inbox", "dismiss", &id]);
    assert_eq!(running.stop(), 0);
    let running = world.start(&[]);
    assert_eq!(world.json(&["inbox", "show", &id])["status"], "dismissed");
    assert_eq!(world.json(&["inbox", "list"]).as_array().unwrap().len(), 0);
    let unknown = world.run(&["inbox", "show", "999"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("inbox list --all"), "{}", text(&unknown.stderr));
    drop(running);
}

#[test]
fn tools_answer_within_the_project() {
    let world = World::with_git();
    let _running = world.start(&[]);
    let found = world.ok(&["tool", "call", "search", r#"{"pattern": "one"}"#]);
    assert!(found.contains("a.txt:1"), "{found}");
    let outside = world.run(&["tool", "call", "read-file", r#"{"path": "../home/data/state.db"}"#]);
    assert_eq!(outside.status.code(), Some(1));
}

#[test]
fn a_second_process_is_refused_and_a_killed_one_blocks_nothing() {
    let world = World::new();
    let mut first = world.start(&[]);
    let second = world.run(&["--ticks", "1"]);
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
    assert!(said.contains(&format!("process {}", first.child.id())) && said.contains("hint"), "{said}");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let offline = world.run(&["status"]);
    assert_eq!(offline.status.code(), Some(1));
    assert!(text(&offline.stderr).contains("not running"));
    assert!(world.run(&["--ticks", "1"]).status.success());
}

#[test]
fn files_that_are_no_plugins_are_refused_by_name_and_harm_nobody() {
    let world = World::new();
    let dir = world.plugins();
    let hello = prebuilt("hello-detector");
    std::fs::write(dir.join("empty.wasm"), "").unwrap();
    std::fs::write(dir.join("truncated.wasm"), &hello[..hello.len() / 2]).unwrap();
    std::fs::write(dir.join("module.wasm"), b"\0asm\x01\0\0\0").unwrap();
    std::fs::write(dir.join("script.wasm"), "#!/bin/sh\necho hi\n").unwrap();
    std::fs::write(dir.join("future.wasm"), replace(&hello, b"@0.1.0", b"@0.9.0")).unwrap();
    std::fs::File::create(dir.join("huge.wasm")).unwrap().set_len(200 << 20).unwrap();
    std::os::unix::fs::symlink("loop.wasm", dir.join("loop.wasm")).unwrap();
    std::fs::write(dir.join("hello-one.wasm"), &hello).unwrap();
    std::fs::write(dir.join("hello_one.wasm"), &hello).unwrap();
    let mut running = world.start(&[]);
    running.finding("hello-one", "Hello");
    let list = world.json(&["plugin", "list"]);
    let why = |name: &str| -> String {
        let plugin = list.as_array().unwrap().iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("no {name}: {list}"));
        assert_eq!(plugin["state"], "refused", "{name}");
        plugin["why"].as_str().unwrap().to_string()
    };
    assert!(why("empty").contains("empty"));
    assert!(why("truncated").contains("damaged"));
    assert!(why("module").contains("core WebAssembly module"));
    assert!(why("script").contains("not a WebAssembly file"));
    let future = why("future");
    assert!(future.contains("@0.9.0") && future.contains("@0.1.0"), "{future}");
    assert!(why("huge").contains("limits.component"));
    assert!(!why("loop").is_empty());
    assert_eq!(running.stop(), 0);
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let places: Vec<_> = out.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(i, _)| i).collect();
    for at in places {
        out[at..at + to.len()].copy_from_slice(to);
    }
    out
}

#[test]
fn settings_and_state_that_can_not_be_used_are_named_and_kept() {
    let world = World::new();
    std::fs::create_dir_all(world.home()).unwrap();
    std::fs::write(world.home().join("kairos.toml"), "every = \"5s\"\n[limits]\nmemroy = \"1GiB\"\n").unwrap();
    let output = world.run(&["--ticks", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("kairos.toml:3") && said.contains("limits.memory"), "{said}");
    std::fs::remove_file(world.home().join("kairos.toml")).unwrap();

    world.write("kairos.toml", "limits.memory = \"8GiB\"\n");
    let said = text(&world.run(&["--ticks", "1"]).stderr);
    assert!(said.contains("can't be set by a project"), "{said}");
    std::fs::remove_file(world.project().join("kairos.toml")).unwrap();

    assert!(world.run(&["--ticks", "1"]).status.success());
    let db = world.home().join("data/state.db");
    let garbage = vec![0x5a; 8192];
    std::fs::write(&db, &garbage).unwrap();
    let output = world.run(&["--ticks", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("state.db") && said.contains("mv "), "{said}");
    assert_eq!(std::fs::read(&db).unwrap(), garbage, "the old file is kept");
}

#[test]
fn interrupting_ends_in_order_and_quiet_ticks_call_nobody() {
    let world = World::new();
    let mut running = world.start(&[]);
    running.ticks(3);
    let quiet: Vec<&Value> = running.seen.iter().filter(|e| e["event"] == "tick" && e["number"].as_u64() > Some(1)).collect();
    assert!(quiet.iter().all(|t| t["deliveries"] == 0), "{quiet:?}");
    running.signal("TERM");
    running.wait_for("the last event", |e| e["event"] == "stopped");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(!world.home().join("run/control.sock").exists());
}

#[test]
fn ticks_missed_while_the_machine_slept_are_one_tick() {
    let world = World::with_git();
    let mut running = world.start(&[]);
    running.ticks(1);
    running.signal("STOP");
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    std::thread::sleep(std::time::Duration::from_secs(4));
    running.signal("CONT");
    let first = running.wait_for("a tick", |e| e["event"] == "tick");
    assert_eq!(first["reason"], "the machine slept");
    let second = running.wait_for("a tick", |e| e["event"] == "tick");
    assert_ne!(second["reason"], "the machine slept");
    assert!(world.json(&["inbox", "list"]).to_string().contains("b.rs"));
    assert_eq!(running.stop(), 0);
}
