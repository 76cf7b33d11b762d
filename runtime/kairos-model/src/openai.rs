//! Chat completions, as OpenAI has them, and most gateways and local servers after it.

use crate::find::Preset;
use crate::render::Rendered;
use crate::wire::{Wire, tokens, without_bounds};
use kairos_core::model::{Completion, Ending, Role, Usage};
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
        messages.extend(prompt.messages.iter().map(|(role, text)| {
            let role = if *role == Role::User { "user" } else { "assistant" };
            json!({"role": role, "content": text})
        }));
        let mut body = json!({"model": model, "messages": messages});
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
        if let Some(schema) = &prompt.schema {
            let schema = if self.is_hosted() { without_bounds(schema) } else { schema.clone() };
            let named = json!({"name": "answer", "strict": true, "schema": schema});
            body["response_format"] = json!({"type": "json_schema", "json_schema": named});
        }
        body
    }

    fn answer(&self, body: &Value) -> Result<Completion, String> {
        let choice = body["choices"].get(0).ok_or("it holds no choice")?;
        let message = &choice["message"];
        let refusal = message["refusal"].as_str();
        let ending = match choice["finish_reason"].as_str() {
            _ if refusal.is_some() => Ending::Refused,
            Some("stop") => Ending::Done,
            Some("length") => Ending::Length,
            Some("content_filter") => Ending::Refused,
            _ => Ending::Other,
        };
        let text = refusal.or(message["content"].as_str()).unwrap_or_default().to_owned();
        let usage = Usage { input: tokens(&body["usage"], "prompt_tokens"), output: tokens(&body["usage"], "completion_tokens") };
        Ok(Completion { text, ending, usage, model: body["model"].as_str().unwrap_or_default().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt() -> Rendered {
        let schema = json!({"type": "string", "maxLength": 3});
        let messages = vec![(Role::User, "hi".to_string()), (Role::Assistant, "ho".to_string())];
        Rendered { system: "be brief".into(), messages, schema: Some(schema), max_output: 9 }
    }

    #[test]
    fn each_server_is_asked_in_its_way() {
        let local = Chat { preset: Preset::LlamaCpp }.body("m", &prompt());
        assert_eq!(local["messages"][0], json!({"role": "system", "content": "be brief"}));
        assert_eq!(local["messages"][2], json!({"role": "assistant", "content": "ho"}));
        assert_eq!((&local["max_tokens"], &local["temperature"], &local["seed"]), (&json!(9), &json!(0), &json!(7)));
        assert_eq!(local["response_format"]["json_schema"]["schema"]["maxLength"], 3);
        let hosted = Chat { preset: Preset::OpenAi }.body("m", &prompt());
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
            chat.answer(&json!({"model": "m", "choices": [{"finish_reason": reason, "message": message}], "usage": usage}))
        };
        let done = of("stop", json!({"content": "hi"})).unwrap();
        assert_eq!((done.text.as_str(), done.ending, done.usage), ("hi", Ending::Done, Usage { input: 5, output: 2 }));
        assert_eq!(of("length", json!({"content": "h"})).unwrap().ending, Ending::Length);
        assert_eq!(of("stop", json!({"content": null, "refusal": "no"})).unwrap().ending, Ending::Refused);
        assert!(chat.answer(&json!({"choices": []})).is_err());
    }
}
