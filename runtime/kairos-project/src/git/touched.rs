//! Which files a commit changed.

use super::{Git, Opened, failed};
use gix::ObjectId;
use gix::object::tree::diff::Change;
use kairos_core::ports::{Commit, PortResult};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most files of one commit: one that changes more says nothing about what belongs together.
const MAX_FILES: usize = 200;

impl Git {
    /// The newest commits, each with the files that it changed against its first parent; none for one that changed more than 200.
    pub(crate) fn log_with_files(&self, max: u32, stop: &AtomicBool) -> PortResult<Vec<(Commit, Vec<String>)>> {
        let commits = self.log(max, None, stop)?;
        let opened = self.open()?;
        let mut out = Vec::with_capacity(commits.len());
        for commit in commits {
            if stop.load(Ordering::Relaxed) {
                return Err(crate::took_too_long());
            }
            let files = ObjectId::from_hex(commit.id.as_bytes()).map_or_else(|_| Ok(vec![]), |id| files(&opened, id))?;
            out.push((commit, files));
        }
        Ok(out)
    }
}

fn files(opened: &Opened, id: ObjectId) -> PortResult<Vec<String>> {
    let wrong = |error: &dyn std::fmt::Display| failed("history", &error);
    let commit = opened.repo.find_commit(id).map_err(|e| wrong(&e))?;
    let new = commit.tree().map_err(|e| wrong(&e))?;
    let old = match commit.parent_ids().next() {
        Some(parent) => opened.repo.find_commit(parent.detach()).and_then(|c| c.tree()).map_err(|e| wrong(&e))?,
        None => opened.repo.empty_tree(),
    };
    let mut files = vec![];
    let mut diff = old.changes().map_err(|e| wrong(&e))?;
    diff.options(|options| {
        options.track_path().track_rewrites(None);
    });
    let walked = diff.for_each_to_obtain_tree(&new, |change: Change<'_, '_, '_>| {
        if !change.entry_mode().is_tree() {
            files.extend(opened.project_path(change.location()).map(str::to_owned));
        }
        Ok(if files.len() > MAX_FILES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    if files.len() > MAX_FILES {
        return Ok(vec![]);
    }
    walked.map_err(|e| wrong(&e))?;
    files.sort();
    Ok(files)
}
