//! Tells of documents that name a path, a command or a flag of this project which is gone. `README.md` says what is not reported.

mod docs;
mod flags;
mod gone;
mod ledger;
mod look;
mod manifest;
mod mention;
#[cfg(test)]
mod tests;

use gone::{Kind, Thing};
use kairos_plugin::prelude::*;
use ledger::Entry;
use look::Place;
use manifest::Runner;

struct StaleDocs;

/// So long a document may lag behind: who changes both does so in one sitting, as a rule.
const RIPENS: u64 = 15 * 60_000;
/// More paths than this at once are one change of the layout, and one finding.
const MOST_PATHS: usize = 3;
/// Things that are followed because a document names them.
const MOST_NAMED: usize = 50;
/// Commands and flags that are told one by one.
const MOST_FINDINGS: usize = 5;
/// Seconds after which an operation of git is asked for again, if its end isn't told.
const AFTER_OPERATION: u32 = 600;

impl Detector for StaleDocs {
    fn describe() -> Description {
        describe!("Tells of documentation that names a path, command or flag of this project which is gone")
            .reads_project("to see what a branch takes away, and to look for its name in the documentation")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at the branch once"),
            Interest::new("git.index", "a file was removed or renamed, or a manifest changed"),
            Interest::new("git.head", "something was committed, or another branch is checked out"),
            Interest::new("git.operation", "a merge or rebase ended"),
            Interest::new("file.modified", "to see that a document is right again"),
            Interest::new("file.created", "to see that what was missing is there again"),
            Interest::new("file.removed", "to forget a document that is gone"),
            Interest::new("file.rescan", "to look again after many changes at once"),
            Interest::new("kairos.wake", "to tell what stayed"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let known = ledger::load(host)?;
        let is_file = |signal: &Signal| signal.kind.starts_with("file.") && signal.kind != "file.rescan";
        if signals.iter().all(is_file) {
            // What is only in the work tree isn't told, so an edit can only mend something.
            let mends = |path: &str| {
                docs::is_doc(path) || manifest::is_manifest(path) || known.iter().any(|entry| path.starts_with(&entry.thing.name))
            };
            if known.is_empty() || !signals.iter().filter_map(Signal::path).any(mends) {
                return Ok(Report::new());
            }
        }
        look(host, known)
    }
}

kairos_plugin::detector!(StaleDocs);

fn look(host: &impl Host, known: Vec<Entry>) -> Result<Report, Error> {
    match host.git_status() {
        Ok(status) if status.operation.is_some() => return Ok(Report::new().wake_after(AFTER_OPERATION)),
        Ok(_) => {}
        Err(error) if error.code == ErrorCode::Unavailable => return Ok(Report::new()),
        Err(error) => return Err(error),
    }
    let Some(things) = gone::gone(host)? else { return Ok(Report::new()) };
    let now = host.now();
    // A clock that went back must not keep anything silent for long.
    let mut entries: Vec<Entry> = known.iter().map(|entry| Entry { since: entry.since.min(now), ..entry.clone() }).collect();
    for thing in things {
        if !entries.iter().any(|entry| (entry.thing.kind, &entry.thing.name) == (thing.kind, &thing.name)) {
            entries.push(Entry { since: now, thing });
        }
    }
    let found = look::places(host, &entries.iter().map(|entry| &entry.thing).collect::<Vec<_>>())?;
    let mut named: Vec<(Entry, Vec<Place>)> = Vec::new();
    for (entry, places) in entries.into_iter().zip(found) {
        if !places.is_empty() && named.len() < MOST_NAMED && gone::is_gone(host, &entry.thing)? {
            named.push((entry, places));
        }
    }
    let kept: Vec<Entry> = named.iter().map(|(entry, _)| entry.clone()).collect();
    ledger::save(host, &known, &kept)?;

    let (ripe, unripe): (Vec<_>, Vec<_>) = named.into_iter().partition(|(entry, _)| now - entry.since >= RIPENS);
    let next = unripe.iter().map(|(entry, _)| entry.since + RIPENS - now).min();
    let mut report = Report::new().clear("gone:*").wake_after(next.map_or(0, |left| left.div_ceil(1000) as u32 + 1));
    let (paths, others): (Vec<_>, Vec<_>) =
        ripe.into_iter().partition(|(entry, _)| matches!(entry.thing.kind, Kind::File | Kind::Folder));
    if paths.len() > MOST_PATHS {
        report.add(layout(&paths));
    } else {
        paths.iter().for_each(|(entry, places)| {
            report.add(finding(&entry.thing, places));
        });
    }
    others.iter().take(MOST_FINDINGS).for_each(|(entry, places)| {
        report.add(finding(&entry.thing, places));
    });
    Ok(report)
}

/// As a document writes it.
fn written(thing: &Thing) -> String {
    match thing.kind {
        Kind::Folder => format!("{}/", thing.name),
        Kind::Command(Runner::Npm) => format!("npm run {}", thing.name),
        Kind::Command(Runner::Make) => format!("make {}", thing.name),
        Kind::Command(Runner::Just) => format!("just {}", thing.name),
        Kind::Command(Runner::Cargo) => format!("cargo run --bin {}", thing.name),
        Kind::File | Kind::Flag | Kind::Command(Runner::Program) => thing.name.clone(),
    }
}

fn finding(thing: &Thing, places: &[Place]) -> Finding {
    let what = match (thing.kind, &thing.became) {
        (_, Some(new)) => format!("is {new} now"),
        (Kind::File | Kind::Folder, None) => "is gone".to_string(),
        (Kind::Command(_), None) => "no manifest defines any more".to_string(),
        (Kind::Flag, None) => "no source defines any more".to_string(),
    };
    let title = format!("{} names {}, which {what}", places[0].doc, written(thing));
    let detail = format!("It was there at the branch point, or earlier while this was watched. {}", count(places));
    let remedy = match &thing.became {
        Some(new) => format!("Name {new} instead, or take the line out"),
        None => "Take the line out, or name what took its place".to_string(),
    };
    let finding = Finding::new(&format!("gone:{}:{}", ledger::word(thing.kind), thing.name.trim_end_matches('*')), &title);
    with_places(finding.detail(&detail).urgency(urgency(thing, places)).remedy(&remedy), places)
}

/// A reader who follows a link, a command or the first document ends in front of nothing; a path in prose costs a search.
fn urgency(thing: &Thing, places: &[Place]) -> Urgency {
    let path = matches!(thing.kind, Kind::File | Kind::Folder);
    let leads = places.iter().any(|place| place.link || docs::is_about_the_project(&place.doc));
    if path && !leads { Urgency::Low } else { Urgency::Normal }
}

fn layout(paths: &[(Entry, Vec<Place>)]) -> Finding {
    let all: Vec<Place> = paths.iter().flat_map(|(_, places)| places.clone()).collect();
    let names: Vec<String> = paths
        .iter()
        .map(|(entry, _)| match &entry.thing.became {
            Some(new) => format!("{} (now {new})", written(&entry.thing)),
            None => written(&entry.thing),
        })
        .collect();
    let title = format!("Documents name {} paths that are gone, {} first", paths.len(), written(&paths[0].0.thing));
    let detail =
        format!("They were there at the branch point, or earlier while this was watched: {}. {}", names.join(", "), count(&all));
    let finding = Finding::new("gone:paths", &title).detail(&detail).urgency(Urgency::Normal);
    with_places(finding.remedy("Go through the documents once, after the new layout"), &all)
}

fn count(places: &[Place]) -> String {
    match places.len() {
        1 => "One line names it.".to_string(),
        more => format!("{more} lines name it."),
    }
}

fn with_places(finding: Finding, places: &[Place]) -> Finding {
    places.iter().fold(finding, |finding, place| finding.evidence(Evidence::file(&place.doc, place.line, &place.text)))
}

/// Text as a regular expression that matches it.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            (!char.is_alphanumeric() && char != '_' && char != '/' && char != '-').then_some('\\').into_iter().chain([char])
        })
        .collect()
}
