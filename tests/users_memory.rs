//! The user's own memory: what rises into it from his projects, and how it is changed from within one; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use support::{Background, World, text};

/// A second project beside the first.
fn second(world: &World) -> String {
    let folder = world.dir.path().join("second");
    std::fs::create_dir(&folder).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn what_two_projects_say_rises_into_the_users_own_memory_and_is_undone() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n[dream]\nauto = false\n");
    let second = second(&world);
    let add = |project: &str, kind, text| {
        world.json(&["memory", "add", "--project", project, "--kind", kind, text])["id"].as_str().unwrap().to_owned()
    };
    let mine = add(".", "feedback", "Use pnpm and never npm.");
    add(".", "feedback", "Never write to the Bluebird servers.");
    add(".", "user", "I prefer short answers.");
    add(".", "project", "The service listens on port 8080.");
    let _background = Background::start(&world);
    world.ok(&["project", "add", &second]);
    let of_user = |arguments: &[&str]| world.json(&[arguments, &["--user"]].concat());
    let texts = || -> Vec<String> {
        let claims = of_user(&["memory", "list"]);
        claims.as_array().unwrap().iter().map(|c| format!("{} {}", c["status"], c["text"])).collect()
    };
    // Said of himself once; how to work only in one project.
    assert_eq!(of_user(&["dream", "now", "--dry-run"])["state"], "nothing");
    assert!(texts().is_empty() && !world.home().join("data/user/transcripts").exists(), "a dry run keeps nothing");
    let first = of_user(&["dream", "now"]);
    assert_eq!(first["state"], "applied", "{first}");
    assert_eq!(texts(), [r#""fact" "I prefer short answers.""#]);
    let profile = world.json(&["memory", "profile"]);
    let lines: Vec<_> =
        profile.as_array().unwrap().iter().filter(|l| l["claim"]["kind"] == "user").map(|l| &l["scope"]).collect();
    assert_eq!(lines, ["user"], "it is told once: {profile}");

    add(&second, "feedback", "Use pnpm, and never npm.");
    let waits = of_user(&["dream", "now", "--review"]);
    let id = waits["id"].as_str().unwrap();
    assert_eq!(waits["state"], "waiting", "{waits}");
    let items = world.json(&["inbox", "list"]);
    let item = &items[0];
    assert!(item["title"].as_str().unwrap().starts_with("a dream over your own memory waits for you"), "{item}");
    assert!(item["remedy"].as_str().unwrap().contains(&format!("dream accept {id} --user")), "{item}");
    assert!(world.ok(&["status"]).contains(&format!("dream show {id} --user")));
    assert!(world.ok(&["dream", "show", "--user"]).contains(&format!("dream accept {id} --user")));
    world.ok(&["inbox", "accept", item["id"].as_str().unwrap()]);
    assert_eq!(texts().len(), 2, "{:?}", texts());
    assert!(texts().iter().any(|c| c == r#""fact" "Use pnpm, and never npm.""#), "{:?}", texts());
    let claims = of_user(&["memory", "list"]);
    let risen = claims.as_array().unwrap().iter().find(|c| c["text"].as_str().unwrap().contains("pnpm")).unwrap();
    let why = of_user(&["memory", "why", risen["id"].as_str().unwrap()]);
    let evidence = why["evidence"].as_array().unwrap();
    let projects: Vec<&str> = evidence.iter().map(|o| o["session"].as_str().unwrap()).collect();
    assert!(
        projects.iter().any(|p| p.starts_with("project-")) && projects.iter().any(|p| p.starts_with("second-")),
        "{projects:?}"
    );
    assert!(evidence.iter().any(|o| o["attributes"].as_array().unwrap().contains(&json!(["claim", mine]))), "{why}");
    let shown = world.ok(&["memory", "why", risen["id"].as_str().unwrap()]);
    assert!(shown.contains("user claim from project second-"), "{shown}");
    // Nothing else of a project was copied.
    let user = world.home().join("data/user");
    let held = std::process::Command::new("grep").args(["-rlE", "Bluebird|8080"]).arg(&user).output().unwrap();
    assert_eq!(text(&held.stdout), "");

    assert_eq!(of_user(&["dream", "now"])["state"], "nothing", "it comes to rest");
    assert_eq!(of_user(&["dream", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(of_user(&["dream", "revert", id])["dream"]["state"], "reverted");
    assert_eq!(of_user(&["dream", "revert", first["id"].as_str().unwrap()])["dream"]["state"], "reverted");
    assert!(texts().is_empty());
    assert!(world.json(&["dream", "list"]).as_array().unwrap().is_empty(), "the project's own dreams are others");
    assert!(world.ok(&["memory", "verify", "--user"]).contains("Everything is whole"));
}

#[test]
fn the_users_own_memory_dreams_by_itself_when_a_project_knows_more() {
    let world = World::with_git();
    world.settings("every = \"1s\"\n[dream]\nidle-after = \"1s\"\nleast-every = \"0s\"\n");
    let claim = world.json(&["memory", "add", "--kind", "user", "I prefer short answers."]);
    let mut running = world.start(&[]);
    let of_user = |e: &Value, change: &str| e["event"] == "dream" && e["project"] == "user" && e["change"] == change;
    running.wait_for("a dream of the user", |e| of_user(e, "began"));
    let ended = running.wait_for("its end", |e| of_user(e, "ended"));
    assert!(ended["dream"]["outcome"].as_str().unwrap().starts_with("1 claim added"), "{ended}");
    running.ticks(4);
    assert_eq!(running.seen.iter().filter(|e| of_user(e, "began")).count(), 1, "nothing is new since");
    // What rose goes with what it rose from.
    let done = world.json(&["memory", "forget", claim["id"].as_str().unwrap(), "--yes"]);
    assert_eq!(done["users"]["claims"][0]["text"], "I prefer short answers.");
    assert_eq!(done["users"]["observations"][0]["kind"], "claim");
    assert_eq!(world.json(&["memory", "list", "--user"]), json!([]));
}

#[test]
fn a_claim_of_the_users_own_memory_is_changed_from_within_a_project() {
    let world = World::with_git();
    let add = |whose: &[&str], text: &str| {
        let arguments = [&["memory", "add", "--kind", "feedback", text], whose].concat();
        world.json(&arguments)["id"].as_str().unwrap().to_owned()
    };
    let mine = add(&["--user"], "Answer in short sentences.");
    let gone = add(&["--user"], "Never touch the Bluebird servers.");
    let here = add(&[], "Tests run with `make test`.");
    let edited = world.json(&["memory", "edit", &mine, "Answer in very short sentences."]);
    assert_eq!((&edited["scope"], &edited["text"]), (&json!("user"), &json!("Answer in very short sentences.")));
    assert!(world.ok(&["memory", "show", &mine]).starts_with("in your own memory:"));
    assert!(!world.ok(&["memory", "show", &here]).contains("memory:"));
    assert_eq!(world.json(&["memory", "why", &here])["scope"], "project");
    let planned = world.ok(&["memory", "forget", &gone, "--dry-run"]);
    assert!(planned.contains("in your own memory") && planned.contains("Bluebird"), "{planned}");
    let done = world.json(&["memory", "forget", &gone, "--yes"]);
    assert_eq!((&done["claims"], &done["users"]["claims"][0]["id"]), (&json!([]), &json!(gone)));
    let retired = world.ok(&["memory", "retire", &here, &mine]);
    assert!(retired.contains(&format!("retired in this project's memory: {here};")), "{retired}");
    assert!(retired.contains(&format!("retired in your own memory: {mine}; `kairos-run memory log --user`")), "{retired}");
    assert_eq!(world.json(&["memory", "list", "--user"]), json!([]));
    for command in ["edit", "retire", "forget"] {
        let text_of = [&["memory", command, "nothing1"][..], if command == "edit" { &["words"] } else { &[] }].concat();
        let error = text(&world.run(&text_of).stderr);
        assert!(error.contains("there is no claim nothing1"), "{error}");
    }
    // Words are looked for in both.
    add(&["--user"], "The Nightjar project is secret.");
    let done = world.json(&["memory", "forget", "--containing", "Nightjar", "--yes"]);
    assert_eq!(done["users"]["claims"][0]["text"], "The Nightjar project is secret.");
    assert_eq!(done["left"], json!([]));
}
