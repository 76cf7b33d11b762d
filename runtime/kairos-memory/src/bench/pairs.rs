//! How well sentence pairs are judged: false merges, contradictions, updates, instructions.
//!
//! Beside ours stands a baseline: the share of common runs of three characters (Jaccard), a pair counting as the same from .85 on,
//! which is what similarity alone would do.

use super::{Row, bootstrap};
use crate::compare::{Effect, compare, contradictions, is_instruction, update};
use kairos_core::memory::Relation;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A pair with what people said of it.
struct Labelled {
    key: u64,
    first: String,
    second: String,
    label: String,
    /// Relatedness or similarity, 0 to 5.
    score: f32,
}

/// All measures for which `data` has what they need, in a fixed order.
pub fn run(data: &Path) -> Vec<Row> {
    measure(data, &|_| true)
}

/// The same over those items only whose key is kept: a part to tune on, another to be honest with.
pub fn measure(data: &Path, keep: &dyn Fn(u64) -> bool) -> Vec<Row> {
    let mut rows = vec![];
    let pairs = data.join("pairs");
    let kept = |all: Vec<Labelled>| -> Vec<Labelled> { all.into_iter().filter(|p| keep(p.key)).collect() };
    breaking(&kept(breaking_pairs(&pairs)), &mut rows);
    sick(&kept(sick_pairs(&pairs)), &mut rows);
    similarity(&kept(sts_pairs(&pairs)), &kept(mrpc_pairs(&pairs)), &mut rows);
    contradictory(data, keep, &mut rows);
    updates(data, keep, &mut rows);
    instructions(data, &pairs, keep, &mut rows);
    rows
}

fn breaking(all: &[Labelled], rows: &mut Vec<Row>) {
    let contrary: Vec<&Labelled> = all.iter().filter(|p| p.label == "contradiction").collect();
    let entailed: Vec<&Labelled> = all.iter().filter(|p| p.label == "entailment").collect();
    let definition = "share of pairs labelled contradiction that are judged the same; less is better";
    share(rows, "Breaking NLI false merges", definition, Some(0.001), true, &contrary, merged);
    share(rows, "Breaking NLI false merges, Jaccard", "the same for the baseline", None, true, &contrary, alike);
    let definition = "share of pairs labelled entailment (a synonym exchanged) that are judged the same";
    share(rows, "Breaking NLI synonyms merged", definition, None, false, &entailed, merged);
}

fn sick(all: &[Labelled], rows: &mut Vec<Row>) {
    let contrary: Vec<&Labelled> = all.iter().filter(|p| p.label == "CONTRADICTION").collect();
    let neutral: Vec<&Labelled> = all.iter().filter(|p| p.label == "NEUTRAL").collect();
    let entailed: Vec<&Labelled> = all.iter().filter(|p| p.label == "ENTAILMENT").collect();
    let near: Vec<&Labelled> = entailed.iter().copied().filter(|p| p.score >= PARAPHRASE).collect();
    let definition = "share of pairs labelled contradiction that are judged the same; less is better";
    share(rows, "SICK false merges", definition, Some(0.005), true, &contrary, merged);
    share(rows, "SICK false merges, Jaccard", "the same for the baseline", None, true, &contrary, alike);
    let definition = "share of pairs labelled neutral that are judged the same; less is better";
    share(rows, "SICK neutral pairs merged", definition, None, true, &neutral, merged);
    let definition = "share of pairs labelled entailment with relatedness >= 4.8 (as good as equal) that are judged the same";
    share(rows, "SICK paraphrases merged", definition, Some(0.75), false, &near, merged);
    share(rows, "SICK paraphrases merged, Jaccard", "the same for the baseline", None, false, &near, alike);
    let definition = "the same, a pair of which one includes the other counting too: the longer stays, nothing is lost";
    share(rows, "SICK paraphrases merged or folded", definition, None, false, &near, |p| {
        matches!(compare(&p.first, &p.second), Relation::Same | Relation::Includes | Relation::Included)
    });
    let wider: Vec<&Labelled> = entailed.iter().copied().filter(|p| p.score >= 4.5).collect();
    let definition = "the same from relatedness 4.5 on, where one often says more than the other";
    share(rows, "SICK paraphrases merged, from 4.5", definition, None, false, &wider, merged);
    let definition = "share of all pairs labelled entailment that are judged the same";
    share(rows, "SICK entailments merged", definition, None, false, &entailed, merged);
    if !all.is_empty() {
        let groups: Vec<Vec<f64>> = all
            .iter()
            .map(|p| match (p.label == "CONTRADICTION", compare(&p.first, &p.second) == Relation::Contrary) {
                (true, true) => vec![1.0, 1.0],
                (false, false) => vec![],
                _ => vec![0.0],
            })
            .collect();
        rows.push(Row {
            measure: "SICK contradiction F1".to_owned(),
            definition: "F1 of contrary against the label contradiction, over all pairs",
            figures: vec![bootstrap(&groups)],
            reach: Some(0.85),
            less: false,
        });
    }
}

/// From this relatedness on a SICK entailment is a paraphrase.
const PARAPHRASE: f32 = 4.8;

fn similarity(sts: &[Labelled], mrpc: &[Labelled], rows: &mut Vec<Row>) {
    let low: Vec<&Labelled> = sts.iter().filter(|p| p.score < 3.0).collect();
    let high: Vec<&Labelled> = sts.iter().filter(|p| p.score >= 4.8).collect();
    let definition = "share of pairs of similarity < 3 that are judged the same; less is better";
    share(rows, "STS-B unlike pairs merged", definition, None, true, &low, merged);
    let definition = "share of pairs of similarity >= 4.8 that are judged the same";
    share(rows, "STS-B like pairs merged", definition, None, false, &high, merged);
    let other: Vec<&Labelled> = mrpc.iter().filter(|p| p.label == "0").collect();
    let definition = "share of pairs labelled no paraphrase that are judged the same; less is better";
    share(rows, "MRPC others merged", definition, None, true, &other, merged);
}

/// Turns of one conversation's user, with the pairs labelled contradictory.
fn contradictory(data: &Path, keep: &dyn Fn(u64) -> bool, rows: &mut Vec<Row>) {
    let mut groups = vec![];
    let mut baseline = vec![];
    for folder in folders(data, "beam") {
        if !keep(key(&folder.to_string_lossy().chars().rev().take(3).collect::<String>())) {
            continue;
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok().and_then(|t| serde_json::from_str::<Value>(&t).ok());
        let (Some(chat), Some(questions)) = (read("chat.json"), read("probing_questions.json")) else { continue };
        let mut turns = vec![];
        user_turns(&chat, &mut turns);
        let texts: Vec<&str> = turns.iter().map(|(_, t)| t.as_str()).collect();
        let ids = |v: &Value| v.as_array().into_iter().flatten().filter_map(Value::as_i64).collect::<Vec<_>>();
        let labels = questions["contradiction_resolution"].as_array().cloned().unwrap_or_default();
        let labels = labels
            .iter()
            .map(|q| (ids(&q["source_chat_ids"]["first_statement"]), ids(&q["source_chat_ids"]["second_statement"])));
        let labels: Vec<_> = labels.filter(|(a, b)| !a.is_empty() && !b.is_empty()).collect();
        let hit = |found: &[(usize, usize)]| -> Vec<f64> {
            let is = |(a, b): &(Vec<i64>, Vec<i64>)| {
                found.iter().any(|(x, y)| {
                    let (x, y) = (turns[*x].0, turns[*y].0);
                    (a.contains(&x) && b.contains(&y)) || (a.contains(&y) && b.contains(&x))
                })
            };
            labels.iter().map(|l| f64::from(u8::from(is(l)))).collect()
        };
        let mined: Vec<(usize, usize)> = contradictions(&texts).into_iter().take(20).map(|(x, y, _)| (x, y)).collect();
        groups.push(hit(&mined));
        baseline.push(hit(&likest(&texts)));
    }
    if groups.is_empty() {
        return;
    }
    rows.push(Row {
        measure: "BEAM contradictions mined, recall@20".to_owned(),
        definition: "share of labelled contradictions of which a pair of the user's turns, one of each side, is among the first 20 \
                     pairs mined from all turns of the conversation's user, unprompted",
        figures: vec![bootstrap(&groups)],
        reach: Some(0.65),
        less: false,
    });
    rows.push(Row {
        measure: "BEAM contradictions mined, Jaccard".to_owned(),
        definition: "the same for the 20 pairs of turns with the largest share of common words",
        figures: vec![bootstrap(&baseline)],
        reach: None,
        less: false,
    });
}

/// The 20 pairs of texts with the largest share of common words.
fn likest(texts: &[&str]) -> Vec<(usize, usize)> {
    let sets: Vec<HashSet<String>> =
        texts.iter().map(|t| t.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect()).collect();
    let mut all = vec![];
    for (x, a) in sets.iter().enumerate() {
        for (y, b) in sets.iter().enumerate().skip(x + 1) {
            let common = a.intersection(b).count();
            all.push((common as f64 / (a.len() + b.len() - common).max(1) as f64, x, y));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(20).map(|(_, x, y)| (x, y)).collect()
}

fn user_turns(value: &Value, out: &mut Vec<(i64, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|v| user_turns(v, out)),
        Value::Object(map) => match (map.get("role").and_then(Value::as_str), map.get("content").and_then(Value::as_str)) {
            (Some(role), Some(text)) => {
                if role == "user" {
                    out.push((map.get("id").and_then(Value::as_i64).unwrap_or(-1), text.to_owned()));
                }
            }
            _ => map.values().for_each(|v| user_turns(v, out)),
        },
        _ => {}
    }
}

/// One user's records, and what happened to each.
struct Happened {
    records: Vec<String>,
    right: usize,
    statement: String,
    effect: Effect,
}

fn updates(data: &Path, keep: &dyn Fn(u64) -> bool, rows: &mut Vec<Row>) {
    let groups: Vec<Vec<Happened>> = happened(data).into_iter().filter(|(user, _)| keep(key(user))).map(|(_, all)| all).collect();
    if groups.is_empty() {
        return;
    }
    let mut row = |measure: &str, definition, reach, holds: &dyn Fn(&Happened) -> bool| {
        let values: Vec<Vec<f64>> = groups.iter().map(|g| g.iter().map(|h| f64::from(u8::from(holds(h)))).collect()).collect();
        rows.push(Row { measure: measure.to_owned(), definition, figures: vec![bootstrap(&values)], reach, less: false });
    };
    let ours = |h: &Happened| update(&h.records.iter().map(String::as_str).collect::<Vec<_>>(), &h.statement);
    row(
        "HaluMem updates, record and operation",
        "share of a user's updates of which, from the event's description and reason alone, the right one of all his records as \
         they then stood and the right one of modify and delete are both found",
        Some(0.9),
        &|h| ours(h).is_some_and(|u| u.record == h.right && u.effect == h.effect),
    );
    row("HaluMem updates, record", "the record alone", None, &|h| ours(h).is_some_and(|u| u.record == h.right));
    row("HaluMem updates, operation", "the operation alone, told the record", None, &|h| {
        h.records.get(h.right).and_then(|r| update(&[r], &h.statement)).is_some_and(|u| u.effect == h.effect)
    });
    row("HaluMem updates, always modify", "the operation alone, for the baseline that never deletes", None, &|h| {
        h.effect == Effect::Modify
    });
}

/// By user: every update with all his records.
fn happened(data: &Path) -> Vec<(String, Vec<Happened>)> {
    let mut users: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in files(data, "halumem_updates", ".json") {
        let all = fs::read_to_string(file).ok().and_then(|t| serde_json::from_str::<Vec<Value>>(&t).ok()).unwrap_or_default();
        for event in all {
            users.entry(event["uuid"].as_str().unwrap_or_default().to_owned()).or_default().push(event);
        }
    }
    users.iter().map(|(user, events)| (user.clone(), events.iter().map(|e| as_it_was(e, events)).collect())).collect()
}

/// An update with the user's records as they stood right before it: each as the next update of it says it was, or as the last one
/// left it.
fn as_it_was(now: &Value, events: &[Value]) -> Happened {
    let record = |v: &Value, when: &str| {
        let of = |name: &str| v[when][0][name].as_str().unwrap_or_default();
        format!("{}: {}. {}", of("type_description"), of("specific_item"), of("reason"))
    };
    let order = |v: &Value| v["id"].as_i64().unwrap_or_default();
    let mut states: BTreeMap<(String, i64), Vec<&Value>> = BTreeMap::new();
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
    Happened {
        right: records.iter().position(|r| *r == right).unwrap_or(usize::MAX),
        records,
        statement: format!("{} {}", now["desc"].as_str().unwrap_or_default(), now["reason"].as_str().unwrap_or_default()),
        effect: if now["direction"] == "Delete" { Effect::Delete } else { Effect::Modify },
    }
}

/// Different payloads that were injected, and plain statements.
fn instructions(data: &Path, pairs: &Path, keep: &dyn Fn(u64) -> bool, rows: &mut Vec<Row>) {
    let mut payloads = vec![];
    for journey in lines(data, "vista", ".jsonl").iter().filter_map(|l| serde_json::from_str::<Value>(l).ok()) {
        let events = journey["event_trace"].as_array().into_iter().flatten();
        payloads.extend(events.filter_map(|e| e["payload"].as_str()).map(ToOwned::to_owned));
    }
    let distinct = |mut all: Vec<String>| {
        all.sort();
        all.dedup();
        all.retain(|t| keep(key(t)));
        all
    };
    let definition = "share of the different injected payloads that are taken for instructions";
    share(rows, "VISTA instructions found", definition, None, false, &distinct(payloads), |t| is_instruction(t));
    let plain = distinct(sick_pairs(pairs).into_iter().flat_map(|p| [p.first, p.second]).collect());
    let definition = "share of SICK's different sentences, all plain statements, that are taken for instructions; less is better";
    share(rows, "Statements taken for instructions", definition, None, true, &plain, |t| is_instruction(t));
}

/// Folders of folders whose name begins with `head`, sorted.
fn folders(data: &Path, head: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        files(data, head, "").into_iter().flat_map(|f| files(&f, "", "")).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

fn share<T>(
    rows: &mut Vec<Row>,
    measure: &str,
    definition: &'static str,
    reach: Option<f64>,
    less: bool,
    items: &[T],
    holds: impl Fn(&T) -> bool,
) {
    if items.is_empty() {
        return;
    }
    let groups: Vec<Vec<f64>> = items.iter().map(|i| vec![f64::from(u8::from(holds(i)))]).collect();
    rows.push(Row { measure: measure.to_owned(), definition, figures: vec![bootstrap(&groups)], reach, less });
}

fn merged(pair: &&Labelled) -> bool {
    compare(&pair.first, &pair.second) == Relation::Same
}

fn alike(pair: &&Labelled) -> bool {
    let runs = |text: &str| {
        let letters: Vec<char> = text.to_lowercase().chars().collect();
        letters.windows(3).map(<[char]>::to_vec).collect::<HashSet<_>>()
    };
    let (a, b) = (runs(&pair.first), runs(&pair.second));
    let common = a.intersection(&b).count();
    common as f64 >= 0.85 * (a.len() + b.len() - common) as f64
}

/// Files of a folder by the head and tail of their names, sorted.
fn files(folder: &Path, head: &str, tail: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(head) && n.ends_with(tail)))
        .collect();
    found.sort();
    found
}

fn lines(folder: &Path, head: &str, tail: &str) -> Vec<String> {
    let texts = files(folder, head, tail).into_iter().filter_map(|p| fs::read_to_string(p).ok());
    texts.flat_map(|t| t.lines().map(ToOwned::to_owned).collect::<Vec<_>>()).collect()
}

/// FNV-1a: the same on every machine.
fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn breaking_pairs(folder: &Path) -> Vec<Labelled> {
    let all = lines(folder, "breaking_nli", ".jsonl");
    let text = |v: &Value, name: &str| v[name].as_str().unwrap_or_default().to_owned();
    let parsed = all.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    parsed
        .map(|v| Labelled {
            key: key(&text(&v, "sentence1")),
            first: text(&v, "sentence1"),
            second: text(&v, "sentence2"),
            label: text(&v, "gold_label"),
            score: 0.0,
        })
        .collect()
}

fn sick_pairs(folder: &Path) -> Vec<Labelled> {
    let all = lines(folder, "SICK_", ".txt");
    let cells = all.iter().map(|l| l.split('\t').collect::<Vec<_>>());
    cells
        .filter_map(|c| {
            let [id, first, second, score, label, ..] = c.as_slice() else { return None };
            let (id, score) = (id.parse::<u64>().ok()?, score.parse().ok()?);
            // Neighbours are made from the same sentences: fifty at a time go to the same part.
            let key = key(&(id / 50).to_string());
            Some(Labelled { key, first: (*first).to_owned(), second: (*second).to_owned(), label: (*label).to_owned(), score })
        })
        .collect()
}

fn sts_pairs(folder: &Path) -> Vec<Labelled> {
    let all = lines(folder, "stsb-en", ".csv");
    let rows = all.iter().filter_map(|l| {
        let (texts, score) = l.rsplit_once(',')?;
        // Two cells, quoted where they hold a comma.
        let (first, second) = match texts.strip_prefix('"') {
            Some(rest) => rest.split_once("\",")?,
            None => texts.split_once(',')?,
        };
        let clean = |t: &str| t.trim_matches('"').replace("\"\"", "\"");
        Some(Labelled {
            key: key(first),
            first: clean(first),
            second: clean(second),
            label: String::new(),
            score: score.parse().ok()?,
        })
    });
    rows.collect()
}

fn mrpc_pairs(folder: &Path) -> Vec<Labelled> {
    let all = lines(folder, "msr-para", ".tsv");
    let rows = all.iter().filter_map(|l| {
        let cells: Vec<&str> = l.split('\t').collect();
        let [label, _, _, first, second] = cells.as_slice() else { return None };
        let key = key(first);
        Some(Labelled { key, first: (*first).to_owned(), second: (*second).to_owned(), label: (*label).to_owned(), score: 0.0 })
    });
    rows.collect()
}
