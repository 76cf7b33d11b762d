//! Fits how much each word speaks for the end of a thing, and tells how that does on people left out:
//! `cargo run --release -p kairos-memory --example fit_endings -- DATA > runtime/kairos-memory/src/compare/words/endings.txt`.

mod fit;

use anyhow::{Context, Result};
use fit::{Case, Fitted, fit};
use kairos_memory::bench::updates::{Happened, happened};
use kairos_memory::compare::ending::{ALWAYS, is_disliked, sign, signs};
use kairos_memory::compare::{Effect, update};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A sign is learnt where so many statements of so many people on so many topics have it: what is said of one topic only tells of the
/// topic. Of words with kin two statements do.
const STATEMENTS: usize = 8;
const PEOPLE: usize = 5;
const TOPICS: usize = 5;
const STATEMENTS_OF_KIN: usize = 2;
/// How much more readily words of a line of `kin.txt` are moved together than each alone.
const KINSHIP: f64 = 2.0;
/// Weights below this are left out of the table.
const LEAST: f64 = 0.15;

fn main() -> Result<()> {
    let data = PathBuf::from(std::env::args().nth(1).context("usage: fit_endings DATA")?);
    let people = happened(&data)?;
    let kin = Kin::read();
    let learnt = learnt(&people, &kin);
    let told: Vec<(usize, &Happened)> =
        people.iter().enumerate().flat_map(|(person, of)| of.iter().map(move |h| (person, h))).collect();
    let cases: Vec<Case> = told.iter().map(|(_, happened)| case(happened, &learnt, &kin)).collect();
    let fitted_without = |person: Option<usize>| {
        let rest = told.iter().zip(&cases).filter(|((of, _), _)| Some(*of) != person);
        table(&learnt, &kin, &fit(&rest.map(|(_, case)| case).collect::<Vec<_>>()))
    };
    let share = |right: usize| right as f64 * 100.0 / told.len() as f64;
    let weights = fitted_without(None);
    let known: Vec<&Happened> = told.iter().map(|(_, h)| *h).filter(|h| is_right(&weights, h)).collect();
    let found = |of: &[&Happened]| of.iter().filter(|h| record(h) == Some(h.right)).count();
    let (mut left_out, mut with_record) = (0, 0);
    for (person, of) in people.iter().enumerate() {
        let weights = fitted_without(Some(person));
        let right: Vec<&Happened> = of.iter().filter(|h| is_right(&weights, h)).collect();
        left_out += right.len();
        with_record += found(&right);
    }
    eprintln!(
        "the right end: {:.1} % of those it was fitted to, {:.1} % of people left out",
        share(known.len()),
        share(left_out)
    );
    eprintln!("and of the right record: {:.1} %, {:.1} %", share(found(&known)), share(with_record));
    print!("{}", show(&weights));
    Ok(())
}

fn record(happened: &Happened) -> Option<usize> {
    let records: Vec<&str> = happened.records.iter().map(String::as_str).collect();
    update(&records, &happened.told).map(|update| update.record)
}

fn is_right(weights: &Weights, happened: &Happened) -> bool {
    let column = usize::from(is_disliked(&happened.records[happened.right]));
    let said = signs(&happened.told);
    let score: f64 = said.iter().filter_map(|(sign, times)| Some(weights.get(sign)?[column] * f64::from(*times))).sum();
    (score > 0.0) == (happened.effect == Effect::Delete)
}

/// Lines of words that say much the same, as signs.
struct Kin(Vec<BTreeSet<String>>);

impl Kin {
    fn read() -> Self {
        let lines = include_str!("kin.txt").lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(|line| line.split(' ').map(|phrase| sign(&phrase.replace('_', " "))).collect()).collect())
    }

    fn has(&self, sign: &str) -> bool {
        self.0.iter().any(|line| line.contains(sign))
    }
}

/// The signs that there is enough of to learn from.
fn learnt(people: &[Vec<Happened>], kin: &Kin) -> Vec<String> {
    #[derive(Default)]
    struct Seen(usize, BTreeSet<usize>, BTreeSet<String>);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for (person, happened) in people.iter().enumerate().flat_map(|(person, of)| of.iter().map(move |h| (person, h))) {
        let record = &happened.records[happened.right];
        let topic = record.split(' ').next().unwrap_or_default();
        for sign in signs(&happened.told).into_keys() {
            let seen = seen.entry(sign).or_default();
            seen.0 += 1;
            seen.1.insert(person);
            seen.2.insert(topic.to_owned());
        }
    }
    let enough = |sign: &str, Seen(statements, people, topics): &Seen| {
        let common = *statements >= STATEMENTS && people.len() >= PEOPLE && topics.len() >= TOPICS;
        sign != ALWAYS && (common || (*statements >= STATEMENTS_OF_KIN && kin.has(sign)))
    };
    seen.into_iter().filter(|(sign, seen)| enough(sign, seen)).map(|(sign, _)| sign).collect()
}

fn case(happened: &Happened, learnt: &[String], kin: &Kin) -> Case {
    let said = signs(&happened.told);
    let times = |sign: &String| f64::from(said.get(sign).copied().unwrap_or_default());
    let own = learnt.iter().map(times);
    let shared = kin.0.iter().map(|line| KINSHIP.sqrt() * learnt.iter().filter(|s| line.contains(*s)).map(times).sum::<f64>());
    Case {
        features: own.chain(shared).collect(),
        disliked: is_disliked(&happened.records[happened.right]),
        ended: happened.effect == Effect::Delete,
    }
}

/// For the end of what is liked, and of what is disliked.
type Weights = BTreeMap<String, [f64; 2]>;

/// What is to be written: rounded, and without what says little.
fn table(learnt: &[String], kin: &Kin, fitted: &Fitted) -> Weights {
    let both = |of: &dyn Fn(bool) -> f64| [false, true].map(|disliked| (of(disliked) * 100.0).round() / 100.0);
    let weight = |sign: &str, disliked: bool| {
        let weights = fitted.weights(disliked);
        let own = learnt.iter().position(|s| s == sign).map_or(0.0, |at| weights[at]);
        let lines = kin.0.iter().zip(&weights[learnt.len()..]).filter(|(line, _)| line.contains(sign));
        own + KINSHIP.sqrt() * lines.map(|(_, weight)| weight).sum::<f64>()
    };
    let signs = learnt.iter().chain(kin.0.iter().flatten());
    let mut out: Weights = signs.map(|sign| (sign.clone(), both(&|disliked| weight(sign, disliked)))).collect();
    out.retain(|_, weights| weights.iter().any(|w| w.abs() >= LEAST));
    out.insert(ALWAYS.to_owned(), both(&|disliked| fitted.always(disliked)));
    out
}

fn show(weights: &Weights) -> String {
    let head = "# How much a stem, or a pair of stems, speaks for the end of what is liked, and of what is disliked. Fitted by the example\n\
                # fit_endings to published sentences of twenty people, of which nothing else is kept; `*` speaks always.\n";
    let rows = weights.iter().map(|(sign, [liked, disliked])| format!("{sign} {liked} {disliked}\n"));
    head.to_owned() + &rows.collect::<String>()
}
