//! What changed, line by line: computed from the contents, so that nothing which a repository names is run for it.

use super::changes::committed;
use super::log::read_commit;
use super::versions::{blob_size, committed_blob};
use super::{Opened, failed};
use crate::path::normalise;
use crate::{Inner, took_too_long};
use gix::ObjectId;
use kairos_core::ports::{
    Change, ChangeKind, Comparison, FileKind, FilePatch, MAX_CHANGES, MAX_PATCH_FILES, MAX_READ, Patch, PortResult, Shown,
    Version, Withheld,
};
use kairos_core::{ErrorCode, PortError};
use similar::{ChangeTag, TextDiff};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes of the hunks of all files, and of one.
const MAX_HUNKS: usize = 192 << 10;
const MAX_FILE_HUNKS: usize = 64 << 10;
/// So long for all files: enough of a call's time is left for the walk before.
const TIME: Duration = Duration::from_secs(5);
/// After it a difference is one of the right ones, but not the shortest.
const FILE_TIME: Duration = Duration::from_millis(500);
/// Paths that can be named.
const MAX_PATHS: usize = 1000;
/// Bytes of a revision's name.
const MAX_REVISION: usize = 256;

/// Where a content is.
#[derive(Clone, Copy)]
pub(super) enum Side {
    /// In a commit; in none.
    Commit(Option<ObjectId>),
    Index,
    Work,
}

impl Inner {
    pub(crate) fn git_diff(&self, what: Comparison, paths: &[String], stop: Arc<AtomicBool>) -> PortResult<Patch> {
        let below = Below::new(paths)?;
        let since = match what {
            Comparison::Unstaged => Version::Index,
            Comparison::Staged | Comparison::Head => Version::Head,
            Comparison::BranchPoint => Version::BranchPoint,
        };
        let changes = self.git.changes(since, MAX_CHANGES, stop.clone())?;
        let opened = self.git.open()?;
        // Before the first commit, all is new.
        let head = Side::Commit(opened.head_commit().ok());
        let (old, new) = match what {
            Comparison::Unstaged => (Side::Index, Side::Work),
            Comparison::Staged => (head, Side::Index),
            Comparison::Head => (head, Side::Work),
            Comparison::BranchPoint => (Side::Commit(Some(self.git.branch_point(&opened)?)), Side::Work),
        };
        Differ::new(self, &opened, old, new).all(changes.iter().filter_map(|c| Some((c, kind(c, what)?))), &below, &stop)
    }

    pub(crate) fn git_show(&self, revision: &str, paths: &[String], stop: &AtomicBool) -> PortResult<Shown> {
        let below = Below::new(paths)?;
        let opened = self.git.open()?;
        let id = resolve(&opened, revision)?;
        let commit = opened.repo.find_commit(id).map_err(|error| failed("history", &error))?;
        let parents: Vec<ObjectId> = commit.parent_ids().map(gix::Id::detach).collect();
        let first = parents.first().copied();
        let changes = committed(&opened, first, id, MAX_CHANGES, stop)?;
        let (old, new) = (Side::Commit(first), Side::Commit(Some(id)));
        let differ = Differ::new(self, &opened, old, new);
        let patch = differ.all(changes.iter().filter_map(|c| Some((c, c.committed?))), &below, stop)?;
        Ok(Shown { commit: read_commit(&opened, id)?, parents: parents.iter().map(ToString::to_string).collect(), patch })
    }
}

/// Names of commits alone, none of the forms that search the history or read a log.
fn resolve(opened: &Opened, revision: &str) -> PortResult<ObjectId> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || ":{}".contains(c);
    if revision.is_empty() || revision.len() > MAX_REVISION || revision.contains(is_odd) {
        let text = "a commit is named by a hash, a branch, a tag or `HEAD`, with `~N` or `^N` behind it";
        return Err(PortError::new(ErrorCode::Invalid, text));
    }
    let found = opened.repo.rev_parse_single(revision).ok().and_then(|id| id.object().ok()?.peel_to_commit().ok());
    let no_such = || PortError::new(ErrorCode::NotFound, format!("there is no commit `{revision}`, or more than one"));
    found.map(|commit| commit.id).ok_or_else(no_such)
}

/// The paths that are asked for; none for all.
pub(super) struct Below(Vec<String>);

impl Below {
    pub(super) fn new(paths: &[String]) -> PortResult<Self> {
        if paths.len() > MAX_PATHS {
            return Err(PortError::new(ErrorCode::Invalid, format!("at most {MAX_PATHS} paths can be named")));
        }
        let mut paths = paths.iter().map(|path| normalise(path)).collect::<PortResult<Vec<_>>>()?;
        if paths.iter().any(String::is_empty) {
            paths.clear();
        }
        Ok(Self(paths))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        let is_below = |folder: &String| path.strip_prefix(folder.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        self.0.is_empty() || self.0.iter().any(is_below)
    }
}

/// What became of a file over all steps that are compared; none where nothing did.
pub(super) fn kind(change: &Change, what: Comparison) -> Option<ChangeKind> {
    let Change { committed, staged, unstaged, .. } = *change;
    let steps = match what {
        Comparison::Unstaged => [None, None, unstaged],
        Comparison::Staged => [None, staged, None],
        Comparison::Head => [None, staged, unstaged],
        Comparison::BranchPoint => [committed, staged, unstaged],
    };
    let steps: Vec<ChangeKind> = steps.into_iter().flatten().filter(|kind| *kind != ChangeKind::Untracked).collect();
    let (first, last) = (*steps.first()?, *steps.last()?);
    match (first, last) {
        _ if steps.contains(&ChangeKind::Conflicted) => Some(ChangeKind::Conflicted),
        (ChangeKind::Added, ChangeKind::Deleted) => None,
        (_, ChangeKind::Deleted) => Some(ChangeKind::Deleted),
        (ChangeKind::Added, _) => Some(ChangeKind::Added),
        _ if steps.contains(&ChangeKind::Renamed) => Some(ChangeKind::Renamed),
        _ => Some(last),
    }
}

pub(super) struct Differ<'a> {
    inner: &'a Inner,
    opened: &'a Opened,
    old: Side,
    new: Side,
    /// Bytes of hunks that there is room for.
    left: usize,
    end: Instant,
}

impl<'a> Differ<'a> {
    pub(super) fn new(inner: &'a Inner, opened: &'a Opened, old: Side, new: Side) -> Self {
        Self { inner, opened, old, new, left: MAX_HUNKS, end: Instant::now() + TIME }
    }

    pub(super) fn all<'c>(
        mut self,
        changes: impl Iterator<Item = (&'c Change, ChangeKind)>,
        below: &Below,
        stop: &AtomicBool,
    ) -> PortResult<Patch> {
        let mut patch = Patch::default();
        for (change, kind) in changes {
            let renamed_from = change.renamed_from.clone().filter(|_| kind == ChangeKind::Renamed);
            if !below.has(&change.path) && !renamed_from.as_ref().is_some_and(|old| below.has(old)) {
                continue;
            }
            if patch.files.len() == MAX_PATCH_FILES {
                patch.more = true;
                break;
            }
            if stop.load(Ordering::Relaxed) {
                return Err(took_too_long());
            }
            patch.files.push(self.one(change.path.clone(), renamed_from, kind));
        }
        Ok(patch)
    }

    fn one(&mut self, path: String, renamed_from: Option<String>, kind: ChangeKind) -> FilePatch {
        let texts = self.texts(&path, renamed_from.as_deref(), kind);
        let mut file = FilePatch { path, renamed_from, kind, added: 0, removed: 0, hunks: String::new(), withheld: None };
        let left = self.end.saturating_duration_since(Instant::now());
        match texts {
            Err(why) => file.withheld = Some(why),
            Ok(_) if left.is_zero() => file.withheld = Some(Withheld::Cut),
            Ok((old, new)) => {
                // A line ends where git says that it does.
                let (old, new): (Vec<&str>, Vec<&str>) =
                    (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
                let diff = TextDiff::configure().newline_terminated(true).timeout(FILE_TIME.min(left)).diff_slices(&old, &new);
                for change in diff.iter_all_changes() {
                    match change.tag() {
                        ChangeTag::Insert => file.added += 1,
                        ChangeTag::Delete => file.removed += 1,
                        ChangeTag::Equal => {}
                    }
                }
                file.hunks = diff.unified_diff().context_radius(3).to_string();
                let room = MAX_FILE_HUNKS.min(self.left);
                if file.hunks.len() > room {
                    let end = file.hunks.floor_char_boundary(room);
                    file.hunks.truncate(file.hunks[..end].rfind('\n').map_or(0, |line| line + 1));
                    file.withheld = Some(Withheld::Cut);
                }
                self.left -= file.hunks.len();
            }
        }
        file
    }

    fn texts(&self, path: &str, renamed_from: Option<&str>, kind: ChangeKind) -> Result<(String, String), Withheld> {
        let old_path = renamed_from.unwrap_or(path);
        if [path, old_path].iter().any(|path| self.inner.content_path(path).is_err()) {
            return Err(Withheld::Private);
        }
        let old = if kind == ChangeKind::Added { Vec::new() } else { self.content(self.old, old_path)? };
        let new = if kind == ChangeKind::Deleted { Vec::new() } else { self.content(self.new, path)? };
        // Where git looks for it, too.
        let is_binary = |bytes: &[u8]| bytes[..bytes.len().min(8000)].contains(&0);
        if is_binary(&old) || is_binary(&new) {
            return Err(Withheld::Binary);
        }
        let text = |bytes| String::from_utf8(bytes).map_err(|_| Withheld::Binary);
        Ok((text(old)?, text(new)?))
    }

    fn content(&self, side: Side, path: &str) -> Result<Vec<u8>, Withheld> {
        let unreadable = |_| Withheld::Unreadable;
        let id = match side {
            Side::Work => {
                let info = self.inner.stat(path).map_err(unreadable)?;
                return match info.kind {
                    FileKind::File if info.size > u64::from(MAX_READ) => Err(Withheld::TooLarge),
                    FileKind::File => self.inner.read(path, 0, MAX_READ).map_err(unreadable),
                    _ => Err(Withheld::Unreadable),
                };
            }
            Side::Index => self.inner.git.staged_blob(self.opened, path),
            Side::Commit(Some(commit)) => committed_blob(self.opened, commit, Version::Head, path),
            Side::Commit(None) => return Ok(Vec::new()),
        };
        let id = id.map_err(unreadable)?;
        if blob_size(self.opened, id, path).map_err(unreadable)? > u64::from(MAX_READ) {
            return Err(Withheld::TooLarge);
        }
        Ok(self.opened.repo.find_object(id).map_err(|_| Withheld::Unreadable)?.data.clone())
    }
}
