//! `kairos-run dream`. The running process dreams, as it has the plugins. What came of it is in the files, and is decided there, whether a
//! process runs or not: the memory's lock keeps two writers apart, and who runs notices that the files have changed.

use super::memory::{open, root};
use crate::cli::{DreamArgs, DreamCommand};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view;
use crate::view::lists::Page;
use anyhow::{Context, Result};
use kairos_agent::Breaker;
use kairos_api::{DreamRequest, DreamSummary};
use kairos_core::Millis;
use kairos_core::dream::Dream;
use kairos_memory::dream::{DREAM, Fallen, Policy, unwanted};
use kairos_memory::memory::Memory;
use kairos_memory::vault::Revision;
use kairos_project::Project;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// How far back the changes of dreams are looked for, in commits.
const FAR: usize = 100_000;

/// A dream with the commits that are about it.
#[derive(Debug, Serialize)]
pub struct DreamLog {
    /// What it came to.
    #[serde(flatten)]
    pub dream: DreamSummary,
    /// Newest first.
    pub changes: Vec<Revision>,
}

impl DreamLog {
    fn of(dream: &Dream) -> Self {
        Self { dream: dream.into(), changes: vec![] }
    }
}

/// Dreams: now, and what became of earlier ones.
pub async fn dream(paths: &Paths, args: DreamArgs) -> Result<ExitCode> {
    let root = root(&args.whose)?;
    let page = Page::for_stdout();
    let user = if root.is_some() { "" } else { " --user" };
    if let DreamCommand::Now { dry_run, review, strategy, json } = args.command {
        // As the running process names it.
        let project = Some(root.as_ref().map_or_else(|| "user".into(), |root| root.display().to_string()));
        let request = DreamRequest { project, dry_run, review, strategies: strategy };
        let dream = super::client(paths).await?.dream(&request).await?;
        return show(&page, &dream, false, user, json.json);
    }
    let memory = open(paths, root.as_deref())?;
    let now = page.now;
    match args.command {
        DreamCommand::Now { .. } => {}
        DreamCommand::List(json) => {
            let dreams = memory.dreams()?;
            let breaker = Breaker::load(&memory.home().places.private);
            let stopped = breaker.stopped(unwanted(&dreams, breaker.since));
            let dreams: Vec<DreamSummary> = dreams.iter().map(Into::into).collect();
            if json.json { view::print_json(&dreams)? } else { view::print(&page.dreams(&dreams, stopped.as_deref(), user))? }
        }
        DreamCommand::Log { limit, json } => {
            let mut dreams: Vec<DreamLog> = memory.dreams()?.iter().take(limit).map(DreamLog::of).collect();
            for revision in memory.log(FAR)? {
                let dream = revision.trailers.iter().find(|(name, _)| name == DREAM).map(|(_, id)| id);
                if let Some(log) = dreams.iter_mut().find(|log| Some(&log.dream.id) == dream) {
                    log.changes.push(revision);
                }
            }
            if json.json { view::print_json(&dreams)? } else { view::print(&page.dream_log(&dreams, user))? }
        }
        DreamCommand::Show { id, refused, json } => {
            let dream = match id {
                Some(id) => memory.dream(&id)?,
                None => memory
                    .dreams()?
                    .into_iter()
                    .next()
                    .ok_or_else(|| advice("there was no dream yet", format!("kairos-run dream now{user}")))?,
            };
            return show(&page, &dream, refused, user, json.json);
        }
        DreamCommand::Use { name } => {
            memory.use_strategies(&name, now)?;
            // Who chooses another wants them to go on.
            let private = &memory.home().places.private;
            Breaker::forgive(private, now).with_context(|| format!("can't write below {}", private.display()))?;
            let said = if name.is_empty() { "as the settings say".to_owned() } else { format!("with {}", name.join(", then ")) };
            view::print(&format!("the next dream is {said}\n"))?;
        }
        DreamCommand::Accept(steps) => {
            let dream = accept(&memory, root.as_deref(), &steps.id, steps.chosen(), now).await?;
            return show(&page, &dream, true, user, steps.json.json);
        }
        DreamCommand::Reject(steps) => {
            return show(&page, &memory.reject(&steps.id, steps.chosen(), now)?, false, user, steps.json.json);
        }
        DreamCommand::Revert { steps, merge } => {
            let reverted = memory.revert(&steps.id, steps.chosen(), merge, now)?;
            if steps.json.json {
                view::print_json(&reverted)?
            } else {
                view::print(&page.reverted(&reverted, user))?
            }
            return Ok(if reverted.conflicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Accepts operations of a dream, after a look at what of the project they rest on is gone by now.
pub async fn accept(memory: &Memory, root: Option<&Path>, id: &str, chosen: Option<&[usize]>, now: Millis) -> Result<Dream> {
    let fallen = match root {
        Some(root) => Fallen::of(memory, id, &Project::open(root, &[])?).await?,
        None => Fallen::default(),
    };
    Ok(memory.accept(id, chosen, fallen, Policy::default(), now)?)
}

fn show(page: &Page, dream: &Dream, refused: bool, user: &str, json: bool) -> Result<ExitCode> {
    if json {
        view::print_json(dream)?
    } else {
        view::print(&page.dream(dream, refused, user))?
    }
    Ok(ExitCode::SUCCESS)
}
