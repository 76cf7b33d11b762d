//! The process in the background: it outlives the terminal, survives being killed, and can always be started again.
#![allow(missing_docs)]

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;
use support::{BINARY, Background, CONFLICT, World, text, wait_until};

fn pid(world: &World) -> u64 {
    world.json(&["status"])["pid"].as_u64().unwrap()
}

fn titles(world: &World) -> String {
    let items = world.json(&["inbox", "list"]);
    items.as_array().unwrap().iter().map(|i| i["title"].to_string()).collect()
}

#[test]
fn it_outlives_the_terminal_and_comes_back_with_its_inbox_after_a_kill() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    world.write("b.rs", CONFLICT);
    // A terminal of its own, which is closed with all that runs in it.
    let mut terminal = Command::new("setsid")
        .args(["sh", "-c", &format!("'{BINARY}' start >/dev/null; sleep 600")])
        .current_dir(world.project())
        .env("KAIROS_HOME", world.home())
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _background = Background(&world);
    wait_until("it watches", || text(&world.run(&["status"]).stdout).contains("watching native"));
    let session = format!("-{}", terminal.id());
    for signal in ["-HUP", "-KILL"] {
        Command::new("kill").args([signal, "--", &session]).status().unwrap();
    }
    terminal.wait().unwrap();
    let first = pid(&world);
    wait_until("it speaks up", || titles(&world).contains("b.rs"));
    let before = world.json(&["inbox", "list"]);

    // A start while it runs joins it.
    world.ok(&["start"]);
    assert_eq!(pid(&world), first);

    assert!(Command::new("kill").args(["-9", &first.to_string()]).status().unwrap().success());
    wait_until("it is gone", || !world.run(&["status"]).status.success());
    let error = world.run(&["status"]);
    assert!(text(&error.stderr).contains("kairos-run start"), "{}", text(&error.stderr));
    world.ok(&["start"]);
    assert_ne!(pid(&world), first);
    wait_until("the project is watched again", || world.json(&["status"])["projects"][0]["tick"].as_u64() > Some(0));
    let after = world.json(&["inbox", "list"]);
    assert_eq!(after[0]["id"], before[0]["id"]);
    assert_eq!(after[0]["first_seen"], before[0]["first_seen"]);

    assert_eq!(world.ok(&["stop"]), "stopped\n");
    assert_eq!(world.ok(&["stop"]), "kairos-run is not running\n");
    let log = world.ok(&["logs"]);
    assert!(log.contains("finding") && log.contains("ends: it was asked to"), "{log}");
}

#[test]
fn projects_come_and_go_while_it_runs_and_are_remembered() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    let other = world.dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let other = other.canonicalize().unwrap().to_str().unwrap().to_string();
    world.ok(&["start"]);
    let _background = Background(&world);
    world.ok(&["project", "add", &other]);
    std::fs::write(format!("{other}/c.rs"), CONFLICT).unwrap();
    let watched = |world: &World| {
        let projects = world.json(&["project", "list"]);
        let watched = projects.as_array().unwrap().iter().filter(|p| p["error"].is_null());
        watched.map(|p| p["path"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(watched(&world).len(), 2);
    wait_until("the added project is looked at", || titles(&world).contains("c.rs"));

    world.ok(&["restart"]);
    wait_until("both are watched again", || watched(&world).len() == 2);
    // A folder that is away is named, and does not keep the others from being watched.
    world.ok(&["stop"]);
    std::fs::rename(&other, format!("{other}-moved")).unwrap();
    world.ok(&["start"]);
    wait_until("the missing one is named", || world.ok(&["status"]).contains("can't watch"));
    wait_until("the other one is watched", || watched(&world).len() == 1);
    world.ok(&["project", "remove", &other]);
    assert_eq!(world.json(&["project", "list"]).as_array().unwrap().len(), 1);
    let unknown = world.run(&["project", "remove", &other]);
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("project list"));
}

#[test]
fn looking_on_shows_what_is_open_and_ends_alone() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    world.write("b.rs", CONFLICT);
    world.ok(&["start"]);
    let _background = Background(&world);
    let process = pid(&world);
    let mut looking = world.spawn(&["--json"]);
    looking.wait_for("what runs", |e| e["event"] == "started");
    looking.finding("merge-conflicts", "b.rs");
    std::fs::write(world.project().join("b.rs"), "fine\n").unwrap();
    assert_eq!(looking.stop(), 0);
    assert_eq!(pid(&world), process);
}

#[test]
fn a_start_that_fails_says_why_and_leaves_nothing_behind() {
    let world = World::new();
    world.settings("every = 3\n");
    let output = world.run(&["start"]);
    let error = text(&output.stderr);
    assert!(!output.status.success() && error.contains("kairos.toml:1"), "{error}");
    std::fs::remove_file(world.home().join("kairos.toml")).unwrap();
    // Where nobody could reach it, it does not run on, either.
    let run = world.home().join("run");
    std::fs::create_dir_all(run.join("control.sock")).unwrap();
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for arguments in [&["start"][..], &["--ticks", "1"]] {
        let output = world.run(arguments);
        let error = text(&output.stderr);
        assert!(!output.status.success() && error.contains("control.sock is in the way"), "{error}");
    }
    std::fs::remove_dir(run.join("control.sock")).unwrap();
    // What a reboot leaves behind: a lock file of nobody, a socket that nobody answers at.
    std::fs::write(run.join("lock"), "1\n").unwrap();
    drop(std::os::unix::net::UnixListener::bind(run.join("control.sock")));
    world.ok(&["start"]);
    let _background = Background(&world);
    assert!(pid(&world) > 1);
}

#[test]
fn settings_take_effect_while_it_runs_and_broken_ones_leave_the_old() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    world.settings("every = \"7s\"\n");
    world.ok(&["start"]);
    let _background = Background(&world);
    let every = |world: &World| world.json(&["status"])["projects"][0]["every_ms"].as_u64();
    assert_eq!(every(&world), Some(7000));
    let mut looking = world.spawn(&["--json"]);
    looking.wait_for("what runs", |e| e["event"] == "started");
    world.settings("every = \"1s\"\n");
    looking.wait_for("new settings", |e| e["event"] == "settings" && e["error"].is_null());
    assert_eq!(every(&world), Some(1000));
    world.settings("every = \n");
    let told = looking.wait_for("a complaint", |e| e["event"] == "settings");
    assert!(told["error"].as_str().unwrap().contains("kairos.toml:1"), "{told}");
    assert_eq!(every(&world), Some(1000));

    // A repository that is made while it runs.
    let bare = World::new();
    std::fs::rename(bare.project(), world.dir.path().join("bare")).unwrap();
    let bare = world.dir.path().join("bare").canonicalize().unwrap();
    world.settings("every = \"1s\"\n");
    world.ok(&["project", "add", bare.to_str().unwrap()]);
    let git = |world: &World| world.json(&["status"])["projects"][1]["git"].clone();
    assert_eq!(git(&world), false);
    Command::new("git").args(["init", "-q"]).current_dir(&bare).status().unwrap();
    wait_until("the repository is seen", || git(&world) == true);

    // The project's own, and what it does without.
    world.settings("every = \"1s\"\n");
    world.write("b.rs", CONFLICT);
    looking.finding("merge-conflicts", "b.rs");
    world.write("kairos.toml", "plugins.disabled = [\"merge-conflicts\"]\n");
    looking.resolved("merge-conflicts");
}

/// `KAIROS_KILLS=200 cargo test --test daemon killed` for a long run.
#[test]
fn killed_at_any_point_the_inbox_and_the_journal_are_whole() {
    let kills: u32 = std::env::var("KAIROS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let world = World::with_git();
    world.settings("every = \"1s\"\n");
    let _background = Background(&world);
    // A generator of its own, so that a failure can be repeated.
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    world.ok(&["start"]);
    let mut known = std::collections::BTreeSet::new();
    for kill in 0..kills {
        let process = pid(&world).to_string();
        // Something to write about: conflicts that come and go, a command that fails.
        let file = format!("f{}.rs", next(6));
        world.write(&file, if next(3) == 0 { "fine\n" } else { CONFLICT });
        let _ = Command::new(BINARY)
            .args(["exec", "--", "sh", "-c", "exit 1"])
            .current_dir(world.project())
            .env("KAIROS_HOME", world.home())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .output();
        std::thread::sleep(Duration::from_millis(next(1500)));
        let ids = |world: &World| -> std::collections::BTreeSet<String> {
            let all = world.json(&["inbox", "list", "--all"]);
            all.as_array().unwrap().iter().map(|i| i["id"].to_string()).collect()
        };
        known.extend(ids(&world));
        assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
        world.ok(&["start"]);
        wait_until("it watches again", || text(&world.run(&["status"]).stdout).contains("watching native"));
        let now = ids(&world);
        let lost: Vec<_> = known.difference(&now).collect();
        assert!(lost.is_empty(), "kill {kill} lost {lost:?}");
    }
    world.ok(&["stop"]);
    for database in walk(&world.home().join("data")) {
        let checked = integrity(&database);
        assert_eq!(checked, "ok", "{}", database.display());
    }
}

/// All databases below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = folder.read_dir().unwrap().flatten().map(|e| e.path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .collect()
}

/// What SQLite says about a file.
fn integrity(file: &std::path::Path) -> String {
    let c = rusqlite::Connection::open(file).unwrap();
    c.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}
