//! What is said, when, and what becomes of what is not: on the real binary.

mod support;

use serde_json::Value;
use std::time::Duration;
use support::{CONFLICT, World, prebuilt, repository, text};

/// Nobody is ever away in a test, wherever it runs.
const HERE: &str = "[presence]\naway-after = \"0s\"\n";

fn settings(world: &World, text: &str) {
    world.settings(&format!("{text}\n{HERE}"));
}

/// Quiet on every day.
const QUIET: &str = "[quiet]\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n";

/// One field of all that merge-conflicts found.
fn conflicts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let own = list.as_array().unwrap().iter().filter(|i| i["plugin"] == "merge-conflicts");
    own.map(|i| i[field].as_str().unwrap_or_default()).collect()
}

#[test]
fn what_comes_in_quiet_hours_waits_and_is_one_message_when_they_end() {
    let world = World::with_git();
    settings(&world, QUIET);
    let mut running = world.start(&[]);
    for file in ["b.rs", "c.rs"] {
        world.write(file, CONFLICT);
        running.finding("merge-conflicts", file);
    }
    assert!(running.seen.iter().all(|e| e["announced"] != true));
    let waiting = world.json(&["inbox", "list", "--suppressed"]);
    assert_eq!(conflicts(&waiting, "kept_by"), ["quiet-hours", "quiet-hours"]);
    let shown = world.ok(&["inbox", "list", "--suppressed"]);
    assert!(shown.contains("NOT ANNOUNCED BECAUSE") && shown.contains("quiet hours"), "{shown}");
    let id = waiting[0]["id"].as_str().unwrap();
    assert!(world.ok(&["inbox", "show", id]).contains("not announced: quiet hours; it is said when they end"));

    // Not lost with the process; and an end of the quiet hours takes effect while it runs.
    assert_eq!(running.stop(), 0);
    let mut running = world.start(&[]);
    running.ticks(2);
    assert!(running.seen.iter().all(|e| e["announced"] != true));
    settings(&world, "");
    let first = running.wait_for("what waited", |e| e["announced"] == true);
    let second = running.wait_for("the other one", |e| e["announced"] == true);
    assert_eq!(first["group"]["title"], "2 findings that waited for you");
    assert_eq!(
        [&first, &second].map(|e| (e["group"]["size"].as_u64(), e["group"]["place"].as_u64())),
        [(Some(2), Some(1)), (Some(2), Some(2))]
    );
    assert_eq!(conflicts(&world.json(&["inbox", "list", "--suppressed"]), "id"), [""; 0]);
    let digest = world.json(&["digest"]);
    assert_eq!(digest["messages"], 1);
    let own = digest["plugins"].as_array().unwrap().iter().find(|p| p["plugin"] == "merge-conflicts").unwrap();
    assert_eq!((&own["announced"], &own["kept"]), (&2.into(), &serde_json::json!({})), "{digest}");
    assert!(own["calls"].as_u64() > Some(0) && digest["ticks"].as_u64() > Some(0), "{digest}");
}

#[test]
fn the_daily_cap_holds_over_all_projects_and_no_project_can_raise_it() {
    let world = World::with_git();
    settings(&world, "[surfacing]\ndaily-cap = 1\n");
    let other = world.dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("kairos.toml"), "[surfacing]\ndetector-rate = 99\n").unwrap();
    let mut running = world.start(&["--project", ".", "--project", other.to_str().unwrap()]);
    world.write("b.rs", CONFLICT);
    let first = running.wait_for("the first", |e| e["event"] == "finding" && e["item"]["plugin"] == "merge-conflicts");
    assert_eq!(first["announced"], true);
    std::fs::write(other.join("c.rs"), CONFLICT).unwrap();
    let second = running.wait_for("the other", |e| e["event"] == "finding" && e["item"]["plugin"] == "merge-conflicts");
    assert_eq!((&second["announced"], &second["item"]["kept_by"]), (&false.into(), &"daily-cap".into()));
    assert_ne!(first["item"]["project"], second["item"]["project"]);
    assert_eq!(running.stop(), 0);
    std::fs::write(other.join("kairos.toml"), "[surfacing]\ndaily-cap = 99\n").unwrap();
    let refused = world.run(&["--ticks", "1", "--project", other.to_str().unwrap()]);
    assert!(text(&refused.stderr).contains("can't be set by a project"), "{}", text(&refused.stderr));
}

#[test]
fn findings_of_one_tick_are_one_message() {
    let world = World::with_git();
    settings(&world, "");
    for n in 0..4 {
        world.write(&format!("f{n}.rs"), CONFLICT);
    }
    let said = world.ok(&["--ticks", "1"]);
    assert!(said.contains("merge-conflicts: 4 findings"), "{said}");
    assert!(said.contains("and 3 more: kairos-run inbox list"), "{said}");
    assert_eq!(said.matches("has a conflict left in it").count(), 1, "{said}");
}

#[test]
fn a_detector_that_is_dismissed_again_and_again_is_muted_until_it_is_unmuted() {
    let world = World::with_git();
    settings(&world, "[surfacing]\ndaily-cap = 100\ndetector-rate = 100\n");
    for n in 0..10 {
        world.write(&format!("f{n}.rs"), CONFLICT);
    }
    let mut running = world.start(&[]);
    running.ticks(1);
    let open = world.json(&["inbox", "list"]);
    assert_eq!(conflicts(&open, "id").len(), 10);
    for id in conflicts(&open, "id") {
        world.ok(&["inbox", "dismiss", id]);
    }
    let told = running.finding("kairos", "merge-conflicts is muted");
    assert_eq!(told["remedy"], "kairos-run plugin unmute merge-conflicts");
    assert!(world.ok(&["plugin", "info", "merge-conflicts"]).contains("muted"));
    world.write("g.rs", CONFLICT);
    assert_eq!(running.finding("merge-conflicts", "g.rs")["kept_by"], "muted");
    let silent = world.json(&["inbox", "list", "--suppressed"]);
    assert_eq!(conflicts(&silent, "kept_by"), ["muted"]);

    let unmuted = world.ok(&["plugin", "unmute", "merge-conflicts"]);
    assert!(unmuted.starts_with("merge-conflicts is running\n"), "{unmuted}");
    running.resolved("kairos");
    world.write("h.rs", CONFLICT);
    let said = running.wait_for("h.rs", |e| e["event"] == "finding" && e["item"]["title"].to_string().contains("h.rs"));
    assert_eq!(said["announced"], true, "{said}");
    let digest = world.json(&["digest", "--days", "1"]);
    let own = digest["plugins"].as_array().unwrap().iter().find(|p| p["plugin"] == "merge-conflicts").unwrap();
    assert_eq!((&own["dismissed"], &own["kept"]["muted"]), (&10.into(), &1.into()), "{digest}");
    let shown = world.ok(&["digest"]);
    assert!(shown.contains("merge-conflicts") && shown.contains("1 by muted"), "{shown}");
}

#[test]
fn proactive_decides_what_may_be_said_at_all() {
    let world = World::with_git();
    settings(&world, "proactive = \"off\"");
    world.write("b.rs", CONFLICT);
    let mut running = world.start(&[]);
    assert_eq!(running.finding("merge-conflicts", "b.rs")["kept_by"], "proactive");
    settings(&world, "proactive = \"all\"");
    running.wait_for("the new settings", |e| e["event"] == "settings");
    world.write("c.rs", CONFLICT);
    let said = running.wait_for("c.rs", |e| e["event"] == "finding" && e["item"]["title"].to_string().contains("c.rs"));
    assert_eq!(said["announced"], true);
}

#[test]
fn what_may_be_said_for_a_while_goes_back_by_itself() {
    let world = World::with_git();
    settings(&world, "proactive = \"important\"");
    let mut running = world.start(&[]);
    assert_eq!(world.json(&["proactive"]), serde_json::json!({"level": "important", "setting": "important"}));
    for (arguments, part) in [
        (&["proactive", "off"][..], "--for 2h"),
        (&["proactive", "--for", "2h"], "proactive off --for 2h"),
        (&["proactive", "off", "--for", "31d"], "30 days at most"),
        (&["proactive", "off", "--for", "2"], "30s, 5m"),
    ] {
        let said = text(&world.run(arguments).stderr);
        assert!(said.contains(part), "{said}");
    }
    let said = world.ok(&["proactive", "off", "--for", "2h"]);
    assert!(said.starts_with("Nothing is announced until ") && said.contains("then `proactive` is important again"), "{said}");
    world.write("b.rs", CONFLICT);
    assert_eq!(running.finding("merge-conflicts", "b.rs")["kept_by"], "proactive");
    // Kept across a restart.
    assert_eq!(running.stop(), 0);
    let mut running = world.start(&[]);
    assert!(world.ok(&["status"]).contains("Nothing is announced until "));
    assert!(world.json(&["status"])["proactive"]["until"].is_u64());
    world.write("c.rs", CONFLICT);
    let kept = running.finding("merge-conflicts", "c.rs");
    assert_eq!((&kept["kept_by"], &kept["decision"]), (&"proactive".into(), &"`proactive` is off".into()));

    // Its time is over.
    world.ok(&["proactive", "off", "--for", "1s"]);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(world.json(&["proactive"])["level"], "important");
    let said = |running: &mut support::Running, file: &str| {
        world.write(file, CONFLICT);
        running.wait_for(file, |e| e["event"] == "finding" && e["item"]["title"].to_string().contains(file))["announced"].clone()
    };
    assert_eq!(said(&mut running, "d.rs"), true);
    // Or it is ended.
    world.ok(&["proactive", "off", "--for", "2h"]);
    assert_eq!(said(&mut running, "e.rs"), false);
    assert_eq!(world.ok(&["proactive", "resume"]), "Only what is of high or critical urgency is announced\n");
    assert_eq!(said(&mut running, "f.rs"), true);
    assert_eq!(running.stop(), 0);
}

#[test]
fn quiet_times_and_zones_that_make_no_sense_are_named() {
    let world = World::new();
    for (bad, part) in [
        ("[quiet]\nhours = [\"22-7\"]", "kairos.toml:2: `quiet.hours`"),
        ("[quiet]\nzone = \"Europe/Nowhere\"", "quiet.zone"),
        ("proactive = \"maybe\"", "one of off, important, all"),
    ] {
        settings(&world, bad);
        let said = text(&world.run(&["--ticks", "1"]).stderr);
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_revocation_reaches_a_call_that_is_under_way() {
    const MARK: &[u8] = b"HOSTILE-MODE";
    let mut bytes = std::fs::read(repository().join("plugins/prebuilt/hostile.wasm")).unwrap();
    let place = bytes.windows(MARK.len()).position(|w| w == MARK).unwrap() + MARK.len();
    bytes[place..place + 32].fill(0);
    bytes[place..place + b"read-until-denied".len()].copy_from_slice(b"read-until-denied");
    let world = World::new();
    settings(&world, "limits.call-wall = \"100s\"");
    std::fs::write(world.plugins().join("slow.wasm"), bytes).unwrap();
    world.write("secret.txt", "s3cret");
    // It searches them all each time before it reads again.
    for n in 0..1_000 {
        world.write(&format!("d{}/f{n}.txt", n % 100), "nothing here\n");
    }
    let mut running = world.start(&[]);
    running.finding("kairos", "plugin slow waits for a grant");
    running.ticks(1);
    world.ok(&["plugin", "grant", "slow"]);
    // It is called at once, and does not come back while it may read.
    std::thread::sleep(Duration::from_secs(1));
    world.ok(&["plugin", "revoke", "slow"]);
    let told = running.finding("slow", "what a hostile plugin saw");
    assert_eq!(told["detail"], "secret.txt: denied");
}

#[test]
fn plugins_that_a_user_has_muted_himself_are_quiet_at_once() {
    let world = World::new();
    settings(&world, "");
    let dir = world.plugins();
    let mut running = world.start(&[]);
    let unknown = world.run(&["plugin", "mute", "hello-detector"]);
    assert!(text(&unknown.stderr).contains("there is no plugin"));
    std::fs::write(dir.join("hello_detector.wasm"), prebuilt("hello-detector")).unwrap();
    running.finding("hello-detector", "Hello");
    std::fs::remove_file(dir.join("hello_detector.wasm")).unwrap();
    running.resolved("hello-detector");
    std::fs::write(dir.join("hello_detector.wasm"), prebuilt("merge-conflicts")).unwrap();
    running.finding("kairos", "hello-detector waits for a grant");
    world.ok(&["plugin", "mute", "hello-detector"]);
    world.ok(&["plugin", "grant", "hello-detector"]);
    world.write("b.rs", CONFLICT);
    assert_eq!(running.finding("hello-detector", "b.rs")["kept_by"], "muted");
}

/// A terminal in which somebody types.
#[cfg(target_os = "linux")]
struct Terminal {
    keys: Box<dyn std::io::Write + Send>,
    reader: Box<dyn portable_pty::Child + Send + Sync>,
    _pty: portable_pty::PtyPair,
}

#[cfg(target_os = "linux")]
impl Terminal {
    fn open() -> Self {
        let pty = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
        let reader = pty.slave.spawn_command(portable_pty::CommandBuilder::new("cat")).unwrap();
        Self { keys: pty.master.take_writer().unwrap(), reader, _pty: pty }
    }

    fn press(&mut self) {
        std::io::Write::write_all(&mut self.keys, b"x\n").unwrap();
    }
}

#[cfg(target_os = "linux")]
impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.reader.kill();
        let _ = self.reader.wait();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_in_a_terminal_is_seen() {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let mut terminal = Terminal::open();
    let begin = now();
    terminal.press();
    // The kernel tells it to within 8 seconds.
    let seen = || kairos_signals::presence::look().last_input.is_some_and(|t| t + 8_000 >= begin);
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while !seen() {
        assert!(std::time::Instant::now() < end, "{:?}", kairos_signals::presence::look());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "fails while somebody types on the machine, and takes half a minute"]
fn what_is_found_while_nobody_is_there_is_said_when_he_is_back() {
    let world = World::with_git();
    std::fs::create_dir_all(world.home()).unwrap();
    std::fs::write(world.home().join("kairos.toml"), "[presence]\naway-after = \"9s\"\n").unwrap();
    let mut terminal = Terminal::open();
    terminal.press();
    let mut running = world.start(&[]);
    std::thread::sleep(Duration::from_secs(20));
    std::fs::write(world.plugins().join("mine.wasm"), prebuilt("merge-conflicts")).unwrap();
    assert_eq!(running.finding("kairos", "mine waits")["kept_by"], "away");
    world.write("b.rs", CONFLICT);
    let high = running.wait_for("b.rs", |e| e["item"]["plugin"] == "merge-conflicts");
    assert_eq!(high["announced"], true, "a high one goes out: {high}");
    running.ticks(2);
    terminal.press();
    let said = running.wait_for("it to be said", |e| e["announced"] == true);
    assert!(said["item"]["title"].to_string().contains("mine waits"), "{said}");
}
