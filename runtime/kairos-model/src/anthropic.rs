//! Anthropic's Messages.

use crate::draft::{Draft, Fault};
use crate::render::{Rendered, Turn};
use crate::wire::{Wire, stopped, tokens, without_bounds};
use kairos_core::model::{Ending, Role, Tool, Usage};
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
        let mut messages: Vec<Value> = prompt.messages.iter().map(message).collect();
        let mut body = json!({"model": model, "max_tokens": prompt.max_output, "stream": true});
        if prompt.tools.is_empty() {
            body["system"] = json!(prompt.system);
        } else {
            // A conversation with tools goes on: what stands up to these marks is read from a cache when it does. Kept for nothing, it
            // would cost a quarter more.
            let tool = |t: &Tool| json!({"name": t.name, "description": t.description, "input_schema": t.input_schema});
            body["tools"] = prompt.tools.iter().map(tool).collect();
            if prompt.must_call {
                body["tool_choice"] = json!({"type": "any"});
            }
            body["system"] = json!([{"type": "text", "text": prompt.system, "cache_control": kept()}]);
            if let Some(last) = messages.last_mut().and_then(|m| m["content"].as_array_mut()?.last_mut()) {
                last["cache_control"] = kept();
            }
        }
        body["messages"] = json!(messages);
        if let Some(schema) = &prompt.schema {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": without_bounds(schema)}});
        }
        body
    }

    fn take(&self, event: &Value, draft: &mut Draft) -> Result<(), Fault> {
        stopped(event)?;
        match event["type"].as_str() {
            Some("message_start") => head(&event["message"], draft),
            Some("content_block_start") => block(event["index"].as_u64().unwrap_or(0), &event["content_block"], draft),
            Some("content_block_delta") => match event["delta"]["type"].as_str() {
                Some("text_delta") => draft.text.push_str(event["delta"]["text"].as_str().unwrap_or_default()),
                Some("input_json_delta") => {
                    let more = event["delta"]["partial_json"].as_str().unwrap_or_default();
                    draft.call(event["index"].as_u64().unwrap_or(0), "", "", more);
                }
                _ => {}
            },
            Some("message_delta") => {
                draft.ending = event["delta"]["stop_reason"].as_str().map(ending).or(draft.ending);
                count(&event["usage"], draft);
            }
            Some("message_stop") => draft.is_over = true,
            // No stream.
            Some("message") => {
                head(event, draft);
                for (index, content) in (0..).zip(event["content"].as_array().into_iter().flatten()) {
                    block(index, content, draft);
                }
                draft.ending = event["stop_reason"].as_str().map(ending);
                draft.is_over = true;
            }
            // There may be more kinds one day; `ping` is one already.
            _ => {}
        }
        Ok(())
    }
}

fn head(message: &Value, draft: &mut Draft) {
    draft.model = message["model"].as_str().unwrap_or_default().to_owned();
    count(&message["usage"], draft);
}

/// A block of the content, or its beginning.
fn block(index: u64, block: &Value, draft: &mut Draft) {
    let text = |name: &str| block[name].as_str().unwrap_or_default();
    match block["type"].as_str() {
        Some("text") => draft.text.push_str(text("text")),
        Some("tool_use") => {
            // In a stream it is empty, and comes later in pieces.
            let input = block["input"].as_object().filter(|i| !i.is_empty()).map(|_| block["input"].to_string());
            draft.call(index, text("id"), text("name"), &input.unwrap_or_default());
        }
        _ => {}
    }
}

fn ending(reason: &str) -> Ending {
    match reason {
        "end_turn" | "stop_sequence" => Ending::Done,
        "tool_use" => Ending::Calls,
        "max_tokens" | "model_context_window_exceeded" => Ending::Length,
        "refusal" => Ending::Refused,
        _ => Ending::Other,
    }
}

/// What was told earlier and is told again counts once. What a cache served, or took in, is told apart from the rest.
fn count(usage: &Value, draft: &mut Draft) {
    if !usage.is_object() {
        return;
    }
    let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
    let before = draft.usage.unwrap_or_default();
    let input = names.iter().map(|name| tokens(usage, name)).fold(0, u64::saturating_add);
    let usage = Usage { input, cached: tokens(usage, names[1]), output: tokens(usage, "output_tokens") };
    // The last event tells the answer's tokens, and often nothing of the prompt's.
    draft.usage = Some(if input == 0 { Usage { output: usage.output, ..before } } else { usage });
}

fn kept() -> Value {
    json!({"type": "ephemeral"})
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
    use crate::draft::Reading;
    use crate::wire::examples;

    #[test]
    fn it_is_asked_in_its_own_form() {
        let body = Messages.body("m", &examples::prompt());
        let call = json!({"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "a"}});
        let outcome = json!({"type": "tool_result", "tool_use_id": "c1", "content": "seen", "is_error": true});
        let text = |text: &str| json!({"type": "text", "text": text});
        let kept = |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
        let expected = json!({"model": "m", "max_tokens": 9, "system": [kept("be brief")], "stream": true, "messages": [
                {"role": "user", "content": [text("hi")]},
                {"role": "assistant", "content": [text("ho"), call]},
                {"role": "user", "content": [outcome, kept("and?")]}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}],
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}});
        assert_eq!(body, expected);
        let once = Messages.body("m", &Rendered { tools: Vec::new(), ..examples::prompt() });
        assert!(once["system"] == "be brief" && !once.to_string().contains("cache_control"), "{once}");
        assert_eq!(Messages.headers(Some("k"))[1], ("x-api-key", "k".to_string()));
    }

    #[test]
    fn it_is_read_in_its_own_form() {
        let read = |answer: Value| {
            let mut reading = Reading::new(&Messages);
            reading.feed(answer.to_string().as_bytes(), &|_| ()).unwrap();
            reading.end(&|_| ()).map(|(answer, _)| answer)
        };
        let usage = json!({"input_tokens": 1, "cache_read_input_tokens": 30, "output_tokens": 2});
        let call = json!({"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "a"}});
        let content =
            json!([{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "a"}, call, {"type": "text", "text": "b"}]);
        let of =
            |reason: &str| json!({"type": "message", "model": "m", "stop_reason": reason, "content": content, "usage": usage});
        let answer = read(of("tool_use")).unwrap();
        assert_eq!((answer.text.as_str(), answer.ending), ("ab", Ending::Calls));
        assert_eq!((answer.calls.len(), &answer.calls[0].input), (1, &json!({"at": "a"})));
        assert_eq!(answer.usage, Usage { input: 31, cached: 30, output: 2 });
        for (reason, ending) in [("max_tokens", Ending::Length), ("refusal", Ending::Refused), ("new", Ending::Other)] {
            let answer = read(of(reason)).unwrap();
            assert_eq!((answer.ending, answer.calls), (ending, Vec::new()));
        }
        assert!(read(json!({"type": "error"})).is_err());
    }
}
