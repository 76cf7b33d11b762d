//! Updates of what is known of a person: which record, and what becomes of it.

use super::files::{json, list, named, string};
use super::{BenchError, Figure, Row, bootstrap};
use crate::compare::{Effect, update};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// An update with the user's records as they stood right before it.
pub struct Happened {
    /// Each as `Topic: value. Reason`.
    pub records: Vec<String>,
    /// The place of the one that was changed.
    pub right: usize,
    /// What happened, and why.
    pub told: String,
    /// What became of it.
    pub effect: Effect,
}

/// The rows for which `data` has the updates.
pub(super) fn rows(data: &Path, skipped: &mut Vec<String>) -> Result<Vec<Row>, BenchError> {
    let users = happened(data)?;
    if users.is_empty() {
        skipped.push(format!("HaluMem: no {}", data.join("halumem_updates*.json").display()));
        return Ok(vec![]);
    }
    let share = |holds: &dyn Fn(&Happened) -> bool| -> Figure {
        let values = |of_one: &Vec<Happened>| of_one.iter().map(|h| f64::from(u8::from(holds(h)))).collect();
        bootstrap(&users.iter().map(values).collect::<Vec<Vec<f64>>>())
    };
    let ours = |h: &Happened| {
        let found = update(&h.records.iter().map(String::as_str).collect::<Vec<_>>(), &h.told);
        (found.is_some_and(|u| u.record == h.right), found.is_some_and(|u| u.effect == h.effect))
    };
    let plain = |h: &Happened| most_common(&h.records, &h.told) == h.right && h.effect == Effect::Modify;
    let definition = "the share of a user's updates of which both the right one of all his records as they then stood and the right one of \
                      modify and delete are found, from the event's description and reason alone; baseline: the record with most common \
                      words, always modified";
    let row = Row::new("HaluMem updates, record and operation", definition, share(&|h| ours(h) == (true, true)));
    let mut rows = vec![row.at_least(0.9).beside("common words", share(&plain).mean)];
    rows.push(Row::new("HaluMem updates, record", "the record alone", share(&|h| ours(h).0)));
    let definition = "the operation alone, whichever record was found";
    rows.push(Row::new("HaluMem updates, operation", definition, share(&|h| ours(h).1)));
    let definition = "the operation alone, where everything is taken for a modification";
    rows.push(Row::new("HaluMem updates, always modify", definition, share(&|h| h.effect == Effect::Modify)));
    Ok(rows)
}

/// By user: every update with all his records.
///
/// # Errors
/// Where a file can't be read, or is not what its name says.
pub fn happened(data: &Path) -> Result<Vec<Vec<Happened>>, BenchError> {
    let mut users: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in named(data, "halumem_updates", ".json")? {
        for event in list(&json(&file)?) {
            users.entry(string(&event["uuid"]).to_owned()).or_default().push(event.clone());
        }
    }
    Ok(users.values().map(|events| events.iter().map(|event| as_it_was(event, events)).collect()).collect())
}

/// A record that changed, by the user's topic and its number there.
type Place = (String, i64);

/// An update with the user's records as they stood right before it: each as the next update of it says it was, or as the last one
/// left it.
fn as_it_was(now: &Value, events: &[Value]) -> Happened {
    let record = |v: &Value, when: &str| {
        let of = |name: &str| string(&v[when][0][name]);
        format!("{}: {}. {}", of("type_description"), of("specific_item"), of("reason"))
    };
    let order = |v: &Value| v["id"].as_i64().unwrap_or_default();
    let mut states: BTreeMap<Place, Vec<&Value>> = BTreeMap::new();
    for event in events {
        states.entry((event["type"].to_string(), event["changed_index"].as_i64().unwrap_or_default())).or_default().push(event);
    }
    let state = |of_one: &Vec<&Value>| -> Option<String> {
        let next = of_one.iter().filter(|e| order(e) >= order(now)).min_by_key(|e| order(e));
        let last = of_one.iter().filter(|e| e["direction"] != "Delete").max_by_key(|e| order(e));
        next.map(|e| record(e, "before")).or_else(|| last.map(|e| record(e, "after")))
    };
    let mut records: Vec<String> = states.values().filter_map(state).collect();
    records.sort();
    records.dedup();
    let right = record(now, "before");
    let deleted = now["direction"] == "Delete";
    Happened {
        right: records.iter().position(|r| *r == right).unwrap_or(usize::MAX),
        records,
        told: format!("{} {}", string(&now["desc"]), string(&now["reason"])),
        effect: if deleted { Effect::Delete } else { Effect::Modify },
    }
}

/// The first record with most words in common with the text.
fn most_common(records: &[String], text: &str) -> usize {
    let words = |text: &str| text.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect::<HashSet<String>>();
    let said = words(text);
    let common = |at: &usize| words(&records[*at]).intersection(&said).count();
    (0..records.len()).max_by_key(|at| (common(at), std::cmp::Reverse(*at))).unwrap_or(usize::MAX)
}
