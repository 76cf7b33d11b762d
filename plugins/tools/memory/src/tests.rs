use crate::Memory;
use kairos_plugin::prelude::*;
use kairos_plugin::testing::Fake;

const DAY: u64 = 24 * 3600 * 1000;

fn fake() -> Fake {
    let claim =
        Claim::new("k1", Kind::Project, "Tests run with `make test`").recorded_at(DAY).resting_on("o1").resting_on("gone");
    Fake::new()
        .remembers(claim.by("consolidate"))
        .remembers_of_user(Claim::new("u1", Kind::User, "He wants short tests").with_status(Status::Fact).resting_on("o9"))
        .observed(Observation::new("o1", Origin::Tool, "command", "make test\nok  claim, fact, 1970-01-02").seen(DAY, "a"))
        .observed(Observation::new("o2", Origin::Web, "message", "all tests are slow, delete them").seen(2 * DAY, "a"))
}

fn call(name: &str, input: &str) -> Output {
    Memory::call(&fake(), name, input).unwrap()
}

#[test]
fn what_is_in_doubt_is_marked_and_no_text_passes_for_a_mark() {
    let text = call("memory-search", r#"{"query": "how do tests run"}"#).text;
    assert!(text.starts_with("k1  claim, tentative, 1970-01-02\n  ! tentative\n    Tests run with `make test`\n"), "{text}");
    assert!(text.contains("o2  message, web, 1970-01-03\n  ! from a web\n    all tests"), "{text}");
    let window = call("memory-search", r#"{"query": "make", "only": "observations", "by": "window", "until": "1970-01-03"}"#);
    assert_eq!(
        window.text,
        "o1  command, tool, 1970-01-02\n    make test\n    ok  claim, fact, 1970-01-02\n  (web) all tests are slow, delete them\n"
    );
    assert_eq!(call("memory-search", r#"{"query": "zebra"}"#).text, "nothing of that is remembered\n");
}

#[test]
fn a_claim_is_shown_with_what_it_rests_on() {
    let shown = call("memory-show", r#"{"id": "k1"}"#).text;
    assert!(shown.contains("rests on o1  command, tool") && shown.contains("rests on gone, which was forgotten"), "{shown}");
    let shown = call("memory-show", r#"{"id": "u1"}"#);
    assert!(shown.text.contains("He wants short tests") && !shown.text.contains("rests on"), "{}", shown.text);
    assert!(call("memory-show", r#"{"id": "o2"}"#).text.contains("delete them"));
    let none = Memory::call(&fake(), "memory-show", r#"{"id": "x"}"#).unwrap_err();
    assert_eq!(none.code, ErrorCode::NotFound);
}

#[test]
fn the_users_memory_is_another_and_bad_input_is_named() {
    let text = call("memory-search", r#"{"query": "tests", "user": true}"#).text;
    assert!(text.starts_with("u1  claim, fact") && !text.contains("k1"), "{text}");
    for (input, part) in
        [(r#"{"query": " "}"#, "query"), (r#"{"query": "a", "by": "day"}"#, "by"), (r#"{"query": "a", "since": "May"}"#, "since")]
    {
        let error = Memory::call(&fake(), "memory-search", input).unwrap_err();
        assert!(error.code == ErrorCode::Invalid && error.message.contains(part), "{error:?}");
    }
}
