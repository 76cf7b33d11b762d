//! What goes out of a memory and comes into it: exports of claims, and what was said or noted elsewhere.

use crate::cli::{ImportArgs, Source};
use crate::errors::advice;
use crate::view;
use anyhow::{Context, Result};
use kairos_core::Millis;
use kairos_core::memory::Origin;
use kairos_memory::memory::{Export, Memory, TakenOver, claude_sessions};
use kairos_memory::transcript::import::{self, Progress, Summary};
use kairos_project::Project;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
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

/// What an import came to.
#[derive(Debug, Serialize)]
struct ImportSummary {
    files: u64,
    read: u64,
    stored: u64,
    known: u64,
    skipped: std::collections::BTreeMap<&'static str, u64>,
    damaged: u64,
}

impl ImportSummary {
    fn text(&self) -> String {
        let skipped: Vec<String> = self.skipped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let mut out = format!(
            "{} observations are new, {} were known already ({} files, {} entries read)\n",
            self.stored, self.known, self.files, self.read
        );
        if !skipped.is_empty() {
            out += &format!("left out: {}\n", skipped.join(", "));
        }
        if self.damaged > 0 {
            out += &format!("{} lines could not be read\n", self.damaged);
        }
        out
    }
}

impl From<Summary> for ImportSummary {
    fn from(s: Summary) -> Self {
        Self { files: s.files, read: s.read, stored: s.stored, known: s.known, skipped: s.skipped, damaged: s.damage.count }
    }
}

async fn read_in(memory: &Memory, root: Option<&Path>, from: Source, path: Option<&Path>) -> Result<ImportSummary> {
    let terminal = std::io::stderr().is_terminal();
    let mut shown = 101;
    let mut watch = |p: Progress<'_>| {
        let share = (p.done * 100).checked_div(p.total).unwrap_or(100);
        if terminal && share != shown {
            shown = share;
            // Who can't see the progress can do without.
            let _ = write!(std::io::stderr(), "\r\x1b[K{share:3} % {}", p.file.display());
        }
    };
    let summary = match (from, path) {
        (Source::Claude, path) => {
            let own = || root.and_then(claude_sessions).filter(|folder| folder.is_dir());
            let place = path.map(Path::to_path_buf).or_else(own);
            let place = place
                .ok_or_else(|| advice("Claude Code has no sessions of this project", "say where: `memory import claude DIR`"))?;
            import::claude(&place, root, memory.transcripts(), &mut watch)?
        }
        (Source::Notes, Some(path)) => import::notes(path, Origin::User, memory.transcripts(), &mut watch)?,
        (Source::Notes, None) => {
            return Err(advice("there is nothing to read", "name a file or folder: `memory import notes DIR`"));
        }
        (Source::Claims, _) => unreachable!("taken over as claims"),
        (Source::Git, path) => {
            let root = path.or(root).context("name the project: `memory import git DIR`")?;
            let mut commits = Project::open(root, &[])?.log_with_files(COMMITS).await?;
            let year = crate::view::text::now().saturating_sub(YEAR);
            commits.retain(|(commit, _)| commit.time >= year);
            import::git(&commits, memory.transcripts(), &mut watch)?
        }
    };
    if terminal {
        eprint!("\r\x1b[K");
    }
    Ok(summary.into())
}

/// Most commits that are read.
const COMMITS: u32 = 1000;
/// What is older, in milliseconds, tells little of how the project is now.
const YEAR: Millis = 365 * 24 * 3600 * 1000;
