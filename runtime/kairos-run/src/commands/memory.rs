//! `kairos-run memory`. The files are the memory: these commands work on them directly, whether a process runs or not.

mod both;
mod exchange;

pub use both::{Found, Memories, Opened, Scope, Sketch, by_holder, holder, profile, search};

use super::forget::{Forgetting, forget};
use crate::cli::{Kind, MemoryArgs, MemoryCommand, WhoseArgs};
use crate::config_files;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view;
use crate::view::lists::Page;
use anyhow::{Context, Result};
use kairos_core::config::Config;
use kairos_core::finding::one_line;
use kairos_core::memory::{Claim, ClaimKind, Status};
use kairos_exec::redact::Redactor;
use kairos_memory::anchors;
use kairos_memory::memory::{Forget, Home, Memory, Statement};
use kairos_memory::transcript::Bounds;
use kairos_memory::vault::Note;
use kairos_project::Project;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is remembered, and how it came to be.
pub async fn memory(paths: &Paths, args: MemoryArgs) -> Result<ExitCode> {
    let root = root(&args.whose)?;
    let opened = Opened::of(paths, root.as_deref())?;
    let (own, memory) = (opened.own, &opened.memory);
    let page = Page::for_stdout();
    let now = page.now;
    // What is named by an id may be in the user's own memory, too: a search finds it there.
    let both = opened.all();
    let holder = |id: &str| both::holder(&both, id);
    match args.command {
        MemoryCommand::Add { text, kind, topic, json } => {
            let anchors = match &root {
                Some(root) => anchors::find(&text, &Project::open(root, &[])?).await,
                None => vec![],
            };
            let claim = memory.add(Statement { text, kind: kind.into(), topic, anchors, session: session() }, now)?;
            show(&page, &claim, json.json)?;
            warn(memory)?;
        }
        MemoryCommand::List { kind, all, json } => {
            memory.absorb(now)?;
            let kind = kind.map(ClaimKind::from);
            let book = memory.book()?;
            let wanted = |c: &&Claim| (all || c.status != Status::Retired) && kind.is_none_or(|kind| c.kind == kind);
            let claims: Vec<Claim> = book.claims().filter(wanted).cloned().collect();
            if json.json {
                view::print_json(&claims)?
            } else {
                view::print(&page.claims(&claims))?
            }
            warn(memory)?;
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
            let hits = both::search(&both, &text, claims, limit.into(), now)?;
            if json.json {
                view::print_json(&hits)?
            } else {
                view::print(&page.found(&hits))?
            }
            return Ok(found_any(!hits.is_empty()));
        }
        MemoryCommand::Show { id, json } => {
            let (scope, memory) = holder(&id);
            held(scope, own, memory.claim_view(&id)?, json.json, |view| page.claim_view(view))?;
        }
        MemoryCommand::Why { id, json } => {
            let (scope, memory) = holder(&id);
            held(scope, own, memory.why(&id)?, json.json, |why| page.why(why))?;
        }
        MemoryCommand::Edit { id, text, json } => {
            let (scope, memory) = holder(&id);
            held(scope, own, memory.edit(&id, &text, &session(), now)?, json.json, |claim| page.claim(claim))?;
        }
        MemoryCommand::Retire { ids } => {
            for (scope, memory, ids) in by_holder(&both, &ids) {
                memory.retire(&ids, now)?;
                let (place, user) = (scope.place(), if scope == Scope::User { " --user" } else { "" });
                let ids = ids.join(", ");
                view::print(&format!(
                    "retired {place}: {ids}; `kairos-run memory log{user}` and `revert{user}` bring it back\n"
                ))?;
            }
        }
        MemoryCommand::Forget { ids, containing, dry_run, yes, json } => {
            let what = Forget { ids, containing };
            forget(Forgetting { paths, root: root.as_deref(), both: &both, page: &page }, &what, dry_run, yes, json.json).await?;
        }
        MemoryCommand::Profile(json) => {
            let lines = both::profile(&both, now)?;
            if json.json { view::print_json(&lines)? } else { view::print(&page.profile(&lines))? }
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
        MemoryCommand::Export { file } => exchange::export(memory, file.as_deref(), now)?,
        MemoryCommand::Import(args) => exchange::import(memory, root.as_deref(), args, now).await?,
        MemoryCommand::Prune { dry_run, json } => {
            let config = config_files::load(&paths.config, None, &[])?;
            let dropped = memory.keep_within(bounds(&config), now, dry_run)?;
            if json.json { view::print_json(&dropped)? } else { view::print(&page.dropped(&dropped, dry_run))? }
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

/// Where the memory of a project lies, or the user's.
fn home(paths: &Paths, root: Option<&Path>) -> Result<Home> {
    let config = config_files::load(&paths.config, root, &[])?;
    Ok(crate::run::home(paths, root, &config)?)
}

/// The memory of a project, or the user's.
pub fn open(paths: &Paths, root: Option<&Path>) -> Result<Memory> {
    let (memory, recovery) = Memory::open(home(paths, root)?, Redactor::from_env())?;
    let home = memory.home();
    let begun = recovery.notes.iter().any(|note| matches!(note, Note::HistoryBegun(_)));
    if let Some(own) = home.transcripts.parent().map(Home::within).filter(|own| begun && home.foreign && own.has_claims()) {
        let (there, here) = (own.places.files.display(), home.places.files.display());
        eprintln!("note: memory is in {here} from now on; the claims in {there} stay there");
        eprintln!(
            "  to take them along, leave the setting out, `memory export FILE`, set it, `memory import claims FILE --mine`"
        );
    }
    for note in recovery.notes.iter().filter(|note| **note != Note::HistoryBegun(0)) {
        eprintln!("note: memory: {}", one_line(&note.to_string()));
    }
    Ok(memory)
}

/// How much of what was observed is kept.
fn bounds(config: &Config) -> Bounds {
    let keep = Some(config.duration("memory.keep")).filter(|keep| !keep.is_zero());
    Bounds { keep, size: Some(config.number("memory.size")).filter(|size| *size > 0) }
}

/// As `grep`: 1 where nothing was found.
fn found_any(any: bool) -> ExitCode {
    if any { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says in whose memory it was found, where that is not the one that was meant.
fn held<T: serde::Serialize>(scope: Scope, own: Scope, what: T, json: bool, text: impl Fn(&T) -> String) -> Result<()> {
    if json {
        return view::print_json(&both::Held { scope, what });
    }
    let place = if scope == own { String::new() } else { format!("{}:\n", scope.place()) };
    view::print(&format!("{place}{}", text(&what)))
}

fn show(page: &Page, claim: &Claim, json: bool) -> Result<()> {
    if json { view::print_json(claim) } else { view::print(&page.claim(claim)) }
}

/// Says what is wrong in the folder, where it concerns what was just done or shown.
fn warn(memory: &Memory) -> Result<()> {
    for problem in memory.book()?.problems() {
        eprintln!("warning: {} {}", problem.file, one_line(&problem.text));
    }
    Ok(())
}

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
