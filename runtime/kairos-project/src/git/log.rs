//! The history from HEAD.

use super::{Git, Opened, failed};
use crate::path::{check_max, cut};
use crate::{CALL_TIME, took_too_long};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use kairos_core::ports::{Commit, MAX_COMMITS, PortResult};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Bytes of a commit's body.
const MAX_BODY: usize = 8 * 1024;
/// Bytes of a summary, and of an author.
const MAX_LINE: usize = 1024;
/// Remembered entries of one path; a walk meets a commit soon after its children.
const MAX_REMEMBERED: usize = 4096;

impl Git {
    /// With a path, a commit is listed if what the path holds differs from all parents'. When there is more history
    /// than can be looked at in the time of a call, the newest that were found are the answer.
    pub(crate) fn log(&self, max: u32, path: Option<&str>, stop: &AtomicBool) -> PortResult<Vec<Commit>> {
        check_max(max, MAX_COMMITS, "commits")?;
        let opened = self.open()?;
        let head = opened.repo.head().map_err(|error| failed("HEAD", &error))?;
        let Some(head) = head.id() else { return Ok(Vec::new()) };
        let walk = opened
            .repo
            .rev_walk([head.detach()])
            .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
            .all()
            .map_err(|error| failed("history", &error))?;
        let mut filter = path.map(|path| opened.repo_path(path)).filter(|path| !path.is_empty()).map(PathFilter::new);
        let mut commits = Vec::new();
        // Early enough to hand out what was found before the call's time is up.
        let deadline = Instant::now() + CALL_TIME * 8 / 10;
        for step in walk {
            if stop.load(Ordering::Relaxed) || Instant::now() > deadline {
                if commits.is_empty() {
                    return Err(took_too_long());
                }
                break;
            }
            let step = step.map_err(|error| failed("history", &error))?;
            if let Some(filter) = &mut filter
                && !filter.changed(&opened, step.id, &step.parent_ids)
            {
                continue;
            }
            commits.push(read_commit(&opened, step.id)?);
            if commits.len() >= max as usize {
                break;
            }
        }
        Ok(commits)
    }
}

pub(super) fn read_commit(opened: &Opened, id: ObjectId) -> PortResult<Commit> {
    let wrong = |error: gix::Error| failed("history", &error);
    let commit = opened.repo.find_commit(id).map_err(wrong)?;
    let author = commit.author().map_err(wrong)?;
    let author = format!("{} <{}>", author.name.to_str_lossy().trim(), author.email.to_str_lossy().trim());
    let time = commit.time().map_err(wrong)?;
    let message = commit.message_raw_sloppy().to_str_lossy();
    let message = message.trim_start_matches('\n');
    let (summary, body) = message.split_once('\n').unwrap_or((message, ""));
    Ok(Commit {
        id: id.to_string(),
        author: cut(&author, MAX_LINE).to_owned(),
        time: time.seconds.max(0) as u64 * 1000,
        summary: cut(summary.trim_end(), MAX_LINE).to_owned(),
        body: cut(body.trim_matches('\n'), MAX_BODY).to_owned(),
    })
}

/// Remembers what a path holds in commits, because each is asked for as itself and as a parent.
pub(super) struct PathFilter {
    path: String,
    known: HashMap<ObjectId, Option<ObjectId>>,
}

impl PathFilter {
    pub(super) fn new(path: String) -> Self {
        Self { path, known: HashMap::new() }
    }

    fn changed(&mut self, opened: &Opened, id: ObjectId, parents: &[ObjectId]) -> bool {
        let own = self.entry(opened, id);
        self.known.remove(&id);
        if parents.is_empty() {
            return own.is_some();
        }
        parents.iter().all(|parent| self.entry(opened, *parent) != own)
    }

    /// Does the commit lack what all of its parents have?
    pub(super) fn vanished(&mut self, opened: &Opened, id: ObjectId, parents: &[ObjectId]) -> bool {
        self.entry(opened, id).is_none() && self.changed(opened, id, parents)
    }

    fn entry(&mut self, opened: &Opened, id: ObjectId) -> Option<ObjectId> {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let find = || -> Option<ObjectId> {
            let tree = opened.repo.find_commit(id).ok()?.tree().ok()?;
            Some(tree.lookup_entry_by_path(Path::new(&self.path)).ok()??.object_id())
        };
        let entry = find();
        if self.known.len() >= MAX_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, entry);
        entry
    }
}
