//! Tells of what is left lying in a git repository: unfinished operations, commits on no branch, divergence, old stashes,
//! large files about to be committed, work without a commit. `README.md` says what is not reported.

mod judge;
mod staged;
#[cfg(test)]
mod tests;

use judge::{Fact, Memory, Snapshot, Weight};
use kairos_plugin::prelude::*;
use staged::{Staged, megabytes};

struct GitHygiene;

/// Staged files whose size is asked for in one call.
const MOST_STAGED: usize = 500;
/// Staged files that are told one by one.
const MOST_TOLD: usize = 20;
const MEMORY: &str = "memory";

impl Detector for GitHygiene {
    fn describe() -> Description {
        describe!("Tells of unfinished operations, detached or diverged branches, old stashes and large staged files")
            .reads_project("to ask git for its state and for the size of what is staged")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at the repository once"),
            Interest::new("git.*", "the state of the repository changed"),
            Interest::new("kairos.wake", "to see once an hour what has grown old"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        if signals
            .iter()
            .all(|signal| !matches!(signal.kind.as_str(), "project.opened" | "kairos.wake") && !signal.kind.starts_with("git."))
        {
            return Ok(Report::new());
        }
        let status = match host.git_status() {
            Ok(status) => status,
            // Not a repository: nothing to wake up for.
            Err(error) if error.code == ErrorCode::Unavailable => return Ok(Report::new().wake_after(0)),
            Err(error) => return Err(error),
        };
        let changes = host.git_changes(Version::Head, 5_000)?;
        let detached = status.branch.is_none() && status.head.is_some() && status.operation.is_none();
        let commits = if detached { host.git_log(50, None)? } else { Vec::new() };
        let snapshot = snapshot(host.now(), status, &changes, commits);
        let before = host.get_string(MEMORY)?.unwrap_or_default();
        let mut memory = parse(&before);
        let (facts, wake) = judge::judge(&snapshot, &mut memory);
        let text = text(&memory);
        if text != before {
            host.set_string(MEMORY, &text)?;
        }
        // All is looked at each time, so this is all there is.
        let mut report = Report::new().wake_after(wake);
        for key in ["operation", "detached", "diverged:*", "stash", "uncommitted", "staged:*"] {
            report.clear_key(key);
        }
        facts.into_iter().map(finding).for_each(|finding| {
            report.add(finding);
        });
        look_at_staged(host, &changes, &mut report);
        Ok(report)
    }
}

kairos_plugin::detector!(GitHygiene);

fn snapshot(now: u64, status: Repository, changes: &[Change], commits: Vec<Commit>) -> Snapshot {
    let conflicted = |change: &&Change| [change.staged, change.unstaged].contains(&Some(ChangeKind::Conflicted));
    let tracked = |change: &&Change| change.staged.is_some() || !matches!(change.unstaged, None | Some(ChangeKind::Untracked));
    Snapshot {
        now,
        branch: status.branch,
        head: status.head,
        operation: status.operation.map(|operation| (operation, status.operation_since)),
        upstream: status.upstream,
        ahead: status.ahead,
        behind: status.behind,
        stashes: status.stashes.into_iter().map(|stash| (stash.time, stash.message)).collect(),
        tracked_changes: changes.iter().filter(tracked).count(),
        conflicts: changes.iter().filter(conflicted).count(),
        commits: commits.into_iter().map(|commit| (commit.id, commit.time)).collect(),
    }
}

fn finding(fact: Fact) -> Finding {
    let urgency = match fact.weight {
        Weight::Low => Urgency::Low,
        Weight::Normal => Urgency::Normal,
    };
    Finding::new(&fact.key, &fact.title)
        .detail(&fact.detail)
        .urgency(urgency)
        .evidence(Evidence::git(&fact.subject, &fact.title))
        .remedy(&fact.remedy)
}

fn look_at_staged(host: &impl Host, changes: &[Change], report: &mut Report) {
    let mut found: Vec<(u64, &str, Staged, bool)> = Vec::new();
    let staged =
        changes.iter().filter(|c| matches!(c.staged, Some(ChangeKind::Added | ChangeKind::Modified | ChangeKind::Renamed)));
    for change in staged.take(MOST_STAGED) {
        let Ok(size) = host.size_at(Version::Index, &change.path) else { continue };
        let added = matches!(change.staged, Some(ChangeKind::Added));
        if let Some(kind) = staged::judge(&change.path, size, added) {
            found.push((size, &change.path, kind, added));
        }
    }
    found.sort_unstable_by_key(|(size, ..)| std::cmp::Reverse(*size));
    for (size, path, kind, added) in found.iter().take(MOST_TOLD) {
        let size = megabytes(*size);
        let (title, detail, urgency) = match kind {
            Staged::Large => (
                format!("{path} is staged with {size}"),
                "Every clone carries it for ever, even if it is deleted later. Hosts refuse files of 100 MiB.",
                // What HEAD has in an older version was decided on once.
                if *added { Urgency::High } else { Urgency::Normal },
            ),
            Staged::Binary => (
                format!("{path} is staged: a binary file of {size}"),
                "Git can't compare or merge it, and each version is kept in full.",
                Urgency::Normal,
            ),
            Staged::BuildOutput => (
                format!("{path} is staged: a build makes it"),
                "It changes with each build and belongs in .gitignore.",
                Urgency::Normal,
            ),
        };
        report.add(
            Finding::new(&format!("staged:{path}"), &title)
                .detail(detail)
                .urgency(urgency)
                .evidence(Evidence::whole_file(path, &format!("staged, {size}")))
                .remedy(&format!("`git restore --staged {path}`; for large files there is git-lfs")),
        );
    }
    if let Some((_, path, ..)) = found.get(MOST_TOLD) {
        let more = found.len() - MOST_TOLD;
        report.add(
            Finding::new("staged:", &format!("{more} more large or binary files are staged"))
                .detail("The largest are told one by one.")
                .evidence(Evidence::whole_file(path, "staged"))
                .remedy("`git restore --staged .`, and stage what you meant"),
        );
    }
}

/// A line a moment: name, milliseconds, what it belongs to.
fn text(memory: &Memory) -> String {
    let line = |name: &str, moment: &Option<(u64, String)>| {
        moment.as_ref().map(|(time, of)| format!("{name} {time} {of}\n")).unwrap_or_default()
    };
    line("dirty", &memory.dirty) + &line("detached", &memory.detached) + &line("operation", &memory.operation)
}

fn parse(text: &str) -> Memory {
    let mut memory = Memory::default();
    for line in text.lines() {
        let mut parts = line.splitn(3, ' ');
        let (Some(name), Some(time), Some(of)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Ok(time) = time.parse() else { continue };
        let moment = Some((time, of.to_string()));
        match name {
            "dirty" => memory.dirty = moment,
            "detached" => memory.detached = moment,
            "operation" => memory.operation = moment,
            _ => {}
        }
    }
    memory
}
