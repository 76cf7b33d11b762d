//! The user asks, the model works: what it may change is shown to him first; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use support::model::ModelServer;
use support::{Background, World, text, wait_until};

const BUG: &str = "def mean(numbers):\n    return sum(numbers) / (len(numbers) - 1)\n";
const TEST: &str = "import unittest\nfrom mean import mean\nclass T(unittest.TestCase):\n    def test_mean(self):\n        self.assertEqual(mean([1, 2, 3]), 2)\n";

fn world(server: &ModelServer) -> World {
    let world = World::with_git();
    world.settings(&format!("every = \"1s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url));
    world.write("mean.py", BUG);
    world.write("test_mean.py", TEST);
    world.write("AGENTS.md", "Keep functions on one line.\n");
    world
}

fn step(question: &Value) -> usize {
    question["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "assistant").count()
}

/// A recorded conversation: it reads, changes, and says so.
fn fixing() -> ModelServer {
    ModelServer::speaking(|question| match step(question) {
        0 => (None, vec![("read-file", json!({"path": "mean.py"})), ("read-file", json!({"path": "test_mean.py"}))]),
        1 => (None, vec![("edit-file", json!({"path": "mean.py", "old": "(len(numbers) - 1)", "new": "len(numbers)"}))]),
        _ => (Some("`mean` divided by one too few; it divides by `len(numbers)` now."), vec![]),
    })
}

fn events(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_bug_is_fixed_and_the_change_is_shown_before_it_is_made() {
    let server = fixing();
    let world = world(&server);
    let _background = Background::start(&world);
    let said = events(&world.ok(&["ask", "--json", "--yes", "fix", "the", "test", "in", "@test_mean.py"]));
    let of = |kind: &str| said.iter().filter(|e| e["ask"] == kind).cloned().collect::<Vec<_>>();
    let [permission] = &of("permission")[..] else { panic!("{said:?}") };
    assert_eq!(permission["action"], "change mean.py");
    let preview = permission["preview"].as_str().unwrap();
    assert!(preview.contains("--- a/mean.py\n+++ b/mean.py\n"), "{preview}");
    assert!(
        preview.contains("-    return sum(numbers) / (len(numbers) - 1)\n+    return sum(numbers) / len(numbers)\n"),
        "{preview}"
    );
    assert!(of("ended")[0]["text"].as_str().unwrap().contains("one too few"));
    let passes = world.run(&["exec", "--", "python3", "-m", "unittest", "-q", "test_mean"]);
    assert!(passes.status.success(), "{}", text(&passes.stdout));

    // What the model was told, and what it was not.
    let asked = server.asked();
    let first = asked[0]["messages"][1]["content"].as_str().unwrap();
    assert!(first.contains("AGENTS.md, how work is done") && first.contains("fix the test in @test_mean.py"), "{first}");
    assert!(first.contains("from=\"file test_mean.py\""), "the file that the user named comes along: {first}");
    let names: Vec<&str> =
        asked[0]["tools"].as_array().unwrap().iter().map(|t| t["function"]["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"edit-file") && names.contains(&"surface") && !names.contains(&"sleep"), "{names:?}");

    // It goes on where it was, and all of it is in the transcript.
    let session = of("began")[0]["session"].as_str().unwrap().to_owned();
    world.ok(&["ask", "--json", "--session", &session, "thanks"]);
    let last = server.asked().pop().unwrap();
    assert_eq!(last["messages"].as_array().unwrap().last().unwrap()["content"], "thanks");
    assert!(last["messages"].to_string().contains("one too few"), "{last}");
    let found = world.json(&["memory", "search", "one too few"]).to_string();
    assert!(found.contains("divided by one too few"), "{found}");
}

#[test]
fn nobody_there_means_no_and_the_model_is_told() {
    let server = fixing();
    let world = world(&server);
    let _background = Background::start(&world);
    let said = events(&world.ok(&["ask", "--json", "fix the test"]));
    assert!(said.iter().all(|e| e["ask"] != "permission"), "{said:?}");
    assert_eq!(std::fs::read_to_string(world.project().join("mean.py")).unwrap(), BUG);
    let told = server.asked().pop().unwrap()["messages"].to_string();
    assert!(told.contains("nobody is there to agree to change mean.py"), "{told}");
    // Neither does a tool that is called by hand go round it.
    let call = world.run(&["tool", "call", "write-file", r#"{"path": "x", "content": "y"}"#]);
    assert!(!call.status.success() && text(&call.stdout).contains("can't be changed here"), "{}", text(&call.stdout));
    assert!(!world.project().join("x").exists());
}

#[test]
fn the_user_s_rules_decide_before_he_is_asked() {
    let server = ModelServer::speaking(|question| match step(question) {
        0 => (None, vec![("edit-file", json!({"path": "mean.py", "old": " - 1", "new": ""}))]),
        1 => (None, vec![("write-file", json!({"path": "secrets/x", "content": "x"}))]),
        2 => (None, vec![("shell", json!({"command": "python3 -m unittest -q test_mean"}))]),
        3 => (None, vec![("shell", json!({"command": "echo $(touch out) > made"}))]),
        _ => (Some("Done."), vec![]),
    });
    let world = world(&server);
    let rules = "allow = [\"Edit(mean.py)\", \"Bash(python3 -m unittest *)\"]\ndeny = [\"Edit(secrets/**)\"]\n";
    let model = format!("[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url);
    world.settings(&format!("every = \"1s\"\n{model}[permissions]\ndefault-mode = \"default\"\n{rules}"));
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "shell"]);
    let said = events(&world.ok(&["ask", "--json", "fix it"]));
    assert!(said.iter().all(|e| e["ask"] != "permission"), "nobody is there, and what is allowed needs nobody: {said:?}");
    let messages = server.asked().pop().unwrap()["messages"].clone();
    let outcomes: Vec<&str> =
        messages.as_array().unwrap().iter().filter(|m| m["role"] == "tool").map(|m| m["content"].as_str().unwrap()).collect();
    assert!(outcomes[0].contains("mean.py is changed"), "{}", outcomes[0]);
    assert!(outcomes[1].contains("rules forbid") && outcomes[1].contains("secrets/**"), "{}", outcomes[1]);
    assert!(outcomes[2].contains("OK") || outcomes[2].contains("can't confine"), "{}", outcomes[2]);
    assert!(outcomes[3].contains("nobody is there to agree"), "{}", outcomes[3]);
    for made in ["secrets/x", "out", "made"] {
        assert!(!world.project().join(made).exists(), "{made}");
    }
}

#[test]
fn trouble_is_told_in_one_line_and_the_conversation_goes_on() {
    let server = ModelServer::new(|question| match step(question) {
        0 if question["messages"].to_string().contains("again") => (200, "Here I am.".into()),
        _ => (400, "the context is too long".into()),
    });
    let world = world(&server);
    let no_process = world.run(&["ask", "hello"]);
    assert!(text(&no_process.stderr).contains("kairos-run start"), "{}", text(&no_process.stderr));
    let _background = Background::start(&world);
    let failed = world.run(&["ask", "hello"]);
    assert_eq!(failed.status.code(), Some(1));
    let shown = text(&failed.stdout);
    assert!(shown.contains("does not take the request") && shown.lines().count() == 1, "{shown}");
    assert_eq!(world.ok(&["ask", "again"]).lines().next(), Some("Here I am."));
    assert!(text(&world.run(&["ask", "--session", "ask-1", "x"]).stderr).contains("no conversation ask-1"));
}

#[test]
fn a_conversation_goes_on_after_a_crash_until_it_is_forgotten() {
    let server = ModelServer::new(|question| match question["messages"].to_string().contains("what colour") {
        true => (200, "You said it.".into()),
        false => (200, "Noted.".into()),
    });
    let world = world(&server);
    let background = Background::start(&world);
    assert!(text(&world.run(&["ask", "--continue", "and?"]).stderr).contains("no conversation to go on with"));
    let key = format!("sk-ant-{}", "a1B2".repeat(12));
    world.ok(&["ask", &format!("the heron is grey, and the key is {key}")]);
    world.ok(&["ask", "something else"]);
    let all = world.json(&["ask", "--list"]);
    assert_eq!((all[0]["title"].as_str(), all.as_array().unwrap().len()), (Some("something else"), 2), "{all}");
    let heron = all[1]["id"].as_str().unwrap().to_owned();
    background.kill();
    world.start_again();
    world.ok(&["ask", "--session", &heron, "what colour is it?"]);
    let told = server.asked().pop().unwrap()["messages"].to_string();
    assert!(told.contains("the heron is grey") && told.contains("Noted.") && !told.contains(&key), "{told}");
    world.ok(&["ask", "--continue", "what colour was that?"]);
    let told = server.asked().pop().unwrap()["messages"].to_string();
    assert!(told.contains("the heron is grey") && told.contains("You said it."), "the last used goes on: {told}");
    assert_eq!(world.json(&["ask", "--list"])[0]["turns"], 3);

    let gone = world.ok(&["memory", "forget", "--containing", "heron is grey", "--yes"]);
    assert!(gone.contains("1 × conversation with a model"), "{gone}");
    assert!(text(&world.run(&["ask", "--session", &heron, "x"]).stderr).contains("no conversation"));
    assert!(world.ok(&["ask", "--list"]).contains("something else"));
    let data = std::fs::read_dir(world.home().join("data/projects")).unwrap().next().unwrap().unwrap().path();
    for file in std::fs::read_dir(data).unwrap().flatten().filter(|f| f.path().is_file()) {
        let bytes = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
        assert!(!bytes.contains("heron is grey") && !bytes.contains(&key), "{}", file.path().display());
    }
}

/// The server in mid-stream, the key, the network: what was said stays, one line says what is wrong, and it goes on when all is well.
#[test]
fn what_is_unplugged_loses_nothing_and_is_told_in_one_line() {
    let server = ModelServer::new(|question| {
        // What had no answer stands before it in the same message.
        let content = question["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
        let asked = content.lines().last().unwrap();
        match () {
            () if asked.contains("cut") => (ModelServer::CUT, "a long answer that nobody hears the end of".into()),
            () if asked.contains("refused") => (401, "invalid key".into()),
            () => (200, "all is well".into()),
        }
    });
    let world = world(&server);
    let _background = Background::start(&world);
    let fails = |question: &str, part: &str| {
        let output = world.run(&["ask", "--continue", question]);
        assert_eq!(output.status.code(), Some(1), "{question}");
        let said = text(&output.stdout) + &text(&output.stderr);
        let told: Vec<&str> = said.lines().filter(|line| line.contains(part)).collect();
        assert_eq!(told.len(), 1, "{question}: one line with {part:?} in:\n{said}");
        assert!(!said.contains("panicked"), "{said}");
    };
    world.ok(&["ask", "are you there?"]);
    fails("this is cut off", "broke");
    world.ok(&["ask", "--continue", "once more"]);
    let last = server.asked().pop().unwrap()["messages"].to_string();
    assert!(last.contains("are you there?") && last.contains("this is cut off") && last.contains("once more"), "{last}");

    // A key that is refused is not tried again before something is another.
    fails("this is refused", "401");
    let asked = server.asked().len();
    fails("and now?", "refuses the key");
    assert_eq!(server.asked().len(), asked, "nobody was asked");

    // The network: nobody answers at all.
    let settings = std::fs::read_to_string(world.home().join("kairos.toml")).unwrap();
    world.settings(&settings.replace(&server.url, "http://127.0.0.1:9"));
    wait_until("it is told so", || text(&world.run(&["ask", "--continue", "hello?"]).stdout).contains("can't be reached"));

    // All of it was kept, and what was asked meanwhile, too.
    world.settings(&settings.replace("127.0.0.1", "localhost"));
    wait_until("it answers again", || world.run(&["ask", "--continue", "at last"]).status.success());
    let last = server.asked().pop().unwrap()["messages"].to_string();
    assert!(last.contains("are you there?") && last.contains("this is refused") && last.contains("at last"), "{last}");
    for said in ["are you there?", "this is cut off", "this is refused", "and now?"] {
        let found = world.json(&["memory", "search", "--exact", said]);
        assert!(!found.as_array().unwrap().is_empty(), "{said}");
    }
}
