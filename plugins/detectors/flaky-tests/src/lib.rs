//! Tells of tests that pass and fail on the very same files. `README.md` says how that is known and what is not reported.

mod command;
mod names;
mod runs;
#[cfg(test)]
mod tests;
mod told;
mod tree;

use command::{Class, Exit, class, exit};
use kairos_plugin::command::{normalise, shown};
use kairos_plugin::prelude::*;
use runs::{Flaky, MOST_NAMED, Run, Runs};
use told::Told;
use tree::{Hash, Tree};

struct FlakyTests;

const RUNS: &str = "runs";
const TOLD: &str = "told";
const EDITED: &str = "edited";
/// A run is noted a moment after it ended, so it began a moment before what its length says.
const LAG: u64 = 250;

impl Detector for FlakyTests {
    fn describe() -> Description {
        describe!("Tells of tests that pass and fail on the very same files").reads_project(
            "to know whether two runs of a test saw the same files: git's HEAD and the content of what differs from it",
        )
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("command.finished", "to compare the results of the same test command"),
            Interest::new("file.*", "to know that nothing was edited while a test ran"),
            Interest::new("git.head", "to know that nothing was checked out while a test ran"),
            Interest::new("git.stash", "to know that nothing was stashed while a test ran"),
            Interest::new("git.operation", "to know that no merge or rebase went on while a test ran"),
            Interest::new("kairos.wake", "to take a finding back that nobody saw again for a week"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let now = host.now();
        let before = (host.get_string(RUNS)?.unwrap_or_default(), host.get_string(TOLD)?.unwrap_or_default());
        let (mut runs, mut told) = (Runs::parse(&before.0), Told::parse(&before.1));
        let mut report = Report::new();
        let edited = host.get_number(EDITED)?.unwrap_or(0);
        let edits: Vec<u64> = signals.iter().filter(|signal| is_edit(signal)).map(|signal| signal.time).collect();
        for (id, start) in edits.iter().flat_map(|at| runs.edited(*at)) {
            told.withdraw(id, start).iter().for_each(|key| report.clear_key(key));
        }
        let last = edits.iter().copied().fold(edited, u64::max);
        if last != edited {
            host.set_number(EDITED, last)?;
        }
        compare(host, signals, last, &mut runs, |finding, id| {
            told.add(&finding.key, id, now).iter().for_each(|key| report.clear_key(key));
            report.findings.retain(|other| other.key != finding.key);
            report.add(finding);
        })?;
        told.expire(now).iter().for_each(|key| report.clear_key(key));
        let after = (runs.text(), told.text());
        if after.0 != before.0 {
            host.set_string(RUNS, &after.0)?;
        }
        if after.1 != before.1 {
            host.set_string(TOLD, &after.1)?;
        }
        Ok(report.wake_after(told.next().map_or(0, |at| u32::try_from(at.saturating_sub(now) / 1000 + 1).unwrap_or(u32::MAX))))
    }
}

kairos_plugin::detector!(FlakyTests);

/// Adds the runs of this tick whose files are known, and tells of those whose result differs from another's. `edited`: when
/// something was last edited.
fn compare(
    host: &impl Host,
    signals: &[Signal],
    edited: u64,
    runs: &mut Runs,
    mut tell: impl FnMut(Finding, u64),
) -> Result<(), Error> {
    // Looked at once, and only when a test ran.
    let mut tree: Option<Option<Tree>> = None;
    for signal in signals.iter().filter(|signal| signal.kind == "command.finished") {
        let Some(line) = signal.attribute("command").map(normalise) else { continue };
        match class(&line) {
            Class::Harmless => continue,
            Class::Unknown => {
                runs.disturbed(signal.time);
                continue;
            }
            Class::Test => {}
        }
        let Some(code) = signal.number::<i64>("exit-code") else { continue };
        let exit = exit(&line, code, &signal.body);
        let start = signal.time.saturating_sub(signal.number::<u64>("duration-ms").unwrap_or(0) + LAG);
        if exit == Exit::Nothing || edited >= start {
            continue;
        }
        let tree = match &tree {
            Some(tree) => tree,
            None => &*tree.insert(tree::look(host)?),
        };
        let Some(tree) = tree.as_ref().filter(|tree| tree.newest < start) else { continue };
        let id = id(&line, signal.attribute("folder").unwrap_or_default());
        let names = if exit == Exit::Failed { names::failed(&signal.body) } else { Vec::new() };
        runs.add(Run {
            id,
            tree: tree.hash,
            start,
            end: signal.time,
            seen: host.now(),
            passed: exit == Exit::Passed,
            failed: names.len(),
            names: if names.len() <= MOST_NAMED { names } else { Vec::new() },
        });
        if let Some(flaky) = runs.judge(id, tree.hash) {
            findings(id, &line, &flaky, tree).into_iter().for_each(|finding| tell(finding, id));
        }
    }
    Ok(())
}

/// Files were changed, or may have been.
fn is_edit(signal: &Signal) -> bool {
    signal.kind.starts_with("file.") || matches!(signal.kind.as_str(), "git.head" | "git.stash" | "git.operation")
}

/// The command itself may hold secrets, so it isn't kept.
fn id(line: &str, folder: &str) -> u64 {
    let folder = folder.trim_matches('/');
    let mut hash = Hash::new(line.as_bytes());
    hash.add(if folder == "." { b"" } else { folder.as_bytes() });
    hash.0
}

fn findings(id: u64, line: &str, flaky: &Flaky, tree: &Tree) -> Vec<Finding> {
    let command = shown(line);
    let files = match tree.changes {
        0 => format!("commit {}", tree.head),
        1 => format!("commit {} and one changed file", tree.head),
        more => format!("commit {} and {more} changed files", tree.head),
    };
    let within = match flaky.minutes {
        0 => "within a minute".to_string(),
        1 => "within 2 minutes".to_string(),
        more => format!("within {more} minutes"),
    };
    let detail = format!(
        "{} of {} runs of `{command}` failed {within}, on the same files ({files}), with nothing run in between that could \
         have changed what they see.",
        flaky.failed,
        flaky.failed + flaky.passed
    );
    let result = format!("{} passed, {} failed", flaky.passed, flaky.failed);
    let finding = |key: &str, title: &str, urgency: Urgency| {
        Finding::new(key, title)
            .detail(&detail)
            .urgency(urgency)
            .evidence(Evidence::command(&command, &result))
            .evidence(Evidence::git("HEAD", &files))
    };
    if flaky.many || flaky.names.is_empty() {
        let title = format!("{} passes and fails on the same files", short(&command, 80));
        // A single turn without a name can be a service that was slow to come up; and many at once have one cause.
        let urgency = if flaky.many || flaky.flips < 2 { Urgency::Low } else { Urgency::Normal };
        let remedy = "Run it under `kairos-run exec -- ` a few times: the output names the test";
        return vec![finding(&format!("command:{id:016x}"), &title, urgency).remedy(remedy)];
    }
    let of_test = |name: &String| {
        let title = format!("{} passes and fails on the same files", short(name, 80));
        let remedy = "Look for what it shares with others: time, order, ports, files, randomness. Until then don't read its result as news";
        finding(&format!("test:{name}"), &title, Urgency::Normal).remedy(remedy)
    };
    flaky.names.iter().map(of_test).collect()
}

/// The end of a name tells more than its beginning.
fn short(name: &str, most: usize) -> String {
    let count = name.chars().count();
    if count <= most { name.to_string() } else { "…".chars().chain(name.chars().skip(count - most + 1)).collect() }
}
