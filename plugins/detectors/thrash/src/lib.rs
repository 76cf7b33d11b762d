//! Tells of work that goes in circles: a file that comes back to the same content, a command that fails the same way, again
//! and again. `README.md` says how that is known and what is not reported.

mod command;
mod failures;
mod returns;
mod signature;
#[cfg(test)]
mod tests;

use command::{Exit, counts, exit, hash};
use failures::{Failing, Failures, Verdict};
use kairos_plugin::command::{normalise, shown};
use kairos_plugin::prelude::*;
use returns::{Circle, Files};

struct Thrash;

const FAILURES: &str = "failures";
const FILES: &str = "files";
/// More files than this in one tick were changed by a tool.
const MOST_AT_ONCE: usize = 20;
/// Larger files are not written by hand.
const MOST_BYTES: u64 = 256 * 1024;
/// Longer paths are left out.
const LONGEST_PATH: usize = 300;

impl Detector for Thrash {
    fn describe() -> Description {
        describe!("Tells of work that goes in circles: a file undone again and again, a command that fails the same way")
            .reads_project("to know by its content when a file is back at what it was; only hashes are kept, for an hour")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("file.*", "to see when a file comes back to an earlier content, and edits between two runs"),
            Interest::new("command.finished", "to see a command that fails the same way again and again"),
            Interest::new("git.head", "a commit is progress, and a checkout changes files that nobody edited"),
            Interest::new("git.stash", "a stash changes files that nobody edited"),
            Interest::new("git.operation", "a merge or rebase changes files that nobody edited"),
            Interest::new("kairos.wake", "to take a finding back when the episode is over"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let now = host.now();
        let before = (host.get_string(FAILURES)?.unwrap_or_default(), host.get_string(FILES)?.unwrap_or_default());
        let (mut failures, mut files) = (Failures::parse(&before.0), Files::parse(&before.1));
        let mut report = Report::new();
        commands(signals, &mut failures, &mut report);
        look_at_files(host, signals, &mut files, &mut report)?;
        failures.expire(now).into_iter().for_each(|id| report.clear_key(&command_key(id)));
        files.expire(now).iter().for_each(|path| report.clear_key(&file_key(path)));
        let after = (failures.text(), files.text());
        if after.0 != before.0 {
            host.set_string(FAILURES, &after.0)?;
        }
        if after.1 != before.1 {
            host.set_string(FILES, &after.1)?;
        }
        let next = failures.next().into_iter().chain(files.next()).min();
        Ok(report.wake_after(next.map_or(0, |at| u32::try_from(at.saturating_sub(now) / 1000 + 1).unwrap_or(u32::MAX))))
    }
}

kairos_plugin::detector!(Thrash);

fn commands(signals: &[Signal], failures: &mut Failures, report: &mut Report) {
    for signal in signals {
        if signal.kind.starts_with("file.") {
            failures.edited(signal.time);
        }
        if signal.kind != "command.finished" {
            continue;
        }
        let Some(line) = signal.attribute("command").map(normalise).filter(|line| counts(line)) else { continue };
        let Some(code) = signal.number::<i64>("exit-code") else { continue };
        let folder = signal.attribute("folder").unwrap_or_default().trim_matches('/');
        let id = hash(&[line.as_bytes(), if folder == "." { b"" } else { folder.as_bytes() }]);
        let verdict = match exit(code) {
            Exit::Nothing => continue,
            Exit::Passed => failures.passed(id),
            Exit::Failed => {
                let start = signal.time.saturating_sub(signal.number("duration-ms").unwrap_or(0));
                failures.failed(id, start, signal.time, signature::signature(&signal.body))
            }
        };
        let key = command_key(id);
        match verdict {
            Verdict::Silent => continue,
            Verdict::Clear => report.clear_key(&key),
            Verdict::Tell(failing) => {
                report.add(of_command(&key, &shown(&line), &failing, signal));
                continue;
            }
        }
        report.findings.retain(|finding| finding.key != key);
    }
}

fn of_command(key: &str, command: &str, failing: &Failing, signal: &Signal) -> Finding {
    let minutes = (failing.last - failing.first) / 60_000;
    let short: String =
        if command.chars().count() > 60 { command.chars().take(59).chain(['…']).collect() } else { command.into() };
    let known = failing.signature != 0;
    let how = if known { "failed the same way" } else { "failed" };
    let lines = || signal.body.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| signature::is_telling(line)).or_else(|| lines().next_back()).unwrap_or("no output was seen");
    Finding::new(key, &format!("{short} {how} {} times in a row, over {minutes} minutes of edits", failing.count))
        .detail("Each run came after an edit, and none of them changed the result. A smaller question may get further than the next try.")
        .urgency(if known { Urgency::Normal } else { Urgency::Low })
        .evidence(Evidence::command(command, line))
        .remedy("Step back: undo to the last state that worked (`git diff`, `git stash`), and change one thing at a time, or take a break")
}

fn look_at_files(host: &impl Host, signals: &[Signal], files: &mut Files, report: &mut Report) -> Result<(), Error> {
    // A commit is progress; a checkout, a stash, a rebase change what nobody edited.
    let moved = |signal: &&Signal| matches!(signal.kind.as_str(), "git.head" | "git.stash" | "git.operation" | "file.rescan");
    let mut paths: Vec<&str> = signals
        .iter()
        .filter(|signal| matches!(signal.kind.as_str(), "file.created" | "file.modified"))
        .filter_map(|signal| signal.path().filter(|path| is_written_by_hand(path)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    if signals.iter().any(|signal| moved(&signal)) {
        files.clear().iter().for_each(|path| report.clear_key(&file_key(path)));
        return Ok(());
    }
    if paths.len() > MOST_AT_ONCE {
        for path in paths.into_iter().filter(|path| files.forget(path)) {
            report.clear_key(&file_key(path));
        }
        return Ok(());
    }
    for path in paths {
        // Gone again, private, binary or large: not ours.
        let Ok(content) = host.read_all(path, MOST_BYTES) else { continue };
        // Some editors empty a file before they write it.
        if content.is_empty() {
            continue;
        }
        // What it was before the first edit that is seen.
        if files.is_new(path)
            && let Ok(head) = host.read_all_at(Version::Head, path, MOST_BYTES)
        {
            files.state(path, hash(&[&head]), host.now());
        }
        if let Some(circle) = files.state(path, hash(&[&content]), host.now()) {
            report.add(of_file(path, &circle, host.now()));
        }
    }
    Ok(())
}

fn of_file(path: &str, circle: &Circle, now: u64) -> Finding {
    let minutes = now.saturating_sub(circle.since) / 60_000;
    let tries = match circle.others {
        1 => "The same other version was tried each time.".to_string(),
        more => format!("{more} other versions were tried in between."),
    };
    Finding::new(&file_key(path), &format!("{path} came back to the same content {} times in {minutes} minutes", circle.returns))
        .detail(&format!("{tries} What is tried here may not be where the trouble is."))
        .evidence(Evidence::whole_file(path, &format!("undone {} times in {minutes} minutes", circle.returns)))
        .remedy("Step back: write down what each version should have shown, or ask somebody to look at it with you")
}

fn file_key(path: &str) -> String {
    format!("file:{path}")
}

fn command_key(id: u64) -> String {
    format!("command:{id:016x}")
}

/// Is it one of the words of a list?
fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Source code, by its name. What tools write, they may write in turns: lock files, builds, snapshots.
fn is_written_by_hand(path: &str) -> bool {
    const SOURCES: &str = "rs py pyi js jsx mjs cjs ts tsx mts vue svelte go java kt kts scala groovy c h cc cpp cxx hpp hh cs fs m mm \
        swift rb php pl lua r jl dart zig nim ex exs erl hs ml mli clj cljs el lisp sh bash zsh fish ps1 sql css scss \
        sass less html tf nix proto graphql toml yml yaml cmake mk gradle";
    const MADE: &str = "dist build out target generated gen vendor third_party node_modules __snapshots__ snapshots coverage .next \
        .git";
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let source = matches!(name, "Makefile" | "Dockerfile" | "Justfile" | "justfile" | "CMakeLists.txt")
        || name.rsplit_once('.').is_some_and(|(_, extension)| listed(SOURCES, &extension.to_ascii_lowercase()));
    let made = folders.split('/').any(|folder| listed(MADE, folder))
        || ["generated", ".min.", ".pb.", "_pb2", ".g.", "-lock.", ".lock"].iter().any(|part| name.contains(part));
    source && !made && path.len() <= LONGEST_PATH && !path.chars().any(char::is_control)
}
