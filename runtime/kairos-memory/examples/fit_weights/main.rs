//! Fits the weights of ranking, and tells what each sign earns on conversations that the weights have not seen:
//! `cargo run --release -p kairos-memory --example fit_weights -- --data DIR [--table FILE] [--only SIGNS]`.

mod fit;

use anyhow::{Context, Result, bail};
use kairos_memory::bench::chats;
use kairos_memory::recall::{Evidence, Query, Ranking, Table};
use std::path::PathBuf;
use std::sync::Arc;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (mut folder, mut table, mut only) = (None, None, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg}: its value is missing"));
        match arg.as_str() {
            "--data" => folder = Some(PathBuf::from(value()?)),
            "--table" => table = Some(Arc::new(Table::read(&std::fs::read(value()?)?)?)),
            "--only" => only = Some(value()?),
            other => bail!("{other}: not understood; usage: fit_weights --data DIR [--table FILE] [--only SIGNS]"),
        }
    }
    let mut skipped = vec![];
    let conversations = chats::load(&folder.context("--data DIR is missing")?, &mut skipped)?;
    skipped.iter().for_each(|what| println!("left out: {what}"));
    let evidence: Vec<Vec<Evidence>> = conversations
        .iter()
        .map(|c| {
            let index = c.index(table.as_ref());
            let shape = Ranking::of(&index).shape;
            let query = |q: &chats::Question| index.evidence(Query { text: &q.text, today: None, asker: c.asker }, &shape);
            c.questions.iter().map(query).collect()
        })
        .collect();
    let standing = if table.is_some() { Ranking::with_meaning() } else { Ranking::default() };
    fit::run(&conversations, &evidence, &standing.weights, only.as_deref());
    Ok(())
}
