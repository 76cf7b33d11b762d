//! Finds keys, tokens and passwords in changed or staged files, and never repeats them. `README.md` says what is not reported.

mod before;
mod example;
mod formats;
mod guess;
mod look;
mod memory;
mod paths;
mod policy;
mod scan;
#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod tests;

use kairos_plugin::fnv;
use kairos_plugin::prelude::*;
use look::{Look, MOST_FILES};
use paths::{Place, Sensitive, place, sensitive};
use policy::{Stage, Weight};
use scan::Hit;

struct Secrets;

impl Detector for Secrets {
    fn describe() -> Description {
        describe!("Tells of keys, tokens and passwords in changed or staged files, without repeating them")
            .reads_project("to look for secrets in changed and staged files")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("project.opened", "to look at all changed files once"),
            Interest::new("file.created", "to look at a new file"),
            Interest::new("file.modified", "to look at a changed file again"),
            Interest::new("file.removed", "to forget a file that is gone"),
            Interest::new("file.rescan", "to look at all changed files after many changes at once"),
            Interest::new("git.index", "what is staged is about to be committed"),
            Interest::new("git.head", "what was staged may have been committed"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let mut paths: Vec<&str> = Vec::new();
        let mut all = false;
        for signal in signals {
            match signal.kind.as_str() {
                "project.opened" | "file.rescan" | "git.index" | "git.head" => all = true,
                kind if kind.starts_with("file.") => paths.extend(signal.path().filter(|path| place(path) != Place::Skip)),
                _ => {}
            }
        }
        paths.sort_unstable();
        paths.dedup();
        let look = Look::new(host)?;
        if all || paths.len() > MOST_FILES { look.at_all(&paths) } else { look.at(&paths) }
    }
}

kairos_plugin::detector!(Secrets);

fn finding(path: &str, hit: &Hit, stage: Stage, weight: Weight) -> Finding {
    let (title, detail, remedy) = match stage {
        Stage::WorkTree => (
            format!("{} in {path}, line {}", hit.name, hit.line),
            "It stands in a file that a commit would take along. The text of it is not kept here.",
            "Move it to the environment or a secret store. If it was shared already, replace it",
        ),
        Stage::Index => (
            format!("{} is staged in {path}, line {}", hit.name, hit.line),
            "The next commit would record it. Once pushed, a secret has to be replaced: deleting the line doesn't take it back.",
            "Unstage the file with `git restore --staged`, and move the secret out of it",
        ),
        Stage::Committed => (
            format!("{} was committed in {path}, line {}", hit.name, hit.line),
            "HEAD holds it. While it isn't pushed, amending takes it out; after that it has to be replaced.",
            "Take it out, `git commit --amend` before pushing, and replace the secret if it was pushed",
        ),
    };
    // The rule and a hash name the fact; the secret itself stays out of everything that is kept.
    Finding::new(&format!("{}{}:{:016x}", key(path), hit.rule, hit.fingerprint), &title)
        .detail(detail)
        .urgency(urgency(weight))
        .evidence(Evidence::file(path, hit.line, &format!("{}: {}", hit.name, hit.shown)))
        .remedy(remedy)
}

fn report_name(path: &str, change: &Change, report: &mut Report) {
    let Some(kind) = sensitive(path) else { return };
    let what = match kind {
        Sensitive::Environment => "a file of environment variables, where secrets usually are",
        Sensitive::Key => "a private key by its name",
        Sensitive::Login => "a file in which a tool keeps its login",
    };
    let urgency = match (kind, &change.staged) {
        (_, Some(ChangeKind::Modified)) => Urgency::Low,
        (Sensitive::Key, _) => Urgency::Critical,
        _ => Urgency::High,
    };
    report.add(
        Finding::new(&format!("{}name", key(path)), &format!("{path} is about to be committed"))
            .detail(&format!("It is staged, and it is {what}. Its content is private and was not read."))
            .urgency(urgency)
            .evidence(Evidence::whole_file(path, "staged"))
            .remedy(&format!("`git restore --staged {path}`, and add it to .gitignore")),
    );
}

fn urgency(weight: Weight) -> Urgency {
    match weight {
        Weight::Low => Urgency::Low,
        Weight::Normal => Urgency::Normal,
        Weight::High => Urgency::High,
        Weight::Critical => Urgency::Critical,
    }
}

/// The beginning of all keys of a path. A long path is replaced by a hash, so that one path's prefix is never another's.
fn key(path: &str) -> String {
    if path.len() <= 180 { format!("file:{path}:") } else { format!("file:~{:016x}:", fnv(path.bytes())) }
}
