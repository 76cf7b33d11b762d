//! Hostile plugins beside honest ones, in the real process. What each limit does exactly is tested in `kairos-host`; here it is
//! that the daemon and the other plugins go on, and that the user is told who it was.

mod support;

use std::time::{Duration, Instant};
use support::{World, repository};

/// The hostile guest in one of its modes: its prebuilt file with the mode patched in.
fn hostile(mode: &str) -> Vec<u8> {
    const MARK: &[u8] = b"HOSTILE-MODE";
    let mut bytes = std::fs::read(repository().join("plugins/prebuilt/hostile.wasm")).unwrap();
    let place = bytes.windows(MARK.len()).position(|w| w == MARK).unwrap() + MARK.len();
    bytes[place..place + 32].fill(0);
    bytes[place..place + mode.len()].copy_from_slice(mode.as_bytes());
    bytes
}

/// Modes that fault when they are called, and a part of what the user reads.
const FAULTS: &[(&str, &str)] = &[
    ("loop", "CPU time"),
    ("allocate", "memory"),
    ("recurse", "stack"),
    ("trap", "panicked"),
    ("giant-string", "can't be taken"),
    ("giant-claim", ""),
    ("many-findings", ""),
    ("host-calls", "calls to the host"),
    ("no-evidence", "evidence"),
    ("long-title", "title"),
];

/// Modes that are refused before they run.
const REFUSED: &[(&str, &str)] = &[
    ("loop-describe", "CPU time"),
    ("trap-describe", "panicked"),
    ("lie", "differently"),
    ("bad-name", "name"),
    ("huge-describe", ""),
    ("bad-schema", "schema"),
];

#[test]
fn hostile_plugins_are_named_and_contained() {
    let world = World::with_git();
    for (mode, _) in FAULTS.iter().chain(REFUSED) {
        std::fs::write(world.plugins().join(format!("{mode}.wasm")), hostile(mode)).unwrap();
    }
    std::fs::write(world.plugins().join("escape.wasm"), hostile("escape")).unwrap();
    std::fs::write(world.home().join("kairos.toml"), "limits.call-cpu = \"200ms\"\n").unwrap();
    let mut running = world.start(&[]);
    for (mode, part) in REFUSED {
        let info = world.json(&["plugin", "info", mode]);
        assert_eq!(info["state"], "refused", "{mode}: {info}");
        assert!(info["why"].as_str().unwrap().contains(part), "{mode}: {}", info["why"]);
    }
    for (mode, part) in FAULTS {
        world.ok(&["plugin", "grant", mode]);
        let fault = running.plugin(mode, "fault");
        assert!(fault["why"].as_str().unwrap().contains(part), "{mode}: {}", fault["why"]);
        assert_eq!(world.json(&["plugin", "info", mode])["figures"]["faults"], 1, "{mode}");
    }

    // It tries `..`, absolute paths and links, and tells what it could read: nothing.
    world.ok(&["plugin", "grant", "escape"]);
    let told = running.wait_for("the escape to be told", |e| e["event"] == "finding" && e["item"]["plugin"] == "escape");
    assert!(!told.to_string().contains("root:"), "{told}");

    // The others go on.
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    running.finding("merge-conflicts", "b.rs");
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_plugin_that_faults_again_and_again_is_quarantined_until_enabled() {
    let world = World::with_git();
    std::fs::write(world.plugins().join("bad.wasm"), hostile("trap")).unwrap();
    let mut running = world.start(&[]);
    world.ok(&["plugin", "grant", "bad"]);
    running.plugin("bad", "fault");
    for _ in 0..10 {
        let output = world.run(&["tool", "call", "misbehave", "{}"]);
        assert_eq!(output.status.code(), Some(1));
    }
    running.plugin("bad", "quarantined");
    let info = world.json(&["plugin", "info", "bad"]);
    assert_eq!(info["state"], "quarantined");
    assert!(info["why"].as_str().unwrap().contains("kairos-run plugin enable bad"), "{info}");
    assert!(!world.ok(&["tool", "list"]).contains("misbehave"));
    assert_eq!(running.stop(), 0);

    // It lasts, until the user says otherwise.
    let mut running = world.start(&[]);
    assert_eq!(world.json(&["plugin", "info", "bad"])["state"], "quarantined");
    world.ok(&["plugin", "enable", "bad"]);
    running.plugin("bad", "fault");
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_plugin_that_takes_its_time_does_not_hold_up_the_end() {
    let world = World::with_git();
    std::fs::write(world.plugins().join("loop.wasm"), hostile("loop")).unwrap();
    world.settings("limits.call-cpu = \"60s\"\nlimits.call-wall = \"60s\"\n");
    let mut running = world.start(&[]);
    running.ticks(1);
    world.ok(&["plugin", "grant", "loop"]);
    let end = Instant::now() + Duration::from_secs(60);
    while !world.json(&["status"])["projects"][0]["next_tick"].is_null() {
        assert!(Instant::now() < end, "it is not called");
    }
    let begin = Instant::now();
    assert_eq!(running.stop(), 0);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}
