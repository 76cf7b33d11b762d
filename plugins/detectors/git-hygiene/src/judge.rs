//! What in the state of a repository deserves a line. Pure: a snapshot, a memory and the time in, facts out.

/// An hour in milliseconds.
pub const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// An unfinished merge or rebase is told after this.
const OPERATION: u64 = HOUR;
/// A bisect may well take a day.
const BISECT: u64 = DAY;
/// A stash is forgotten after this.
const STASH: u64 = 14 * DAY;
/// Uncommitted work is told after this, if it is at least so many tracked files.
const UNCOMMITTED: u64 = 8 * HOUR;
const UNCOMMITTED_FILES: usize = 3;

/// What git says.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Milliseconds since 1970.
    pub now: u64,
    /// None when detached.
    pub branch: Option<String>,
    /// None before the first commit.
    pub head: Option<String>,
    /// The unfinished operation and when it began.
    pub operation: Option<(String, Option<u64>)>,
    /// The branch that is followed.
    pub upstream: Option<String>,
    /// Commits that the upstream lacks, and that the branch lacks.
    pub ahead: u32,
    /// See `ahead`.
    pub behind: u32,
    /// Time and message, newest first.
    pub stashes: Vec<(u64, String)>,
    /// Tracked files that differ from HEAD.
    pub tracked_changes: usize,
    /// Files in conflict.
    pub conflicts: usize,
    /// Id and time of the newest commits, newest first; asked for only when detached.
    pub commits: Vec<(String, u64)>,
}

/// What is remembered between calls: moments that git doesn't keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// When the work tree was first seen dirty, and at which commit.
    pub dirty: Option<(u64, String)>,
    /// When HEAD was first seen detached, and at which commit.
    pub detached: Option<(u64, String)>,
    /// When an operation was first seen for which git gives no time.
    pub operation: Option<(u64, String)>,
}

/// How pressing; the words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Listed only.
    Low,
    /// Worth a line at the next good moment.
    Normal,
}

/// A thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The finding's key.
    pub key: String,
    /// One line.
    pub title: String,
    /// Some more.
    pub detail: String,
    /// A ref or revision.
    pub subject: String,
    /// What the user can do.
    pub remedy: String,
    /// How pressing.
    pub weight: Weight,
}

/// The facts, the memory brought up to date, and after how many seconds to look again.
pub fn judge(snapshot: &Snapshot, memory: &mut Memory) -> (Vec<Fact>, u32) {
    let now = snapshot.now;
    let mut facts = Vec::new();
    let mut next = now + HOUR;
    let mut look_at = |time: u64| next = next.min(time.max(now + 60_000));
    facts.extend(operation(snapshot, memory, &mut look_at));
    // In the middle of an operation HEAD is detached, work is dirty and branches diverge by the nature of it.
    if snapshot.operation.is_none() {
        facts.extend(detached(snapshot, memory));
        facts.extend(diverged(snapshot));
        facts.extend(uncommitted(snapshot, memory, &mut look_at));
    }
    facts.extend(stashes(snapshot));
    (facts, u32::try_from(next.saturating_sub(now) / 1000 + 1).unwrap_or(3600))
}

fn operation(snapshot: &Snapshot, memory: &mut Memory, look_at: &mut impl FnMut(u64)) -> Option<Fact> {
    let Some((name, since)) = &snapshot.operation else {
        memory.operation = None;
        return None;
    };
    if memory.operation.as_ref().is_none_or(|(_, known)| known != name) {
        memory.operation = Some((snapshot.now, name.clone()));
    }
    let since = since.or(memory.operation.as_ref().map(|(seen, _)| *seen)).unwrap_or(snapshot.now);
    let age = snapshot.now.saturating_sub(since);
    let limit = if name == "bisect" { BISECT } else { OPERATION };
    if age < limit {
        look_at(since + limit);
        return None;
    }
    let conflicts = match snapshot.conflicts {
        0 => "No file is in conflict.".to_string(),
        1 => "One file is in conflict.".to_string(),
        more => format!("{more} files are in conflict."),
    };
    let remedy = match name.as_str() {
        "bisect" => "`git bisect reset` ends it".to_string(),
        name => format!("`git {name} --continue` when it is resolved, `git {name} --abort` to go back"),
    };
    Some(Fact {
        key: "operation".into(),
        title: format!("A {name} is unfinished for {}", span(age)),
        detail: format!("{conflicts} Until it is finished, commits don't land where you expect them."),
        subject: "HEAD".into(),
        remedy,
        weight: Weight::Normal,
    })
}

fn detached(snapshot: &Snapshot, memory: &mut Memory) -> Option<Fact> {
    let (None, Some(head)) = (&snapshot.branch, &snapshot.head) else {
        memory.detached = None;
        return None;
    };
    let (since, base) = memory.detached.get_or_insert_with(|| (snapshot.now, head.clone())).clone();
    // Commits made since then and on top of it; another tag that was checked out is older or elsewhere.
    let on_top = snapshot.commits.iter().position(|(id, _)| *id == base);
    let fresh = snapshot.commits.iter().take_while(|(id, time)| *id != base && *time + 60_000 >= since).count();
    let made = match on_top {
        Some(count) if count == fresh => count,
        // Another commit was checked out: that is the new base.
        _ => {
            if *head != base {
                memory.detached = Some((snapshot.now, head.clone()));
            }
            0
        }
    };
    if made == 0 && snapshot.tracked_changes == 0 {
        return None;
    }
    let (title, weight) = match made {
        0 => (format!("HEAD is detached, with {} changed", files(snapshot.tracked_changes)), Weight::Low),
        1 => ("A commit was made on a detached HEAD: no branch has it".to_string(), Weight::Normal),
        more => (format!("{more} commits were made on a detached HEAD: no branch has them"), Weight::Normal),
    };
    Some(Fact {
        key: "detached".into(),
        title,
        detail: "What is committed here belongs to no branch, and is lost from sight at the next checkout.".into(),
        subject: head.clone(),
        remedy: "`git switch -c NAME` makes a branch of it".into(),
        weight,
    })
}

fn diverged(snapshot: &Snapshot) -> Option<Fact> {
    let (Some(branch), Some(upstream)) = (&snapshot.branch, &snapshot.upstream) else { return None };
    if snapshot.ahead == 0 || snapshot.behind == 0 {
        return None;
    }
    Some(Fact {
        key: format!("diverged:{branch}"),
        title: format!("{branch} and {upstream} have diverged: {} ahead, {} behind", snapshot.ahead, snapshot.behind),
        detail: "Both sides have commits that the other lacks. After a rebase of your own that is as it should be; otherwise it only grows.".into(),
        subject: branch.clone(),
        remedy: "`git pull --rebase`, or `git push --force-with-lease` if you rewrote the branch yourself".into(),
        weight: Weight::Normal,
    })
}

fn stashes(snapshot: &Snapshot) -> Option<Fact> {
    let old = snapshot.stashes.iter().enumerate().filter(|(_, (time, _))| snapshot.now.saturating_sub(*time) >= STASH);
    let old: Vec<(usize, &(u64, String))> = old.collect();
    let (index, (time, message)) = *old.last()?;
    let age = span(snapshot.now.saturating_sub(*time));
    let title = match old.len() {
        1 => format!("A stash is {age} old: {message}"),
        more => format!("{more} stashes are older than 14 days, the oldest {age}: {message}"),
    };
    Some(Fact {
        key: "stash".into(),
        title,
        detail: "Stashes aren't pushed, and nothing reminds of them.".into(),
        subject: format!("stash@{{{index}}}"),
        remedy: format!("`git stash show -p stash@{{{index}}}`, then `git stash apply` or `git stash drop`"),
        weight: Weight::Low,
    })
}

fn uncommitted(snapshot: &Snapshot, memory: &mut Memory, look_at: &mut impl FnMut(u64)) -> Option<Fact> {
    let head = snapshot.head.clone().unwrap_or_default();
    if snapshot.tracked_changes == 0 {
        memory.dirty = None;
        return None;
    }
    // A commit starts the clock anew, even if something is left over.
    if memory.dirty.as_ref().is_none_or(|(_, at)| *at != head) {
        memory.dirty = Some((snapshot.now, head));
    }
    let since = memory.dirty.as_ref().map_or(snapshot.now, |(since, _)| *since);
    let age = snapshot.now.saturating_sub(since);
    if age < UNCOMMITTED {
        look_at(since + UNCOMMITTED);
        return None;
    }
    if snapshot.tracked_changes < UNCOMMITTED_FILES {
        return None;
    }
    let branch = snapshot.branch.as_deref().unwrap_or("a detached HEAD");
    Some(Fact {
        key: "uncommitted".into(),
        title: format!("{} on {branch} are uncommitted for {}", files(snapshot.tracked_changes), span(age)),
        detail: "No commit was made in that time.".into(),
        subject: branch.into(),
        remedy: "`git commit`, on a branch of its own if it isn't ready".into(),
        weight: if age >= 3 * UNCOMMITTED { Weight::Normal } else { Weight::Low },
    })
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}

fn span(age: u64) -> String {
    match age / HOUR {
        0 => "less than an hour".into(),
        1 => "an hour".into(),
        hours @ 2..=47 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn clean() -> Snapshot {
        Snapshot { now: NOW, branch: Some("main".into()), head: Some("a".into()), ..Snapshot::default() }
    }
    fn titles(snapshot: &Snapshot, memory: &mut Memory) -> Vec<String> {
        judge(snapshot, memory).0.into_iter().map(|fact| fact.title).collect()
    }
    fn titles_of(snapshot: &Snapshot) -> Vec<String> {
        titles(snapshot, &mut Memory::default())
    }

    #[test]
    fn a_tidy_repository_is_left_alone() {
        let ahead = Snapshot { upstream: Some("origin/main".into()), ahead: 4, ..clean() };
        let behind = Snapshot { upstream: Some("origin/main".into()), behind: 4, ..clean() };
        let stash = Snapshot { stashes: vec![(NOW - 13 * DAY, "WIP".into())], ..clean() };
        let at_a_tag = Snapshot { branch: None, commits: vec![("a".into(), NOW - DAY)], ..clean() };
        let rebasing = Snapshot {
            operation: Some(("rebase".into(), Some(NOW - HOUR / 2))),
            branch: None,
            tracked_changes: 9,
            ahead: 1,
            behind: 1,
            conflicts: 2,
            ..clean()
        };
        let empty = Snapshot { head: None, ..clean() };
        for snapshot in [clean(), ahead, behind, stash, at_a_tag, rebasing, empty] {
            assert!(titles_of(&snapshot).is_empty(), "{snapshot:?}");
        }
    }

    #[test]
    fn an_operation_is_told_after_an_hour() {
        let mut memory = Memory::default();
        let mut snapshot = Snapshot { operation: Some(("rebase".into(), Some(NOW - HOUR / 2))), conflicts: 2, ..clean() };
        assert_eq!(judge(&snapshot, &mut memory).1, 1801);
        snapshot.now += HOUR;
        let fact = &judge(&snapshot, &mut memory).0[0];
        assert_eq!((fact.title.as_str(), fact.weight), ("A rebase is unfinished for an hour", Weight::Normal));
        // Git doesn't say since when: from the first sight.
        let mut memory = Memory::default();
        snapshot.operation = Some(("merge".into(), None));
        assert!(titles(&snapshot, &mut memory).is_empty());
        snapshot.now += 3 * HOUR;
        assert_eq!(titles(&snapshot, &mut memory), ["A merge is unfinished for 3 hours"]);
        snapshot.operation = Some(("bisect".into(), Some(snapshot.now - 3 * HOUR)));
        assert!(titles(&snapshot, &mut memory).is_empty());
    }

    #[test]
    fn a_detached_head_is_told_when_something_would_be_lost() {
        let mut memory = Memory::default();
        let mut snapshot = Snapshot { branch: None, commits: vec![("a".into(), NOW - DAY)], ..clean() };
        assert!(titles(&snapshot, &mut memory).is_empty());
        snapshot = Snapshot {
            now: NOW + HOUR,
            head: Some("b".into()),
            commits: vec![("b".into(), NOW + HOUR), ("a".into(), NOW - DAY)],
            ..snapshot
        };
        assert_eq!(titles(&snapshot, &mut memory), ["A commit was made on a detached HEAD: no branch has it"]);
        // A newer tag of long ago on top of it isn't a commit of ours.
        let mut memory = Memory { detached: Some((NOW, "a".into())), ..Memory::default() };
        snapshot.commits = vec![("b".into(), NOW - HOUR), ("a".into(), NOW - DAY)];
        assert!(titles(&snapshot, &mut memory).is_empty());
        assert_eq!(memory.detached, Some((NOW + HOUR, "b".into())));
        snapshot.tracked_changes = 1;
        assert_eq!(titles(&snapshot, &mut memory), ["HEAD is detached, with 1 file changed"]);
    }

    #[test]
    fn a_diverged_branch_and_old_stashes() {
        let diverged = Snapshot { upstream: Some("origin/main".into()), ahead: 3, behind: 5, ..clean() };
        assert_eq!(titles_of(&diverged), ["main and origin/main have diverged: 3 ahead, 5 behind"]);
        let stashes = vec![(NOW - DAY, "new".into()), (NOW - 20 * DAY, "mid".into()), (NOW - 40 * DAY, "WIP on main".into())];
        let facts = judge(&Snapshot { stashes, ..clean() }, &mut Memory::default()).0;
        assert_eq!(facts[0].title, "2 stashes are older than 14 days, the oldest 40 days: WIP on main");
        assert_eq!((facts[0].subject.as_str(), facts[0].weight), ("stash@{2}", Weight::Low));
    }

    #[test]
    fn uncommitted_work_is_told_after_eight_hours_without_a_commit() {
        let mut memory = Memory::default();
        let mut snapshot = Snapshot { tracked_changes: 12, ..clean() };
        assert!(titles(&snapshot, &mut memory).is_empty());
        snapshot.now += 7 * HOUR + HOUR / 2;
        assert_eq!(judge(&snapshot, &mut memory), (vec![], 1801));
        snapshot.now += HOUR;
        assert_eq!(titles(&snapshot, &mut memory), ["12 files on main are uncommitted for 8 hours"]);
        snapshot.head = Some("b".into());
        assert!(titles(&snapshot, &mut memory).is_empty());
        snapshot.now += 9 * HOUR;
        snapshot.tracked_changes = 2;
        assert!(titles(&snapshot, &mut memory).is_empty());
    }
}
