//! What goes out of a memory and comes into it: exports of claims, and what was said or noted elsewhere.

use crate::cli::{ImportArgs, Source};
use crate::commands::import::read_in;
use crate::errors::advice;
use crate::view;
use anyhow::{Context, Result};
use kairos_core::Millis;
use kairos_memory::memory::{Export, Memory, TakenOver};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// An export larger than this is none of ours.
const MAX_EXPORT: u64 = 256 << 20;

/// All claims with what bears them out.
pub fn export(memory: &Memory, file: Option<&Path>, now: Millis) -> Result<()> {
    memory.absorb(now)?;
    let export = memory.export(now)?;
    let Some(file) = file else { return view::print_json(&export) };
    let bytes = serde_json::to_vec_pretty(&export)?;
    // It holds what the user said: for him alone.
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    opened.and_then(|mut out| out.write_all(&bytes)).with_context(|| format!("can't write {}", file.display()))?;
    view::print(&format!("{} claims are in {}\n", export.claims.len(), file.display()))
}

/// Observations from elsewhere, or claims of an export.
pub async fn import(memory: &Memory, root: Option<&Path>, args: ImportArgs, now: Millis) -> Result<()> {
    let ImportArgs { from, path, mine, others, json } = args;
    if from == Source::Claims {
        let taken = claims(memory, path.as_deref(), mine, others, now)?;
        return if json.json { view::print_json(&taken) } else { view::print(&said(&taken)) };
    }
    let summary = read_in(memory, root, from, path.as_deref()).await?;
    if json.json { view::print_json(&summary) } else { view::print(&summary.text()) }
}

fn claims(memory: &Memory, file: Option<&Path>, mine: bool, others: bool, now: Millis) -> Result<TakenOver> {
    let file = file.ok_or_else(|| advice("there is nothing to read", "name the file: `memory import claims FILE --mine`"))?;
    if !mine && !others {
        return Err(advice(
            "whose claims these are has to be said",
            "--mine takes them over as they are: id, status, evidence; --others as hearsay, tentative whatever it says of itself",
        ));
    }
    let mut bytes = vec![];
    let read = File::open(file).and_then(|f| f.take(MAX_EXPORT + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("can't read {}", file.display()))?;
    let export: Export = serde_json::from_slice(&bytes)
        .map_err(|e| advice(format!("{} is no export: {e}", file.display()), "`kairos-run memory export FILE` writes one"))?;
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(memory.take_over(export, mine, &name, now)?)
}

fn said(taken: &TakenOver) -> String {
    let mut out = format!("{} claims are new, {} were here already\n", taken.added.len(), taken.known.len());
    for (id, why) in &taken.left_out {
        out += &format!("left out {}: {}\n", kairos_core::finding::one_line(id), kairos_core::finding::one_line(why));
    }
    out
}
