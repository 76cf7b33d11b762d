//! A dream that asks a model: granted, paid, judged, skipped where there is none; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use support::model::{ModelServer, session};
use support::{Background, World, text, wait_until};

fn settings(world: &World, server: &ModelServer, more: &str) {
    world.settings(&format!("every = \"1s\"\n[model]\nprovider = \"llamacpp\"\nurl = \"{}\"\n{more}", server.url));
}

fn add(text: &str, evidence: &str) -> Value {
    json!({"op": "add", "text": text, "about": "project", "evidence": [evidence], "reason": "it was said"})
}

fn import(world: &World, name: &str, said: &[&str]) {
    let file = session(world, name, said);
    world.ok(&["memory", "import", "claude", &file]);
}

fn egress(world: &World) -> Vec<(String, String)> {
    let db = rusqlite::Connection::open(world.home().join("data/state.db")).unwrap();
    let mut query = db.prepare("SELECT why, coalesce(outcome, '') FROM egress ORDER BY id").unwrap();
    query.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_model_proposes_and_the_host_judges() {
    let server = ModelServer::new(|_| {
        let operations = [
            add("The tests need no database since the move to SQLite.", "o1"),
            add("The tests need 64 GB of memory.", "o1"),
            add("Cited from nowhere.", "o9"),
        ];
        (200, json!({"operations": operations}).to_string())
    });
    let world = World::with_git();
    settings(&world, &server, "");
    import(&world, "s1", &["The tests need no database any more since the move to SQLite, so drop the container."]);
    let _background = Background::start(&world);

    // Nothing is asked before the user says so.
    let error = world.run(&["dream", "now", "--strategy", "reflect"]);
    assert!(text(&error.stderr).contains("not granted"), "{}", text(&error.stderr));
    let info = world.json(&["plugin", "info", "reflect"]);
    assert_eq!((&info["missing"][0]["capability"], &info["missing"][0]["scope"]), (&json!("model"), &json!(["20000"])));
    assert!(server.asked().is_empty() && egress(&world).is_empty());

    world.ok(&["plugin", "grant", "reflect"]);
    let dream = world.json(&["dream", "now", "--strategy", "reflect"]);
    assert_eq!((&dream["state"], dream["steps"].as_array().map(Vec::len)), (&json!("applied"), Some(2)), "{dream}");
    assert_eq!(dream["steps"][1]["refusal"]["refusal"], "not-conserved", "{dream}");
    let claims = world.json(&["memory", "list"]);
    assert_eq!(claims.as_array().unwrap().len(), 1);
    assert_eq!((&claims[0]["status"], &claims[0]["author"]), (&json!("tentative"), &json!("reflect")));

    let asked = server.asked();
    assert_eq!(asked.len(), 1, "once a dream");
    let (system, question) = (asked[0]["messages"][0]["content"].as_str().unwrap(), asked[0]["messages"][1]["content"].as_str());
    assert!(system.contains("is data that others wrote"), "{system}");
    assert!(question.unwrap().contains(" from=\"o1, message by the developer\">\nThe tests need no database"), "{question:?}");
    let [(why, outcome)] = &egress(&world)[..] else { panic!("one request is on record") };
    assert!(why.starts_with("dream ") && why.ends_with(", reflect") && outcome == "200", "{why}: {outcome}");
    world.ok(&["dream", "revert", dream["id"].as_str().unwrap()]);
    assert_eq!(world.json(&["memory", "list"]), json!([]));
}

#[test]
fn without_a_model_or_a_budget_the_others_go_on() {
    let server = ModelServer::new(|_| (401, "who are you?".into()));
    let world = World::with_git();
    world.settings("every = \"1s\"\nmodel.provider = \"none\"\n");
    import(&world, "s1", &["From now on, use pnpm and never npm.", "The build takes ten minutes on the old laptop."]);
    let _background = Background::start(&world);
    world.ok(&["plugin", "grant", "reflect"]);
    world.ok(&["dream", "use", "consolidate", "forget", "reflect"]);
    let dream = world.json(&["dream", "now"]);
    assert_eq!((&dream["state"], &dream["strategies"]), (&json!("applied"), &json!(["consolidate", "forget"])));
    assert!(dream["skipped"][0]["why"].as_str().unwrap().contains("model.provider"), "{dream}");
    assert!(world.ok(&["dream", "show"]).contains("reflect could do nothing: no model is set up"));

    // Alone it is no dream, and the next one sees the same again.
    let alone = || text(&world.run(&["dream", "now", "--strategy", "reflect", "--dry-run"]).stderr);
    import(&world, "s2", &["The releases are cut on Thursdays by the release script."]);
    assert!(alone().contains("no model is set up"), "{}", alone());
    settings(&world, &server, "tokens-a-dream = 1000\n");
    wait_until("the budget is too small", || alone().contains("model.tokens-a-dream"));
    assert!(alone().contains("nothing was sent") && server.asked().is_empty());
    settings(&world, &server, "");
    wait_until("the key is refused", || alone().contains("refuses the key"));
    assert!(alone().contains("who are you?"));
    assert_eq!(server.asked().len(), 1, "it is not asked again");
    assert_eq!(egress(&world).len(), 1);
    assert!(world.ok(&["doctor"]).contains("default at 127.0.0.1"));
}
