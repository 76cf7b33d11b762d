//! Tells of debug prints, breakpoints, narrowed tests and notes (TODO, FIXME) that a branch is about to bring along.
//! `README.md` says what is not reported.

mod added;
mod language;
mod marks;
mod memory;
mod place;
#[cfg(test)]
mod tests;

use added::{Added, added};
use kairos_plugin::prelude::*;
use marks::Kind;
use memory::Memory;

struct TodoDrift;

const MINUTE: u64 = 60_000;
/// So long a debug print has to be staged or committed: who looks through what is staged finds it alone, in less.
const DEBUG_RIPENS: u64 = 10 * MINUTE;
/// And so long a note: within an hour of work most of those that are meant to be done at once are done.
const NOTE_RIPENS: u64 = 60 * MINUTE;
/// A lone wish is an idea that its author has just written down and knows of; several are work that the branch leaves to others.
const MANY_WISHES: usize = 3;
/// Seconds after which an operation of git is asked for again, if its end isn't told.
const AFTER_OPERATION: u32 = 600;

impl Detector for TodoDrift {
    fn describe() -> Description {
        describe!("Tells of debug prints, breakpoints, narrowed tests and TODOs that a branch adds and that stayed in it")
            .reads_project("to compare changed files with what they were at the branch point")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at the branch once"),
            Interest::new("git.index", "something was staged, and would be committed"),
            Interest::new("git.head", "something was committed, or another branch is checked out"),
            Interest::new("git.upstream", "the branch that this one is compared with may have moved"),
            Interest::new("git.operation", "a merge or rebase ended"),
            Interest::new("file.modified", "to see that something found is gone"),
            Interest::new("file.created", "to see that something found is gone: many editors write a file anew"),
            Interest::new("file.removed", "to see that something found is gone"),
            Interest::new("file.rescan", "to look again after many changes at once"),
            Interest::new("kairos.wake", "to tell what stayed"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let is_edit = |signal: &Signal| matches!(signal.kind.as_str(), "file.modified" | "file.created" | "file.removed");
        if signals.iter().all(is_edit) {
            // What is only in the work tree isn't told, so an edit can only take something away.
            let paths: Vec<&str> = signals.iter().filter_map(Signal::path).collect();
            if !memory::concerns(host, &paths)? {
                return Ok(Report::new());
            }
        }
        look(host)
    }
}

kairos_plugin::detector!(TodoDrift);

fn look(host: &impl Host) -> Result<Report, Error> {
    let status = match host.git_status() {
        Ok(status) => status,
        Err(error) if error.code == ErrorCode::Unavailable => return Ok(Report::new()),
        Err(error) => return Err(error),
    };
    if status.operation.is_some() {
        return Ok(Report::new().wake_after(AFTER_OPERATION));
    }
    let Some(added) = added(host)? else { return Ok(Report::new()) };
    let branch = status.branch.as_deref().unwrap_or("(detached)");
    let now = host.now();
    let mut memory = Memory::load(host, branch)?;
    let mut ripe: Vec<&Added> = Vec::new();
    let mut next: Option<u64> = None;
    for place in &added {
        let since = memory.since(&place.mark, now);
        let left = (since + if place.mark.kind.is_note() { NOTE_RIPENS } else { DEBUG_RIPENS }).saturating_sub(now);
        if left == 0 {
            ripe.push(place);
        } else {
            next = Some(next.map_or(left, |next| next.min(left)));
        }
    }
    let mut paths: Vec<&str> = added.iter().map(|place| place.path.as_str()).collect();
    paths.dedup();
    memory.save(host, &paths)?;
    // Only the branch that is checked out can be looked at, so what was said of another ends here.
    let mut report = Report::new().clear("branch:*").wake_after(next.map_or(0, |left| left.div_ceil(1000) as u32 + 1));
    if let Some(finding) = finding(branch, ripe) {
        report.add(finding);
    }
    Ok(report)
}

/// None where there is nothing but a few wishes, or what somebody keeps track of.
fn finding(branch: &str, ripe: Vec<&Added>) -> Option<Finding> {
    let (tracked, mut told): (Vec<_>, Vec<_>) = ripe.into_iter().partition(|place| place.mark.kind == Kind::Tracked);
    let gravest = told.iter().map(|place| place.mark.kind).min()?;
    if gravest == Kind::Wish && told.len() < MANY_WISHES {
        return None;
    }
    // The sort is stable: within a kind by path and line.
    told.sort_by_key(|place| place.mark.kind);
    let urgency = if gravest == Kind::Halt { Urgency::Normal } else { Urgency::Low };
    let mut detail = "They were added since the branch point, are staged or committed, and stayed. ".to_string();
    if gravest == Kind::Halt {
        detail.push_str("A breakpoint halts whoever gets there; `.only` and `fit` switch all other tests of the file off. ");
    }
    match tracked.len() {
        0 => {}
        1 => detail.push_str("One more names an issue, an owner or when it is due, and isn't listed."),
        more => detail.push_str(&format!("{more} more name an issue, an owner or when they are due, and aren't listed.")),
    }
    let remedy = if gravest.is_note() {
        "Do them, or name the issue or owner that keeps track of each, as in `TODO(#12)`"
    } else {
        "Take them out before the branch is merged; of a note, name its issue or owner, as in `TODO(#12)`"
    };
    let title = format!("{branch} brings along {}", counts(&told));
    let finding = Finding::new(&format!("branch:{branch}"), &title).detail(detail.trim_end()).urgency(urgency).remedy(remedy);
    Some(
        told.iter()
            .fold(finding, |finding, place| finding.evidence(Evidence::file(&place.path, place.mark.line, &place.mark.text))),
    )
}

/// `2 dbg!, 1 TODO`, in the order they come.
fn counts(places: &[&Added]) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for place in places {
        match words.iter_mut().find(|(word, _)| *word == place.mark.word) {
            Some((_, count)) => *count += 1,
            None => words.push((place.mark.word, 1)),
        }
    }
    let words: Vec<String> = words.iter().map(|(word, count)| format!("{count} {word}")).collect();
    words.join(", ")
}
