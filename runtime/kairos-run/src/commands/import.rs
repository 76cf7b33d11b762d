//! `kairos-run memory import`: what was said or noted elsewhere.

use crate::cli::Source;
use crate::errors::advice;
use anyhow::{Context, Result};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_core::memory::Origin;
use kairos_memory::memory::{Memory, claude_home, claude_sessions};
use kairos_memory::transcript::import::{self, Progress, Summary};
use kairos_memory::transcript::{Damaged, Reason};
use kairos_project::Project;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What an import came to.
#[derive(Debug, Serialize)]
pub struct ImportSummary {
    /// What was counted: `commits`, `entries`, `paragraphs`.
    what: &'static str,
    files: u64,
    read: u64,
    stored: u64,
    known: u64,
    skipped: std::collections::BTreeMap<&'static str, u64>,
    damaged: u64,
    /// The first of these lines.
    unread: Vec<Unread>,
}

/// A line that could not be read.
#[derive(Debug, Serialize)]
struct Unread {
    file: PathBuf,
    /// From 1.
    line: u64,
    why: String,
}

/// Lines that are named in words; all are counted.
const NAMED: usize = 5;

impl ImportSummary {
    /// In words.
    pub fn text(&self) -> String {
        let skipped: Vec<String> = self.skipped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let Self { what, stored, known, files, read, .. } = self;
        let of = if *files > 0 { format!("{} of {}", number(*read, what), number(*files, "files")) } else { number(*read, what) };
        let mut out = match (stored, known) {
            (0, 0) => format!("Nothing was found to take in ({of} read).\n"),
            (0, known) => format!("Nothing is new: {} known already ({of} read).\n", is_are(*known, "observations")),
            (stored, 0) => format!("{} new ({of} read).\n", is_are(*stored, "observations")),
            (stored, known) => format!("{} new, {known} were known already ({of} read).\n", is_are(*stored, "observations")),
        };
        if !skipped.is_empty() {
            out += &format!("left out: {}\n", skipped.join(", "));
        }
        if self.damaged > 0 {
            out += &format!("{} could not be read:\n", number(self.damaged, "lines"));
            for Unread { file, line, why } in self.unread.iter().take(NAMED) {
                out += &format!("  {}:{line}: {why}\n", one_line(&file.display().to_string()));
            }
            let rest = self.damaged.saturating_sub(NAMED as u64);
            if rest > 0 {
                out += &format!("  and {rest} more\n");
            }
        }
        out
    }
}

/// `1 file`, `2 files`.
fn number(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {}", singular(what)) } else { format!("{count} {what}") }
}

fn is_are(count: u64, what: &str) -> String {
    format!("{} {}", number(count, what), if count == 1 { "is" } else { "are" })
}

fn singular(what: &str) -> &str {
    if what == "entries" { "entry" } else { what.trim_end_matches('s') }
}

impl ImportSummary {
    fn of(what: &'static str, s: Summary) -> Self {
        let unread = |d: Damaged| Unread { file: d.file, line: d.line, why: why(d.reason) };
        Self {
            what,
            files: s.files,
            read: s.read,
            stored: s.stored,
            known: s.known,
            skipped: s.skipped,
            damaged: s.damage.count,
            unread: s.damage.first.into_iter().map(unread).collect(),
        }
    }
}

/// What is wrong with a line of somebody else's file.
fn why(reason: Reason) -> String {
    match reason {
        Reason::TooLong(bytes) => format!("{bytes} bytes in one line"),
        Reason::NotUtf8 => "no UTF-8".into(),
        Reason::NoObservation => "no JSON object".into(),
    }
}

/// Reads in, and shows how far it is where somebody looks on. Stopped at any point, what was read is whole, and the next time goes on.
pub async fn read_in(memory: &Memory, root: Option<&Path>, from: Source, path: Option<&Path>) -> Result<ImportSummary> {
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
    let (what, summary) = match (from, path) {
        (Source::Claude, path) => {
            let place = path.map(Path::to_path_buf).or_else(|| sessions(root)).ok_or_else(|| {
                advice("Claude Code has no sessions of this project", "say where they are: `memory import claude DIR`")
            })?;
            ("entries", import::claude(&place, root, memory.transcripts(), &mut watch)?)
        }
        (Source::Notes, Some(path)) => ("lines", import::notes(path, Origin::User, memory.transcripts(), &mut watch)?),
        (Source::Notes, None) => {
            return Err(advice("there is nothing to read", "name a file or folder: `memory import notes DIR`"));
        }
        // Claims are no observations: `exchange` takes them over.
        (Source::Claims, _) => anyhow::bail!("an export of claims is no transcript"),
        (Source::Git, path) => {
            let root = path.or(root).context("name the project: `memory import git DIR`")?;
            if terminal {
                // It takes a second or two, and says nothing before its end.
                eprint!("\r\x1b[Kreading the history of {}", root.display());
            }
            let mut commits = Project::open(root, &[])?.log_with_files(COMMITS).await?;
            let year = crate::view::text::now().saturating_sub(YEAR);
            commits.retain(|(commit, _)| commit.time >= year);
            ("commits", import::git(&commits, memory.transcripts(), &mut watch)?)
        }
    };
    if terminal {
        eprint!("\r\x1b[K");
    }
    Ok(ImportSummary::of(what, summary))
}

/// Those of the project; of all where no project is meant.
fn sessions(root: Option<&Path>) -> Option<PathBuf> {
    let all = || claude_home().map(|home| home.join("projects"));
    root.map_or_else(all, claude_sessions).filter(|folder| folder.is_dir())
}

/// Most commits that are read.
const COMMITS: u32 = 1000;
/// What is older, in milliseconds, tells little of how the project is now.
const YEAR: Millis = 365 * 24 * 3600 * 1000;
