//! When dreams begin, and what the user has to do with them; on the real binary.
#![allow(missing_docs)]

mod support;

use kairos_api::{Client, DreamFilter, DreamRequest, DreamSteps, DreamStrategies};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::{Background, Running, World, prebuilt, text, wait_until};

/// What a user says that is learnt.
const SAID: [&str; 4] = [
    "From now on, use pnpm and never npm.",
    "No, never push to main; open a pull request instead.",
    "From now on, use ruff and never flake8.",
    "From now on, use nextest and never plain cargo test.",
];

/// Dreams with each look, as soon as there is anything new.
const EAGER: &str = "every = \"1s\"\n[dream]\nidle-after = \"1s\"\nleast-every = \"0s\"\nleast-new = 1\n";
/// Dreams only when asked.
const ASKED: &str = "every = \"1s\"\n[dream]\nauto = false\n";

/// The user said it to an agent, and the agent's session is imported.
fn says(world: &World, said: &str) {
    let entry = json!({
        "type": "user", "uuid": said, "sessionId": said, "timestamp": "2026-11-01T10:00:00Z", "cwd": world.project(),
        "version": "2.0.0", "isSidechain": false, "message": {"role": "user", "content": said},
    });
    std::fs::create_dir_all(world.home()).unwrap();
    let file = world.home().join("session.jsonl");
    std::fs::write(&file, entry.to_string()).unwrap();
    assert_eq!(world.json(&["memory", "import", "claude", file.to_str().unwrap()])["stored"], 1);
}

fn claims(world: &World) -> Vec<String> {
    let claims = world.json(&["memory", "list"]);
    claims.as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap().to_owned()).collect()
}

/// The user's own memory dreams, too.
fn is_project_dream(event: &Value) -> bool {
    event["event"] == "dream" && event["project"] != "user"
}

fn dream(running: &mut Running, change: &str) -> Value {
    running.wait_for(&format!("a dream that {change}"), |e| is_project_dream(e) && e["change"] == change)
}

/// How many began.
fn begun(running: &Running) -> usize {
    running.seen.iter().filter(|e| is_project_dream(e) && e["change"] == "began").count()
}

fn inbox(world: &World) -> Vec<Value> {
    world.json(&["inbox", "list"]).as_array().unwrap().clone()
}

/// The private folder of the project's memory.
fn private(world: &World) -> PathBuf {
    let projects = world.home().join("data").join("projects");
    projects.read_dir().unwrap().flatten().next().unwrap().path().join("memory/.kairos")
}

/// With a strategy that never returns.
fn spinning() -> World {
    let world = World::with_git();
    world.settings(ASKED);
    std::fs::write(world.plugins().join("hostile-dream.wasm"), prebuilt("hostile-dream")).unwrap();
    world.ok(&["memory", "add", "never return"]);
    world
}

#[test]
fn one_begins_by_itself_when_nobody_works_and_the_next_keeps_its_distance() {
    let world = World::with_git();
    world.settings(&EAGER.replace("\"0s\"", "\"1h\""));
    says(&world, SAID[0]);
    let mut running = world.start(&[]);
    let began = dream(&mut running, "began");
    assert!(began["why"].as_str().unwrap().starts_with("nothing has happened"), "{began}");
    let ended = dream(&mut running, "ended");
    assert!(ended["dream"]["outcome"].as_str().unwrap().starts_with("1 claim added"), "{ended}");
    assert!(matches!(&claims(&world)[..], [one] if one.contains("pnpm")));
    let status = world.json(&["status"]);
    assert_eq!(status["projects"][0]["dreams"]["last"], ended["dream"]);
    assert!(world.ok(&["status"]).contains("1 claim added"));

    says(&world, SAID[2]);
    running.ticks(4);
    assert_eq!(begun(&running), 1);
    // One that the user asks for need not wait.
    assert_eq!(world.json(&["dream", "now"])["state"], "applied");
    let log = world.ok(&["dream", "log"]);
    assert!(log.contains("Add: ") && log.contains("consolidate"), "{log}");
    assert_eq!(world.json(&["dream", "log"])[0]["state"], "applied");
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_waits_is_in_the_inbox_until_it_is_decided_wherever_that_is() {
    let world = World::with_git();
    world.settings(&format!("{ASKED}review = true\n"));
    for said in &SAID[..2] {
        says(&world, said);
    }
    let _background = Background::start(&world);
    let first = world.json(&["dream", "now"]);
    assert_eq!(first["state"], "waiting");
    let id = first["id"].as_str().unwrap();
    let item = &inbox(&world)[0];
    assert!(item["title"].as_str().unwrap().starts_with("a dream waits for you: 2 claims to add"), "{item}");
    assert!(item["remedy"].as_str().unwrap().contains(&format!("dream accept {id}")), "{item}");
    assert!(!item.to_string().contains("pnpm"), "what is forgotten must not stay in the inbox");
    assert!(world.ok(&["status"]).contains("it waits for you"));

    // By single operation, in the files.
    world.ok(&["dream", "accept", id, "--op", "1"]);
    assert_eq!(claims(&world).len(), 1);
    assert_eq!(inbox(&world).len(), 1, "the rest of it waits");
    world.ok(&["dream", "reject", id]);
    assert!(inbox(&world).is_empty());

    // In the inbox.
    says(&world, SAID[2]);
    let second = world.json(&["dream", "now"]);
    let said = world.ok(&["inbox", "accept", inbox(&world)[0]["id"].as_str().unwrap()]);
    assert!(said.contains("the dream is applied"), "{said}");
    assert_eq!(world.json(&["dream", "show", second["id"].as_str().unwrap()])["state"], "applied");
    assert!(claims(&world).iter().any(|c| c.contains("ruff")));
    says(&world, SAID[3]);
    let third = world.json(&["dream", "now"]);
    world.ok(&["inbox", "dismiss", inbox(&world)[0]["id"].as_str().unwrap()]);
    assert_eq!(world.json(&["dream", "show", third["id"].as_str().unwrap()])["state"], "rejected");
    assert!(inbox(&world).is_empty());
    // The answer is no evidence: a dream would bear itself out with it.
    assert!(!world.run(&["memory", "search", "--exact", "dream waits"]).status.success());
}

#[test]
fn all_of_it_is_reached_over_http() {
    let world = World::with_git();
    world.settings(ASKED);
    says(&world, SAID[0]);
    let _background = Background::start(&world);
    let id = world.json(&["dream", "now", "--review"])["id"].as_str().unwrap().to_owned();
    let socket = world.json(&["config", "path"])["socket"].as_str().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(socket.as_ref()).await.unwrap();
        let of = DreamFilter::default();
        let listed = client.dreams(&of).await.unwrap();
        assert_eq!((listed[0].id.as_str(), listed[0].state.as_str()), (id.as_str(), "waiting"));
        let all = DreamSteps::default();
        assert_eq!(client.dream_accept(&id, &all).await.unwrap().state.as_str(), "applied");
        let error = client.dream_reject(&id, &all).await.unwrap_err().to_string();
        assert!(error.contains("applied"), "{error}");
        let reverted = client.dream_revert(&id, &all).await.unwrap();
        assert!(reverted.conflicts.is_empty() && reverted.dream.state.as_str() == "reverted");
        assert_eq!(client.dream_show(&id, &of).await.unwrap(), reverted.dream);
        assert!(client.dream_show("none", &of).await.unwrap_err().to_string().contains("no dream none"));
        assert_eq!(client.dream_strategies(&of).await.unwrap(), ["consolidate", "forget"]);
        let request = DreamStrategies { strategies: vec!["forget".into()], ..DreamStrategies::default() };
        assert_eq!(client.use_strategies(&request).await.unwrap(), ["forget"]);
        let users = DreamFilter { project: Some("user".into()) };
        assert_eq!(client.dreams(&users).await.unwrap(), []);
        assert_eq!(client.dream_strategies(&users).await.unwrap(), ["consolidate", "forget"]);
        let request = DreamRequest { project: Some("user".into()), ..DreamRequest::default() };
        let dreamt = client.dream(&request).await.unwrap();
        assert_eq!(client.dreams(&users).await.unwrap()[0].id, dreamt.id);
    });
    assert!(claims(&world).is_empty());
}

#[test]
fn a_strategy_sees_what_passed_while_it_was_left_out() {
    let world = World::with_git();
    world.settings(ASKED);
    says(&world, SAID[0]);
    std::fs::write(world.plugins().join("another.wasm"), prebuilt("consolidate")).unwrap();
    let _background = Background::start(&world);
    assert_eq!(world.json(&["dream", "now", "--strategy", "forget"])["state"], "nothing");
    let learnt = world.json(&["dream", "now"]);
    assert!(matches!(&claims(&world)[..], [one] if one.contains("pnpm")), "{learnt}");
    assert_eq!(world.json(&["dream", "now"])["state"], "nothing", "nobody reads it twice");
    // One that is new begins at the start; what was undone stays undone.
    world.ok(&["dream", "revert", learnt["id"].as_str().unwrap()]);
    world.ok(&["plugin", "grant", "another"]);
    let again = world.json(&["dream", "now", "--strategy", "another"]);
    assert_eq!((&again["state"], &again["steps"][0]["refusal"]["refusal"]), (&json!("nothing"), &json!("taken-out")), "{again}");
}

#[test]
fn three_that_the_user_did_not_want_stop_them_until_he_says_so() {
    let world = World::with_git();
    world.settings(EAGER);
    let mut running = world.start(&[]);
    for said in &SAID[..3] {
        says(&world, said);
        let ended = dream(&mut running, "ended");
        assert_eq!(ended["dream"]["state"], "applied", "{ended}");
        world.ok(&["dream", "revert", ended["dream"]["id"].as_str().unwrap()]);
    }
    let item = running.finding("kairos", "no dream begins by itself");
    assert!(item["evidence"][0]["excerpt"].as_str().unwrap().contains("undid or rejected the last 3 dreams"), "{item}");
    says(&world, SAID[3]);
    running.ticks(4);
    assert_eq!(begun(&running), 3);
    for command in ["status", "doctor"] {
        assert!(world.ok(&[command]).contains("undid or rejected"), "{command}");
    }
    assert!(world.ok(&["dream", "list"]).contains("no dream begins by itself"));

    world.ok(&["dream", "use", "consolidate"]);
    let ended = dream(&mut running, "ended");
    assert_eq!(ended["dream"]["strategies"], json!(["consolidate"]));
    assert!(inbox(&world).is_empty());
    assert!(!world.ok(&["dream", "list"]).contains("no dream begins by itself"));
}

#[test]
fn what_a_waiting_dream_points_at_is_looked_at_again_when_it_is_accepted() {
    let world = World::with_git();
    world.settings(ASKED);
    let _background = Background::start(&world);
    for (said, file) in
        [("From now on, always run `check.sh` before a push.", "check.sh"), ("Always run `tidy.sh` after a rebase.", "tidy.sh")]
    {
        world.write(file, "true\n");
        says(&world, said);
        let waits = world.json(&["dream", "now", "--review"]);
        let id = waits["id"].as_str().unwrap();
        assert_eq!(
            (&waits["state"], &waits["steps"][0]["touched"][0]["after"]["anchors"][0]["path"]),
            (&json!("waiting"), &json!(file))
        );
        std::fs::remove_file(world.project().join(file)).unwrap();
        // In the files, and by the process.
        if file == "check.sh" {
            assert!(world.ok(&["dream", "accept", id]).contains("what it points at in the project is gone"));
        } else {
            world.ok(&["inbox", "accept", inbox(&world)[0]["id"].as_str().unwrap()]);
        }
        let show = world.json(&["dream", "show", id]);
        assert_eq!(
            (&show["state"], &show["steps"][0]["refusal"]["refusal"]),
            (&json!("nothing"), &json!("anchor-gone")),
            "{show}"
        );
        assert!(claims(&world).is_empty());
    }
}

#[test]
fn a_model_that_is_not_there_is_no_failure() {
    let world = World::with_git();
    world.settings(&format!("{EAGER}strategies = [\"reflect\"]\n[model]\nprovider = \"none\"\n"));
    says(&world, SAID[0]);
    let mut running = world.start(&[]);
    world.ok(&["plugin", "grant", "reflect"]);
    for _ in 0..4 {
        let unable = running.wait_for("a dream that could not be", |e| e["event"] == "dream" && e["change"] == "failed");
        assert!(unable["why"].as_str().unwrap().contains("`reflect`"), "{unable}");
    }
    assert!(!world.ok(&["dream", "list"]).contains("no dream begins by itself"));
    use std::os::unix::fs::PermissionsExt;
    let kept = private(&world).join(".dreaming.json").metadata().unwrap().permissions();
    assert_eq!(kept.mode() & 0o777, 0o600, "for the user alone");
}

#[test]
fn three_failures_stop_them_and_outlive_the_process() {
    let world = World::with_git();
    world.settings(&format!("{EAGER}strategies = [\"hostile-dream\"]\n"));
    std::fs::write(world.plugins().join("hostile-dream.wasm"), prebuilt("hostile-dream")).unwrap();
    world.ok(&["memory", "add", "panic"]);
    let mut running = world.start(&[]);
    // It is not granted yet, so it does not run.
    let failed = dream(&mut running, "failed");
    assert!(failed["why"].as_str().unwrap().contains("no dream strategy `hostile-dream`"), "{failed}");
    world.ok(&["plugin", "grant", "hostile-dream"]);
    running.finding("kairos", "no dream begins by itself");
    assert_eq!(begun(&running), 3);
    assert_eq!(running.stop(), 0);
    let listed = world.ok(&["dream", "list"]);
    assert!(listed.contains("the last 3 dreams failed: the strategy `hostile-dream` failed"), "{listed}");

    let mut running = world.start(&[]);
    running.ticks(4);
    assert_eq!(begun(&running), 0);
    world.ok(&["dream", "now", "--strategy", "forget"]);
    assert!(!world.ok(&["dream", "list"]).contains("by itself"));
}

#[test]
fn one_that_never_returns_holds_up_no_tick_and_not_the_end() {
    let world = spinning();
    let mut running = world.start(&[]);
    world.ok(&["plugin", "grant", "hostile-dream"]);
    let mut asked = world.spawn(&["dream", "now", "--strategy", "hostile-dream"]);
    dream(&mut running, "began");
    assert!(text(&world.run(&["dream", "now"]).stderr).contains("a dream is under way"));
    assert!(world.ok(&["status"]).contains("one is under way"));
    let before = running.seen.len();
    running.ticks(4);
    // A tick that waited for the dream would take all of its 20 s of CPU time.
    let slowest = running.seen[before..].iter().filter_map(|e| e["duration_us"].as_u64()).max().unwrap();
    assert!(slowest < 5_000_000, "a tick took {slowest} us");
    assert!(!running.seen[before..].iter().any(|e| e["event"] == "dream"), "it is under way all the while");
    // Who asked for it no longer waits.
    asked.child.kill().unwrap();
    dream(&mut running, "stopped");

    let _asked = world.spawn(&["dream", "now", "--strategy", "hostile-dream"]);
    dream(&mut running, "began");
    let begin = Instant::now();
    assert_eq!(running.stop(), 0);
    // 1.5 s at most, and what a busy machine adds.
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn two_processes_do_not_dream_over_one_memory_and_a_killed_one_leaves_no_lock() {
    let world = spinning();
    let background = Background::start(&world);
    world.ok(&["plugin", "grant", "hostile-dream"]);
    let lock = std::fs::File::create(private(&world).join(".dreaming.lock")).unwrap();
    lock.lock().unwrap();
    let error = world.run(&["dream", "now", "--strategy", "forget"]);
    assert!(text(&error.stderr).contains("another process dreams over this memory"), "{}", text(&error.stderr));
    drop(lock);
    let _asked = world.spawn(&["dream", "now", "--strategy", "hostile-dream"]);
    wait_until("it dreams", || world.json(&["status"])["projects"][0]["dreams"]["under_way"] == true);
    background.kill();
    let _again = Background::start(&world);
    wait_until("it watches again", || text(&world.run(&["status"]).stdout).contains("watching native"));
    assert_eq!(world.json(&["dream", "now", "--strategy", "forget"])["state"], "nothing");
    assert!(world.ok(&["memory", "verify"]).contains("Everything is whole"));
}
