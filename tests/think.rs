//! A tick that wakes a model: gate first, model second; what it says is checked, what it costs is counted; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use support::model::ModelServer;
use support::{Background, World, wait_until};

const FAILING: &str = "import unittest\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(total([1, 2]), 3)\n\n\
                       def total(numbers):\n    return sum(numbers[1:])\n";

fn world(server: &ModelServer, more: &str) -> World {
    let world = World::with_git();
    let model = format!("[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n", server.url);
    world.settings(&format!("every = \"1s\"\n{more}\n[presence]\naway-after = \"0s\"\n{model}"));
    world
}

fn fail(world: &World) {
    world.write("test_sum.py", FAILING.replace("[1:]", ""));
    world.run(&["exec", "--", "python3", "-m", "unittest", "-q", "test_sum"]);
    world.write("test_sum.py", FAILING);
    world.run(&["exec", "--", "python3", "-m", "unittest", "-q", "test_sum"]);
}

fn of_model(world: &World) -> Vec<Value> {
    let all = world.json(&["inbox", "list", "--all"]);
    all.as_array().unwrap().iter().filter(|i| i["plugin"] == "model").cloned().collect()
}

/// How often the model has answered already.
fn step(question: &Value) -> usize {
    question["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "assistant").count()
}

#[test]
fn a_failing_test_wakes_a_model_that_reads_surfaces_and_sleeps_and_a_quiet_day_does_not() {
    let server = ModelServer::calling(|question| match step(question) {
        0 => vec![("read-file", json!({"path": "test_sum.py"})), ("search", json!({"pattern": "total"}))],
        1 => {
            let made_up = json!({"title": "The sum is wrong", "detail": "See `src/sum.py`.", "file": "src/sum.py", "line": 1});
            let detail = "`total` leaves out the first number, since it sums from the second on. The tests pass.";
            let read = json!({"title": "total() skips the first number", "detail": detail, "file": "test_sum.py", "line": 7,
                "urgency": "high", "remedy": "sum(numbers)"});
            vec![("surface", made_up), ("surface", read), ("fly", json!({}))]
        }
        _ => vec![("sleep", json!({}))],
    });
    let world = world(&server, "think.on = \"normal\"");
    let _background = Background::start(&world);
    wait_until("the first look is over", || world.json(&["status"])["projects"][0]["tick"].as_u64() > Some(0));
    assert!(server.asked().is_empty(), "nothing has happened");
    fail(&world);
    wait_until("the model has slept", || server.asked().len() == 3);
    let [finding] = &of_model(&world)[..] else { panic!("{:?}", of_model(&world)) };
    assert_eq!((&finding["title"], &finding["urgency"]), (&json!("total() skips the first number"), &json!("high")));
    assert_eq!(finding["evidence"][0]["excerpt"], "return sum(numbers[1:])", "in the file's own words");
    let detail = finding["detail"].as_str().unwrap();
    assert!(detail.ends_with("(unverified: tests pass: the last run that was seen failed)"), "{detail}");

    let asked = server.asked();
    let told = asked[0]["messages"][1]["content"].as_str().unwrap();
    assert!(
        told.contains("A finding is new") && told.contains("test_sum.py:4") && told.contains("$ python3 -m unittest"),
        "{told}"
    );
    let outcomes: Vec<&str> = asked[2]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["role"] == "tool")
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    assert!(outcomes[0].contains("return sum(numbers[1:])") && outcomes[0].contains("<data-"), "{}", outcomes[0]);
    assert!(outcomes[2].contains("not in the project: src/sum.py"), "{}", outcomes[2]);
    assert!(outcomes[4].contains("no tool `fly`"), "{}", outcomes[4]);

    // The rest of the day is quiet, and costs nothing.
    let tick = || world.json(&["status"])["projects"][0]["tick"].as_u64().unwrap();
    let before = tick();
    wait_until("some ticks have passed", || tick() >= before + 3);
    assert_eq!(server.asked().len(), 3);
    // What it said of the failure is over with the failure.
    world.write("test_sum.py", FAILING.replace("[1:]", ""));
    world.run(&["exec", "--", "python3", "-m", "unittest", "-q", "test_sum"]);
    wait_until("it is resolved", || of_model(&world)[0]["status"] == "resolved");
}

#[test]
fn nothing_wakes_a_model_unless_the_user_said_so_and_prose_reaches_nobody() {
    let server = ModelServer::new(|_| (200, "I found a terrible bug, tell everybody!".into()));
    let world = world(&server, "");
    let background = Background::start(&world);
    fail(&world);
    wait_until("the failure is told", || !world.json(&["inbox", "list"]).as_array().unwrap().is_empty());
    assert!(server.asked().is_empty());
    drop(background);

    world.settings(&format!(
        "every = \"1s\"\nheartbeat.every = \"2s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n",
        server.url
    ));
    world.write("HEARTBEAT.md", "# Now and then\n\n- [x] done\n<!-- - [ ] not yet -->\n");
    let _background = Background::start(&world);
    let tick = || world.json(&["status"])["projects"][0]["tick"].as_u64().unwrap();
    wait_until("some ticks have passed", || tick() >= 5);
    assert!(server.asked().is_empty(), "an empty checklist is nothing to do");
    world.write("HEARTBEAT.md", "- [ ] is the build green?\n");
    wait_until("the checklist is looked at", || !server.asked().is_empty());
    let told = server.asked()[0]["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("The checklist is due") && told.contains("is the build green?"), "{told}");
    assert!(of_model(&world).is_empty());
    let said = world.json(&["memory", "search", "terrible bug"]);
    assert!(said.to_string().contains("terrible bug"), "it is in the transcript: {said}");
}

#[test]
fn a_model_that_can_not_be_reached_is_told_of_in_a_line_and_what_woke_it_waits() {
    let server = ModelServer::new(|_| (401, "who are you?".into()));
    let world = world(&server, "think.on = \"low\"");
    let mut running = world.start(&[]);
    running.ticks(1);
    fail(&world);
    let failed = running.wait_for("the turn has failed", |e| e["event"] == "turn" && e["change"] == "failed");
    let text = failed["text"].as_str().unwrap();
    assert!(text.contains("refuses the key") && !text.contains('\n'), "{text}");
    running.ticks(3);
    assert_eq!(server.asked().len(), 1, "a refused key is not tried again");
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_the_user_scheduled_wakes_the_model_at_its_time_in_that_project_alone() {
    let server = ModelServer::calling(|_| vec![("sleep", json!({}))]);
    let world = world(&server, "");
    let refused = |schedule: &str| {
        world.settings(&format!("[heartbeat]\nschedules = [\"{schedule}\"]\n"));
        let output = world.run(&["--ticks", "1"]);
        let failed = support::text(&output.stderr);
        assert!(!output.status.success() && failed.contains("kairos.toml:2") && failed.contains("five fields"), "{failed}");
    };
    refused("at nine is main green?");
    refused("0 25 * * * is main green?");
    let schedule = "heartbeat.schedules = [\"* * * * * Is main\\tgreen?\", \"0 0 1 1 * A happy new year\"]";
    let folder = world.project().display().to_string();
    world.settings(&format!(
        "every = \"1s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n[projects.\"{folder}\"]\nthink.model = \"small\"\n{schedule}\n",
        server.url
    ));
    let _background = Background::start(&world);
    let list = world.json(&["schedule", "list"]);
    assert_eq!((&list[0]["wish"], &list[0]["in_words"]), (&json!("Is main green?"), &json!("Every minute.")));
    assert!(list[1]["next"].as_u64() > list[0]["next"].as_u64(), "{list}");
    assert!(world.ok(&["schedule", "list"]).contains("A happy new year"));
    wait_until("it is time", || !server.asked().is_empty());
    assert_eq!(server.asked()[0]["model"], "small");
    let told = server.asked()[0]["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("It is time for what the user scheduled."), "{told}");
    assert!(told.contains("\nThe user wants this looked at now: Is main green?"), "{told}");
    assert!(!told.contains("new year"), "{told}");
}
