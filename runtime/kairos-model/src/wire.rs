//! What the two formats have in common.

use crate::draft::{Draft, Fault};
use crate::render::Rendered;
use kairos_core::model::{Completion, Ending};
use serde_json::Value;
use std::collections::HashSet;

/// Most bytes of a call's id, as the providers take it back.
const MAX_ID: usize = 40;

/// A form in which providers are asked.
pub(crate) trait Wire: Send + Sync {
    /// Behind the provider's base address.
    fn path(&self) -> &'static str;
    /// Beside `content-type`.
    fn headers(&self, key: Option<&str>) -> Vec<(&'static str, String)>;
    /// What is asked.
    fn body(&self, model: &str, prompt: &Rendered) -> Value;
    /// Takes in the next event of an answer; or all of it, from a server that knows no streams.
    fn take(&self, event: &Value, draft: &mut Draft) -> Result<(), Fault>;
}

/// What a server says went wrong: both formats, and most gateways, have it at one of two places.
pub(crate) fn complaint(body: &Value) -> Option<String> {
    let error = body.get("error").filter(|e| !e.is_null())?;
    error.get("message").or(Some(error))?.as_str().map(String::from)
}

/// An event that says that the server can't go on.
pub(crate) fn stopped(event: &Value) -> Result<(), Fault> {
    let Some(error) = event.get("error").filter(|e| !e.is_null()) else { return Ok(()) };
    let status = match error["type"].as_str() {
        Some("overloaded_error") => Some(529),
        Some("rate_limit_error") => Some(429),
        Some("api_error") => Some(500),
        Some("timeout_error") => Some(504),
        _ => error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code)),
    };
    Err(Fault::Stopped { status, said: complaint(event).unwrap_or_default() })
}

/// The schema without what the providers' strict modes refuse: bounds of lengths and numbers. What is left binds the model; the
/// bounds are for who reads the answer.
pub(crate) fn without_bounds(schema: &Value) -> Value {
    const BOUNDS: [&str; 10] = [
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
    ];
    match schema {
        // A property may have the name of a bound; then a schema stands there, an object.
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, value)| value.is_object() || !BOUNDS.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), without_bounds(value))).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(without_bounds).collect()),
        other => other.clone(),
    }
}

/// What a model wrote as a call's input: an object, else its text as it is. Nothing at all means nothing to say.
pub(crate) fn input(text: &str) -> Value {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| Value::String(text.into()))
}

/// What both formats answer, made the same: calls have ids of their own, and only an answer that ends with them has any; those of
/// one that was cut may be cut, too.
pub(crate) fn with_sound_calls(mut completion: Completion) -> Completion {
    // Some servers end with calls as with text.
    if completion.ending == Ending::Done && !completion.calls.is_empty() {
        completion.ending = Ending::Calls;
    }
    if completion.ending != Ending::Calls {
        completion.calls.clear();
    }
    let mut known = HashSet::new();
    for call in &mut completion.calls {
        let is_plain = call.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !(1..=MAX_ID).contains(&call.id.len()) || !is_plain || !known.insert(call.id.clone()) {
            call.id = format!("call_{:016x}", getrandom::u64().unwrap_or_default());
            known.insert(call.id.clone());
        }
    }
    completion
}

/// A number of tokens; 0 where there is none.
pub(crate) fn tokens(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or(0)
}

/// What the formats' tests have in common.
#[cfg(test)]
pub(crate) mod examples {
    use crate::render::{Outcome, Rendered, Turn};
    use kairos_core::model::{Call, Role, Tool};
    use serde_json::json;

    /// A question, a call, its outcome with more words behind it.
    pub(crate) fn prompt() -> Rendered {
        let turn = |role, text: &str| Turn { role, outcomes: Vec::new(), text: text.into(), calls: Vec::new() };
        let calls = vec![Call { id: "c1".into(), name: "look".into(), input: json!({"at": "a"}) }];
        let outcomes = vec![Outcome { id: "c1".into(), text: "seen".into(), is_error: true }];
        let messages = vec![
            turn(Role::User, "hi"),
            Turn { calls, ..turn(Role::Assistant, "ho") },
            Turn { outcomes, ..turn(Role::User, "and?") },
        ];
        let tools = vec![Tool { name: "look".into(), description: "Looks.".into(), input_schema: json!({"type": "object"}) }];
        let schema = Some(json!({"type": "string", "maxLength": 3}));
        Rendered { system: "be brief".into(), tools, must_call: false, messages, schema, max_output: 9, redacted: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::model::{Call, Usage};
    use serde_json::json;

    #[test]
    fn calls_are_sound_or_not_handed_on() {
        let call = |id: &str| Call { id: id.into(), name: "x".into(), input: json!({}) };
        let calls = vec![call("a"), call(""), call("a"), call("b.c"), call(&"x".repeat(41))];
        let of = |ending| Completion {
            text: String::new(),
            calls: calls.clone(),
            ending,
            usage: Usage::default(),
            model: String::new(),
        };
        let sound = with_sound_calls(of(Ending::Done));
        assert_eq!((sound.ending, sound.calls[0].id.as_str(), sound.calls.len()), (Ending::Calls, "a", 5));
        let ids: HashSet<_> = sound.calls.iter().map(|c| c.id.clone()).collect();
        assert!(ids.len() == 5 && !ids.contains("") && !ids.contains("b.c"));
        assert!(with_sound_calls(of(Ending::Length)).calls.is_empty());
        assert_eq!((input(" "), input("[1]"), input("{\"a\": 1}")), (json!({}), json!("[1]"), json!({"a": 1})));
    }

    #[test]
    fn bounds_go_and_properties_of_their_names_stay() {
        let schema = json!({"type": "object", "properties": {"pattern": {"type": "string", "maxLength": 3}, "a": {"type": "array",
            "maxItems": 2, "items": {"enum": ["x"]}}}, "required": ["pattern"], "additionalProperties": false});
        let expected = json!({"type": "object", "properties": {"pattern": {"type": "string"}, "a": {"type": "array",
            "items": {"enum": ["x"]}}}, "required": ["pattern"], "additionalProperties": false});
        assert_eq!(without_bounds(&schema), expected);
    }

    #[test]
    fn what_a_server_complains_of_is_found() {
        let of = |value| complaint(&value);
        assert_eq!(of(json!({"type": "error", "error": {"type": "x", "message": "too long"}})).as_deref(), Some("too long"));
        assert_eq!(of(json!({"error": "no such model"})).as_deref(), Some("no such model"));
        assert_eq!((of(json!([])), of(json!({"error": null}))), (None, None));
    }
}
