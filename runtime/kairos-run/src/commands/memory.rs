//! `kairos-run memory`. The files are the memory: these commands work on them directly, whether a process runs or not.

use super::forget::{Forgetting, forget};
use crate::cli::{Kind, MemoryArgs, MemoryCommand, Source, WhoseArgs};
use crate::errors::advice;
use crate::paths::{Paths, slug};
use crate::view;
use crate::view::lists::Page;
use anyhow::{Context, Result};
use kairos_core::Millis;
use kairos_core::memory::{Claim, ClaimKind, Origin, Status};
use kairos_exec::redact::Redactor;
use kairos_memory::anchors;
use kairos_memory::memory::{Forget, Home, Memory, Statement};
use kairos_memory::recall::search::{Only, Search};
use kairos_memory::transcript::import::{self, Progress, Summary};
use kairos_project::Project;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is remembered, and how it came to be.
pub async fn memory(paths: &Paths, args: MemoryArgs) -> Result<ExitCode> {
    let root = root(&args.whose)?;
    let memory = open(paths, root.as_deref())?;
    let page = Page::for_stdout();
    let now = page.now;
    match args.command {
        MemoryCommand::Add { text, kind, topic, json } => {
            let anchors = match &root {
                Some(root) => anchors::find(&text, &Project::open(root, &[])?).await,
                None => vec![],
            };
            let claim = memory.add(Statement { text, kind: kind.into(), topic, anchors, session: session() }, now)?;
            show(&page, &claim, json.json)?;
        }
        MemoryCommand::List { kind, all, json } => {
            memory.absorb(now)?;
            let kind = kind.map(ClaimKind::from);
            let book = memory.book()?;
            let wanted = |c: &&Claim| (all || c.status != Status::Retired) && kind.is_none_or(|kind| c.kind == kind);
            let claims: Vec<Claim> = book.claims().filter(wanted).cloned().collect();
            if json.json { view::print_json(&claims)? } else { view::print(&page.claims(&claims))? }
        }
        MemoryCommand::Search { words, claims, exact, limit, json } => {
            memory.absorb(now)?;
            let text = words.join(" ");
            if exact {
                let found = memory.grep(&text, true, limit.into())?;
                if json.json {
                    view::print_json(&found)?
                } else {
                    view::print(&page.observations(&found))?
                }
                return Ok(found_any(!found.is_empty()));
            }
            let today = Some(jiff::Zoned::now().date());
            let only = if claims { Only::Claims } else { Only::Both };
            let asker = Some("user".to_owned());
            let hits = memory.search(&Search { text, today, asker, only, limit: limit.into(), ..Search::default() })?;
            let book = memory.book()?;
            // What bears a claim out is shown by `why`; here it would say the same again.
            let borne = |id: &str| {
                hits.iter().filter(|h| h.claim).any(|h| book.claim(&h.id).is_some_and(|c| c.evidence.iter().any(|e| e == id)))
            };
            let new: Vec<_> = hits.iter().filter(|h| h.claim || !borne(&h.id)).cloned().collect();
            let hits: Vec<Found> = new.into_iter().map(|hit| Found::of(hit, |id| book.claim(id).map(|c| c.status))).collect();
            if json.json {
                view::print_json(&hits)?
            } else {
                view::print(&page.found(&hits))?
            }
            return Ok(found_any(!hits.is_empty()));
        }
        MemoryCommand::Show { id, json } => show(&page, &memory.claim(&id)?, json.json)?,
        MemoryCommand::Why { id, json } => {
            let why = memory.why(&id)?;
            if json.json { view::print_json(&why)? } else { view::print(&page.why(&why))? }
        }
        MemoryCommand::Edit { id, text, json } => show(&page, &memory.edit(&id, &text, &session(), now)?, json.json)?,
        MemoryCommand::Retire { ids } => {
            memory.retire(&ids, now)?;
            view::print(&format!("retired {}; `kairos-run memory log` and `revert` bring it back\n", ids.join(", ")))?;
        }
        MemoryCommand::Forget { ids, containing, dry_run, yes, json } => {
            let what = Forget { ids, containing };
            forget(Forgetting { paths, root: root.as_deref(), memory: &memory, page: &page }, &what, dry_run, yes, json.json)
                .await?;
        }
        MemoryCommand::Profile(json) => {
            memory.absorb(now)?;
            let about = |c: &&Claim| matches!(c.kind, ClaimKind::User | ClaimKind::Feedback) && c.status != Status::Retired;
            let whys: Vec<_> = memory.book()?.claims().filter(about).map(|c| memory.why(&c.id)).collect::<Result<_, _>>()?;
            if json.json { view::print_json(&whys)? } else { view::print(&page.profile(&whys))? }
        }
        MemoryCommand::Log { limit, json } => {
            let log = memory.log(limit)?;
            if json.json { view::print_json(&log)? } else { view::print(&page.memory_log(&log))? }
        }
        MemoryCommand::Diff { revision } => {
            let revision = memory.find_revision(revision.as_deref())?;
            view::print(&page.memory_diff(&revision, &memory.changes(&revision)?))?;
        }
        MemoryCommand::Revert { revision } => {
            let revision = memory.find_revision(Some(&revision))?;
            let clashes = memory.revert_change(&revision, now)?;
            if clashes.is_empty() {
                view::print(&format!("undone: {}\n", revision.message))?;
            } else {
                let ids: Vec<&str> = clashes.iter().map(|c| c.id.as_str()).collect();
                return Err(advice(
                    format!("{} was changed again since, and was left as it is", ids.join(", ")),
                    "`kairos-run memory why ID` shows what became of it; `memory edit` gives it the words you want",
                ));
            }
        }
        MemoryCommand::Export { file } => export(&memory, file.as_deref())?,
        MemoryCommand::Import { from, path, json } => {
            let summary = read_in(&memory, root.as_deref(), from, path.as_deref()).await?;
            if json.json { view::print_json(&summary)? } else { view::print(&summary.text())? }
        }
        MemoryCommand::Verify(json) => {
            let report = memory.verify(now)?;
            if json.json {
                view::print_json(&report)?
            } else {
                view::print(&page.verified(&report))?
            }
            return Ok(found_any(report.problems.is_empty()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the project whose memory is meant; none for the user's.
pub fn root(whose: &WhoseArgs) -> Result<Option<PathBuf>> {
    if whose.user {
        return Ok(None);
    }
    let folder = whose.project.clone().unwrap_or_else(|| PathBuf::from("."));
    let root = folder.canonicalize().with_context(|| format!("{} can't be found", folder.display()))?;
    Ok(Some(root))
}

/// The memory of a project, or the user's.
pub fn open(paths: &Paths, root: Option<&Path>) -> Result<Memory> {
    let folder = root.map_or_else(|| paths.data.join("user"), |root| paths.project(&slug(root)));
    let (memory, recovery) = Memory::open(Home::within(&folder), Redactor::from_env())?;
    for note in recovery.notes {
        tracing::info!("memory: {note}");
    }
    Ok(memory)
}

/// As `grep`: 1 where nothing was found.
fn found_any(any: bool) -> ExitCode {
    if any { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Something that a search found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Of the claim or observation.
    pub id: String,
    /// How far it is believed; none for an observation.
    pub status: Option<Status>,
    /// What it is.
    pub kind: String,
    /// Where an observation comes from.
    pub origin: Option<Origin>,
    /// When it was said, or written down.
    pub time: Millis,
    /// Its session; a claim's topic.
    pub session: String,
    /// Comparable within one search.
    pub score: f32,
    /// The whole text.
    pub text: String,
}

impl Found {
    fn of(hit: kairos_memory::recall::search::Hit, status: impl Fn(&str) -> Option<Status>) -> Self {
        let status = if hit.claim { status(&hit.id) } else { None };
        let kairos_memory::recall::search::Hit { id, kind, origin, time, session, score, text, .. } = hit;
        Self { id, status, kind, origin, time, session, score, text }
    }
}

fn show(page: &Page, claim: &Claim, json: bool) -> Result<()> {
    if json { view::print_json(claim) } else { view::print(&page.claim(claim)) }
}

/// A claim with what bears it out.
fn export(memory: &Memory, file: Option<&Path>) -> Result<()> {
    let whys: Vec<_> = memory.book()?.claims().map(|c| memory.why(&c.id)).collect::<Result<_, _>>()?;
    let Some(file) = file else { return view::print_json(&whys) };
    let bytes = serde_json::to_vec_pretty(&whys)?;
    std::fs::write(file, bytes).with_context(|| format!("can't write {}", file.display()))?;
    view::print(&format!("{} claims are in {}\n", whys.len(), file.display()))
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
            let place = path.map(Path::to_path_buf).or_else(claude_sessions).context("say where: `memory import claude DIR`")?;
            import::claude(&place, root, memory.transcripts(), &mut watch)?
        }
        (Source::Notes, Some(path)) => import::notes(path, Origin::User, memory.transcripts(), &mut watch)?,
        (Source::Notes, None) => {
            return Err(advice("there is nothing to read", "name a file or folder: `memory import notes DIR`"));
        }
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

fn claude_sessions() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    Some(home.join(".claude").join("projects")).filter(|folder| folder.is_dir())
}

/// Most commits that are read.
const COMMITS: u32 = 1000;
/// What is older, in milliseconds, tells little of how the project is now.
const YEAR: Millis = 365 * 24 * 3600 * 1000;

/// What was typed in one terminal belongs together.
fn session() -> String {
    std::env::var("TERM_SESSION_ID").or_else(|_| std::env::var("WINDOWID")).unwrap_or_else(|_| "terminal".into())
}

impl From<Kind> for ClaimKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::User => Self::User,
            Kind::Feedback => Self::Feedback,
            Kind::Project => Self::Project,
            Kind::Reference => Self::Reference,
        }
    }
}
