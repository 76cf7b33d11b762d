//! What a question costs, and what left the machine: shown, and limited; on the real binary.
#![allow(missing_docs)]

mod support;

use serde_json::{Value, json};
use support::model::{ModelServer, session};
use support::{Background, World, text, wait_until};

/// A world with a model that proposes nothing, whatever it is asked.
fn world(more: &str) -> (World, ModelServer) {
    let server = ModelServer::new(|_| (200, json!({"operations": []}).to_string()));
    let world = World::with_git();
    settings(&world, &server, more);
    import(&world, "s1", "The tests need no database any more, says hunter-two-hunter.");
    (world, server)
}

fn settings(world: &World, server: &ModelServer, more: &str) {
    let model = format!("provider = \"llamacpp\"\nurl = \"{}\"\nprices = [\"default 1 5 0.1\"]", server.url);
    world.settings(&format!("every = \"1s\"\nredact.patterns = [\"hunter-[a-z-]+\"]\n[model]\n{model}\n{more}"));
}

fn import(world: &World, name: &str, said: &str) {
    let file = session(world, name, &[said]);
    world.ok(&["memory", "import", "claude", &file]);
}

fn dream(world: &World) -> Value {
    world.json(&["dream", "now", "--strategy", "reflect"])
}

#[test]
fn what_was_spent_and_sent_is_shown_to_the_byte() {
    let (world, server) = world("");
    let background = Background::start(&world);
    world.ok(&["plugin", "grant", "reflect"]);
    assert_eq!(world.ok(&["audit", "egress"]), "Nothing has left this machine.\n");
    assert!(world.ok(&["audit", "cost"]).starts_with("No model was asked since "));
    let mut follow = world.spawn(&["audit", "egress", "--follow", "--json"]);
    dream(&world);
    let told = follow.wait_for("the request", |row| row["outcome"] == "200");
    drop(follow);

    let costs = world.json(&["audit", "cost", "--by", "plugin"]);
    let row = &costs["rows"][0];
    assert_eq!((&row["name"], &row["questions"]), (&json!("reflect"), &json!(1)), "{costs}");
    // 700 tokens at a dollar per million, and 60 at five.
    assert_eq!((&row["input"], &row["output"], &row["cost"]), (&json!(700), &json!(60), &json!(1000)), "{costs}");
    assert_eq!((&costs["total"]["cost"], &costs["by"]), (&json!(1000), &json!("plugin")));
    for (by, name) in
        [("project", "project-"), ("model", "default"), ("provider", "llamacpp"), ("kind", "plugin"), ("occasion", "dream ")]
    {
        let costs = world.json(&["audit", "cost", "--by", by]);
        let found = costs["rows"][0]["name"].as_str().unwrap();
        assert!(found.starts_with(name) || by == "project" && !found.is_empty(), "{by}: {found}");
    }
    assert!(world.ok(&["audit", "cost"]).contains("$0.001000"), "{}", world.ok(&["audit", "cost"]));

    let rows = world.json(&["audit", "egress"]);
    let row = &rows[0];
    assert_eq!(*row, told);
    assert_eq!((&row["target"], &row["outcome"], &row["redacted"]), (&json!(server.url), &json!("200"), &json!(1)), "{rows}");
    assert!(row["received"].as_u64() > Some(100) && row["why"].as_str().unwrap().starts_with("dream "), "{rows}");
    let id = row["id"].to_string();
    // Also when nothing runs.
    drop(background);
    let sent = world.run(&["audit", "egress", "show", &id]).stdout;
    assert_eq!(sent.len() as u64, row["bytes"]);
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), server.asked()[0]);
    assert!(text(&sent).contains("says [redacted].") && !text(&sent).contains("hunter"), "{}", text(&sent));
    assert_eq!(world.json(&["audit", "egress", "show", &id])["body"], json!(text(&sent)));
    let error = world.run(&["audit", "egress", "show", "99"]);
    assert!(!error.status.success() && text(&error.stderr).contains("no request 99"), "{}", text(&error.stderr));

    // Whatever is forgotten is forgotten there, too.
    world.ok(&["memory", "forget", "--containing", "database any more", "--yes"]);
    let gone = world.run(&["audit", "egress", "show", &id]);
    assert!(!gone.status.success() && text(&gone.stderr).contains("no longer kept"), "{}", text(&gone.stderr));
    assert_eq!(world.json(&["audit", "egress"])[0]["hash"], row["hash"], "that it was sent stays known");
}

#[test]
fn money_is_limited_and_follows_the_settings() {
    let (world, server) = world("budgets = [\"plugin:reflect day 0.0001 usd\"]\n");
    let background = Background::start(&world);
    world.ok(&["plugin", "grant", "reflect"]);
    let refused = || text(&world.run(&["dream", "now", "--strategy", "reflect"]).stderr);
    let error = refused();
    assert!(
        error.contains("of plugin reflect for 24 hours") && error.contains("model.budgets") && error.contains("$0.0001"),
        "{error}"
    );
    assert!(server.asked().is_empty() && world.json(&["audit", "cost"])["rows"] == json!([]));
    settings(&world, &server, "budgets = [\"day 1 usd\"]\n");
    wait_until("there is money", || world.run(&["dream", "now", "--strategy", "reflect"]).status.success());
    drop(background);

    // A restart gives nothing back.
    settings(&world, &server, "budgets = [\"day 0.0011 usd\"]\n");
    import(&world, "s2", "The releases are cut on Thursdays by the release script.");
    let _background = Background::start(&world);
    wait_until("what was spent still counts", || refused().contains("of the $0.0011 for 24 hours $0.0001 are left"));
    settings(&world, &server, "budgets = [\"week 1 usd\"]\n");
    wait_until("the setting is wrong", || refused().contains("`week 1 usd`"));
}
