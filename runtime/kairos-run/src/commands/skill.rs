//! `kairos-run skill`.

use crate::cli::SkillCommand;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;
use kairos_agent::Skills;

/// Lists them; needs no process.
pub fn skill(paths: &Paths, command: SkillCommand) -> Result<()> {
    let SkillCommand::List { project, json } = command;
    let project = project.canonicalize().unwrap_or(project);
    let (skills, bad) = Skills::load(&paths.skills(), Some(&project));
    bad.iter().for_each(|bad| eprintln!("warning: {bad}"));
    if json.json { view::print_json(&skills.list()) } else { view::print(&Page::for_stdout().skills(skills.list())) }
}
