//! The importers, on small samples written by hand.

use super::*;
use jiff::civil::Date;
use kairos_core::memory::{Observation, Origin};
use kairos_exec::redact::Redactor;

const SESSION: &str = r#"{"type":"summary","summary":"About tabs","leafUuid":"1"}
{"type":"user","isMeta":true,"timestamp":"2026-01-02T10:00:00.000Z","sessionId":"s1","message":{"role":"user","content":"Caveat"}}
{"type":"user","timestamp":"2026-01-02T10:00:01.000Z","sessionId":"s1","cwd":"/home/ada/app/web","message":{"role":"user","content":"Use tabs here, my key is AKIAIOSFODNN7EXAMPLE"}}
{"type":"assistant","timestamp":"2026-01-02T10:00:02.000Z","sessionId":"s1","cwd":"/home/ada/app/web","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I will."},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"npm test"}}]}}
{"type":"user","timestamp":"2026-01-02T10:00:03.000Z","sessionId":"s1","cwd":"/home/ada/app/web","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"Exit code 2\n1 failed"},{"type":"text","text":"beside"}]},"toolUseResult":"Error: Exit code 2\n1 failed"}
{"type":"assistant","timestamp":"2026-01-02T10:00:04.000Z","sessionId":"s1","message":{"content":[{"type":"tool_use","id":"t2","name":"Bash","input":{"command":"cat notes"}},{"type":"tool_use","id":"t3","name":"WebFetch","input":{"url":"https://example.org"}},{"type":"tool_use","id":"t4","name":"Edit","input":{}},{"type":"tool_use","id":"t5","name":"Bash","input":{"command":"rm -rf x"}}]}}
{"type":"user","timestamp":"2026-01-02T10:00:05.000Z","sessionId":"s1","cwd":"/elsewhere","message":{"content":[{"type":"tool_result","tool_use_id":"t2","content":"always deploy on friday"}]},"toolUseResult":{"stdout":"always deploy on friday","stderr":"","interrupted":false}}
{"type":"user","timestamp":"2026-01-02T10:00:06.000Z","sessionId":"s1","message":{"content":[{"type":"tool_result","tool_use_id":"t3","content":[{"type":"text","text":"a page"}]}]}}
{"type":"user","timestamp":"2026-01-02T10:00:07.000Z","sessionId":"s1","message":{"content":[{"type":"tool_result","tool_use_id":"t4","content":"done"},{"type":"tool_result","tool_use_id":"t5","is_error":true,"content":"The user doesn't want to proceed"},{"type":"tool_result","tool_use_id":"t9","content":"?"}]}}
not json
{"type":"user","timestamp":"2026-01-02T10:00:08.000Z","sessionId":"s1","isSidechain":true,"message":{"content":[{"type":"text","text":"Look into it"}]}}
{"type":"attachment","timestamp":"2026-01-02T10:00:09.000Z","sessionId":"s1","attachment":{"type":"queued_command","commandMode":"prompt","prompt":"No, spaces"}}
{"type":"queue-operation","operation":"remove","timestamp":"2026-01-02T10:00:09.500Z","sessionId":"s1","content":"And be quick"}
{"type":"queue-operation","operation":"enqueue","timestamp":"2026-01-02T10:00:09.500Z","sessionId":"s1","content":"Not yet"}
{"type":"user","timestamp":"2026-01-02T10:00:10.000Z","sessionId":"s1","isCompactSummary":true,"message":{"content":"This session is being continued"}}
{"type":["odd"],"message":3}
{"type":"user","message":{"content":{"what":1}}}
[1]"#;

fn open(dir: &Path) -> Transcripts {
    Transcripts::open(dir.join("transcripts"), Redactor::default())
}

fn all(transcripts: &Transcripts) -> Vec<Observation> {
    let mut found = vec![];
    let each = |observation| {
        found.push(observation);
        true
    };
    transcripts.scan(Date::MIN..=Date::MAX, each).unwrap();
    found
}

#[test]
fn a_session_becomes_what_each_said_and_did() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("project");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("s1.jsonl"), SESSION).unwrap();
    let transcripts = open(dir.path());
    let project = Some(Path::new("/home/ada/app"));
    let mut told = vec![];
    let summary = claude(&place, project, &transcripts, &mut |progress| told.push((progress.done, progress.total))).unwrap();
    assert_eq!(told, [(0, SESSION.len() as u64)]);

    let found = all(&transcripts);
    let lines: Vec<String> = found
        .iter()
        .map(|o| {
            let attributes: Vec<String> = o.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {} [{}] {}", o.origin.as_str(), o.kind, attributes.join(" "), o.text.replace('\n', "|"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "user message [speaker=user] Use tabs here, my key is [redacted]",
            "model message [speaker=assistant] I will.",
            "tool command [folder=web command=npm test exit-code=2] $ npm test|1 failed",
            "file command [folder=/elsewhere command=cat notes exit-code=0] $ cat notes|always deploy on friday",
            "web reading [tool=WebFetch url=https://example.org] a page",
            "model message [speaker=assistant] Look into it",
            "user message [speaker=user] No, spaces",
            "user message [speaker=user] And be quick",
        ]
    );
    assert!(found.iter().all(|o| o.session == "s1" && o.source == "claude-code"));
    assert_eq!((summary.files, summary.read, summary.stored, summary.known), (1, 18, 8, 0));
    assert_eq!(summary.damage.first.iter().map(|damaged| damaged.line).collect::<Vec<_>>(), [10, 18]);
    assert_eq!(summary.skipped["a command that was refused"], 1);
    assert_eq!(summary.skipped["a thought"], 1);

    // Again, with a session that repeats the first: nothing is new.
    fs::write(place.join("s2.jsonl"), SESSION.replace("\"s1\"", "\"s2\"")).unwrap();
    let again = claude(&place, project, &transcripts, &mut |_| {}).unwrap();
    assert_eq!((again.stored, again.known, again.skipped["repeated from another session"]), (0, 8, 8));
}

#[test]
fn what_a_hook_told_at_the_time_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("s1.jsonl");
    fs::write(&place, SESSION).unwrap();
    let transcripts = open(dir.path());
    let time: jiff::Timestamp = "2026-01-02T10:00:02.700Z".parse().unwrap();
    let now = u64::try_from(time.as_millisecond()).unwrap();
    let event = |event: serde_json::Value| {
        let mut event = event;
        event["session_id"] = "s1".into();
        event["cwd"] = "/home/ada/app/web".into();
        heard(&event, now).unwrap().new
    };
    let told = [
        event(
            serde_json::json!({"hook_event_name": "UserPromptSubmit", "prompt": "Use tabs here, my key is AKIAIOSFODNN7EXAMPLE"}),
        ),
        event(
            serde_json::json!({"hook_event_name": "PostToolUseFailure", "tool_name": "Bash", "tool_input": {"command": "npm test"},
            "error": "Command failed with exit code 2"}),
        ),
        event(serde_json::json!({"hook_event_name": "Stop", "last_assistant_message": "I will.\n"})),
    ];
    transcripts.append(told.to_vec()).unwrap();
    let summary = claude(&place, None, &transcripts, &mut |_| {}).unwrap();
    assert_eq!((summary.stored, summary.skipped["heard through the hook when it happened"]), (5, 3));
    assert_eq!(all(&transcripts).iter().filter(|o| o.text.starts_with("Use tabs")).count(), 1);
}

#[test]
fn garbage_is_counted_and_a_line_of_any_length_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("s.jsonl");
    let mut bytes = b"\xff\xff\n\n{}\n".to_vec();
    bytes.extend(vec![b'x'; 20 << 20]);
    bytes.extend(
        b"\nnot json\n{\"type\":\"user\",\"timestamp\":\"2026-01-02T10:00:00Z\",\"message\":{\"content\":\"still here\"}}",
    );
    fs::write(&place, &bytes).unwrap();
    let transcripts = open(dir.path());
    let summary = claude(&place, None, &transcripts, &mut |_| {}).unwrap();
    let lines: Vec<(u64, Reason)> = summary.damage.first.iter().map(|damaged| (damaged.line, damaged.reason)).collect();
    assert_eq!(lines, [(1, Reason::NotUtf8), (4, Reason::TooLong(20 << 20)), (5, Reason::NoObservation)]);
    assert_eq!((all(&transcripts)[0].text.as_str(), all(&transcripts)[0].session.as_str()), ("still here", "s"));
    assert!(claude(&dir.path().join("none"), None, &transcripts, &mut |_| {}).unwrap_err().to_string().contains("none"));
}

#[test]
fn notes_are_taken_by_section_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("notes");
    fs::create_dir_all(place.join("memory")).unwrap();
    let long = format!("{}\n\n{}\n", "word ".repeat(300), "other ".repeat(300));
    let text = format!(
        "---\nname: x\n---\nBefore all.\r\n\n# Ways\nUse tabs.\n\n```\n# no heading\n\nlet x;\n```\n## 2025-03-04 met Ann\nShe said no.\n## Later\n{long}## Empty\n"
    );
    fs::write(place.join("a.md"), &text).unwrap();
    fs::write(place.join("memory/2025-01-02.md"), "- one\n- two\n").unwrap();
    fs::write(place.join("b.txt"), "First.\n\n# Second.").unwrap();
    fs::write(place.join("c.rs"), "no note").unwrap();
    let transcripts = open(dir.path());
    let summary = notes(&place, Origin::User, &transcripts, &mut |_| {}).unwrap();
    let found = all(&transcripts);
    let mut texts: Vec<(&str, &str)> =
        found.iter().map(|o| (o.attribute("heading").unwrap_or(""), &o.text[..o.text.len().min(40)])).collect();
    texts.sort_unstable();
    assert_eq!(
        texts,
        [
            ("", "# Second."),
            ("", "- one\n- two"),
            ("", "Before all."),
            ("", "First."),
            ("2025-03-04 met Ann", "She said no."),
            ("Later", &"other ".repeat(7)[..40]),
            ("Later", &"word ".repeat(8)),
            ("Ways", "Use tabs.\n\n```\n# no heading\n\nlet x;\n```"),
        ]
    );
    assert_eq!((summary.stored, summary.files), (8, 3));
    let of = |text: &str| found.iter().find(|o| o.text.starts_with(text)).unwrap();
    assert_eq!((of("- one").session.as_str(), of("- one").origin), ("memory/2025-01-02.md", Origin::User));
    assert!(of("- one").id.starts_with("20250102-") || of("- one").id.starts_with("20250101-"));

    // An edit changes the file's time, yet only the section that changed is new; and what was forgotten stays so.
    transcripts.forget(&[&of("Use tabs").id], 1, false).unwrap();
    fs::write(place.join("a.md"), text.replace("She said no", "She said yes")).unwrap();
    let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
    File::options().append(true).open(place.join("a.md")).unwrap().set_modified(later).unwrap();
    let again = notes(&place, Origin::User, &transcripts, &mut |_| {}).unwrap();
    assert_eq!((again.stored, again.known, again.skipped["forgotten before"]), (1, 6, 1));
}
