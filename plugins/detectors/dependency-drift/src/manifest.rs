//! Reading TOML as the tree that JSON has, so that both kinds of manifest are looked at in one way.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// None for what is no TOML: half an edit, most often.
pub fn parse_toml(text: &str) -> Option<Value> {
    DeTable::parse(text).ok().map(|table| Value::Object(tree(table.into_inner())))
}

fn tree(table: DeTable<'_>) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key.into_inner().into_owned(), leaf(value.into_inner()))).collect()
}

/// Numbers and times stay as they are written: no manifest's decision hangs on them.
fn leaf(value: DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Boolean(is) => Value::Bool(is),
        DeValue::Array(list) => Value::Array(list.into_iter().map(|value| leaf(value.into_inner())).collect()),
        DeValue::Table(table) => Value::Object(tree(table)),
        _ => Value::Null,
    }
}
