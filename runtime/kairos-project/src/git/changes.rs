//! What differs between a recorded version and the work tree.

use super::{Git, Opened, failed};
use crate::path::check_max;
use crate::took_too_long;
use gix::bstr::BString;
use gix::diff::Rewrites;
use gix::diff::index::Change as Staged;
use gix::object::tree::diff::Change as Committed;
use gix::status::index_worktree::iter::Summary;
use gix::status::{Item, Submodule, UntrackedFiles, tree_index::TrackRenames};
use gix::worktree::IndexPersistedOrInMemory;
use kairos_core::ports::{Change, ChangeKind, MAX_CHANGES, PortResult, Version};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Deref};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Files of which every pair is compared to find renames; beyond it only identical content counts as renamed.
const MAX_RENAMES: usize = 200;

impl Git {
    /// Against the index, a conflicted path is conflicted in the work tree; against anything else, on both sides. A
    /// renamed path is listed under its new name. Untracked folders are listed by their files. A submodule is modified
    /// when another commit is checked out in it.
    pub(crate) fn changes(&self, since: Version, max: u32, stop: Arc<AtomicBool>) -> PortResult<Vec<Change>> {
        check_max(max, MAX_CHANGES, "changes")?;
        if since == Version::BranchPoint {
            return self.since_branch_point(max, &stop, || self.changes(Version::Head, max, stop.clone()));
        }
        let opened = self.open()?;
        let mut changes = Changes { max: max as usize, paths: BTreeMap::new() };
        let status = opened
            .repo
            .status(gix::progress::Discard)
            .map_err(|error| failed("status", &error))?
            .index(IndexPersistedOrInMemory::Persisted(self.index(&opened)?))
            .untracked_files(UntrackedFiles::Files)
            .dirwalk_options(|options| options.empty_patterns_match_prefix(false).emit_ignored(None).emit_pruned(false))
            .index_worktree_rewrites(None)
            // Only the commit of a submodule is compared: a look inside would use its own configuration.
            .index_worktree_submodules(Submodule::Given { ignore: gix::submodule::config::Ignore::Dirty, check_dirty: true })
            .tree_index_track_renames(TrackRenames::Given(renames()))
            .should_interrupt_owned(stop.clone());
        let (patterns, wrong) = (patterns(&opened), |error: gix::Error| failed("status", &error));
        if since == Version::Index {
            let items = status.into_index_worktree_iter(patterns).map_err(wrong)?;
            changes.add_all(&opened, items.map(|item| item.map(Item::IndexWorktree)), &stop)?;
            return Ok(since_index(&changes.into_sorted()));
        }
        changes.add_all(&opened, status.into_iter(patterns).map_err(wrong)?, &stop)?;
        Ok(changes.into_sorted())
    }

    /// What the branch committed, and the first `max` changes since HEAD, which are asked for if there is a branch point.
    pub(super) fn since_branch_point<C: Deref<Target = [Change]>>(
        &self,
        max: u32,
        stop: &AtomicBool,
        since_head: impl FnOnce() -> PortResult<C>,
    ) -> PortResult<Vec<Change>> {
        let opened = self.open()?;
        let point = self.branch_point(&opened)?;
        let kinds =
            |c: &Change| Kinds { renamed_from: c.renamed_from.clone(), committed: None, staged: c.staged, unstaged: c.unstaged };
        let paths = since_head()?.iter().map(|c| (c.path.clone(), kinds(c))).collect();
        let mut changes = Changes { max: max as usize, paths };
        changes.add_committed(&opened, Some(point), opened.head_commit()?, stop)?;
        Ok(changes.into_sorted())
    }
}

/// What the commits behind `old` up to `new` changed; all that is in `new` where `old` is nothing. The first `max`.
pub(super) fn committed(
    opened: &Opened,
    old: Option<gix::ObjectId>,
    new: gix::ObjectId,
    max: u32,
    stop: &AtomicBool,
) -> PortResult<Vec<Change>> {
    let mut changes = Changes { max: max as usize, paths: BTreeMap::new() };
    changes.add_committed(opened, old, new, stop)?;
    Ok(changes.into_sorted())
}

/// What of the changes since HEAD is not staged.
pub(super) fn since_index(since_head: &[Change]) -> Vec<Change> {
    let of_index = |c: &Change| c.unstaged.map(|_| Change { renamed_from: None, staged: None, ..c.clone() });
    since_head.iter().filter_map(of_index).collect()
}

fn renames() -> Rewrites {
    Rewrites { limit: MAX_RENAMES, ..Default::default() }
}

/// Limits the walk to the project's folder, with no character of it taken as a wildcard.
fn patterns(opened: &Opened) -> Option<BString> {
    let folder = opened.prefix.trim_end_matches('/');
    (!folder.is_empty()).then(|| format!(":(top,literal){folder}").into())
}

/// What is known of a path.
#[derive(Default)]
struct Kinds {
    /// At most one step can tell of a rename: what it makes wasn't there before.
    renamed_from: Option<String>,
    committed: Option<ChangeKind>,
    staged: Option<ChangeKind>,
    unstaged: Option<ChangeKind>,
}

/// The first `max` changed paths. Items come in any order, and one path may come several times.
struct Changes {
    max: usize,
    paths: BTreeMap<String, Kinds>,
}

impl Changes {
    /// What the commits from `old` to `new` changed in the project's folder.
    fn add_committed(
        &mut self,
        opened: &Opened,
        old: Option<gix::ObjectId>,
        new: gix::ObjectId,
        stop: &AtomicBool,
    ) -> PortResult<()> {
        if old == Some(new) {
            return Ok(());
        }
        let wrong = |error: gix::Error| failed("history", &error);
        let tree = |commit| folder(opened, commit).map_err(wrong);
        let (old, new) = (old.map_or_else(|| Ok(opened.repo.empty_tree()), tree)?, tree(new)?);
        let mut diff = old.changes().map_err(wrong)?;
        diff.options(|options| {
            options.track_path().track_rewrites(Some(renames()));
        });
        let walked = diff.for_each_to_obtain_tree(&new, |change| {
            if let (kind, Some(path)) = (committed_kind(&change), file(&change)) {
                let renamed_from = match change {
                    Committed::Rewrite { copy: false, source_location, .. } => text(source_location).map(str::to_owned),
                    _ => None,
                };
                self.add(path, Kinds { renamed_from, committed: Some(kind), ..Kinds::default() });
            }
            Ok(if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        if stop.load(Ordering::Relaxed) {
            return Err(took_too_long());
        }
        walked.map(drop).map_err(wrong)
    }

    fn add_all(&mut self, opened: &Opened, items: impl Iterator<Item = gix::Result<Item>>, stop: &AtomicBool) -> PortResult<()> {
        for item in items {
            if stop.load(Ordering::Relaxed) {
                return Err(took_too_long());
            }
            let item = item.map_err(|error| failed("status", &error))?;
            if let (Some(kinds), Some(path)) = (kinds(opened, &item), opened.project_path(item.location())) {
                self.add(path, kinds);
            }
        }
        // A walk that is stopped ends as if it were complete.
        if stop.load(Ordering::Relaxed) { Err(took_too_long()) } else { Ok(()) }
    }

    fn add(&mut self, path: &str, new: Kinds) {
        let full = self.paths.len() >= self.max && !self.paths.contains_key(path);
        if path.is_empty() || full && self.paths.last_key_value().is_some_and(|(last, _)| path > last.as_str()) {
            return;
        }
        let kinds = self.paths.entry(path.to_owned()).or_default();
        kinds.renamed_from = new.renamed_from.or(kinds.renamed_from.take());
        kinds.committed = new.committed.or(kinds.committed);
        if [kinds.staged, kinds.unstaged, new.staged, new.unstaged].contains(&Some(ChangeKind::Conflicted)) {
            (kinds.staged, kinds.unstaged) = (Some(ChangeKind::Conflicted), Some(ChangeKind::Conflicted));
        } else {
            (kinds.staged, kinds.unstaged) = (new.staged.or(kinds.staged), new.unstaged.or(kinds.unstaged));
        }
        if self.paths.len() > self.max {
            self.paths.pop_last();
        }
    }

    fn into_sorted(self) -> Vec<Change> {
        let change = |(path, Kinds { renamed_from, committed, staged, unstaged })| Change {
            path,
            renamed_from,
            committed,
            staged,
            unstaged,
        };
        self.paths.into_iter().map(change).collect()
    }
}

/// The tree of the project's folder in a commit; an empty one where it isn't there.
fn folder<'repo>(opened: &'repo Opened, commit: gix::ObjectId) -> gix::Result<gix::Tree<'repo>> {
    let tree = opened.repo.find_commit(commit)?.tree()?;
    let path = opened.prefix.trim_end_matches('/');
    if path.is_empty() {
        return Ok(tree);
    }
    match tree.lookup_entry(path.split('/').map(str::as_bytes))? {
        Some(entry) if entry.mode().is_tree() => opened.repo.find_tree(entry.object_id()),
        _ => Ok(opened.repo.empty_tree()),
    }
}

fn text(path: &gix::bstr::BStr) -> Option<&str> {
    std::str::from_utf8(path).ok()
}

/// The path of what changed in a commit; none for folders, whose files are told one by one, and for what is not UTF-8.
fn file<'a>(change: &'a Committed) -> Option<&'a str> {
    if change.entry_mode().is_tree() { None } else { text(change.location()) }
}

fn committed_kind(change: &Committed) -> ChangeKind {
    match change {
        Committed::Addition { .. } => ChangeKind::Added,
        Committed::Deletion { .. } => ChangeKind::Deleted,
        Committed::Modification { previous_entry_mode: old, entry_mode: new, .. } => modified(old.value(), new.value()),
        Committed::Rewrite { copy: true, .. } => ChangeKind::Added,
        Committed::Rewrite { .. } => ChangeKind::Renamed,
    }
}

fn kinds(opened: &Opened, item: &Item) -> Option<Kinds> {
    let renamed_from = match item {
        Item::TreeIndex(Staged::Rewrite { copy: false, source_location, .. }) => opened.project_path(source_location),
        _ => None,
    };
    let (staged, unstaged) = match item {
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
    };
    Some(Kinds { renamed_from: renamed_from.map(str::to_owned), committed: None, staged, unstaged })
}

fn staged_kind(change: &Staged) -> ChangeKind {
    match change {
        Staged::Addition { .. } => ChangeKind::Added,
        Staged::Deletion { .. } => ChangeKind::Deleted,
        Staged::Modification { previous_entry_mode: old, entry_mode: new, .. } => modified(old.bits(), new.bits()),
        Staged::Rewrite { copy: true, .. } => ChangeKind::Added,
        Staged::Rewrite { .. } => ChangeKind::Renamed,
    }
}

/// The bits of a mode above the permissions say file, link or submodule.
fn modified<M: Into<u32>>(old: M, new: M) -> ChangeKind {
    if old.into() >> 12 == new.into() >> 12 { ChangeKind::Modified } else { ChangeKind::TypeChanged }
}
