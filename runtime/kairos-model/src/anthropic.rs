//! Anthropic's Messages.

use crate::render::{Rendered, Turn};
use crate::wire::{Wire, input, tokens, without_bounds};
use kairos_core::model::{Call, Completion, Ending, Role, Tool, Usage};
use serde_json::{Value, json};

/// The format's version, by the day on which it was settled.
const VERSION: &str = "2023-06-01";

pub(crate) struct Messages;

impl Wire for Messages {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn headers(&self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("anthropic-version", VERSION.to_string())];
        headers.extend(key.map(|key| ("x-api-key", key.to_string())));
        headers
    }

    fn body(&self, model: &str, prompt: &Rendered) -> Value {
        let messages: Vec<Value> = prompt.messages.iter().map(message).collect();
        let mut body = json!({"model": model, "max_tokens": prompt.max_output, "system": prompt.system, "messages": messages});
        if !prompt.tools.is_empty() {
            let tool = |t: &Tool| json!({"name": t.name, "description": t.description, "input_schema": t.input_schema});
            body["tools"] = prompt.tools.iter().map(tool).collect();
        }
        if let Some(schema) = &prompt.schema {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": without_bounds(schema)}});
        }
        body
    }

    fn answer(&self, body: &Value) -> Result<Completion, String> {
        let blocks = body["content"].as_array().ok_or("it holds no content")?;
        let text: String = blocks.iter().filter(|b| b["type"] == "text").filter_map(|b| b["text"].as_str()).collect();
        let calls = blocks.iter().filter(|b| b["type"] == "tool_use").map(|b| Call {
            id: b["id"].as_str().unwrap_or_default().to_owned(),
            name: b["name"].as_str().unwrap_or_default().to_owned(),
            input: input(&b["input"].to_string()),
        });
        let ending = match body["stop_reason"].as_str() {
            Some("end_turn" | "stop_sequence") => Ending::Done,
            Some("tool_use") => Ending::Calls,
            Some("max_tokens" | "model_context_window_exceeded") => Ending::Length,
            Some("refusal") => Ending::Refused,
            _ => Ending::Other,
        };
        let usage = &body["usage"];
        // What a cache served, or took in, is told apart from the rest.
        let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
        let input = names.iter().map(|name| tokens(usage, name)).fold(0, u64::saturating_add);
        let usage = Usage { input, cached: tokens(usage, names[1]), output: tokens(usage, "output_tokens") };
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        Ok(Completion { text, calls: calls.collect(), ending, usage, model })
    }
}

fn message(turn: &Turn) -> Value {
    let role = if turn.role == Role::User { "user" } else { "assistant" };
    let outcomes = turn.outcomes.iter();
    let mut content: Vec<Value> = outcomes
        .map(|o| json!({"type": "tool_result", "tool_use_id": o.id, "content": o.text, "is_error": o.is_error}))
        .collect();
    // An empty text is refused.
    if !turn.text.trim().is_empty() {
        content.push(json!({"type": "text", "text": turn.text}));
    }
    content.extend(turn.calls.iter().map(|c| json!({"type": "tool_use", "id": c.id, "name": c.name, "input": c.input})));
    json!({"role": role, "content": content})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::examples;

    #[test]
    fn it_is_asked_in_its_own_form() {
        let body = Messages.body("m", &examples::prompt());
        let call = json!({"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "a"}});
        let outcome = json!({"type": "tool_result", "tool_use_id": "c1", "content": "seen", "is_error": true});
        let text = |text: &str| json!({"type": "text", "text": text});
        let expected = json!({"model": "m", "max_tokens": 9, "system": "be brief", "messages": [
                {"role": "user", "content": [text("hi")]},
                {"role": "assistant", "content": [text("ho"), call]},
                {"role": "user", "content": [outcome, text("and?")]}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}],
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}});
        assert_eq!(body, expected);
        assert_eq!(Messages.headers(Some("k"))[1], ("x-api-key", "k".to_string()));
    }

    #[test]
    fn it_is_read_in_its_own_form() {
        let answer = json!({"model": "m", "stop_reason": "tool_use", "content": [{"type": "thinking", "thinking": "x"},
            {"type": "text", "text": "a"}, {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "a"}},
            {"type": "text", "text": "b"}, {"type": "tool_use", "id": "t2", "name": "look", "input": {}}],
            "usage": {"input_tokens": 1, "cache_read_input_tokens": 30, "output_tokens": 2}});
        let read = Messages.answer(&answer).unwrap();
        assert_eq!((read.text.as_str(), read.ending), ("ab", Ending::Calls));
        assert_eq!(read.usage, Usage { input: 31, cached: 30, output: 2 });
        assert_eq!(
            read.calls.iter().map(|c| (c.id.as_str(), c.input.to_string())).collect::<Vec<_>>(),
            [("t1", "{\"at\":\"a\"}".into()), ("t2", "{}".into())]
        );
        for (reason, ending) in [("max_tokens", Ending::Length), ("refusal", Ending::Refused), ("new", Ending::Other)] {
            let answer = json!({"stop_reason": reason, "content": []});
            assert_eq!(Messages.answer(&answer).unwrap().ending, ending);
        }
        assert!(Messages.answer(&json!({"type": "error"})).is_err());
    }
}
