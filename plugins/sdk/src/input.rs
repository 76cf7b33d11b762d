//! Reading a tool's input: a JSON object, with errors that name the field.

use crate::types::Error;
use serde_json::Value;

/// A tool's input.
#[derive(Debug, Clone)]
pub struct Input(serde_json::Map<String, Value>);

impl Input {
    /// `invalid` when it is no JSON object or has a field that is not in `known`.
    pub fn parse(json: &str, known: &[&str]) -> Result<Self, Error> {
        match serde_json::from_str(json) {
            Ok(Value::Object(fields)) => match fields.keys().find(|k| !known.contains(&k.as_str())) {
                Some(unknown) => Err(Error::invalid(format!("there is no field `{unknown}`; known are {}", known.join(", ")))),
                None => Ok(Self(fields)),
            },
            _ => Err(Error::invalid("the input has to be a JSON object")),
        }
    }

    /// Text; none when it is missing or null.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        self.field(name, "a string", Value::as_str)
    }

    /// Text that has to be there.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| Error::invalid(format!("`{name}` is missing")))
    }

    /// A whole number from `min` to `max`; none when it is missing or null.
    pub fn number(&self, name: &str, min: u32, max: u32) -> Result<Option<u32>, Error> {
        let allowed = format!("a whole number from {min} to {max}");
        self.field(name, &allowed, |v| v.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (min..=max).contains(n)))
    }

    /// True or false; false when it is missing or null.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        Ok(self.field(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A list of strings; empty when it is missing or null.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        let strings = |v: &Value| v.as_array()?.iter().map(|s| s.as_str().map(String::from)).collect::<Option<Vec<_>>>();
        Ok(self.field(name, "a list of strings", strings)?.unwrap_or_default())
    }

    fn field<'a, T>(&'a self, name: &str, wanted: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| Error::invalid(format!("`{name}` has to be {wanted}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_field_and_what_is_expected() {
        let input = Input::parse(r#"{"n": 7, "s": "x", "z": null}"#, &["n", "s", "z"]).unwrap();
        assert_eq!(input.number("n", 1, 7), Ok(Some(7)));
        assert_eq!(input.number("n", 1, 6).unwrap_err().message, "`n` has to be a whole number from 1 to 6");
        assert_eq!(input.text("z"), Ok(None));
        assert_eq!(input.required("z").unwrap_err().message, "`z` is missing");
        assert!(Input::parse("[]", &[]).is_err());
        assert!(Input::parse(r#"{"q":1}"#, &["n"]).unwrap_err().message.contains("`q`"));
    }
}
