//! The branch, the operation under way, the upstream, the stashes: all that needs no walk of the work tree.

use super::{Git, Opened, failed, lock};
use crate::path::cut;
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::refs::FullName;
use gix::state::InProgress;
use kairos_core::Millis;
use kairos_core::ports::{GitSnapshot, IndexStamp, PortResult, Repository, Stash};
use std::collections::{BinaryHeap, HashMap};
use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

/// Commits that are counted at most.
const MAX_COUNT: u32 = 1000;
/// Commits that are looked at for counting; past it the numbers are what was seen so far.
const MAX_VISITED: usize = 10_000;
/// Stashes that are listed, and entries of the log that are counted.
const MAX_STASHES: usize = 100;
/// Bytes of a stash's message.
const MAX_MESSAGE: usize = 1024;

/// How far two commits are apart; asked again at each glance, so the last answer is kept.
pub(crate) struct Divergence {
    head: ObjectId,
    upstream: ObjectId,
    counts: (u32, u32),
}

/// What status and snapshot share.
struct Head {
    branch: Option<String>,
    head: Option<ObjectId>,
    operation: Option<&'static str>,
    upstream: Option<String>,
    counts: (u32, u32),
}

impl Git {
    pub(crate) fn status(&self) -> PortResult<Repository> {
        let opened = self.open()?;
        let head = self.head(&opened)?;
        Ok(Repository {
            branch: head.branch,
            head: head.head.map(|id| id.to_string()),
            operation: head.operation.map(str::to_owned),
            operation_since: head.operation.and_then(|operation| since(&opened, operation)),
            upstream: head.upstream,
            ahead: head.counts.0,
            behind: head.counts.1,
            stashes: stashes(&opened),
        })
    }

    pub(crate) fn snapshot(&self) -> Option<GitSnapshot> {
        self.forget_old_index();
        let opened = self.open().ok()?;
        let head = self.head(&opened).ok()?;
        Some(GitSnapshot {
            branch: head.branch,
            head: head.head.map(|id| id.to_string()),
            operation: head.operation.map(str::to_owned),
            upstream: head.upstream,
            ahead: head.counts.0,
            behind: head.counts.1,
            stash_count: stashes(&opened).len() as u32,
            index_stamp: opened.repo.index_path().metadata().ok().map(|metadata| stamp(&metadata)),
        })
    }

    fn head(&self, opened: &Opened) -> PortResult<Head> {
        let repo = &opened.repo;
        let head = repo.head().map_err(|error| failed("HEAD", &error))?;
        let name = head.referent_name().map(ToOwned::to_owned);
        let id = head.id().map(gix::Id::detach);
        let upstream = name.as_ref().and_then(|name| upstream_of(repo, name));
        let mut counts = (0, 0);
        if let (Some(head), Some(upstream)) = (id, &upstream)
            && let Some(other) = repo.try_find_reference(upstream.as_ref()).ok().flatten()
            && let Ok(other) = other.into_fully_peeled_id()
        {
            counts = self.divergence(repo, head, other.detach());
        }
        Ok(Head {
            branch: name.map(|name| name.shorten().to_str_lossy().into_owned()),
            head: id,
            operation: repo.state().map(operation_name),
            upstream: upstream.map(|name| name.shorten().to_str_lossy().into_owned()),
            counts,
        })
    }

    fn divergence(&self, repo: &gix::Repository, head: ObjectId, upstream: ObjectId) -> (u32, u32) {
        let mut last = lock(&self.divergence);
        if let Some(last) = &*last
            && last.head == head
            && last.upstream == upstream
        {
            return last.counts;
        }
        let counts = ahead_behind(repo, head, upstream);
        *last = Some(Divergence { head, upstream, counts });
        counts
    }
}

/// The stamp of an index file.
pub(crate) fn stamp(metadata: &Metadata) -> IndexStamp {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    IndexStamp { modified_ns: modified.map_or(0, |since| since.as_nanos() as u64), size: metadata.len() }
}

fn operation_name(state: InProgress) -> &'static str {
    match state {
        InProgress::ApplyMailbox | InProgress::ApplyMailboxRebase => "am",
        InProgress::Bisect => "bisect",
        InProgress::CherryPick | InProgress::CherryPickSequence => "cherry-pick",
        InProgress::Merge => "merge",
        InProgress::Rebase | InProgress::RebaseInteractive => "rebase",
        InProgress::Revert | InProgress::RevertSequence => "revert",
    }
}

/// When the operation began: the age of a file that git writes at its start and leaves alone.
fn since(opened: &Opened, operation: &str) -> Option<Millis> {
    let marks: &[&str] = match operation {
        "merge" => &["MERGE_HEAD"],
        "rebase" => &["rebase-merge/head-name", "rebase-merge", "rebase-apply/head-name", "rebase-apply"],
        "am" => &["rebase-apply/applying", "rebase-apply"],
        "cherry-pick" => &["sequencer/head", "CHERRY_PICK_HEAD"],
        "revert" => &["sequencer/head", "REVERT_HEAD"],
        _ => &["BISECT_START", "BISECT_LOG"],
    };
    let modified = |mark: &&str| opened.repo.git_dir().join(mark).metadata().and_then(|metadata| metadata.modified()).ok();
    marks.iter().find_map(modified).map(millis)
}

fn millis(time: SystemTime) -> Millis {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// The tracking branch in this repository that the branch follows.
fn upstream_of(repo: &gix::Repository, branch: &FullName) -> Option<FullName> {
    let direction = gix::remote::Direction::Fetch;
    let config = repo.config_snapshot();
    let remote = config.string(format!("branch.{}.remote", branch.shorten()).as_str())?;
    if remote == "." {
        // It follows another branch of the same repository.
        return repo.branch_remote_ref_name(branch.as_ref(), direction)?.ok();
    }
    repo.branch_remote_tracking_ref_name(branch.as_ref(), direction)?.ok()
}

fn stashes(opened: &Opened) -> Vec<Stash> {
    let read = || -> Option<Vec<Stash>> {
        let stash = opened.repo.try_find_reference("refs/stash").ok()??;
        let mut log = stash.log_iter();
        let lines = log.rev().ok()??;
        let one = |line: gix::refs::log::Line| Stash {
            time: line.signature.time.seconds.max(0) as u64 * 1000,
            message: cut(&line.message.to_str_lossy(), MAX_MESSAGE).to_owned(),
        };
        Some(lines.filter_map(Result::ok).take(MAX_STASHES).map(one).collect())
    };
    read().unwrap_or_default()
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTH: u8 = LEFT | RIGHT;
/// Seconds that the clocks of two committers may differ.
const CLOCK_SKEW: i64 = 24 * 60 * 60;

/// Counts what is reachable from only one of two commits: newest first, each commit hands its sides on to its parents,
/// until all that is left to look at belongs to both, and is too old to reach a commit that was counted for one.
fn ahead_behind(repo: &gix::Repository, left: ObjectId, right: ObjectId) -> (u32, u32) {
    if left == right {
        return (0, 0);
    }
    let mut sides: HashMap<ObjectId, u8> = HashMap::from([(left, LEFT), (right, RIGHT)]);
    let mut queue = BinaryHeap::new();
    // Of the queue, by id: how many entries, so that the ones of one side only can be counted as their sides change.
    let mut waiting: HashMap<ObjectId, u32> = HashMap::new();
    let mut one_sided = 0usize;
    let time = |id: ObjectId| repo.find_commit(id).ok().and_then(|commit| commit.time().ok()).map_or(0, |time| time.seconds);
    // Of the commits of one side. A child may have an earlier time than its parent, if clocks differ.
    let mut oldest = i64::MAX;
    for id in [left, right] {
        let at = time(id);
        oldest = oldest.min(at);
        queue.push((at, id));
        *waiting.entry(id).or_default() += 1;
        one_sided += 1;
    }
    for _ in 0..MAX_VISITED {
        let Some((at, id)) = queue.pop() else { break };
        if one_sided == 0 && at < oldest.saturating_sub(CLOCK_SKEW) {
            break;
        }
        let side = sides[&id];
        if let Some(count) = waiting.get_mut(&id) {
            *count -= 1;
        }
        if side != BOTH {
            one_sided -= 1;
        }
        // The parents of a shallow clone's oldest commits are not there.
        let Ok(commit) = repo.find_commit(id) else { continue };
        for parent in commit.parent_ids() {
            let parent = parent.detach();
            let old = sides.get(&parent).copied().unwrap_or(0);
            let new = old | side;
            if new == old {
                continue;
            }
            sides.insert(parent, new);
            let queued = waiting.entry(parent).or_default();
            if new == BOTH && old != 0 {
                one_sided -= *queued as usize;
            }
            let at = time(parent);
            if new != BOTH {
                one_sided += 1;
                oldest = oldest.min(at);
            }
            *queued += 1;
            queue.push((at, parent));
        }
    }
    let count = |wanted: u8| sides.values().filter(|side| **side == wanted).count().min(MAX_COUNT as usize) as u32;
    (count(LEFT), count(RIGHT))
}
