//! What is watched, what of it is told, and what is not.
#![allow(missing_docs)]

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{World, text};

fn source(world: &World, name: &str) -> Value {
    let shown = world.json(&["signals", "show"]);
    let sources = shown[0]["sources"].as_array().unwrap_or_else(|| panic!("the project is on no list: {shown}"));
    sources.iter().find(|s| s["name"] == name).unwrap().clone()
}

/// Waits until the last signal of a source fits; answers it.
fn latest(world: &World, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let found = source(world, name);
        if fits(&found["latest"]) {
            return found["latest"].clone();
        }
        assert!(Instant::now() < end, "waited in vain for {name}: {found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn attribute<'a>(signal: &'a Value, name: &str) -> &'a str {
    let all = signal["attributes"].as_array().into_iter().flatten();
    all.filter(|a| a[0] == name).find_map(|a| a[1].as_str()).unwrap_or_default()
}

fn append(world: &World, path: &str, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(world.project().join(path)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

const JUNIT: &str = "<testsuites name='unit'><testsuite><testcase name='adds'/><testcase classname='Cart' name='pays'>\
    <failure message='3 != 4'>password=hunter2 in config/prod.key</failure></testcase></testsuite></testsuites>";

#[test]
fn logs_and_results_of_ci_are_told_without_secrets() {
    let world = World::with_git();
    let outside = world.dir.path().join("outside.log");
    std::fs::write(&outside, "").unwrap();
    world.settings(&format!("[signals]\nlogs = [\"log/*.log\", {:?}]\n", outside.display().to_string()));
    world.write("log/app.log", "old\n");
    world.write(".gitignore", "log/\n");
    let running = world.start(&[]);

    append(&world, "log/app.log", "GET /?token=hunter2hunter2 failed, see config/prod.key\n");
    let lines = latest(&world, "logs", |s| attribute(s, "path") == "log/app.log");
    assert_eq!(lines["body"], "GET /?token=[redacted] failed, see [private file]");
    // One that comes later, and one that the user names outside of the project.
    world.write("log/web.log", "hello\n");
    latest(&world, "logs", |s| attribute(s, "path") == "log/web.log" && s["body"] == "hello");
    std::fs::write(&outside, "there\n").unwrap();
    latest(&world, "logs", |s| attribute(s, "path").ends_with("/outside.log"));

    world.write(".kairos/ci/unit.xml", JUNIT);
    let dropped = latest(&world, "ci", |s| attribute(s, "name") == "unit");
    assert_eq!(attribute(&dropped, "status"), "failed");
    let body = dropped["body"].as_str().unwrap();
    assert!(body.starts_with("1 failed, 1 passed, 0 skipped\n\nFAILED Cart pays\n3 != 4\n"), "{body}");
    assert!(!body.contains("hunter2") && !body.contains("prod.key"), "{body}");

    world.write("report.xml", JUNIT);
    assert_eq!(world.ok(&["ci", "report", "report.xml", "--branch", "main", "--commit", "abc123"]), "unit: failed\n");
    let brought = latest(&world, "ci", |s| attribute(s, "branch") == "main");
    assert_eq!(attribute(&brought, "commit"), "abc123");
    let bad = world.run(&["ci", "report", "a.txt"]);
    assert!(!bad.status.success() && text(&bad.stderr).contains("no result of CI"), "{}", text(&bad.stderr));

    // A webhook of the user's own needs no more than this.
    let slug = world.json(&["status"])["projects"][0]["slug"].as_str().unwrap().to_string();
    let post = |body: &str| {
        let mut stream = UnixStream::connect(world.home().join("run/control.sock")).unwrap();
        let head =
            format!("POST /v1/projects/{slug}/ci HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}", body.len());
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(post("{\"name\": \"nightly\", \"status\": \"success\"}").starts_with("HTTP/1.1 200"));
    latest(&world, "ci", |s| attribute(s, "name") == "nightly" && attribute(s, "status") == "passed");
    assert!(post("<html>").starts_with("HTTP/1.1 400"));

    // After a restart nothing is told twice.
    assert_eq!(running.stop(), 0);
    let mut again = world.start(&[]);
    again.ticks(2);
    assert_eq!(source(&world, "ci")["told"], 0);
}

#[test]
fn private_files_are_not_even_named() {
    let world = World::with_git();
    world.write(".gitignore", "ignored/\n");
    world.write("ignored/unheard.txt", "x");
    let mut running = world.start(&[]);
    running.ticks(1);
    world.write(".env", "TOKEN=whisper1whisper1");
    world.write("keys/deploy_ed25519", "whisper1whisper1");
    world.write("ignored/unheard.txt", "y");
    world.write("plain.txt", "x");
    std::fs::rename(world.project().join("keys/deploy_ed25519"), world.project().join("keys/moved_ed25519")).unwrap();
    std::fs::rename(world.project().join("plain.txt"), world.project().join("prod.pem")).unwrap();
    world.ok(&["exec", "--", "cat", "keys/moved_ed25519", ".env"]);
    let command = latest(&world, "commands", |s| !s.is_null());
    assert_eq!(attribute(&command, "command"), "cat [private file] [private file]");
    world.write("log.txt", "the last one\n");
    latest(&world, "files", |s| attribute(s, "path") == "log.txt");
    running.ticks(2);
    let shown = world.json(&["signals", "show"]).to_string();
    running.stop();
    let slug = std::fs::read_dir(world.home().join("data/projects")).unwrap().next().unwrap().unwrap().path();
    let kept = [std::fs::read(slug.join("state.db")).unwrap(), std::fs::read(slug.join("state.db-wal")).unwrap_or_default()];
    for name in ["_ed25519", "prod.pem", "unheard", "cat .env"] {
        assert!(!shown.contains(name), "{name}: {shown}");
        assert!(!kept.iter().any(|k| k.windows(name.len()).any(|w| w == name.as_bytes())), "{name}");
    }
}

#[test]
fn in_a_pause_nothing_is_taken_in_and_after_it_everything_is_looked_at() {
    let world = World::with_git();
    let mut running = world.start(&[]);
    running.ticks(1);
    let said = world.ok(&["signals", "pause", "1h"]);
    assert!(said.contains("paused until"), "{said}");
    running.wait_for("the pause", |e| e["event"] == "pause" && e["until"].is_u64());
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    world.ok(&["exec", "--", "true"]);
    let end = Instant::now() + Duration::from_secs(30);
    while source(&world, "files")["thrown_away"] == 0 || source(&world, "commands")["thrown_away"] == 0 {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(50));
    }
    running.ticks(2);
    assert!(running.seen.iter().rev().take(2).all(|e| e["event"] != "tick" || e["signals"] == 0));
    assert!(world.ok(&["status"]).contains("paused until"));
    assert_eq!(world.json(&["inbox", "list"]), serde_json::json!([]));

    // It outlives the process.
    running.stop();
    let mut running = world.start(&[]);
    running.ticks(2);
    assert!(world.ok(&["signals", "show"]).contains("paused until"));
    assert_eq!(world.json(&["inbox", "list"]), serde_json::json!([]));
    world.ok(&["signals", "resume"]);
    running.finding("merge-conflicts", "b.rs");
    assert!(!world.ok(&["status"]).contains("paused until"));
    assert_eq!(attribute(&source(&world, "files")["latest"], "reason"), "resumed");

    // And ends by itself.
    world.ok(&["signals", "pause", "2s"]);
    running.wait_for("the end of the pause", |e| e["event"] == "pause" && e["until"].is_null());
    let refused = world.run(&["signals", "pause", "31d"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("signals show"), "{}", text(&refused.stderr));
}

#[test]
fn each_source_has_its_switch_and_a_project_can_only_switch_off() {
    let world = World::with_git();
    world.settings("[signals]\ngit = false\n");
    world.write("kairos.toml", "[signals]\nfiles = false\ncommands = false\ngit = true\n");
    let mut running = world.start(&[]);
    running.ticks(1);
    let shown = world.json(&["signals", "show"]);
    for s in shown[0]["sources"].as_array().unwrap() {
        let off = ["files", "commands", "git", "logs", "agents"].contains(&s["name"].as_str().unwrap());
        assert_eq!(s["on"], !off, "{s}");
    }
    world.write("x.txt", "x");
    world.ok(&["exec", "--", "true"]);
    world.git(&["checkout", "-q", "-b", "other"]);
    running.ticks(2);
    for name in ["files", "commands", "git"] {
        assert_eq!(source(&world, name)["told"], 0, "{name}");
    }
    // Switched on again it takes effect without a restart.
    world.write("kairos.toml", "");
    running.wait_for("new settings", |e| e["event"] == "settings" && e["error"].is_null());
    world.write("y.txt", "y");
    latest(&world, "files", |s| attribute(s, "path") == "y.txt");
}

#[test]
fn a_server_that_runs_in_the_project_is_told() {
    let world = World::with_git();
    let mut server = Command::new("python3")
        .args(["-c", "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler); print(s.server_port, flush=True); s.serve_forever()", "--token=hunter2hunter2"])
        .current_dir(world.project())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut port).unwrap();
    let _running = world.start(&[]);
    let told = latest(&world, "servers", |s| !s.is_null());
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!((attribute(&told, "port"), attribute(&told, "pid")), (port.trim(), server.id().to_string().as_str()));
    assert!(attribute(&told, "command").contains("python3 -c") && !told.to_string().contains("hunter2"), "{told}");
    assert!(attribute(&told, "since-ms").parse::<u64>().unwrap() > 1_600_000_000_000);
}

#[test]
fn a_project_that_goes_away_comes_back_or_is_read_only_is_watched_as_far_as_it_can_be() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_git();
    world.write("sub/a.txt", "x");
    world.settings("[signals]\nlogs = [\"log/*.log\"]\n");
    let mut running = world.start(&[]);
    running.ticks(1);
    let mode = |name: &'static str| move |e: &Value| e["event"] == "watch" && e["mode"] == name;
    let away = world.dir.path().join("away");
    std::fs::rename(world.project(), &away).unwrap();
    running.wait_for("the project to be gone", mode("gone"));
    std::fs::write(away.join("sub/elsewhere.txt"), "x").unwrap();
    std::fs::rename(&away, world.project()).unwrap();
    // Its repository went away with it, so it may be opened anew; a file that is written meanwhile is part of a rescan.
    latest(&world, "files", |s| {
        world.write("sub/again.txt", format!("{:?}", Instant::now()));
        attribute(s, "path") == "sub/again.txt"
    });

    let bits = |mode| std::fs::set_permissions(world.project(), std::fs::Permissions::from_mode(mode)).unwrap();
    bits(0o555);
    running.ticks(2);
    bits(0o755);
    world.write("log/app.log", "one\n");
    latest(&world, "logs", |s| s["body"] == "one");

    std::fs::remove_dir_all(world.project()).unwrap();
    running.wait_for("the project to be gone for good", mode("gone"));
    running.ticks(2);
    let shown = world.dir.path();
    let shown =
        Command::new(support::BINARY).args(["signals", "show"]).current_dir(shown).env("KAIROS_HOME", world.home()).output();
    assert!(text(&shown.unwrap().stdout).contains("gone"));
    assert_eq!(running.stop(), 0);
}
