//! The formats of the sets of labelled pairs.

use crate::bench::BenchError;
use crate::bench::files::{json_lines, lines, string};
use std::path::Path;

/// A pair with what people said of it.
pub(super) struct Labelled {
    pub(super) first: String,
    pub(super) second: String,
    pub(super) label: String,
    /// Relatedness or similarity, 0 to 5.
    pub(super) score: f32,
    /// Pairs with the same were made from the same sentences.
    pub(super) group: u64,
}

/// Glockner et al. 2018: JSON lines; pairs on one premise are a group.
pub(super) fn breaking(folder: &Path, skipped: &mut Vec<String>) -> Result<Vec<Labelled>, BenchError> {
    let all = json_lines(folder, ("breaking_nli", ".jsonl"), "Breaking NLI", skipped)?;
    let text = |name: &str, value: &serde_json::Value| string(&value[name]).to_owned();
    let pair = |value: &serde_json::Value| {
        let first = text("sentence1", value);
        Labelled { group: key(&first), first, second: text("sentence2", value), label: text("gold_label", value), score: 0.0 }
    };
    Ok(all.iter().map(pair).collect())
}

/// Marelli et al. 2014: tab-separated with a heading. Neighbours are made from the same sentences: fifty are a group.
pub(super) fn sick(folder: &Path, skipped: &mut Vec<String>) -> Result<Vec<Labelled>, BenchError> {
    let all = lines(folder, ("SICK", ".txt"), "SICK", skipped)?;
    let cells = all.iter().map(|(_, line)| line.split('\t').collect::<Vec<_>>());
    let pairs = cells.filter_map(|cells| {
        let [id, first, second, score, label, ..] = cells.as_slice() else { return None };
        let (id, score) = (id.parse::<u64>().ok()?, score.parse().ok()?);
        let label = label.trim().to_owned();
        Some(Labelled { first: (*first).to_owned(), second: (*second).to_owned(), label, score, group: id / 50 })
    });
    Ok(pairs.collect())
}

/// STS-B: comma-separated, quoted where a cell holds a comma.
pub(super) fn sts(folder: &Path, skipped: &mut Vec<String>) -> Result<Vec<Labelled>, BenchError> {
    let all = lines(folder, ("stsb", ".csv"), "STS-B", skipped)?;
    let pairs = all.iter().filter_map(|(_, line)| {
        let (texts, score) = line.rsplit_once(',')?;
        let (first, second) = match texts.strip_prefix('"') {
            Some(rest) => rest.split_once("\",")?,
            None => texts.split_once(',')?,
        };
        let clean = |text: &str| text.trim_matches('"').replace("\"\"", "\"");
        let score = score.trim().parse().ok()?;
        Some(Labelled { first: clean(first), second: clean(second), label: String::new(), score, group: key(first) })
    });
    Ok(pairs.collect())
}

/// MRPC: tab-separated with a heading.
pub(super) fn mrpc(folder: &Path, skipped: &mut Vec<String>) -> Result<Vec<Labelled>, BenchError> {
    let all = lines(folder, ("msr-para", ".tsv"), "MRPC", skipped)?;
    let pairs = all.iter().filter_map(|(_, line)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [label, _, _, first, second] = cells.as_slice() else { return None };
        let (first, second) = ((*first).to_owned(), (*second).to_owned());
        Some(Labelled { group: key(&first), first, second, label: (*label).to_owned(), score: 0.0 })
    });
    Ok(pairs.collect())
}

/// FNV-1a: the same on every machine.
fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
