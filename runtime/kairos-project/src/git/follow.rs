//! Where a file or folder went that is no longer at its path, by the renames that commits show.

use super::log::PathFilter;
use super::{Git, Opened, failed};
use gix::ObjectId;
use gix::object::tree::diff::Change;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Renames of one path that are followed; a longer chain is a quarrel about names.
const MAX_HOPS: usize = 8;
/// Commits that are looked at for all hops together.
const MAX_STEPS: usize = 20_000;
/// Files of a folder that are asked where they went.
const MAX_FILES: usize = 20;
/// Added files that one that is gone is compared with.
const MAX_PAIRS: usize = 200;
/// Bigger files, in bytes, are only recognised by the same content.
const MAX_COMPARED: u64 = 1 << 20;
/// Bytes of trees that are kept decoded in the walk: most folders are the same from commit to commit.
const CACHE: usize = 16 << 20;
/// The longest that it may take: it is asked within a tick.
const FOLLOW_TIME: Duration = Duration::from_millis(500);

impl Git {
    /// What is in HEAD at that path or, by renames, was once: a file's path or a folder's. `None` for what was deleted, was never
    /// there or has no history that one could look at. `unavailable` where half a second was too short.
    pub(crate) fn became(&self, path: &str, stop: &AtomicBool) -> PortResult<Option<String>> {
        let found = self.open().and_then(|opened| Ok((opened.head_commit()?, opened)));
        let (head, mut opened) = match found {
            Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
            found => found?,
        };
        opened.repo.object_cache_size(CACHE);
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

    /// What the path is called after the change. A folder went where most of its files went under their old names.
    fn renamed(&self, old: ObjectId, new: ObjectId, path: &str) -> PortResult<Option<String>> {
        let tree = |id| self.opened.repo.find_commit(id).and_then(|commit| commit.tree()).map_err(wrong);
        let (old, new) = (tree(old)?, tree(new)?);
        let mut diff = old.changes().map_err(wrong)?;
        // Every pair would be compared to find all renames; here one file's is wanted.
        diff.options(|options| {
            options.track_path().track_rewrites(None);
        });
        let (mut deleted, mut added) = (Vec::new(), Vec::new());
        let walked = diff.for_each_to_obtain_tree(&new, |change| {
            match change {
                Change::Deletion { location, id, entry_mode, .. } if entry_mode.is_blob() => {
                    deleted.extend(File::new(location, id.detach()).filter(|file| is_at(&file.path, path)));
                }
                Change::Addition { location, id, entry_mode, .. } if entry_mode.is_blob() => {
                    added.extend(File::new(location, id.detach()));
                }
                _ => {}
            }
            Ok(if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        if self.stop.load(Ordering::Relaxed) {
            return Err(crate::took_too_long());
        }
        walked.map_err(wrong)?;
        let mut votes = BTreeMap::<String, usize>::new();
        for file in deleted.iter().take(MAX_FILES) {
            let Some(now) = self.most_alike(file, &added) else { continue };
            if file.path == path {
                return Ok(Some(now.to_owned()));
            }
            if let Some(folder) = now.strip_suffix(&file.path[path.len()..]) {
                *votes.entry(folder.to_owned()).or_default() += 1;
            }
        }
        Ok(votes.into_iter().max_by_key(|(_, files)| *files).map(|(folder, _)| folder))
    }

    /// The added file that at least half of the file's content went to; of equals the one whose path is most alike.
    fn most_alike<'f>(&self, file: &File, added: &'f [File]) -> Option<&'f str> {
        let suffix = |other: &File| file.path.bytes().rev().zip(other.path.bytes().rev()).take_while(|(a, b)| a == b).count();
        // All empty files are the same, and are told apart by their names.
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let is_it = |other: &&File| other.id == file.id && (!file.id.is_empty_blob() || name(&other.path) == name(&file.path));
        let same = added.iter().filter(is_it).max_by_key(|other| suffix(other));
        if let Some(same) = same {
            return Some(&same.path);
        }
        let content = self.lines(file.id)?;
        // Those with the same name are looked at first, should there be more than can be.
        let mut others: Vec<&File> = added.iter().collect();
        others.sort_by_key(|other| std::cmp::Reverse(suffix(other)));
        let alike = |other: &&'f File| Some((content.shared(&self.lines(other.id)?), suffix(other), *other));
        let best = others.iter().take(MAX_PAIRS).filter_map(alike).max_by_key(|(share, suffix, _)| (*share, *suffix))?;
        (best.0 >= 50).then_some(best.2.path.as_str())
    }

    fn lines(&self, id: ObjectId) -> Option<Lines> {
        if self.opened.repo.find_header(id).ok()?.size() > MAX_COMPARED || Instant::now() > self.deadline {
            return None;
        }
        let data = &self.opened.repo.find_object(id).ok()?.data;
        let mut lines = Lines { size: data.len(), bytes: HashMap::new() };
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            *lines.bytes.entry(hasher.finish()).or_default() += line.len();
        }
        Some(lines)
    }
}

/// Is the file at that path, or below it?
fn is_at(file: &str, path: &str) -> bool {
    file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A file that a commit added or deleted.
struct File {
    path: String,
    id: ObjectId,
}

impl File {
    fn new(path: &[u8], id: ObjectId) -> Option<Self> {
        Some(Self { path: std::str::from_utf8(path).ok()?.to_owned(), id })
    }
}

/// A file's lines by hash, with the bytes of each in all.
struct Lines {
    size: usize,
    bytes: HashMap<u64, usize>,
}

impl Lines {
    /// The share of the bytes of the bigger one that both have, in percent: how git tells renames, too.
    fn shared(&self, other: &Self) -> usize {
        let both = |(line, bytes): (&u64, &usize)| other.bytes.get(line).map_or(0, |others| *bytes.min(others));
        let both: usize = self.bytes.iter().map(both).sum();
        both * 100 / self.size.max(other.size).max(1)
    }
}

fn wrong(error: impl std::fmt::Display) -> PortError {
    failed("history", &error)
}
