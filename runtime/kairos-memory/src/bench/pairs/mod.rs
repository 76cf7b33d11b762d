//! How well pairs of sentences are judged: what is merged that must not be, what is not that might, what contradicts.
//!
//! The baseline is what similarity alone would do: the share of common runs of three characters (Jaccard), a pair counting as the
//! same from .85 on.

mod read;

use super::{BenchError, Figure, Row, bootstrap};
use crate::compare::{compare_sentences, is_instruction};
use kairos_core::memory::Relation;
use read::Labelled;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// From this relatedness on a SICK entailment is a paraphrase.
const PARAPHRASE: f32 = 4.8;

/// What a pair has been judged to be.
struct Judged {
    pair: Labelled,
    relation: Relation,
}

/// The rows for which `data` has the pairs.
pub(super) fn rows(data: &Path, skipped: &mut Vec<String>) -> Result<Vec<Row>, BenchError> {
    let folder = data.join("pairs");
    let judged = |pairs: Vec<Labelled>| -> Vec<Judged> {
        pairs.into_iter().map(|pair| Judged { relation: compare_sentences(&pair.first, &pair.second), pair }).collect()
    };
    let mut rows = vec![];
    breaking(&judged(read::breaking(&folder, skipped)?), &mut rows);
    sick(&judged(read::sick(&folder, skipped)?), &mut rows);
    similarity(&judged(read::sts(&folder, skipped)?), &judged(read::mrpc(&folder, skipped)?), &mut rows);
    Ok(rows)
}

fn breaking(all: &[Judged], rows: &mut Vec<Row>) {
    let contrary = |p: &Judged| p.pair.label == "contradiction";
    let definition = "the share of the pairs labelled contradiction that are judged to say the same";
    if let Some(ours) = share(all, contrary, merged) {
        rows.push(Row::new("Breaking NLI false merges", definition, ours).at_most(0.001).beside(JACCARD, alike(all, contrary)));
    }
    let definition = "the share of the pairs labelled entailment (a synonym exchanged) that are judged to say the same";
    let entailed = share(all, |p| p.pair.label == "entailment", merged);
    rows.extend(entailed.map(|ours| Row::new("Breaking NLI synonyms merged", definition, ours)));
}

fn sick(all: &[Judged], rows: &mut Vec<Row>) {
    let labelled = |label: &'static str| move |p: &Judged| p.pair.label == label;
    let paraphrase = |p: &Judged| p.pair.label == "ENTAILMENT" && p.pair.score >= PARAPHRASE;
    let definition = "the share of the pairs labelled contradiction that are judged to say the same";
    if let Some(ours) = share(all, labelled("CONTRADICTION"), merged) {
        let jaccard = alike(all, labelled("CONTRADICTION"));
        rows.push(Row::new("SICK false merges", definition, ours).at_most(0.005).beside(JACCARD, jaccard));
    }
    let definition = "the share of the pairs labelled entailment with relatedness >= 4.8 of 5 (as good as equal) that are judged to say the same";
    if let Some(ours) = share(all, paraphrase, merged) {
        rows.push(Row::new("SICK paraphrases merged", definition, ours).at_least(0.75).beside(JACCARD, alike(all, paraphrase)));
    }
    let definition =
        "precision and recall of the judgement contrary against the label contradiction, over all pairs: their harmonic mean";
    if !all.is_empty() {
        let contrary = |p: &Judged| match (p.pair.label == "CONTRADICTION", p.relation == Relation::Contrary) {
            // F1 is the mean of 1 twice for each found, of 0 for each missed and each found wrongly.
            (true, true) => vec![1.0, 1.0],
            (false, false) => vec![],
            _ => vec![0.0],
        };
        let ours = Figure { count: all.len(), ..bootstrap(&grouped(all, contrary)) };
        rows.push(Row::new("SICK contradiction F1", definition, ours).at_least(0.85));
    }
    let mut told = |measure: &str, definition, ours: Option<Figure>| {
        rows.extend(ours.map(|ours| Row::new(measure, definition, ours)));
    };
    let definition = "the share of the pairs labelled neutral that are judged to say the same; less is better";
    told("SICK neutral pairs merged", definition, share(all, labelled("NEUTRAL"), merged));
    let definition =
        "as SICK paraphrases merged; a pair of which one includes the other counts too: the longer stays, nothing is lost";
    let folded = |p: &Judged| matches!(p.relation, Relation::Same | Relation::Includes | Relation::Included);
    told("SICK paraphrases merged or folded", definition, share(all, paraphrase, folded));
    let definition = "as SICK paraphrases merged, from relatedness 4.5 on, where one often says more than the other";
    let wider = |p: &Judged| p.pair.label == "ENTAILMENT" && p.pair.score >= 4.5;
    told("SICK paraphrases merged, from 4.5", definition, share(all, wider, merged));
    let definition = "the share of all pairs labelled entailment that are judged to say the same";
    told("SICK entailments merged", definition, share(all, labelled("ENTAILMENT"), merged));
    let taken = share(all, |_| true, |p| is_instruction(&p.pair.first));
    told(
        "SICK statements taken for instructions",
        "the share of the first sentences of all pairs, plain statements; less is better",
        taken,
    );
}

fn similarity(sts: &[Judged], mrpc: &[Judged], rows: &mut Vec<Row>) {
    let mut told = |measure: &str, definition, ours: Option<Figure>| {
        rows.extend(ours.map(|ours| Row::new(measure, definition, ours)));
    };
    let definition = "the share of the pairs of similarity < 3 of 5 that are judged to say the same; less is better";
    told("STS-B unlike pairs merged", definition, share(sts, |p| p.pair.score < 3.0, merged));
    let definition = "the share of the pairs of similarity >= 4.8 of 5 that are judged to say the same";
    told("STS-B like pairs merged", definition, share(sts, |p| p.pair.score >= 4.8, merged));
    let definition = "the share of the pairs labelled no paraphrase that are judged to say the same; less is better";
    told("MRPC others merged", definition, share(mrpc, |p| p.pair.label == "0", merged));
}

/// The share of those `counted` of which it `holds`; nothing where there are none.
fn share(all: &[Judged], counted: impl Fn(&Judged) -> bool, holds: impl Fn(&Judged) -> bool) -> Option<Figure> {
    let value = |p: &Judged| if counted(p) { vec![f64::from(u8::from(holds(p)))] } else { vec![] };
    Some(bootstrap(&grouped(all, value))).filter(|figure| figure.count > 0)
}

fn grouped(all: &[Judged], values: impl Fn(&Judged) -> Vec<f64>) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    all.iter().for_each(|p| groups.entry(p.pair.group).or_default().extend(values(p)));
    groups.into_values().collect()
}

fn merged(p: &Judged) -> bool {
    p.relation == Relation::Same
}

const JACCARD: &str = "Jaccard >= .85";

fn alike(all: &[Judged], counted: impl Fn(&Judged) -> bool) -> f64 {
    let runs = |text: &str| {
        let letters: Vec<char> = text.to_lowercase().chars().collect();
        letters.windows(3).map(<[char]>::to_vec).collect::<HashSet<_>>()
    };
    let alike = |p: &Judged| {
        let (a, b) = (runs(&p.pair.first), runs(&p.pair.second));
        let common = a.intersection(&b).count();
        common as f64 >= 0.85 * (a.len() + b.len() - common) as f64
    };
    share(all, counted, alike).map_or(0.0, |figure| figure.mean)
}
