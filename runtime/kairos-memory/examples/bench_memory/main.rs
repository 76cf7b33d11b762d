//! Measures retrieval on public research data, which is not part of the project:
//! `cargo run --release -p kairos-memory --example bench_memory -- --data DIR [--table FILE] [--fit] [--misses]`.

mod baseline;
mod data;
mod fit;

use anyhow::{Context, Result};
use baseline::Plain;
use data::{Conversation, Question};
use kairos_memory::bench::{Figure, bootstrap, hit_at_1, recall};
use kairos_memory::recall::{Evidence, Query, Ranking, Shape, Table, Weights, top};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const DEFINITIONS: &str = "\
recall@k: the share of a question's evidence that is among the first k found, averaged over the questions that have evidence.
hit@1: the share of questions whose first found is evidence. A turn counts only if it is itself returned.
LoCoMo: all five categories; a turn is an utterance with its image's caption; an evidence id that names no turn is left out.
        labels: as published; `audited` takes the evidence that the published audit names instead, where it names any.
BEAM:   a turn is one message; abstention questions have no evidence and are left out. `exchange`: a message of the user with the
        reply to it is found where either is, and counts once.
kairos: no model; `+ table` compares meanings too, by a static table of token embeddings.
In brackets: 95% interval by bootstrap over conversations (2000 draws, fixed seed).";

/// A way to rank: the scores of the turns and of the sessions for one question.
type Ranker<'a> = dyn Fn(&Conversation, usize) -> (Vec<f32>, Vec<f32>) + 'a;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (mut folder, mut table, mut fitting, mut missing) = (None, None, false, false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--data" => folder = args.next().map(PathBuf::from),
            "--table" => table = args.next().map(PathBuf::from),
            "--fit" => fitting = true,
            "--misses" => missing = true,
            other => anyhow::bail!("{other}: not understood; usage: bench_memory --data DIR [--table FILE] [--fit] [--misses]"),
        }
    }
    let folder = folder.context("--data DIR is missing: the folder with locomo/ and beam-100k/")?;
    let table = match table {
        Some(path) => Some(Arc::new(Table::read(&std::fs::read(&path)?).with_context(|| path.display().to_string())?)),
        None => None,
    };
    let mut lost = 0;
    let mut conversations = vec![];
    let locomo = folder.join("locomo/locomo_0-4.json");
    if locomo.exists() {
        let audit = Some(folder.join("locomo/audit_errors_0-4.json")).filter(|path| path.exists());
        conversations.extend(data::locomo(&locomo, audit.as_deref(), table.as_ref(), &mut lost)?);
    }
    let beam = folder.join("beam-100k");
    if beam.is_dir() {
        conversations.extend(data::beam(&beam, table.as_ref())?);
    }
    println!("{DEFINITIONS}\n{} conversations; {lost} evidence ids name no turn\n", conversations.len());

    let shape = Ranking::default().shape;
    let evidence: Vec<Vec<Evidence>> = conversations.iter().map(|c| read_signs(c, &shape)).collect();
    let at = |c: &Conversation| conversations.iter().position(|other| std::ptr::eq(other, c)).unwrap_or_default();
    let weighed = |weights: &Weights, c: &Conversation, q: usize| {
        let evidence = &evidence[at(c)][q];
        let turns = weights.turn_scores(evidence);
        let sessions = weights.session_scores(&c.index, evidence, &turns);
        (turns, sessions)
    };
    let plain: Vec<(Plain, Plain)> = conversations.iter().map(baselines).collect();
    let baseline = |c: &Conversation, q: usize| {
        let (turns, sessions) = &plain[at(c)];
        (turns.scores(&c.questions[q].text), sessions.scores(&c.questions[q].text))
    };
    let (lexical, meaning) = (Weights::default(), Weights::with_meaning());
    let ours = |c: &Conversation, q: usize| weighed(&lexical, c, q);
    let with_table = |c: &Conversation, q: usize| weighed(&meaning, c, q);
    let mut rankers: Vec<(&str, &Ranker<'_>)> = vec![("plain BM25", &baseline), ("kairos", &ours)];
    if table.is_some() {
        rankers.push(("kairos + table", &with_table));
    }
    report(&conversations, &rankers);
    if missing {
        misses(&conversations, if table.is_some() { &with_table } else { &ours });
    }
    if fitting {
        fit::run(&conversations, &evidence, if table.is_some() { &meaning } else { &lexical });
    }
    Ok(())
}

/// The signs of every question's turns.
fn read_signs(c: &Conversation, shape: &Shape) -> Vec<Evidence> {
    let query = |q: &Question| c.index.evidence(Query { text: &q.text, today: None, asker: c.asker }, shape);
    c.questions.iter().map(query).collect()
}

fn baselines(c: &Conversation) -> (Plain, Plain) {
    let mut sessions: Vec<String> = vec![];
    for (text, session) in c.texts.iter().zip(&c.sessions) {
        sessions.resize((*session as usize + 1).max(sessions.len()), String::new());
        sessions[*session as usize].push_str(text);
        sessions[*session as usize].push('\n');
    }
    (Plain::new(c.texts.iter().map(String::as_str)), Plain::new(sessions.iter().map(String::as_str)))
}

fn ids(scores: &[f32], k: usize) -> Vec<u32> {
    top(scores, k).into_iter().map(|(id, _)| id).collect()
}

fn sessions_of(c: &Conversation, turns: &[u32]) -> Vec<u32> {
    let mut out: Vec<u32> = turns.iter().map(|turn| c.sessions[*turn as usize]).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The exchanges of some turns, each once, in the turns' order: the number of the last message of the user that opens it.
fn exchanges(c: &Conversation, turns: &[u32]) -> Vec<usize> {
    let opened = |turn: &u32| (0..=*turn as usize).rev().find(|at| c.texts[*at].starts_with("user:")).unwrap_or(0);
    let mut out = vec![];
    for exchange in turns.iter().map(opened) {
        if !out.contains(&exchange) {
            out.push(exchange);
        }
    }
    out
}

/// One figure of one ranker: `value` by question, grouped by conversation.
fn figure(conversations: &[Conversation], set: &str, value: impl Fn(&Conversation, usize) -> Option<f64>) -> Figure {
    let of = |c: &Conversation| (0..c.questions.len()).filter_map(|q| value(c, q)).collect();
    bootstrap(&conversations.iter().filter(|c| c.set == set).map(of).collect::<Vec<Vec<f64>>>())
}

fn report(conversations: &[Conversation], rankers: &[(&str, &Ranker<'_>)]) {
    let cell = |text: &str| format!(" {text:>20}");
    let names: String = rankers.iter().map(|(name, _)| cell(name)).collect();
    println!("{:42} {:>9}{names} {:>7}", "", "questions", "target");
    let line = |name: &str, target: &str, value: &dyn Fn(&Ranker<'_>) -> Figure| {
        let figures: Vec<Figure> = rankers.iter().map(|(_, ranker)| value(ranker)).collect();
        let show = |f: &Figure| cell(&format!("{:.1} [{:.1}, {:.1}]", f.mean * 100.0, f.low * 100.0, f.high * 100.0));
        let shown: String = figures.iter().map(show).collect();
        println!("{name:42} {:>9}{shown} {target:>7}", figures.first().map_or(0, |f| f.questions));
    };
    for audited in [false, true] {
        let wanted = |q: &Question| q.audited.as_ref().filter(|_| audited).unwrap_or(&q.evidence).clone();
        let suffix = if audited { ", audited" } else { "" };
        let session = |ranker: &Ranker<'_>, k: usize| {
            figure(conversations, "locomo", |c, q| {
                let (found, wanted) = (ids(&ranker(c, q).1, k), sessions_of(c, &wanted(&c.questions[q])));
                Some(if k == 1 { hit_at_1(&found, &wanted) } else { recall(&found, &wanted) })
            })
        };
        let turn = |ranker: &Ranker<'_>, k: usize| {
            figure(conversations, "locomo", |c, q| Some(recall(&ids(&ranker(c, q).0, k), &wanted(&c.questions[q]))))
        };
        line(&format!("LoCoMo session recall@10{suffix}"), "95", &|r| session(r, 10));
        line(&format!("LoCoMo session hit@1{suffix}"), "77", &|r| session(r, 1));
        line(&format!("LoCoMo turn recall@10{suffix}"), "75", &|r| turn(r, 10));
        line(&format!("LoCoMo turn recall@20{suffix}"), "83", &|r| turn(r, 20));
    }
    let mut kinds: BTreeMap<(&str, &str), ()> = BTreeMap::new();
    for c in conversations {
        kinds.extend(c.questions.iter().map(|q| ((c.set, q.kind.as_str()), ())));
    }
    for ((set, kind), ()) in kinds.iter().rev().filter(|((set, _), ())| *set == "locomo") {
        line(&format!("LoCoMo turn recall@10, {kind}"), "", &|r| {
            figure(conversations, set, |c, q| {
                let question = &c.questions[q];
                (question.kind == *kind).then(|| recall(&ids(&r(c, q).0, 10), &question.evidence))
            })
        });
    }
    let beam = |r: &Ranker<'_>, kind: Option<&str>| {
        figure(conversations, "beam", |c, q| {
            let question = &c.questions[q];
            kind.is_none_or(|kind| kind == question.kind).then(|| recall(&ids(&r(c, q).0, 10), &question.evidence))
        })
    };
    line("BEAM-100K recall@10", "68", &|r| beam(r, None));
    line("BEAM-100K exchange recall@10", "", &|r| {
        figure(conversations, "beam", |c, q| {
            let mut found = exchanges(c, &ids(&r(c, q).0, usize::MAX));
            found.truncate(10);
            Some(recall(&found, &exchanges(c, &c.questions[q].evidence)))
        })
    });
    for ((_, kind), ()) in kinds.iter().filter(|((set, _), ())| *set == "beam") {
        line(&format!("BEAM-100K recall@10, {kind}"), "", &|r| beam(r, Some(kind)));
    }
}

/// Every question with evidence that is not among the first ten, and the places that evidence has.
fn misses(conversations: &[Conversation], ranker: &Ranker<'_>) {
    for c in conversations {
        for (q, question) in c.questions.iter().enumerate() {
            let found = ids(&ranker(c, q).0, usize::MAX);
            let place = |id: &u32| found.iter().position(|other| other == id).map_or(0, |at| at + 1);
            let places: Vec<usize> = question.evidence.iter().map(place).collect();
            if places.iter().any(|place| *place == 0 || *place > 10) {
                println!("{} {} {}: {} -> {places:?}", c.set, c.name, question.kind, question.text);
            }
        }
    }
}
