//! What the two formats have in common.

use crate::render::Rendered;
use kairos_core::model::Completion;
use serde_json::Value;

/// A form in which providers are asked.
pub(crate) trait Wire: Send + Sync {
    /// Behind the provider's base address.
    fn path(&self) -> &'static str;
    /// Beside `content-type`.
    fn headers(&self, key: Option<&str>) -> Vec<(&'static str, String)>;
    /// What is asked.
    fn body(&self, model: &str, prompt: &Rendered) -> Value;
    /// What a 200 says; else what is wrong with it.
    fn answer(&self, body: &Value) -> Result<Completion, String>;
}

/// What a server says went wrong: both formats, and most gateways, have it at one of two places.
pub(crate) fn complaint(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    error.get("message").or(Some(error))?.as_str().map(String::from)
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

/// A number of tokens; 0 where there is none.
pub(crate) fn tokens(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        assert_eq!(complaint(br#"{"type":"error","error":{"type":"x","message":"too long"}}"#).as_deref(), Some("too long"));
        assert_eq!(complaint(br#"{"error":"no such model"}"#).as_deref(), Some("no such model"));
        assert_eq!(complaint(b"<html>"), None);
    }
}
