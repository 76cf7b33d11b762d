//! From the model's answer to operations. What has not exactly the form that was asked for is dropped, never mended: a guess at what a
//! model may have meant would be ours.

use crate::ask::kind_name;
use crate::sheet::Sheet;
use kairos_plugin::memory::{Change, Kind, MAX_CLAIM, Merged, NewClaim, Operation, Reworded, Superseded};
use serde_json::{Map, Value};

/// The fields of an operation, no more and no fewer.
const FIELDS: [&str; 6] = ["op", "claims", "text", "about", "evidence", "reason"];
/// Operations of one answer that are looked at.
const MOST: usize = 64;

/// The operations in an answer, and how many had to be dropped. What is no answer at all counts as one.
pub(crate) fn operations(text: &str, sheet: &Sheet) -> (Vec<Operation>, usize) {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let all = match &answer {
        Some(Value::Object(fields)) if fields.len() == 1 => fields.get("operations").and_then(Value::as_array),
        _ => None,
    };
    let Some(all) = all else { return (Vec::new(), 1) };
    let found: Vec<Operation> = all.iter().take(MOST).filter_map(|o| operation(o.as_object()?, sheet)).collect();
    let dropped = all.len() - found.len();
    (found, dropped)
}

fn operation(fields: &Map<String, Value>, sheet: &Sheet) -> Option<Operation> {
    if fields.len() != FIELDS.len() || !FIELDS.iter().all(|name| fields.contains_key(*name)) {
        return None;
    }
    let claims = named(&fields["claims"], 'c', |at| Some(sheet.claims.get(at)?.id.clone()))?;
    let evidence = named(&fields["evidence"], 'o', |at| Some(sheet.observations.get(at)?.id.clone()))?;
    let about = fields["about"].as_str()?;
    let kind = [Kind::User, Kind::Feedback, Kind::Project, Kind::Reference].into_iter().find(|k| kind_name(*k) == about)?;
    let text = fields["text"].as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = (1..=MAX_CLAIM).contains(&text.len());
    let change = match (fields["op"].as_str()?, claims.as_slice()) {
        ("add", []) if said && !evidence.is_empty() => Change::Add(NewClaim::new(kind, &text)),
        ("merge", [_, _, ..]) if said => Change::Merge(Merged { claims, text }),
        ("supersede", [old, new]) => Change::Supersede(Superseded { claim: old.clone(), by: new.clone() }),
        ("dispute", [_, _, ..]) => Change::Dispute(claims),
        ("reword", [claim]) if said => Change::Reword(Reworded { claim: claim.clone(), text }),
        ("retire", [claim]) if !evidence.is_empty() => Change::Retire(claim.clone()),
        _ => return None,
    };
    let reason = fields["reason"].as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = if reason.is_empty() { "a model proposed it".to_owned() } else { format!("a model proposed it: {reason}") };
    Some(Operation::new(change, &reason).evidence(evidence))
}

/// Ids for the names that the model was shown; none where it names something else, or one twice.
fn named(names: &Value, letter: char, id: impl Fn(usize) -> Option<String>) -> Option<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for name in names.as_array()? {
        let place: usize = name.as_str()?.strip_prefix(letter)?.parse().ok()?;
        let id = id(place.checked_sub(1)?)?;
        if ids.contains(&id) {
            return None;
        }
        ids.push(id);
    }
    Some(ids)
}
