//! What asks while nobody is there: it waits in the inbox, is answered or ends, and the model is told; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use support::model::ModelServer;
use support::{Background, World, text, wait_until};

const OLD: &str = "one\n";

fn world(server: &ModelServer, more: &str) -> World {
    let world = World::with_git();
    let model = format!("[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url);
    world.settings(&format!("every = \"1s\"\n{more}\n{model}"));
    world.write("note.txt", OLD);
    world
}

/// Writes `two` into note.txt until it is told that this was done or refused; then it says so, or sleeps.
fn writing(last: fn(&str) -> Option<bool>) -> ModelServer {
    ModelServer::speaking(move |question| {
        let messages = question["messages"].as_array().unwrap();
        let asleep = question["tools"].to_string().contains("\"sleep\"");
        let text = messages.last().unwrap()["content"].as_str().unwrap_or_default().to_owned();
        match last(&text) {
            Some(true) => (None, vec![("edit-file", json!({"path": "note.txt", "old": "one", "new": "two"}))]),
            _ if asleep => (None, vec![("sleep", json!({}))]),
            _ => (Some("So much for that."), vec![]),
        }
    })
}

/// After a word of the user's or the host's it tries; after an outcome it stops.
fn tries_once(last: &str) -> Option<bool> {
    Some(!last.contains("note.txt is changed") && !last.contains("agree to change note.txt") && !last.contains("is no longer"))
}

fn note(world: &World) -> String {
    std::fs::read_to_string(world.project().join("note.txt")).unwrap()
}

fn permissions(world: &World) -> Vec<Value> {
    world.json(&["permission", "list"]).as_array().unwrap().clone()
}

fn items(world: &World, status: &str) -> Vec<Value> {
    let all = world.json(&["inbox", "list", "--status", status]);
    all.as_array().unwrap().iter().filter(|i| i["key"].as_str().unwrap().starts_with("permission:")).cloned().collect()
}

fn outcomes(server: &ModelServer) -> String {
    let last = server.asked().pop().unwrap();
    let of = |m: &&Value| m["role"] == "tool";
    last["messages"].as_array().unwrap().iter().filter(of).map(|m| m["content"].to_string()).collect()
}

#[test]
fn it_waits_in_the_inbox_and_is_done_once_the_user_agrees() {
    let server = writing(tries_once);
    let world = world(&server, "");
    let _background = Background::start(&world);
    let said = world.ok(&["ask", "write two"]);
    assert!(said.contains("It wants to change note.txt: that waits for you") && said.contains("So much for that."), "{said}");
    assert!(outcomes(&server).contains("waits for the user's agreement"), "{}", outcomes(&server));
    assert_eq!(note(&world), OLD);
    let [item] = &items(&world, "open")[..] else { panic!("{:?}", items(&world, "open")) };
    let detail = item["detail"].as_str().unwrap();
    assert!(detail.contains("-one\n+two\n") && item["urgency"] == "high", "{item}");
    let [waiting] = &permissions(&world)[..] else { panic!("{:?}", permissions(&world)) };
    assert!(waiting["answer"].is_null() && waiting["preview"].as_str().unwrap().contains("+two"), "{waiting}");

    // The same again does not ask twice.
    world.ok(&["ask", "write two"]);
    assert_eq!(items(&world, "open").len(), 1);

    world.ok(&["inbox", "accept", item["id"].as_str().unwrap()]);
    wait_until("it is done", || note(&world) == "two\n");
    assert!(items(&world, "open").is_empty());
    assert!(items(&world, "resolved")[0]["resolved_reason"].as_str().unwrap().contains("you agreed, once"));
    assert!(permissions(&world).is_empty(), "once is used up: {:?}", permissions(&world));
    let told = server.asked().iter().map(Value::to_string).find(|q| q.contains("The user agrees to what you asked for"));
    assert!(told.is_some_and(|q| q.contains("write two")), "the same conversation goes on");

    // Another change of the same file is asked again.
    world.write("note.txt", "one more\n");
    world.ok(&["ask", "write two"]);
    assert_eq!((note(&world).as_str(), items(&world, "open").len()), ("one more\n", 1));
}

#[test]
fn a_turn_of_a_tick_sleeps_meanwhile_and_is_woken_by_the_answer() {
    let server = writing(tries_once);
    let world = world(&server, "heartbeat.every = \"1h\"");
    world.write("HEARTBEAT.md", "- [ ] does the note say two?\n");
    let background = Background::start(&world);
    wait_until("it asks", || permissions(&world).len() == 1);
    wait_until("it sleeps", || server.asked().len() == 2);
    let id = permissions(&world)[0]["id"].as_str().unwrap().to_owned();
    let conversation = world.run(&["permission", "allow", &id, "--for", "conversation"]);
    assert!(text(&conversation.stderr).contains("no conversation"), "{}", text(&conversation.stderr));
    assert!(world.ok(&["permission", "show", &id]).contains("+two"));
    world.ok(&["permission", "allow", &id, "--for", "day"]);
    wait_until("it is done", || note(&world) == "two\n");
    let woken = server.asked()[2]["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(woken.contains("The user agrees to what you asked for") && woken.contains("change note.txt"), "{woken}");
    let [row] = &permissions(&world)[..] else { panic!("{:?}", permissions(&world)) };
    assert_eq!(row["answer"], json!({"allow": true, "scope": "day"}));

    // Any change of that file may be made for a day, also after a crash; until the answer is taken back.
    background.kill();
    world.start_again();
    world.write("note.txt", "one more\n");
    world.ok(&["ask", "write two"]);
    assert_eq!(note(&world), "two more\n");
    world.ok(&["permission", "forget", &id]);
    world.write("note.txt", OLD);
    world.ok(&["ask", "write two"]);
    assert_eq!(note(&world), OLD);
}

#[test]
fn no_answer_is_a_no_and_a_no_is_not_asked_again() {
    let server = writing(tries_once);
    let world = world(&server, "permissions.wait = \"1s\"");
    let _background = Background::start(&world);
    world.ok(&["ask", "write two"]);
    wait_until("its time is over", || items(&world, "open").is_empty());
    let [lapsed] = &items(&world, "resolved")[..] else { panic!("{:?}", items(&world, "resolved")) };
    assert!(lapsed["resolved_reason"].as_str().unwrap().contains("nobody answered in time"), "{lapsed}");
    world.ok(&["ask", "write two"]);
    assert!(outcomes(&server).contains("was asked already, and did not agree to change note.txt"), "{}", outcomes(&server));
    assert!(items(&world, "open").is_empty());
    // He may think better of it.
    let [no] = &permissions(&world)[..] else { panic!("{:?}", permissions(&world)) };
    assert_eq!(no["answer"]["allow"], false);
    world.ok(&["permission", "allow", no["id"].as_str().unwrap()]);
    wait_until("it is done", || note(&world) == "two\n");
}

#[test]
fn a_no_a_rule_and_time_are_stronger_than_what_was_agreed_to() {
    let server = writing(tries_once);
    let world = world(&server, "");
    let background = Background::start(&world);
    world.ok(&["ask", "write two"]);
    let item = items(&world, "open")[0]["id"].as_str().unwrap().to_owned();
    world.ok(&["inbox", "dismiss", &item]);
    assert!(items(&world, "resolved")[0]["resolved_reason"].as_str().unwrap().contains("you said no"));
    assert!(text(&world.run(&["inbox", "accept", &item]).stderr).contains("no longer holds"));
    let id = permissions(&world)[0]["id"].as_str().unwrap().to_owned();
    world.ok(&["permission", "allow", &id, "--for", "always"]);
    wait_until("it is done", || note(&world) == "two\n");
    drop(background);

    // A rule beats it.
    let model = format!("[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url);
    let settings = |more: &str| world.settings(&format!("every = \"1s\"\n{model}[permissions]\n{more}\n"));
    settings("deny = [\"Edit(note.txt)\"]");
    world.write("note.txt", OLD);
    world.start_again();
    let background = Background(&world);
    world.ok(&["ask", "write two"]);
    assert!(outcomes(&server).contains("rules forbid to change note.txt"), "{}", outcomes(&server));
    assert_eq!(note(&world), OLD);
    drop(background);

    // Its time is over.
    settings("wait = \"0s\"");
    let database =
        std::fs::read_dir(world.home().join("data/projects")).unwrap().next().unwrap().unwrap().path().join("state.db");
    let expire = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('UPDATE permissions SET until=1'); c.commit()";
    assert!(Command::new("python3").args(["-c", expire]).arg(database).status().unwrap().success());
    world.start_again();
    let _background = Background(&world);
    assert!(permissions(&world).is_empty());
    world.ok(&["ask", "write two"]);
    assert!(outcomes(&server).contains("nobody is there to agree to change note.txt"), "{}", outcomes(&server));
    assert!(items(&world, "open").is_empty(), "the user wants nothing to wait");
    assert_eq!(note(&world), OLD);
}

#[test]
fn a_start_ends_what_waits_and_a_stop_is_not_held_up_by_it() {
    let server = writing(tries_once);
    let world = world(&server, "");
    let _background = Background::start(&world);
    world.ok(&["ask", "write two"]);
    assert_eq!(items(&world, "open").len(), 1);
    let begin = std::time::Instant::now();
    world.ok(&["stop"]);
    assert!(begin.elapsed().as_secs() < 10);
    world.start_again();
    assert!(items(&world, "open").is_empty() && permissions(&world).is_empty());
    assert!(items(&world, "resolved")[0]["resolved_reason"].as_str().unwrap().contains("began anew"));
}

#[test]
fn what_was_agreed_to_is_done_after_a_crash() {
    let lazy = AtomicBool::new(true);
    let server = ModelServer::calling(move |question| {
        let text = question["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
        // Woken with the user's word it does nothing, the first time.
        let sleeps = text.contains("The user agrees") && lazy.swap(false, Relaxed);
        match tries_once(&text) {
            Some(true) if !sleeps => vec![("edit-file", json!({"path": "note.txt", "old": "one", "new": "two"}))],
            _ => vec![("sleep", json!({}))],
        }
    });
    let world = world(&server, "heartbeat.every = \"1h\"");
    world.write("HEARTBEAT.md", "- [ ] does the note say two?\n");
    let background = Background::start(&world);
    wait_until("it asks and sleeps", || permissions(&world).len() == 1 && server.asked().len() == 2);
    world.ok(&["permission", "allow", permissions(&world)[0]["id"].as_str().unwrap()]);
    wait_until("it is woken", || server.asked().len() == 3);
    assert_eq!((note(&world).as_str(), permissions(&world).len()), (OLD, 1));
    background.kill();
    world.start_again();
    wait_until("it is done", || note(&world) == "two\n");
    assert!(permissions(&world).is_empty());
}

const SECRET: &str = "swordfish";

/// Tries every way of ours to see what stands in a file, and to say it.
fn curious() -> ModelServer {
    ModelServer::speaking(|question| {
        match question["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "tool").count() {
            0 => (
                None,
                vec![
                    ("read-file", json!({"path": "vault/key.txt"})),
                    ("read-file", json!({"path": "./vault/./key.txt"})),
                    ("read-file", json!({"path": "src/link"})),
                    ("list-files", json!({"path": "vault"})),
                    ("list-files", json!({"depth": 0})),
                    ("search", json!({"pattern": "sword"})),
                    ("read-file", json!({"path": "notes/today.md"})),
                    ("read-file", json!({"path": "src/open.txt"})),
                ],
            ),
            8 => (
                None,
                vec![
                    ("surface", json!({"title": "a key", "detail": "there is one", "file": "vault/key.txt", "line": 1})),
                    ("edit-file", json!({"path": "vault/key.txt", "old": "s", "new": "t"})),
                    ("git-diff", json!({})),
                    ("git-show", json!({"revision": "HEAD"})),
                ],
            ),
            _ => (Some("That is all."), vec![]),
        }
    })
}

#[cfg(unix)]
#[test]
fn what_a_rule_forbids_to_read_is_not_shown_by_any_tool() {
    let server = curious();
    let mut world = world(&server, "");
    let user = world.dir.path().join("user");
    std::fs::create_dir_all(user.join(".claude")).unwrap();
    let rules = "{\"permissions\": {\n\"deny\": [\n\"Read(./vault/**)\"],\n\"ask\": [\"Read(notes/**)\"]}}";
    std::fs::write(user.join(".claude/settings.json"), rules).unwrap();
    world.env.push(("HOME", user.display().to_string()));
    world.write("vault/key.txt", format!("{SECRET}\n"));
    world.write("notes/today.md", "nothing\n");
    world.write("src/open.txt", "sword and shield\n");
    std::os::unix::fs::symlink("../vault/key.txt", world.project().join("src/link")).unwrap();
    world.git(&["add", "-A"]);
    world.git(&["commit", "-q", "-m", "all"]);
    world.write("vault/key.txt", format!("{SECRET} and more\n"));
    world.write("src/open.txt", "sword and shield, and more\n");
    let _background = Background::start(&world);

    let said = world.ok(&["ask", "what", "is", "in", "@vault/key.txt", "and", "in", "@src/open.txt?"]);
    assert!(said.contains("That is all."), "{said}");
    let asked = server.asked();
    assert!(!asked.iter().any(|question| question.to_string().contains(SECRET)), "{asked:?}");
    let first = asked[0]["messages"].to_string();
    assert!(first.contains("`vault/key.txt` is not to be read") && first.contains("sword and shield"), "{first}");
    let last = asked.last().unwrap()["messages"].as_array().unwrap();
    let came: Vec<&str> = last.iter().filter(|m| m["role"] == "tool").map(|m| m["content"].as_str().unwrap()).collect();
    let rule = "`Read(./vault/**)` (deny in ";
    for denied in [0, 1, 2, 3, 8] {
        assert!(came[denied].contains(rule) && came[denied].contains("settings.json, line 3)"), "{denied}: {}", came[denied]);
    }
    assert!(
        came[4].contains("src/open.txt") && !came[4].contains("vault/key") && !came[4].contains("notes/today"),
        "{}",
        came[4]
    );
    assert!(came[5].contains("src/open.txt") && !came[5].contains("vault"), "{}", came[5]);
    assert!(came[6].contains("wants to be asked") && came[6].contains("`Read(notes/**)` (ask in "), "{}", came[6]);
    assert!(came[7].contains("sword and shield"), "{}", came[7]);
    assert!(!came[9].contains(SECRET) && came[9].contains(rule), "{}", came[9]);
    assert!(came[10].contains("+sword and shield, and more") && came[11].contains("+sword and shield"), "{came:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_can_not_be_confined_is_asked_about_whatever_the_rules_allow() {
    let server =
        ModelServer::speaking(|question| match question["messages"].as_array().unwrap().last().unwrap()["role"] == "tool" {
            true => (Some("So much for that."), vec![]),
            false => (None, vec![("shell", json!({"command": "echo free > made"}))]),
        });
    let world = world(&server, "[permissions]\ndefault-mode = \"default\"\nallow = [\"Bash(echo *)\"]\n");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/without_landlock.py");
    let mut start = Command::new("python3");
    start.args([script, env!("CARGO_BIN_EXE_kairos-run"), "start"]).current_dir(world.project()).env("KAIROS_HOME", world.home());
    assert!(start.output().unwrap().status.success());
    let _background = Background(&world);
    world.ok(&["plugin", "grant", "shell"]);
    world.ok(&["ask", "--json", "go on"]);
    assert!(outcomes(&server).contains("nobody is there to agree"), "{}", outcomes(&server));
    assert!(!world.project().join("made").exists());
    let asked = world.ok(&["ask", "--json", "--yes", "go on"]);
    assert!(asked.contains("that this system can't confine: it could reach all that you can"), "{asked}");
    assert!(outcomes(&server).contains("done in"), "{}", outcomes(&server));
    assert_eq!(std::fs::read_to_string(world.project().join("made")).unwrap(), "free\n");
}
