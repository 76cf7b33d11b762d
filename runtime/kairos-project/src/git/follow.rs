//! Where a file or folder went that is no longer at its path, by the renames that commits show.

use super::changes::renames;
use super::log::PathFilter;
use super::{Git, Opened, failed};
use gix::ObjectId;
use gix::object::tree::diff::Change;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Renames of one path that are followed; a longer chain is a quarrel about names.
const MAX_HOPS: usize = 8;
/// Commits that are looked at for all hops together.
const MAX_STEPS: usize = 20_000;
/// The longest that it may take: it is asked within a tick.
const FOLLOW_TIME: Duration = Duration::from_millis(500);

impl Git {
    /// What is in HEAD at that path or, by renames, was once: a file's path or a folder's. `None` for what was deleted, was never
    /// there or has no history that one could look at. `unavailable` where half a second was too short.
    pub(crate) fn became(&self, path: &str, stop: &AtomicBool) -> PortResult<Option<String>> {
        let found = self.open().and_then(|opened| Ok((opened.head_commit()?, opened)));
        let (head, opened) = match found {
            Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
            found => found?,
        };
        let mut follow = Follow { opened: &opened, head, stop, steps: 0, deadline: Instant::now() + FOLLOW_TIME };
        let (mut path, mut seen) = (opened.repo_path(path), HashSet::new());
        while follow.is_missing(&path)? {
            if seen.len() >= MAX_HOPS || !seen.insert(path.clone()) {
                return Ok(None);
            }
            let Some((old, new)) = follow.vanished(&path)? else { return Ok(None) };
            let Some(next) = follow.renamed(old, new, &path)? else { return Ok(None) };
            path = next;
        }
        Ok(opened.project_path(path.as_bytes()).map(str::to_owned))
    }
}

struct Follow<'a> {
    opened: &'a Opened,
    head: ObjectId,
    stop: &'a AtomicBool,
    steps: usize,
    deadline: Instant,
}

impl Follow<'_> {
    fn is_missing(&self, path: &str) -> PortResult<bool> {
        let tree = self.opened.repo.find_commit(self.head).and_then(|commit| commit.tree()).map_err(wrong)?;
        Ok(tree.lookup_entry(path.split('/').map(str::as_bytes)).map_err(wrong)?.is_none())
    }

    /// The newest commit that lacks what all its parents have, behind the first of these.
    fn vanished(&mut self, path: &str) -> PortResult<Option<(ObjectId, ObjectId)>> {
        let order = Sorting::ByCommitTime(CommitTimeOrder::NewestFirst);
        let walk = self.opened.repo.rev_walk([self.head]).sorting(order).all().map_err(wrong)?;
        let mut filter = PathFilter::new(path.to_owned());
        for step in walk {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Ok(None);
            }
            if self.stop.load(Ordering::Relaxed) || Instant::now() > self.deadline {
                return Err(PortError::new(ErrorCode::Unavailable, "there was no time to follow a rename through the history"));
            }
            let step = step.map_err(wrong)?;
            if let Some(parent) = step.parent_ids.first()
                && filter.vanished(self.opened, step.id, &step.parent_ids)
            {
                return Ok(Some((*parent, step.id)));
            }
        }
        Ok(None)
    }

    /// What the path is called after the change. A folder went where most of its renamed files went under their old names.
    fn renamed(&self, old: ObjectId, new: ObjectId, path: &str) -> PortResult<Option<String>> {
        let tree = |id| self.opened.repo.find_commit(id).and_then(|commit| commit.tree()).map_err(wrong);
        let (old, new) = (tree(old)?, tree(new)?);
        let mut diff = old.changes().map_err(wrong)?;
        diff.options(|options| {
            options.track_path().track_rewrites(Some(renames()));
        });
        let (mut file, mut folders) = (None, BTreeMap::<String, usize>::new());
        let walked = diff.for_each_to_obtain_tree(&new, |change| {
            if let Change::Rewrite { copy: false, source_location, location, entry_mode, .. } = change
                && !entry_mode.is_tree()
                && let (Ok(from), Ok(to)) = (std::str::from_utf8(source_location), std::str::from_utf8(location))
            {
                if from == path {
                    file = Some(to.to_owned());
                } else if let Some(name) = from.strip_prefix(path).filter(|rest| rest.starts_with('/'))
                    && let Some(folder) = to.strip_suffix(name)
                {
                    *folders.entry(folder.to_owned()).or_default() += 1;
                }
            }
            Ok(if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        if self.stop.load(Ordering::Relaxed) {
            return Err(crate::took_too_long());
        }
        walked.map_err(wrong)?;
        Ok(file.or_else(|| folders.into_iter().max_by_key(|(_, files)| *files).map(|(folder, _)| folder)))
    }
}

fn wrong(error: impl std::fmt::Display) -> PortError {
    failed("history", &error)
}
