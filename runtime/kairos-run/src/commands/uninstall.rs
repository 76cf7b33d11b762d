//! `kairos-run uninstall`: takes away what it has made on this machine, and says what it leaves.

mod plan;

use super::service::Manager;
use super::shell_files::{self, Hook};
use crate::errors::advice;
use crate::lock::Lock;
use crate::paths::Paths;
use crate::view;
use anyhow::{Result, bail};
use plan::Plan;
use std::collections::BTreeSet;

/// Removes the service and the cache, and with `purge` settings and data, too.
pub async fn uninstall(paths: &Paths, purge: bool, yes: bool) -> Result<()> {
    let plan = Plan::make(paths, purge)?;
    let running = Lock::holder(paths)?;
    let manager = Manager::here(paths)?;
    let installed = manager.installed()?;
    let service = installed.as_ref().is_some_and(|text| manager.is_same_home(text));
    let (ours, others): (Vec<Hook>, Vec<Hook>) = shell_files::hooks().into_iter().partition(|h| purge && h.ours);

    let mut going = String::new();
    if service {
        going += &format!("  service   {}\n", manager.file.display());
    }
    going += &plan.shown();
    for Hook { file, line, text, .. } in &ours {
        going += &format!("  line {line} of {}: {text}\n", file.display());
    }
    let agents = super::hook::installed();
    if let Some(file) = agents.iter().find(|_| purge) {
        going += &format!("  our hook in {}\n", file.display());
    }
    if let Some(pid) = running {
        let pid = pid.map_or_else(String::new, |pid| format!(" {pid}"));
        going += &format!("  and ends process{pid}\n");
    }
    let mut staying = String::new();
    if installed.is_some() && !service {
        staying += &format!("  the service of another KAIROS_HOME: {}\n", manager.file.display());
    }
    if !purge {
        staying += &format!("  settings and data (`--purge` removes them): {}\n", paths.data.display());
    }
    for Hook { file, line, text, .. } in &others {
        staying += &format!("  {}:{line}: {}\n", file.display(), kairos_core::finding::one_line(text));
    }
    if let Some(file) = agents.iter().find(|_| !purge) {
        staying += &format!("  our hook (`kairos-run hook --uninstall claude`) in {}\n", file.display());
    }
    if paths.own_skills().is_dir() {
        staying += &format!("  your skills: {}\n", paths.own_skills().display());
    }
    if let Ok(program) = std::env::current_exe() {
        staying += &format!("  the program itself: {}\n", program.display());
    }
    if going.is_empty() {
        return view::print(&format!("There is nothing to remove.\n\nLeft to you:\n{staying}"));
    }
    view::print(&format!("This removes:\n{going}\nLeft to you:\n{staying}"))?;
    if !yes && !super::confirm("Remove it?")? {
        bail!("nothing was removed");
    }

    if service {
        manager.remove()?;
    }
    super::lifecycle::end(paths).await?;
    let mut failed = plan.carry_out();
    for file in ours.iter().map(|h| &h.file).collect::<BTreeSet<_>>() {
        if let Err(e) = shell_files::remove(file) {
            failed.push(format!("{}: {e}", file.display()));
        }
    }
    if let Some(file) = agents.iter().find(|_| purge)
        && let Err(e) = super::hook::remove(file)
    {
        failed.push(format!("{}: {e:#}", file.display()));
    }
    if failed.is_empty() {
        return view::print("\nRemoved.\n");
    }
    Err(advice(format!("not all could be removed:\n  {}", failed.join("\n  ")), "remove it by hand"))
}
