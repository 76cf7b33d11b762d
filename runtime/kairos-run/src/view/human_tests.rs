//! What a user sees, line by line.

use super::*;

fn human(verbose: bool) -> Human {
    Human { time: || 50_585_000, ..Human::new(Paint::PLAIN, TimeZone::UTC, verbose, true) }
}

fn item() -> InboxItem {
    serde_json::from_value(serde_json::json!({
        "id": "3", "project": "/home/a/shop", "plugin": "merge-conflicts", "key": "k", "title": "Merge conflict left in src/main.rs",
        "detail": "", "urgency": "high", "remedy": "resolve it, then `git add src/main.rs`",
        "evidence": [{"kind": "file", "subject": "src/main.rs", "line": 12, "excerpt": "<<<<<<< HEAD\u{1b}[2J"}],
        "status": "open", "first_seen": 0, "last_seen": 0, "occurrences": 1, "times_reopened": 0
    }))
    .unwrap()
}

fn started(projects: &[&str]) -> Event {
    let projects = projects.iter().map(|p| p.to_string()).collect();
    Event::Started { version: "0.1.0".into(), projects, plugins: 10, every_ms: 30_000 }
}

fn tick() -> Event {
    let open = OpenFindings { high: 1, normal: 2, ..OpenFindings::default() };
    let (project, reason) = ("/home/a/shop".into(), "interval".into());
    Event::Tick { project, number: 2, started: 0, signals: 1, deliveries: 3, duration_us: 1234, reason, open }
}

#[test]
fn a_finding_says_what_where_and_what_to_do() {
    let mut view = human(false);
    assert_eq!(
        view.lines(&started(&["/home/a/shop"])),
        ["watching /home/a/shop with 10 plugins; a look every 30 s, and at once when it is urgent; Ctrl-C stops"]
    );
    let event =
        Event::Finding { change: FindingChange::New, item: Box::new(item()), announced: true, why: "high".into(), group: None };
    assert_eq!(
        view.lines(&event),
        [
            "14:03:05  ▲ high  Merge conflict left in src/main.rs",
            "          src/main.rs:12  <<<<<<< HEAD[2J",
            "          → resolve it, then `git add src/main.rs`",
            "          kairos-run inbox show 3",
        ]
    );
    let event = Event::Resolved { item: Box::new(item()), reason: "cleared".into() };
    assert_eq!(view.lines(&event), ["14:03:05  ✓ Merge conflict left in src/main.rs"]);
}

#[test]
fn quiet_unless_asked() {
    let silent = Event::Finding {
        change: FindingChange::New,
        item: Box::new(item()),
        announced: false,
        why: "daily cap".into(),
        group: None,
    };
    assert!(human(false).lines(&tick()).is_empty());
    assert!(human(false).lines(&silent).is_empty());
    let mut view = human(true);
    view.lines(&started(&["/home/a/shop", "/b"]));
    assert_eq!(view.lines(&tick()), ["14:03:05  tick 2 (interval): 1 signal, handed over 3 times, 1.2 ms [shop]"]);
    assert_eq!(view.lines(&silent), ["14:03:05  inbox: Merge conflict left in src/main.rs (daily cap) [shop]"]);
}

#[test]
fn the_area_holds_the_pet_and_the_state() {
    let mut view = human(false);
    assert!(view.area().is_empty());
    view.lines(&started(&["/home/a/shop"]));
    view.lines(&tick());
    view.lines(&Event::Buddy { lines: vec![" /\\_/\\".into(), "( o.o )\u{1b}".into(), " > ^ <".into()], mood: "calm".into() });
    assert_eq!(
        view.area(),
        [
            " /\\_/\\",
            "( o.o )   3 findings open: 1 high, 2 normal",
            " > ^ <    10 plugins, a look every 30 s; last look 14:03:05"
        ]
    );
    view.lines(&Event::Stopped { reason: "Ctrl-C".into() });
    assert!(view.area().is_empty());
}

#[test]
fn a_plugin_that_waits_says_what_to_type() {
    let event = Event::Plugin { name: "todo".into(), change: PluginChange::Waiting, why: Some("it asks for project".into()) };
    assert_eq!(
        human(false).lines(&event),
        [
            "14:03:05  plugin todo waits for your grant: it asks for project",
            "          kairos-run plugin info todo, then kairos-run plugin grant todo"
        ]
    );
}

#[test]
fn a_dream_is_a_line_when_it_begins_and_a_line_when_it_ends() {
    let mut view = human(false);
    let event = |change, why: Option<&str>, state: Option<&str>| {
        let dream = state.map(|state| {
            let outcome = if state == "nothing" { "nothing to change" } else { "3 claims added, 1 superseded" };
            let d = serde_json::json!({"id": "d1", "time": 0, "strategies": [], "state": state, "outcome": outcome, "passed": 4, "refused": 0});
            serde_json::from_value(d).unwrap()
        });
        Event::Dream { project: "/home/a/shop".into(), change, why: why.map(Into::into), dream }
    };
    for (event, line) in [
        (event(DreamChange::Began, Some("nothing has happened for 31 min"), None), "dreaming: nothing has happened for 31 min"),
        (event(DreamChange::Ended, None, Some("applied")), "dreamt: 3 claims added, 1 superseded; kairos-run dream show d1"),
        (
            event(DreamChange::Ended, None, Some("waiting")),
            "dreamt, and waits for you: 3 claims added, 1 superseded; kairos-run dream show d1",
        ),
        (event(DreamChange::Ended, None, Some("nothing")), "dreamt: nothing to change"),
        (event(DreamChange::Failed, Some("no\u{1b}[2J dreams"), None), "the dream failed: no[2J dreams"),
        (event(DreamChange::Stopped, None, None), "the dream was stopped; memory is as it was"),
    ] {
        assert_eq!(view.lines(&event), [format!("14:03:05  {line}")]);
    }
}
