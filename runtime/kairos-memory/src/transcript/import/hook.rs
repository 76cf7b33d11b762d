//! What an agent's hooks tell while it works: one JSON object an event, in the form of Claude Code's hooks. It becomes what an import
//! of the session would make of it later.

use super::super::New;
use super::super::new::{MAX_LOOKED_AT, cut};
use super::claude::SOURCE;
use super::own_words::own_words;
use super::tool::{self, texts};
use kairos_core::Millis;
use kairos_core::memory::Origin;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The attribute of what was heard of through a hook.
pub const HEARD: &str = "heard";
/// Longest name of a session, in bytes: nobody has longer ones.
const MAX_SESSION: usize = 128;

/// Something that an agent's hook told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The agent's folder; which project it belongs to follows from it.
    pub folder: String,
    /// What was said or done.
    pub new: New,
}

/// What an event is worth keeping of; none for one that tells nothing, or is of another form. The user's word is only what he has typed
/// as a prompt; what tools answer is as an import would have it. Texts are cut at 256 KiB, secrets are still in them.
pub fn heard(event: &Value, now: Millis) -> Option<Heard> {
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let (session, folder) = (field("session_id"), field("cwd"));
    if session.is_empty() || session.len() > MAX_SESSION || !folder.starts_with('/') {
        return None;
    }
    let (kind, text) = Default::default();
    let base =
        New { time: now, source: SOURCE.into(), session: session.into(), origin: Origin::Model, kind, attributes: vec![], text };
    let new = match field("hook_event_name") {
        "UserPromptSubmit" => said(Origin::User, own_words(typed(field("prompt")))?, base),
        "Stop" => said(Origin::Model, field("last_assistant_message").trim().into(), base),
        "PostToolUse" => done(event, &answer(&event["tool_response"]), false, base)?,
        "PostToolUseFailure" if event["is_interrupt"] != true => done(event, &failure(field("error")), true, base)?,
        _ => return None,
    };
    let kept = cut(&new.text, MAX_LOOKED_AT).to_owned();
    (!kept.trim().is_empty()).then(|| Heard { folder: folder.into(), new: New { text: kept, ..new }.with(HEARD, "hook") })
}

fn said(origin: Origin, text: String, base: New) -> New {
    let speaker = if origin == Origin::User { "user" } else { "assistant" };
    New { origin, kind: "message".into(), text, ..base }.with("speaker", speaker)
}

/// Of a slash command its arguments, as its session has it.
fn typed(prompt: &str) -> &str {
    let Some(command) = prompt.strip_prefix('/') else { return prompt };
    let (name, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_:".contains(c));
    if is_name { arguments } else { prompt }
}

fn done(event: &Value, text: &str, is_error: bool, base: New) -> Option<New> {
    let call = tool::call(&json!({"name": event["tool_name"], "input": event["tool_input"]}));
    let block = json!({"content": text, "is_error": is_error});
    let new = tool::result(call, &block, &event["tool_response"], base).ok()?;
    Some(match event["duration_ms"].as_u64() {
        Some(duration) if new.kind == "command" => new.with("duration-ms", duration),
        _ => new,
    })
}

/// What a tool answered, as text: each tool has a form of its own.
fn answer(response: &Value) -> Cow<'_, str> {
    let found = texts(response);
    if !found.is_empty() {
        return found.join("\n").into();
    }
    for part in [&response["content"], &response["file"]["content"], &response["result"], &response["stdout"]] {
        let found = texts(part);
        if !found.is_empty() {
            return found.join("\n").into();
        }
    }
    match response["filenames"].as_array() {
        Some(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n").into(),
        None if response.is_null() => "".into(),
        None => response.to_string().into(),
    }
}

/// The words in which a failure is told begin with its exit code, in one form or another.
fn failure(error: &str) -> String {
    let (first, rest) = error.split_once('\n').unwrap_or((error, ""));
    let lower = first.to_ascii_lowercase();
    let code = ["exit code ", "status code ", "exit status "].iter().find_map(|name| {
        let digits = &lower[lower.find(name)? + name.len()..];
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
    });
    match code {
        Some(code) => format!("Exit code {code}\n{rest}"),
        None => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(event: Value) -> Option<String> {
        let mut event = event;
        event["session_id"] = "s1".into();
        event["cwd"] = "/home/ada/app".into();
        let heard = heard(&event, 5)?.new;
        let attributes: Vec<String> = heard.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some(format!("{} {} [{}] {}", heard.origin.as_str(), heard.kind, attributes.join(" "), heard.text.replace('\n', "|")))
    }

    #[test]
    fn an_event_becomes_what_an_import_would_make_of_it() {
        let tool = |name: &str, input: Value, response: Value| json!({"hook_event_name": "PostToolUse", "tool_name": name, "tool_input": input, "tool_response": response});
        let bash = json!({"stdout": "ok\n", "stderr": "warned", "interrupted": false, "isImage": false});
        let file = json!({"type": "text", "file": {"filePath": "/home/ada/app/a.rs", "content": "fn a() {}", "numLines": 1}});
        for (event, expected) in [
            (
                json!({"hook_event_name": "UserPromptSubmit", "prompt": "Use tabs"}),
                "user message [speaker=user heard=hook] Use tabs",
            ),
            (json!({"hook_event_name": "UserPromptSubmit", "prompt": "/fix it"}), "user message [speaker=user heard=hook] it"),
            (
                json!({"hook_event_name": "Stop", "last_assistant_message": " Done. "}),
                "model message [speaker=assistant heard=hook] Done.",
            ),
            (
                tool("Bash", json!({"command": "make"}), bash.clone()),
                "tool command [command=make exit-code=0 heard=hook] $ make|ok|warned",
            ),
            (
                tool("Bash", json!({"command": "cat x"}), bash),
                "file command [command=cat x exit-code=0 heard=hook] $ cat x|ok|warned",
            ),
            (
                tool("Read", json!({"file_path": "/home/ada/app/a.rs"}), file),
                "file reading [tool=Read path=/home/ada/app/a.rs heard=hook] fn a() {}",
            ),
            (
                tool("mcp__db__query", json!({"query": "q"}), json!([{"type": "text", "text": "rows"}])),
                "web reading [tool=mcp__db__query query=q heard=hook] rows",
            ),
            (
                tool("WebFetch", json!({"url": "https://example.org"}), json!({"result": "a page", "code": 200})),
                "web reading [tool=WebFetch url=https://example.org heard=hook] a page",
            ),
            (
                json!({"hook_event_name": "PostToolUseFailure", "tool_name": "Bash", "tool_input": {"command": "make"}, "duration_ms": 7,
                    "error": "Command failed with exit code 2: \nboom", "is_interrupt": false}),
                "tool command [command=make exit-code=2 duration-ms=7 heard=hook] $ make|boom",
            ),
        ] {
            assert_eq!(told(event.clone()).as_deref(), Some(expected), "{event}");
        }
        for nothing in [
            json!({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "make"}}),
            tool("Edit", json!({"file_path": "a"}), json!({"filePath": "a"})),
            json!({"hook_event_name": "UserPromptSubmit", "prompt": "<task-notification>x</task-notification>"}),
            json!({"hook_event_name": "UserPromptSubmit", "prompt": "/clear"}),
            json!({"hook_event_name": "Stop"}),
            json!({"hook_event_name": 3}),
        ] {
            assert_eq!(told(nothing.clone()), None, "{nothing}");
        }
        assert_eq!(heard(&json!([1]), 5), None);
    }
}
