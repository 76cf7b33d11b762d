//! What differs between HEAD, the index and the work tree.

use super::{Git, Opened, failed};
use crate::path::check_max;
use crate::took_too_long;
use gix::bstr::BString;
use gix::diff::index::Change as Staged;
use gix::status::index_worktree::iter::Summary;
use gix::status::{Item, Submodule, UntrackedFiles, tree_index::TrackRenames};
use gix::worktree::IndexPersistedOrInMemory;
use kairos_core::ports::{Change, ChangeKind, MAX_CHANGES, PortResult};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Files of which every pair is compared to find renames; beyond it only identical content counts as renamed.
const MAX_RENAMES: usize = 200;

impl Git {
    /// A conflicted path has both sides `conflicted`. A renamed one is listed under its new name. Untracked folders
    /// are listed by their files. A submodule is modified when another commit is checked out in it.
    pub(crate) fn changes(&self, max: u32, stop: Arc<AtomicBool>) -> PortResult<Vec<Change>> {
        check_max(max, MAX_CHANGES, "changes")?;
        let opened = self.open()?;
        let index = self.index(&opened)?;
        let mut changes = Changes { max: max as usize, paths: BTreeMap::new() };
        let items = opened
            .repo
            .status(gix::progress::Discard)
            .map_err(|error| failed("status", &error))?
            .index(IndexPersistedOrInMemory::Persisted(index))
            .untracked_files(UntrackedFiles::Files)
            .dirwalk_options(|options| options.empty_patterns_match_prefix(false).emit_ignored(None).emit_pruned(false))
            .index_worktree_rewrites(None)
            // Only the commit of a submodule is compared: a look inside would use its own configuration.
            .index_worktree_submodules(Submodule::Given { ignore: gix::submodule::config::Ignore::Dirty, check_dirty: true })
            .tree_index_track_renames(TrackRenames::Given(gix::diff::Rewrites { limit: MAX_RENAMES, ..Default::default() }))
            .should_interrupt_owned(stop.clone())
            .into_iter(patterns(&opened))
            .map_err(|error| failed("status", &error))?;
        for item in items {
            if stop.load(Ordering::Relaxed) {
                return Err(took_too_long());
            }
            changes.add(&opened, &item.map_err(|error| failed("status", &error))?);
        }
        Ok(changes.into_sorted())
    }
}

/// Limits the walk to the project's folder, with no character of it taken as a wildcard.
fn patterns(opened: &Opened) -> Option<BString> {
    let folder = opened.prefix.trim_end_matches('/');
    (!folder.is_empty()).then(|| format!(":(top,literal){folder}").into())
}

/// The first `max` changed paths. Items come in any order, and one path may come twice.
struct Changes {
    max: usize,
    paths: BTreeMap<String, (Option<ChangeKind>, Option<ChangeKind>)>,
}

impl Changes {
    fn add(&mut self, opened: &Opened, item: &Item) {
        let Some((staged, unstaged)) = kinds(item) else { return };
        let Some(path) = opened.project_path(item.location()) else { return };
        if path.is_empty() {
            return;
        }
        let full = self.paths.len() >= self.max && !self.paths.contains_key(path);
        if full && self.paths.last_key_value().is_some_and(|(last, _)| path > last.as_str()) {
            return;
        }
        let entry = self.paths.entry(path.to_owned()).or_default();
        if [entry.0, entry.1, staged, unstaged].contains(&Some(ChangeKind::Conflicted)) {
            *entry = (Some(ChangeKind::Conflicted), Some(ChangeKind::Conflicted));
        } else {
            *entry = (staged.or(entry.0), unstaged.or(entry.1));
        }
        if self.paths.len() > self.max {
            self.paths.pop_last();
        }
    }

    fn into_sorted(self) -> Vec<Change> {
        self.paths.into_iter().map(|(path, (staged, unstaged))| Change { path, staged, unstaged }).collect()
    }
}

fn kinds(item: &Item) -> Option<(Option<ChangeKind>, Option<ChangeKind>)> {
    Some(match item {
        Item::TreeIndex(change) => (Some(staged_kind(change)), None),
        Item::IndexWorktree(item) => match item.summary()? {
            Summary::Conflict => (Some(ChangeKind::Conflicted), Some(ChangeKind::Conflicted)),
            Summary::Removed => (None, Some(ChangeKind::Deleted)),
            Summary::Modified => (None, Some(ChangeKind::Modified)),
            Summary::TypeChange => (None, Some(ChangeKind::TypeChanged)),
            Summary::Added | Summary::Copied => (None, Some(ChangeKind::Untracked)),
            Summary::Renamed => (None, Some(ChangeKind::Renamed)),
            // `git add --intent-to-add`: its content isn't staged.
            Summary::IntentToAdd => (None, Some(ChangeKind::Added)),
        },
    })
}

fn staged_kind(change: &Staged) -> ChangeKind {
    match change {
        Staged::Addition { .. } => ChangeKind::Added,
        Staged::Deletion { .. } => ChangeKind::Deleted,
        Staged::Modification { previous_entry_mode, entry_mode, .. } => {
            // The bits above the permissions say file, link or submodule.
            if previous_entry_mode.bits() >> 12 == entry_mode.bits() >> 12 {
                ChangeKind::Modified
            } else {
                ChangeKind::TypeChanged
            }
        }
        Staged::Rewrite { copy: true, .. } => ChangeKind::Added,
        Staged::Rewrite { .. } => ChangeKind::Renamed,
    }
}
