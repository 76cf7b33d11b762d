//! Anthropic's Messages.

use crate::render::Rendered;
use crate::wire::{Wire, tokens, without_bounds};
use kairos_core::model::{Completion, Ending, Role, Usage};
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
        let message = |(role, text): &(Role, String)| {
            let role = if *role == Role::User { "user" } else { "assistant" };
            json!({"role": role, "content": text})
        };
        let messages: Vec<Value> = prompt.messages.iter().map(message).collect();
        let mut body = json!({"model": model, "max_tokens": prompt.max_output, "system": prompt.system, "messages": messages});
        if let Some(schema) = &prompt.schema {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": without_bounds(schema)}});
        }
        body
    }

    fn answer(&self, body: &Value) -> Result<Completion, String> {
        let blocks = body["content"].as_array().ok_or("it holds no content")?;
        let text: String = blocks.iter().filter(|b| b["type"] == "text").filter_map(|b| b["text"].as_str()).collect();
        let ending = match body["stop_reason"].as_str() {
            Some("end_turn" | "stop_sequence") => Ending::Done,
            Some("max_tokens" | "model_context_window_exceeded") => Ending::Length,
            Some("refusal") => Ending::Refused,
            _ => Ending::Other,
        };
        let usage = &body["usage"];
        // What a cache served, or took in, is told apart from the rest.
        let names = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
        let input = names.iter().map(|name| tokens(usage, name)).fold(0, u64::saturating_add);
        let usage = Usage { input, output: tokens(usage, "output_tokens") };
        Ok(Completion { text, ending, usage, model: body["model"].as_str().unwrap_or_default().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_and_read_in_its_own_form() {
        let schema = json!({"type": "string", "maxLength": 3});
        let prompt = Rendered {
            system: "be brief".into(),
            messages: vec![(Role::User, "hi".into())],
            schema: Some(schema),
            max_output: 9,
        };
        let body = Messages.body("m", &prompt);
        let expected = json!({"model": "m", "max_tokens": 9, "system": "be brief", "messages": [{"role": "user", "content": "hi"}],
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}});
        assert_eq!(body, expected);
        assert_eq!(Messages.headers(Some("k"))[1], ("x-api-key", "k".to_string()));
        let answer = json!({"model": "m", "stop_reason": "end_turn", "content": [{"type": "thinking", "thinking": "x"},
            {"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            "usage": {"input_tokens": 1, "cache_read_input_tokens": 30, "output_tokens": 2}});
        let read = Messages.answer(&answer).unwrap();
        assert_eq!((read.text.as_str(), read.ending, read.usage), ("ab", Ending::Done, Usage { input: 31, output: 2 }));
        for (reason, ending) in [("max_tokens", Ending::Length), ("refusal", Ending::Refused), ("new", Ending::Other)] {
            let answer = json!({"stop_reason": reason, "content": []});
            assert_eq!(Messages.answer(&answer).unwrap().ending, ending);
        }
        assert!(Messages.answer(&json!({"type": "error"})).is_err());
    }
}
