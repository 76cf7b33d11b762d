//! Finds conflict markers that were left in files, and files that git calls unmerged. `README.md` says what is not reported.

mod markers;
mod policy;
#[cfg(test)]
mod tests;

use kairos_plugin::prelude::*;
use markers::{Block, blocks};
use policy::{Case, Situation, Verdict, Weight, is_binary_name, judge, prose};

struct MergeConflicts;

/// Longer files are read up to here: a conflict past it is missed.
const MOST_BYTES: u64 = 4 << 20;
/// With more changed files than this, a search picks those worth reading.
const MOST_READS: usize = 64;
/// Where the paths that were reported are kept, so that a conflict which gets committed isn't taken for solved.
const REPORTED: &str = "reported";
/// Where the paths are kept that wait for a second look.
const WAITING: &str = "waiting";
/// Seconds until the second look, if nothing else leads to one: git's own write of its index does, as a rule.
const SECOND_LOOK: u32 = 60;

impl Detector for MergeConflicts {
    fn describe() -> Description {
        describe!("Tells of conflict markers left in files and of files that git calls unmerged")
            .reads_project("to look for conflict markers in changed files, and to ask git which files are unmerged")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at all changed files once"),
            Interest::new("file.created", "to look at a new file"),
            Interest::new("file.modified", "to look at a changed file again"),
            Interest::new("file.removed", "to forget a file that is gone"),
            Interest::new("file.rescan", "to look at all changed files after many changes at once"),
            Interest::new("git.operation", "a merge or rebase begins or ends"),
            Interest::new("git.index", "a conflict is marked as resolved, or staged by mistake"),
            Interest::new("git.head", "a conflict may have been committed"),
            Interest::new("kairos.wake", "to look again at what git was still writing"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let mut paths: Vec<&str> = Vec::new();
        for signal in signals {
            match signal.kind.as_str() {
                "project.opened" | "file.rescan" | "git.operation" | "git.index" | "git.head" | "kairos.wake" => {
                    return look_at_all(host);
                }
                kind if kind.starts_with("file.") => paths.extend(signal.path().filter(|path| !is_binary_name(path))),
                _ => {}
            }
        }
        paths.sort_unstable();
        paths.dedup();
        if paths.len() > MOST_READS { look_at_all(host) } else { look_at(host, &paths) }
    }
}

kairos_plugin::detector!(MergeConflicts);

/// What git says, asked once a call and only when something turns on it.
struct Git {
    changes: Vec<Change>,
    operation: Option<String>,
}

impl Git {
    /// None without a repository. Any other error ends the call: what was reported stays as it is.
    fn ask(host: &impl Host) -> Result<Option<Self>, Error> {
        let status = match host.git_status() {
            Ok(status) => status,
            Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Git { changes: host.git_changes(Version::Head, 10_000)?, operation: status.operation }))
    }

    fn change(&self, path: &str) -> Option<&Change> {
        self.changes.binary_search_by(|change| change.path.as_str().cmp(path)).ok().map(|at| &self.changes[at])
    }
}

/// A few files that changed. Most hold no marker, and then nothing else is asked.
fn look_at(host: &impl Host, paths: &[&str]) -> Result<Report, Error> {
    let mut memory = Memory::load(host)?;
    let before = memory.clone();
    let mut git = None;
    let mut report = Report::new();
    for path in paths {
        let found = read_blocks(host, path);
        report.clear_key(&key(path));
        if found.is_empty() && !before.knows(path) {
            continue;
        }
        if git.is_none() {
            git = Some(Git::ask(host)?);
        }
        examine(host, path, found, git.as_ref().and_then(Option::as_ref), &mut memory, &mut report);
    }
    memory.save(host, &before)?;
    Ok(memory.look_again(report))
}

/// Everything that git calls changed, or without git everything that a search finds; and what was reported before.
fn look_at_all(host: &impl Host) -> Result<Report, Error> {
    let mut memory = Memory::load(host)?;
    let before = memory.clone();
    let git = Git::ask(host)?;
    let mut paths: Vec<String> = before.reported.iter().chain(&before.waiting).cloned().collect();
    let mut search = git.is_none();
    if let Some(git) = &git {
        let changed = git.changes.iter().filter(|change| is_unmerged(change) || has_content(change));
        paths.extend(changed.map(|change| change.path.clone()));
        search = paths.len() > MOST_READS;
    }
    if search {
        let options = SearchOptions { max_matches: 1000, ..SearchOptions::default() };
        let mut found: Vec<String> = host.search("^<<<<<<<( |\r?$)", &options)?.into_iter().map(|hit| hit.path).collect();
        found.dedup();
        // The index has to be read by itself, where it differs from the work tree.
        let keeps = |path: &String| {
            let change = git.as_ref().and_then(|git| git.change(path));
            found.contains(path) || change.is_some_and(|c| is_unmerged(c) || c.staged.is_some() && c.unstaged.is_some())
        };
        match &git {
            Some(_) => paths.retain(|path| keeps(path) || before.knows(path)),
            None => paths.extend(found),
        }
    }
    paths.sort_unstable();
    paths.dedup();
    let mut report = Report::new().clear("file:*");
    for path in
        paths.iter().filter(|path| !is_binary_name(path) || git.as_ref().and_then(|g| g.change(path)).is_some_and(is_unmerged))
    {
        let found = if is_binary_name(path) { Vec::new() } else { read_blocks(host, path) };
        examine(host, path, found, git.as_ref(), &mut memory, &mut report);
    }
    memory.save(host, &before)?;
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.urgency as u8));
    Ok(memory.look_again(report))
}

fn examine(host: &impl Host, path: &str, mut found: Vec<Block>, git: Option<&Git>, memory: &mut Memory, report: &mut Report) {
    let change = git.and_then(|git| git.change(path));
    let mut staged = false;
    if let Some(change) = change.filter(|change| change.staged.is_some() && !is_unmerged(change)) {
        if change.unstaged.is_some() {
            let index =
                host.read_all_at(Version::Index, path, MOST_BYTES).map(|text| blocks(&text, prose(path))).unwrap_or_default();
            staged = !index.is_empty();
            if found.is_empty() {
                found = index;
            }
        } else {
            staged = !found.is_empty();
        }
    }
    let situation = Situation {
        git: git.is_some(),
        changed: change.is_some(),
        unmerged: change.is_some_and(is_unmerged),
        staged,
        operation: git.is_some_and(|git| git.operation.is_some()),
        reported: memory.reported.iter().any(|known| known == path),
    };
    let waited = memory.stop_waiting(path);
    match judge(path, &found, situation) {
        // A rebase writes the files first and what it calls unmerged a moment later: what is seen in between is half the truth.
        Some(verdict) if verdict.case == Case::LeftInFile && situation.operation && !situation.reported && !waited => {
            memory.waiting.push(path.to_string());
        }
        Some(verdict) => {
            if !situation.reported {
                memory.reported.push(path.to_string());
            }
            report.add(finding(path, &found, verdict, git.and_then(|git| git.operation.as_deref())));
        }
        None => memory.reported.retain(|known| known != path),
    }
}

fn finding(path: &str, found: &[Block], verdict: Verdict, operation: Option<&str>) -> Finding {
    let real: Vec<&Block> = found.iter().collect();
    let count = match real.len() {
        1 if !real[0].whole => "the rest of a conflict".to_string(),
        1 => "a conflict".to_string(),
        more => format!("{more} conflicts"),
    };
    let during = operation.map(|operation| format!(" during a {operation}")).unwrap_or_default();
    let (title, detail, remedy) = match verdict.case {
        Case::Unresolved => (
            format!("{path} has {count} to resolve"),
            format!("Git calls this file unmerged{during}, and the markers are still in it."),
            format!("Choose between the two sides in the file, then `git add {path}`"),
        ),
        Case::UnmergedWithoutMarkers => (
            format!("{path} is unmerged and has no conflict markers"),
            format!(
                "Git calls this file unmerged{during}. Either it is resolved and only `git add` is missing, or one side deleted it, \
                 or it is not a text."
            ),
            format!("Keep it with `git add {path}`, or delete it with `git rm {path}`"),
        ),
        Case::AboutToBeCommitted => (
            format!("{path} is staged with {count} in it"),
            "The version in the index holds conflict markers: the next commit would record them.".to_string(),
            format!("Resolve it, then `git add {path}` again"),
        ),
        Case::Committed => (
            format!("{path} was committed with {count} in it"),
            "HEAD holds conflict markers that were reported before the commit.".to_string(),
            "Resolve it and amend the commit".to_string(),
        ),
        Case::LeftInFile => (
            format!("{path} has {count} left in it"),
            "The file holds conflict markers, and git doesn't call it unmerged: nothing else will remind you.".to_string(),
            "Choose between the two sides in the file".to_string(),
        ),
    };
    let urgency = match verdict.weight {
        Weight::Low => Urgency::Low,
        Weight::Normal => Urgency::Normal,
        Weight::High => Urgency::High,
        Weight::Critical => Urgency::Critical,
    };
    let mut finding = Finding::new(&key(path), &title).detail(&detail).urgency(urgency).remedy(&remedy);
    for block in real.iter().take(8) {
        finding = finding.evidence(Evidence::file(path, block.line, &block.opening));
    }
    if real.is_empty() { finding.evidence(Evidence::whole_file(path, "unmerged in the index")) } else { finding }
}

/// A path that ends in `*` would clear other files' findings.
fn key(path: &str) -> String {
    format!("file:{path}{}", if path.ends_with('*') { "#" } else { "" })
}

fn read_blocks(host: &impl Host, path: &str) -> Vec<Block> {
    // Gone, denied or too long: no markers that could be shown.
    host.read_all(path, MOST_BYTES).map(|text| blocks(&text, prose(path))).unwrap_or_default()
}

fn is_unmerged(change: &Change) -> bool {
    matches!(change.staged, Some(ChangeKind::Conflicted)) || matches!(change.unstaged, Some(ChangeKind::Conflicted))
}

fn has_content(change: &Change) -> bool {
    let gone = |kind: &Option<ChangeKind>| matches!(kind, Some(ChangeKind::Deleted));
    !gone(&change.unstaged) && (!gone(&change.staged) || change.unstaged.is_some())
}

/// What is remembered between calls: paths.
#[derive(Clone, PartialEq)]
struct Memory {
    reported: Vec<String>,
    waiting: Vec<String>,
}

impl Memory {
    fn load(host: &impl Host) -> Result<Self, Error> {
        let list = |key| -> Result<Vec<String>, Error> {
            let text = host.get_string(key)?.unwrap_or_default();
            Ok(text.split('\0').filter(|path| !path.is_empty()).map(String::from).collect())
        };
        Ok(Self { reported: list(REPORTED)?, waiting: list(WAITING)? })
    }

    fn knows(&self, path: &str) -> bool {
        self.reported.iter().chain(&self.waiting).any(|known| known == path)
    }

    /// True if the path was waiting.
    fn stop_waiting(&mut self, path: &str) -> bool {
        let at = self.waiting.iter().position(|known| known == path);
        at.map(|at| self.waiting.remove(at)).is_some()
    }

    fn look_again(&self, report: Report) -> Report {
        if self.waiting.is_empty() { report } else { report.wake_after(SECOND_LOOK) }
    }

    fn save(&self, host: &impl Host, before: &Self) -> Result<(), Error> {
        for (key, old, new) in [(REPORTED, &before.reported, &self.reported), (WAITING, &before.waiting, &self.waiting)] {
            if old != new {
                // Two hundred paths fit a value; more conflicts than that are told anyway while git knows of them.
                let text: Vec<&str> = new.iter().map(String::as_str).filter(|path| path.len() < 300).take(200).collect();
                host.set_string(key, &text.join("\0"))?;
            }
        }
        Ok(())
    }
}
