//! What an agent's tools answered: commands with their exit codes, and what was read.

use super::super::New;
use super::super::new::cut;
use super::super::trust::origin_of_command;
use kairos_core::memory::Origin;
use serde_json::Value;

/// How much of a command's output is kept, in bytes; its end, which says why it failed.
const MAX_OUTPUT: usize = 16 << 10;
/// How much is kept of what was read from a file or a page, in bytes: the thing itself is still there.
const MAX_READING: usize = 4 << 10;

/// A tool that was called, as much of it as its result needs.
pub(super) enum Call {
    Command {
        line: String,
        background: bool,
    },
    Reading {
        tool: String,
        origin: Origin,
        subject: Option<(&'static str, String)>,
    },
    /// An agent of the agent's.
    Agent,
    /// Says nothing that is worth keeping: edits are seen in the files.
    Other,
}

/// Reads a `tool_use`.
pub(super) fn call(block: &Value) -> Call {
    let input = |name: &str| block["input"][name].as_str().map(str::to_owned);
    let tool = block["name"].as_str().unwrap_or_default();
    let origin = match tool {
        "Bash" => {
            let background = block["input"]["run_in_background"].as_bool() == Some(true);
            return input("command").map_or(Call::Other, |line| Call::Command { line, background });
        }
        "Task" | "Agent" => return Call::Agent,
        "Read" | "Grep" | "Glob" | "LS" | "NotebookRead" => Origin::File,
        "WebFetch" | "WebSearch" => Origin::Web,
        // A server's answer may come from anywhere.
        _ if tool.starts_with("mcp__") => Origin::Web,
        _ => return Call::Other,
    };
    let names = [("file_path", "path"), ("path", "path"), ("pattern", "pattern"), ("url", "url"), ("query", "query")];
    let subject = names.iter().find_map(|(from, to)| Some((*to, input(from)?)));
    Call::Reading { tool: tool.into(), origin, subject }
}

/// What a `tool_result` is worth keeping of; or why it isn't. `about` is what the session tells of it beside the text.
pub(super) fn result(call: Call, block: &Value, about: &Value, base: New) -> Result<New, &'static str> {
    let text = texts(&block["content"]).join("\n");
    // Programs speak to the model here too.
    let text = text.split("<system-reminder>").next().unwrap_or_default().trim_end().to_string();
    let failed = block["is_error"].as_bool() == Some(true);
    match call {
        Call::Other => Err("a result of a tool that changes things or keeps a list"),
        Call::Reading { .. } | Call::Agent if failed => Err("a tool that failed"),
        Call::Reading { tool, origin, subject } => {
            let mut new = New { origin, kind: "reading".into(), text: cut(&text, MAX_READING).into(), ..base }.with("tool", tool);
            new.attributes.extend(subject.map(|(name, value)| (name.to_string(), value)));
            if new.text.len() < text.len() {
                new = new.with("whole-bytes", text.len());
            }
            if new.text.trim().is_empty() { Err("an empty result") } else { Ok(new) }
        }
        Call::Agent => {
            let new = New { origin: Origin::Model, kind: "message".into(), text, ..base }.with("speaker", "assistant");
            if new.text.trim().is_empty() { Err("an empty result") } else { Ok(new) }
        }
        Call::Command { line, background } => command(&line, background, failed, &text, about, base),
    }
}

fn command(line: &str, background: bool, failed: bool, text: &str, about: &Value, base: New) -> Result<New, &'static str> {
    let (told, text) = exit_code(text);
    // Refused, by the user or by a rule: it never ran.
    let refused = text.contains("doesn't want to") || text.starts_with("<tool_use_error>") || text.contains("denied");
    if failed && told.is_none() && refused {
        return Err("a command that was refused");
    }
    let output = match (about["stdout"].as_str(), about["stderr"].as_str()) {
        (Some(out), Some(err)) => [out.trim_end(), err.trim_end()].join("\n").trim_matches('\n').to_string(),
        (Some(out), None) => out.to_string(),
        _ => text.to_string(),
    };
    // Without an error it ended well; unless it hasn't ended, or was stopped, or its code was read as harmless.
    let ended = about["stdout"].is_string()
        && about["interrupted"].as_bool() != Some(true)
        && about["backgroundTaskId"].is_null()
        && about["returnCodeInterpretation"].is_null()
        && !background;
    let code = if failed { told } else { ended.then_some(0) };
    let mut start = output.len().saturating_sub(MAX_OUTPUT);
    while !output.is_char_boundary(start) {
        start += 1;
    }
    let mut new = New { origin: origin_of_command(line), kind: "command".into(), ..base }.with("command", line);
    if let Some(code) = code {
        new = new.with("exit-code", code);
    }
    if start > 0 {
        new = new.with("whole-bytes", output.len());
    }
    let end = if start > 0 { format!("…{}", &output[start..]) } else { output };
    new.text = format!("$ {line}\n{end}").trim_end().into();
    Ok(new)
}

/// The code that a result's first line tells, and what follows.
fn exit_code(text: &str) -> (Option<i64>, &str) {
    let told = text.strip_prefix("Error: ").unwrap_or(text).strip_prefix("Exit code ");
    let split = told.map(|told| told.split_once('\n').unwrap_or((told, "")));
    match split.and_then(|(code, rest)| Some((code.trim().parse().ok()?, rest))) {
        Some((code, rest)) => (Some(code), rest),
        None => (None, text),
    }
}

/// The texts of a content: it is a string, or a list with texts in it.
pub(super) fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        _ => vec![],
    }
}
