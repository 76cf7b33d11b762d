//! Tells of commands that fail, and where to look. It reads nothing but the signals. `README.md` says what is not reported.

mod command;
mod history;
mod parsers;
#[cfg(test)]
mod tests;

use command::{Class, Exit, class, exit};
use history::{History, STALE, Verdict, Why, decide};
use kairos_plugin::command::{normalise, shown};
use kairos_plugin::prelude::*;
use parsers::Output;

struct CommandFailures;

const HISTORY: &str = "commands";

impl Detector for CommandFailures {
    fn describe() -> Description {
        describe!("Tells of builds and tests that fail, with the file and line to look at")
    }

    fn interests() -> Vec<Interest> {
        vec![
            Interest::new("command.finished", "to learn which commands fail, and where, from their exit code and output"),
            Interest::new("kairos.wake", "to forget a failure that nobody ran again for a day"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let before = host.get_string(HISTORY)?.unwrap_or_default();
        let mut history = History::parse(&before);
        let mut report = Report::new();
        // The last run of a command within the batch is what holds.
        let mut findings: Vec<Finding> = Vec::new();
        for signal in signals.iter().filter(|signal| signal.kind == "command.finished") {
            let Some(line) = signal.attribute("command").map(normalise) else { continue };
            let Some(code) = signal.number::<i64>("exit-code") else { continue };
            let class = class(&line);
            let exit = exit(code);
            if class == Class::Ignored || exit == Exit::Nothing {
                continue;
            }
            let folder = signal.attribute("folder").unwrap_or_default().trim_matches('/');
            let folder = if folder == "." { "" } else { folder };
            let id = hash(&line, folder);
            let output = if exit == Exit::Failed { Output::read(&signal.body) } else { Output::default() };
            let entry = history.entry(id);
            let passed = entry.passed;
            let verdict = decide(entry, class, exit, !output.locations.is_empty(), signal.time);
            let failures = entry.failures;
            let key = key(id);
            match verdict {
                Verdict::Silent => continue,
                Verdict::Clear => report.clear_key(&key),
                Verdict::Report(why) => {
                    findings.retain(|finding| finding.key != key);
                    findings.push(finding(
                        &key,
                        &Run { line: &line, folder, code, class, why, passed, failures, signal },
                        &output,
                    ));
                    continue;
                }
            };
            findings.retain(|finding| finding.key != key);
        }
        findings.into_iter().for_each(|finding| {
            report.add(finding);
        });
        for id in history.expire(host.now()) {
            report.clear_key(&key(id));
        }
        let text = history.text();
        if text != before {
            host.set_string(HISTORY, &text)?;
        }
        Ok(if history.any_open() { report.wake_after((STALE / 1000) as u32) } else { report.wake_after(0) })
    }
}

kairos_plugin::detector!(CommandFailures);

struct Run<'a> {
    line: &'a str,
    folder: &'a str,
    code: i64,
    class: Class,
    why: Why,
    passed: u64,
    failures: u32,
    signal: &'a Signal,
}

fn finding(key: &str, run: &Run, output: &Output) -> Finding {
    let command = shown(run.line);
    let places: Vec<(String, u32, &str)> =
        output.locations.iter().map(|l| (in_project(run.folder, &l.path), l.line, l.message.as_str())).collect();
    let short: String =
        if command.chars().count() > 50 { command.chars().take(49).chain(['…']).collect() } else { command.clone() };
    let count = match output.failed_tests {
        0 => None,
        1 => Some("1 test".to_string()),
        more => Some(format!("{more} tests")),
    };
    let at = places.first().map(|(path, line, _)| format!("{path}:{line}"));
    let what = match (count, at) {
        (Some(count), Some(at)) => format!(": {count}, first at {at}"),
        (Some(count), None) => format!(": {count}"),
        (None, Some(at)) if places.len() > 1 => format!(": {} places, first {at}", places.len()),
        (None, Some(at)) => format!(" at {at}"),
        (None, None) => format!(" with exit code {}", run.code),
    };
    let mut detail = match run.why {
        Why::Regression => format!("It passed {} before.", span(run.signal.time.saturating_sub(run.passed))),
        Why::Repeated => format!("It failed {} times in a row.", run.failures),
        Why::Located => "It wasn't seen to pass yet.".to_string(),
    };
    detail.push_str(&format!(" Exit code {}", run.code));
    detail.push_str(&if run.folder.is_empty() { ".".to_string() } else { format!(", in {}.", run.folder) });
    // A program that ends badly may be meant to; a check isn't.
    let urgency = match (run.class, run.why) {
        (Class::Check, _) | (_, Why::Regression) => Urgency::Normal,
        _ => Urgency::Low,
    };
    let mut finding = Finding::new(key, &format!("{short} fails{what}")).detail(&detail).urgency(urgency);
    for (path, line, message) in places.iter().take(8) {
        finding = finding.evidence(Evidence::file(path, *line, message));
    }
    let last = run.signal.body.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let finding = finding
        .evidence(Evidence::command(&command, &if last.is_empty() { format!("exit code {}", run.code) } else { last.into() }));
    match places.first() {
        Some((path, line, _)) => finding.remedy(&format!("Look at {path}:{line}, then run it again")),
        None => finding.remedy(&format!("Run it again to see why: {command}")),
    }
}

/// A path in an output is relative to where the command ran; an absolute one stays as it is.
fn in_project(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() && !path.contains("..") || path.starts_with(['/', '\\']) || path.contains(":\\") {
        return path.to_string();
    }
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn span(milliseconds: u64) -> String {
    match milliseconds / 60_000 {
        0 => "less than a minute".into(),
        1 => "a minute".into(),
        minutes @ 2..=119 => format!("{minutes} minutes"),
        minutes @ 120..=2879 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

fn key(id: u64) -> String {
    format!("command:{id:016x}")
}

/// The command itself may hold secrets, so it isn't kept.
fn hash(line: &str, folder: &str) -> u64 {
    kairos_plugin::fnv([line, "\0", folder].iter().flat_map(|part| part.bytes()))
}
