//! The words for each fact.

use crate::advisory::{Hit, Weight};
use crate::look::command;
use crate::majors::Majors;
use crate::model::{Drift, Problem, file_name, folder};
use crate::view::View;
use kairos_plugin::prelude::*;

/// Packages that a text names one by one.
const MOST_NAMED: usize = 12;

/// What there can be one finding of for each lock.
pub const KEYS: [&str; 3] = ["drift", "left-out", "majors"];

pub fn key(kind: &str, lock: &str) -> String {
    kairos_plugin::fit_key(&format!("{kind}:{}", plain(lock)))
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
pub fn drift<H: Host>(view: &View<'_, H>, lock: &str, drifts: &[Drift]) -> Finding {
    let (name, more) = (&drifts[0].name, more(drifts.len() - 1));
    let title = match drifts[0].problem {
        Problem::Missing => format!("{lock} lacks {name}{more}"),
        Problem::Excluded(_) => format!("{lock} holds {name} in a version that the manifest excludes{more}"),
        Problem::MadeFor(_) => format!("{lock} was made for another requirement of {name}{more}"),
    };
    let why =
        "An install that must not change the lock fails, as on most build servers; any other installs what was never tried.";
    let remedy = match folder(lock) {
        "" => format!("`{}`, and commit {lock}", command(lock)),
        folder => format!("`{}` in {folder}, and commit {}", command(lock), file_name(lock)),
    };
    with_lines(Finding::new(&key("drift", lock), &title).remedy(&remedy), view, why, drifts)
}

/// One finding a lock: it was left out as a whole.
pub fn left_out<H: Host>(view: &View<'_, H>, lock: &str, drifts: &[Drift]) -> Finding {
    let more = more(drifts.len() - 1);
    let title = format!("{lock} is not committed with its manifest ({}{more})", drifts[0].name);
    let why = "In HEAD the lock doesn't fit the manifest. In the work tree it does, so only the commit of it is missing.";
    let remedy = format!("`git add {lock}`, and `git commit --amend` if the last commit isn't pushed");
    with_lines(Finding::new(&key("left-out", lock), &title).remedy(&remedy), view, why, drifts)
}

fn more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more") }
}

fn with_lines<H: Host>(mut finding: Finding, view: &View<'_, H>, why: &str, drifts: &[Drift]) -> Finding {
    let named: String = drifts.iter().take(MOST_NAMED).map(sentence).collect();
    let rest = drifts.len().saturating_sub(MOST_NAMED);
    let rest = if rest == 0 { String::new() } else { format!("and {rest} more\n") };
    finding = finding.detail(format!("{why}\n{named}{rest}").trim_end());
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
    let more = more(majors.len().saturating_sub(3));
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
    Finding::new(&key("majors", lock), &format!("{lock} gains a second major version of {names}{more}"))
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
