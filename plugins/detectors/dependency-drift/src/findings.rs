//! The words for each fact.

use crate::advisory::{Hit, Weight};
use crate::look::command;
use crate::majors::Majors;
use crate::model::{Drift, Problem, file_name, folder};
use crate::view::View;
use kairos_plugin::prelude::*;

/// Packages that a text names one by one.
const MOST_NAMED: usize = 12;

pub fn drift_key(lock: &str) -> String {
    format!("drift:{}", plain(lock))
}

pub fn majors_key(lock: &str) -> String {
    format!("majors:{}", plain(lock))
}

/// All of a lock.
pub fn advisory_keys(lock: &str) -> String {
    format!("advisory:{}:*", plain(lock))
}

/// A path that ends in `*` would clear other locks' findings.
fn plain(lock: &str) -> String {
    lock.replace('*', "#")
}

/// One finding a lock: one run of the package manager mends all.
pub fn drift<H: Host>(view: &View<'_, H>, lock: &str, drifts: &[Drift], committed: bool) -> Finding {
    let first = &drifts[0];
    let more = if drifts.len() > 1 { format!(" and {} more", drifts.len() - 1) } else { String::new() };
    let title = match (&first.problem, committed) {
        (_, true) => format!("the last commit left out {lock}: it doesn't fit the manifest ({}{more})", first.name),
        (Problem::Missing, false) => format!("{lock} lacks {}{more}", first.name),
        (Problem::Excluded(_), false) => format!("{lock} holds {} in a version that the manifest excludes{more}", first.name),
        (Problem::MadeFor(_), false) => format!("{lock} was made for another requirement of {}{more}", first.name),
    };
    let mut detail = match committed {
        true => {
            format!("In HEAD manifest and lock disagree; in the work tree they agree, so {lock} was not committed with it.\n")
        }
        false => {
            "An install that must not change the lock fails, as on most build servers; any other installs what was never tried.\n"
                .into()
        }
    };
    for drift in drifts.iter().take(MOST_NAMED) {
        detail += &sentence(drift);
    }
    if drifts.len() > MOST_NAMED {
        detail += &format!("and {} more\n", drifts.len() - MOST_NAMED);
    }
    let remedy = match committed {
        true => format!("`git add {lock}`, and `git commit --amend` if it isn't pushed"),
        false if folder(lock).is_empty() => format!("`{}`, and commit {lock}", command(lock)),
        false => format!("`{}` in {}, and commit {}", command(lock), folder(lock), file_name(lock)),
    };
    let mut finding = Finding::new(&drift_key(lock), &title).detail(detail.trim_end()).remedy(&remedy);
    for drift in drifts.iter().take(8) {
        let text = view.text(&drift.manifest).unwrap_or_default();
        finding = finding.evidence(match line_of(&text, &drift.name) {
            Some((line, text)) => Evidence::file(&drift.manifest, line, text),
            None => Evidence::whole_file(&drift.manifest, &format!("{} {}", drift.name, drift.wanted)),
        });
    }
    finding
}

fn sentence(drift: &Drift) -> String {
    let asked = if drift.wanted.is_empty() { "a dependency".to_string() } else { format!("asked for as {}", drift.wanted) };
    let Drift { name, manifest, problem, .. } = drift;
    match problem {
        Problem::Missing => format!("{name} ({manifest}): {asked}, not in the lock\n"),
        Problem::Excluded(versions) => format!("{name} ({manifest}): {asked}, locked at {}\n", some(versions)),
        Problem::MadeFor(old) => format!("{name} ({manifest}): {asked}, the lock was made for {old}\n"),
    }
}

fn some(versions: &[String]) -> String {
    let shown = versions.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if versions.len() > 5 { format!("{shown}, ...") } else { shown }
}

/// The line on which a manifest names a package: where it begins with the name, or holds it in quotes.
fn line_of<'a>(text: &'a str, name: &str) -> Option<(u32, &'a str)> {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'));
    let names = |line: &str| {
        let line = line.trim_start();
        let bare = line.strip_prefix("require ").unwrap_or(line);
        bare.strip_prefix(name).is_some_and(ends)
            || ['"', '\'']
                .iter()
                .any(|quote| line.split(*quote).skip(1).step_by(2).any(|word| word.strip_prefix(name).is_some_and(ends)))
    };
    let (at, line) = text.lines().enumerate().find(|(_, line)| names(line))?;
    Some((at as u32 + 1, line))
}

/// One finding a lock: they come with one update, as a rule.
pub fn majors(lock: &str, majors: &[Majors]) -> Finding {
    let names = majors.iter().take(3).map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ");
    let more = if majors.len() > 3 { format!(" and {} more", majors.len() - 3) } else { String::new() };
    let mut detail = String::from(
        "The project asks for the package itself, and now another package brings a further major version: both are built, and \
         values of the one don't fit the other.\n",
    );
    for package in majors.iter().take(MOST_NAMED) {
        detail += &format!("{}: {}\n", package.name, some(&package.versions));
    }
    let why = match file_name(lock) {
        "Cargo.lock" => "`cargo tree --duplicates`",
        "pnpm-lock.yaml" => "`pnpm why`",
        "yarn.lock" => "`yarn why`",
        _ => "`npm ls`",
    };
    let first = majors.first().map(|package| format!("{} {}", package.name, some(&package.versions))).unwrap_or_default();
    Finding::new(&majors_key(lock), &format!("{lock} gains a second major version of {names}{more}"))
        .detail(detail.trim_end())
        .urgency(Urgency::Low)
        .evidence(Evidence::whole_file(lock, &first))
        .remedy(&format!("{why} shows who brings it in"))
}

pub fn advisory(lock: &str, hit: &Hit) -> Finding {
    let (name, version) = (&hit.package.name, &hit.package.version);
    let (urgency, what) = match hit.weight {
        Weight::Note => (Urgency::Low, "has a notice"),
        Weight::Normal => (Urgency::Normal, "has a known advisory"),
        Weight::High => (Urgency::High, "has a severe advisory"),
    };
    let fixed = match &hit.fixed {
        Some(fixed) => format!("Mended in {fixed}."),
        None => "The advisory names no version that mends it.".into(),
    };
    let remedy = match &hit.fixed {
        Some(fixed) => format!("Update {name} to {fixed} or later, then `{}`", command(lock)),
        None => format!("Replace {name}, or find out whether the project uses what the advisory is about"),
    };
    let shown = if hit.summary.is_empty() { hit.id.clone() } else { format!("{}: {}", hit.id, hit.summary) };
    Finding::new(
        &format!("{}{}:{name}", advisory_keys(lock).trim_end_matches('*'), hit.id),
        &format!("{name} {version} {what}: {}", hit.id),
    )
    .detail(&format!("{}\nAffected: {}. Locked in {lock}: {version}. {fixed}", hit.summary, hit.range))
    .urgency(urgency)
    .evidence(Evidence::whole_file(lock, &format!("{name} {version}")))
    .evidence(Evidence::whole_file(&hit.path, &shown))
    .remedy(&remedy)
}
