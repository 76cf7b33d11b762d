//! Chat completions, as OpenAI has them, and most gateways and local servers after it.

use crate::draft::{Draft, Fault};
use crate::find::Preset;
use crate::render::{Rendered, Turn};
use crate::wire::{Wire, stopped, tokens, without_bounds};
use kairos_core::model::{Call, Ending, Role, Tool, Usage};
use serde_json::{Value, json};

/// The format, with what each server does differently.
pub(crate) struct Chat {
    pub(crate) preset: Preset,
}

impl Chat {
    /// Their own strict mode refuses bounds; local servers turn them into a grammar.
    fn is_hosted(&self) -> bool {
        matches!(self.preset, Preset::OpenAi | Preset::OpenRouter)
    }
}

impl Wire for Chat {
    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn headers(&self, key: Option<&str>) -> Vec<(&'static str, String)> {
        key.map(|key| ("authorization", format!("Bearer {key}"))).into_iter().collect()
    }

    fn body(&self, model: &str, prompt: &Rendered) -> Value {
        let mut messages = vec![json!({"role": "system", "content": prompt.system})];
        messages.extend(prompt.messages.iter().flat_map(turn));
        let mut body = json!({"model": model, "messages": messages, "stream": true, "stream_options": {"include_usage": true}});
        // OpenAI's newer models know neither of these.
        if self.preset == Preset::OpenAi {
            body["max_completion_tokens"] = json!(prompt.max_output);
        } else {
            body["max_tokens"] = json!(prompt.max_output);
            body["temperature"] = json!(0);
        }
        if !self.is_hosted() {
            body["seed"] = json!(7);
        }
        if !prompt.tools.is_empty() {
            let function = |t: &Tool| json!({"name": t.name, "description": t.description, "parameters": t.input_schema});
            body["tools"] = prompt.tools.iter().map(|t| json!({"type": "function", "function": function(t)})).collect();
            if prompt.must_call {
                body["tool_choice"] = json!("required");
            }
        }
        if let Some(schema) = &prompt.schema {
            let schema = if self.is_hosted() { without_bounds(schema) } else { schema.clone() };
            let named = json!({"name": "answer", "strict": true, "schema": schema});
            body["response_format"] = json!({"type": "json_schema", "json_schema": named});
        }
        body
    }

    fn take(&self, event: &Value, draft: &mut Draft) -> Result<(), Fault> {
        stopped(event)?;
        if draft.model.is_empty() {
            draft.model = event["model"].as_str().unwrap_or_default().to_owned();
        }
        let usage = &event["usage"];
        if usage.is_object() {
            let cached = tokens(&usage["prompt_tokens_details"], "cached_tokens");
            draft.usage =
                Some(Usage { input: tokens(usage, "prompt_tokens"), cached, output: tokens(usage, "completion_tokens") });
        }
        // There is none in the event that tells the usage.
        let Some(choice) = event["choices"].get(0) else { return Ok(()) };
        // No stream has a whole message.
        let whole = choice.get("message").filter(|m| m.is_object());
        let said = whole.unwrap_or(&choice["delta"]);
        for name in ["content", "refusal"] {
            if let Some(text) = said[name].as_str().filter(|text| !text.is_empty()) {
                draft.text.push_str(text);
                draft.is_refusal |= name == "refusal";
            }
        }
        for (position, call) in (0..).zip(said["tool_calls"].as_array().into_iter().flatten()) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let function = &call["function"];
            let index = call["index"].as_u64().unwrap_or(position);
            draft.call(index, &text(&call["id"]), &text(&function["name"]), &text(&function["arguments"]));
        }
        draft.ending = choice["finish_reason"].as_str().map(ending).or(draft.ending);
        draft.is_over |= whole.is_some();
        Ok(())
    }
}

fn ending(reason: &str) -> Ending {
    match reason {
        "stop" => Ending::Done,
        "tool_calls" => Ending::Calls,
        "length" => Ending::Length,
        "content_filter" => Ending::Refused,
        _ => Ending::Other,
    }
}

/// The outcomes are messages of their own, before the user's.
fn turn(turn: &Turn) -> Vec<Value> {
    let outcomes = turn.outcomes.iter();
    let mut messages: Vec<Value> = outcomes.map(|o| json!({"role": "tool", "tool_call_id": o.id, "content": o.text})).collect();
    let role = if turn.role == Role::User { "user" } else { "assistant" };
    let has_more = !messages.is_empty() || !turn.calls.is_empty();
    let content = if turn.text.is_empty() && has_more { Value::Null } else { json!(turn.text) };
    if turn.calls.is_empty() {
        messages.extend((!content.is_null()).then(|| json!({"role": role, "content": content})));
    } else {
        let function = |c: &Call| json!({"name": c.name, "arguments": c.input.to_string()});
        let calls = turn.calls.iter().map(|c| json!({"id": c.id, "type": "function", "function": function(c)}));
        messages.push(json!({"role": role, "content": content, "tool_calls": calls.collect::<Vec<_>>()}));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Reading;
    use crate::wire::examples;

    #[test]
    fn each_server_is_asked_in_its_way() {
        let local = Chat { preset: Preset::LlamaCpp }.body("m", &examples::prompt());
        let call = json!({"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"a\"}"}});
        let expected = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "ho", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "seen"}, {"role": "user", "content": "and?"}]);
        assert_eq!(local["messages"], expected);
        let function = json!({"name": "look", "description": "Looks.", "parameters": {"type": "object"}});
        assert_eq!(local["tools"], json!([{"type": "function", "function": function}]));
        assert_eq!((&local["max_tokens"], &local["temperature"], &local["seed"]), (&json!(9), &json!(0), &json!(7)));
        assert_eq!(local["response_format"]["json_schema"]["schema"]["maxLength"], 3);
        let hosted = Chat { preset: Preset::OpenAi }.body("m", &examples::prompt());
        assert_eq!((&hosted["max_completion_tokens"], hosted.get("temperature")), (&json!(9), None));
        assert_eq!(hosted["response_format"]["json_schema"]["schema"], json!({"type": "string"}));
        assert_eq!(Chat { preset: Preset::OpenAi }.headers(Some("k")), [("authorization", "Bearer k".to_string())]);
        assert!(Chat { preset: Preset::Ollama }.headers(None).is_empty());
    }

    #[test]
    fn answers_are_read_with_their_endings() {
        let chat = Chat { preset: Preset::LlamaCpp };
        let of = |reason: &str, message: Value| {
            let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
            let answer = json!({"model": "m", "choices": [{"finish_reason": reason, "message": message}], "usage": usage});
            let mut reading = Reading::new(&chat);
            reading.feed(answer.to_string().as_bytes(), &|_| ()).unwrap();
            reading.end(&|_| ()).unwrap().0
        };
        let done = of("stop", json!({"content": "hi"}));
        assert_eq!((done.text.as_str(), done.ending, done.usage), ("hi", Ending::Done, Usage { input: 5, cached: 0, output: 2 }));
        assert_eq!(of("length", json!({"content": "h"})).ending, Ending::Length);
        let refused = of("stop", json!({"content": null, "refusal": "no"}));
        assert_eq!((refused.ending, refused.text.as_str()), (Ending::Refused, "no"));
        let call = |id: &str, arguments: &str| json!({"id": id, "function": {"name": "look", "arguments": arguments}});
        let calls = of("stop", json!({"content": null, "tool_calls": [call("a", "{\"at\": 1}"), call("b", "{")]}));
        assert_eq!(calls.ending, Ending::Calls);
        assert_eq!(calls.calls.iter().map(|c| &c.input).collect::<Vec<_>>(), [&json!({"at": 1}), &json!("{")]);
    }

    #[test]
    fn calls_that_come_whole_under_one_index_are_told_apart_by_their_ids() {
        let mut draft = Draft::default();
        for id in ["a", "b"] {
            draft.call(0, id, "look", "{}");
        }
        draft.call(0, "", "", " ");
        assert!(format!("{draft:?}").contains("\"{} \"") && format!("{draft:?}").matches("look").count() == 2);
    }
}
