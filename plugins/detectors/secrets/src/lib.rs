//! Finds keys, tokens and passwords in changed or staged files, and never repeats them. `README.md` says what is not reported.

mod example;
mod formats;
mod guess;
mod paths;
mod policy;
mod scan;
#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod tests;

use guess::Care;
use kairos_plugin::prelude::*;
use paths::{Place, Sensitive, has_bare_values, place, sensitive};
use policy::{Stage, Weight, weigh};
use scan::{Hit, Options, fnv, scan};

struct Secrets;

/// Longer files are generated or data: they aren't read.
const MOST_BYTES: u64 = 1 << 20;
/// Files read in one call, and bytes in all.
const MOST_FILES: usize = 200;
/// What a slow machine scans within the CPU time of a call, with room to spare: a call that takes too long loses everything.
const MOST_BYTES_A_CALL: usize = 6 << 20;
/// The paths that were reported, so that a secret which gets committed isn't taken for solved.
const REPORTED: &str = "reported";

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
        if all || paths.len() > MOST_FILES { look_at_all(host, &paths) } else { look_at(host, &paths) }
    }
}

kairos_plugin::detector!(Secrets);

/// A few files. Git is asked only when one of them holds something, or was reported before.
fn look_at(host: &impl Host, paths: &[&str]) -> Result<Report, Error> {
    let mut memory = Memory::load(host)?;
    let mut changes: Option<Option<Vec<Change>>> = None;
    let mut report = Report::new();
    let mut left = MOST_BYTES_A_CALL;
    for path in paths {
        report.clear_key(&format!("{}*", key(path)));
        let hits = read(host, path, &mut left).map(|text| scan(&text, widest(path))).unwrap_or_default();
        if hits.is_empty() && !memory.has(path) {
            continue;
        }
        if changes.is_none() {
            changes = Some(ask_git(host)?);
        }
        match changes.as_ref().and_then(Option::as_ref) {
            Some(changes) => examine(
                host,
                path,
                changes.iter().find(|change| change.path == **path),
                true,
                &mut left,
                &mut memory,
                &mut report,
            ),
            None => examine(host, path, None, false, &mut left, &mut memory, &mut report),
        }
    }
    memory.save(host)?;
    Ok(report)
}

/// All that differs from HEAD, and what was reported before. `fresh`: what has just changed, sorted.
fn look_at_all(host: &impl Host, fresh: &[&str]) -> Result<Report, Error> {
    let mut memory = Memory::load(host)?;
    // Without git there is no telling what is new: files are looked at as they change.
    let Some(changes) = ask_git(host)? else { return Ok(Report::new()) };
    let mut report = Report::new().clear("file:*");
    let mut left = MOST_BYTES_A_CALL;
    // What was told comes first, so that a finding never ends because others were looked at; then what is fresh, for nobody
    // has looked at it yet; then what is staged: it is nearer to harm.
    let mut order: Vec<&Change> = changes.iter().filter(|change| place(&change.path) != Place::Skip).collect();
    order.sort_by_key(|change| {
        (!memory.has(&change.path), fresh.binary_search(&change.path.as_str()).is_err(), change.staged.is_none())
    });
    for change in order.into_iter().take(MOST_FILES) {
        examine(host, &change.path, Some(change), true, &mut left, &mut memory, &mut report);
    }
    for path in memory.paths.clone() {
        if !changes.iter().any(|change| change.path == path) {
            examine(host, &path, None, true, &mut left, &mut memory, &mut report);
        }
    }
    memory.save(host)?;
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.urgency as u8));
    Ok(report)
}

/// `change`: what git says of the path; none in a repository means that it is as in HEAD.
fn examine(
    host: &impl Host,
    path: &str,
    change: Option<&Change>,
    git: bool,
    left: &mut usize,
    memory: &mut Memory,
    report: &mut Report,
) {
    let mut findings: Vec<(Hit, Stage)> = Vec::new();
    let mut in_head = false;
    if git && change.is_none() {
        in_head = true;
        // What nobody has touched was there before us: it is told only if it was told before it was committed.
        if memory.has(path) {
            let hits = read(host, path, left).map(|text| scan(&text, options(path, None, memory.guesses(path))));
            findings.extend(
                hits.unwrap_or_default()
                    .into_iter()
                    .filter(|hit| memory.knows(path, hit.fingerprint))
                    .map(|hit| (hit, Stage::Committed)),
            );
        }
    } else {
        let options = options(path, change, true);
        let staged =
            change.filter(|change| matches!(change.staged, Some(ChangeKind::Added | ChangeKind::Modified | ChangeKind::Renamed)));
        if let Some(change) = staged.filter(|_| *left > 0 || sensitive(path).is_some()) {
            match host.read_all_staged(path, MOST_BYTES) {
                Ok(text) => {
                    *left = left.saturating_sub(text.len());
                    findings.extend(scan(&text, options).into_iter().map(|hit| (hit, Stage::Index)));
                }
                // It can't be looked into, so its name has to do.
                Err(error) if error.code == ErrorCode::Denied => report_name(path, change, report),
                Err(_) => {}
            }
        }
        if staged.is_none_or(|change| change.unstaged.is_some()) {
            for hit in read(host, path, left).map(|text| scan(&text, options)).unwrap_or_default() {
                if !findings.iter().any(|(known, _)| known.fingerprint == hit.fingerprint) {
                    findings.push((hit, Stage::WorkTree));
                }
            }
        }
    }
    let place = place(path);
    let mut told = Vec::new();
    for (hit, stage) in findings {
        let Some(weight) = weigh(hit.sureness, place, stage) else { continue };
        told.push(hit.fingerprint);
        report.add(finding(path, &hit, stage, weight));
    }
    memory.set(path, told, in_head);
}

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
    if path.len() <= 180 { format!("file:{path}:") } else { format!("file:~{:016x}:", fnv(path.as_bytes())) }
}

fn ask_git(host: &impl Host) -> Result<Option<Vec<Change>>, Error> {
    match host.git_changes(5_000) {
        Ok(changes) => Ok(Some(changes)),
        Err(error) if error.code == ErrorCode::Unavailable => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(host: &impl Host, path: &str, left: &mut usize) -> Option<Vec<u8>> {
    if *left == 0 {
        return None;
    }
    let text = host.read_all(path, MOST_BYTES).ok()?;
    *left = left.saturating_sub(text.len());
    Some(text)
}

/// What to look for in a path. In a file that existed before, a guess has to be surer.
fn options(path: &str, change: Option<&Change>, guesses: bool) -> Options {
    let new = |kind: &Option<ChangeKind>| matches!(kind, Some(ChangeKind::Added | ChangeKind::Untracked));
    let existed = change.is_some_and(|change| !new(&change.staged) && !new(&change.unstaged));
    let guess = (guesses && place(path) == Place::Ordinary).then_some(if existed { Care::Strict } else { Care::Usual });
    Options { guess, bare: has_bare_values(path) }
}

fn widest(path: &str) -> Options {
    options(path, None, true)
}

/// What was reported: a line a path, with the hashes of its secrets.
struct Memory {
    paths: Vec<String>,
    prints: Vec<Vec<u64>>,
    changed: bool,
}

impl Memory {
    fn load(host: &impl Host) -> Result<Self, Error> {
        let mut memory = Memory { paths: Vec::new(), prints: Vec::new(), changed: false };
        for line in host.get_string(REPORTED)?.unwrap_or_default().lines() {
            if let Some((prints, path)) = line.split_once(' ') {
                memory.paths.push(path.into());
                memory.prints.push(prints.split(',').filter_map(|print| u64::from_str_radix(print, 16).ok()).collect());
            }
        }
        Ok(memory)
    }

    fn at(&self, path: &str) -> Option<usize> {
        self.paths.iter().position(|known| known == path)
    }

    fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    fn knows(&self, path: &str, print: u64) -> bool {
        self.at(path).is_some_and(|at| self.prints[at].contains(&print))
    }

    fn guesses(&self, path: &str) -> bool {
        self.has(path)
    }

    fn set(&mut self, path: &str, prints: Vec<u64>, in_head: bool) {
        let at = self.at(path);
        match at {
            Some(at) if self.prints[at] == prints => return,
            // In HEAD the list only shrinks by what is gone.
            Some(at) if prints.is_empty() => {
                self.paths.remove(at);
                self.prints.remove(at);
            }
            Some(at) => self.prints[at] = prints,
            None if prints.is_empty() || in_head || self.paths.len() >= 100 || path.len() > 300 || path.contains('\n') => return,
            None => {
                self.paths.push(path.into());
                self.prints.push(prints);
            }
        }
        self.changed = true;
    }

    fn save(&self, host: &impl Host) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let line = |(path, prints): (&String, &Vec<u64>)| {
            let prints: Vec<String> = prints.iter().map(|print| format!("{print:x}")).collect();
            format!("{} {path}\n", prints.join(","))
        };
        host.set_string(REPORTED, &self.paths.iter().zip(&self.prints).map(line).collect::<String>())
    }
}
