//! Our hook in another agent's settings file, of which nothing else changes: neither what we don't know nor how it is laid out.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use kairos_permit::is_own;
use serde_json::Value;

/// The events that tell something, and of which tools. An edit needs no hook: its file is watched.
const EVENTS: [(&str, Option<&str>); 4] = [
    ("UserPromptSubmit", None),
    ("PostToolUse", Some("Bash|Read|Grep|Glob|WebFetch|WebSearch|Task|Agent|mcp__.*")),
    ("PostToolUseFailure", Some("Bash")),
    ("Stop", None),
];
/// Seconds after which the agent gives up on us; we are much quicker.
const TIMEOUT: u64 = 5;

/// The text with the hook in it, once, by this command.
///
/// # Errors
/// What is wrong with the text.
pub fn with_hook(text: &str, command: &str) -> Result<String, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let root = parse(text)?;
    if installed(&root, command) {
        return Ok(text.to_owned());
    }
    let hooks = take_out(&root).object_value_or_set("hooks");
    for (event, matcher) in EVENTS {
        let hook = [("type", "command".into()), ("command", command.into()), ("timeout", TIMEOUT.into())];
        let list = CstInputValue::Array(vec![object(hook)]);
        let group = match matcher {
            Some(matcher) => object([("matcher", matcher.into()), ("hooks", list)]),
            None => object([("hooks", list)]),
        };
        let groups = hooks.array_value_or_set(event);
        groups.ensure_multiline();
        groups.append(group);
    }
    Ok(root.to_string())
}

/// The text without it.
///
/// # Errors
/// What is wrong with the text.
pub fn without_hook(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let root = parse(text)?;
    take_out(&root);
    Ok(root.to_string())
}

fn object<const N: usize>(entries: [(&str, CstInputValue); N]) -> CstInputValue {
    CstInputValue::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What isn't plain JSON in the form of these files is nothing that we should write into.
fn parse(text: &str) -> Result<CstRootNode, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("this is no JSON: {e}"))?;
    let settings = value.as_object().ok_or("this is no JSON object")?;
    let events = match settings.get("hooks") {
        None => None,
        Some(hooks) => Some(hooks.as_object().ok_or("`hooks` is no object")?),
    };
    if let Some((event, _)) = events.into_iter().flatten().find(|(_, groups)| !groups.is_array()) {
        return Err(format!("`hooks.{event}` is no list"));
    }
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|e| format!("this is no JSON: {e}"))
}

/// Is all of it there, by this command?
fn installed(root: &CstRootNode, command: &str) -> bool {
    let Some(hooks) = root.object_value().and_then(|settings| settings.object_value("hooks")) else { return false };
    EVENTS.iter().all(|(event, _)| {
        let groups = hooks.array_value(event).map(|groups| groups.elements()).unwrap_or_default();
        let ours = groups.iter().filter_map(hooks_of).flat_map(|hooks| hooks.elements()).filter_map(|hook| command_of(&hook));
        ours.filter(|found| is_own(found)).eq([command.to_owned()])
    })
}

/// Takes out all that is ours, with what held nothing else; answers the settings.
fn take_out(root: &CstRootNode) -> CstObject {
    let settings = root.object_value_or_set();
    let Some(events) = settings.object_value("hooks") else { return settings };
    let mut any = false;
    for event in events.properties() {
        let Some(groups) = event.array_value() else { continue };
        let mut found = false;
        for group in groups.elements() {
            let Some(hooks) = hooks_of(&group) else { continue };
            let ours: Vec<CstNode> =
                hooks.elements().into_iter().filter(|hook| command_of(hook).is_some_and(|c| is_own(&c))).collect();
            if ours.is_empty() {
                continue;
            }
            found = true;
            if ours.len() == hooks.elements().len() {
                group.remove();
            } else {
                ours.into_iter().for_each(CstNode::remove);
            }
        }
        any |= found;
        if found && groups.elements().is_empty() {
            event.remove();
        }
    }
    if any
        && events.properties().is_empty()
        && let Some(hooks) = settings.get("hooks")
    {
        hooks.remove();
    }
    settings
}

fn hooks_of(group: &CstNode) -> Option<CstArray> {
    group.as_object()?.array_value("hooks")
}

fn command_of(hook: &CstNode) -> Option<String> {
    hook.as_object()?.get("command")?.value()?.as_string_lit()?.decoded_value().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = r#"{
    "model": "opus",
    "hooks": {
        "PostToolUse": [
            {"matcher": "Edit|Write", "hooks": [{"type": "command", "command": "prettier --write"}]}
        ],
        "PreCompact": []
    },
    "unknown": [1,2,   3]
}
"#;

    #[test]
    fn what_is_theirs_stays_as_it_is_laid_out() {
        let with = with_hook(THEIRS, "kairos-run hook").unwrap();
        for line in THEIRS.lines().filter(|line| line.contains("prettier") || line.contains("unknown") || line.contains("model"))
        {
            assert!(with.lines().any(|l| l.trim_end_matches(',') == line.trim_end_matches(',')), "{line} in {with}");
        }
        let value: Value = serde_json::from_str(&with).unwrap();
        assert_eq!(value["hooks"]["PostToolUse"][1]["hooks"][0]["command"], "kairos-run hook");
        assert_eq!(value["hooks"]["PostToolUse"].as_array().unwrap().len(), 2);
        assert_eq!(value["hooks"]["Stop"][0]["hooks"][0]["timeout"], 5);
        assert_eq!(with_hook(&with, "kairos-run hook").unwrap(), with, "once is enough");
        // An update moves it.
        let moved = with_hook(&with, "'/o p/kairos-run' hook").unwrap();
        assert_eq!(moved.matches("kairos-run").count(), EVENTS.len(), "{moved}");
        let gone = without_hook(&moved).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&gone).unwrap(), serde_json::from_str::<Value>(THEIRS).unwrap(), "{gone}");
        assert_eq!(without_hook(THEIRS).unwrap(), THEIRS);
    }

    #[test]
    fn one_of_several_hooks_of_a_group_goes_alone_and_an_empty_file_is_one_to_begin_with() {
        let new = with_hook("", "kairos-run hook").unwrap();
        assert_eq!(without_hook(&new).unwrap().split_whitespace().collect::<String>(), "{}");
        let shared =
            r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"a"},{"type":"command","command":"kairos-run hook"}]}]}}"#;
        let left: Value = serde_json::from_str(&without_hook(shared).unwrap()).unwrap();
        assert_eq!(left["hooks"]["Stop"][0]["hooks"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_is_of_another_form_is_left_alone() {
        for (text, why) in [
            ("{", "no JSON"),
            ("[]", "no JSON object"),
            ("{\"hooks\": 3}", "`hooks` is no object"),
            ("{\"hooks\": {\"Stop\": {}}}", "`hooks.Stop` is no list"),
            ("{/* a comment */}", "no JSON"),
        ] {
            assert!(with_hook(text, "kairos-run hook").unwrap_err().contains(why), "{text}");
        }
    }
}
