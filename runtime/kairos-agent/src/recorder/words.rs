//! Signals in words: those that tell what somebody did or what came of it, and none of those that only tell that time passes.

use kairos_core::Signal;
use kairos_core::memory::Origin;

/// Lines of a log that are kept at once: the first says what happened.
const MAX_LINES: usize = 10;
/// How a line of a log says that something failed.
const FAILURES: [&str; 9] = ["error", "fatal", "panic", "exception", "traceback", "critical", "failed", "failure", "segfault"];

/// What a signal says, and how far it may be believed; none for one that is not worth keeping. Commands and commits are told by others.
pub(super) fn of(signal: &Signal) -> Option<(Origin, String)> {
    let value = |name: &str| signal.attribute(name).unwrap_or_default();
    let text = match signal.kind.as_str() {
        // What stands in a file is its own affair.
        "file.created" => format!("{} was created", value("path")),
        "file.modified" => format!("{} was modified", value("path")),
        "file.removed" => format!("{} was removed", value("path")),
        // A branch that only moved has new commits, and these are kept.
        "git.head" if value("branch") != value("old-branch") => match (value("old-branch"), value("branch")) {
            (old, "") => format!("left branch {old} for commit {}", value("head")),
            ("", new) => format!("switched to branch {new}"),
            (old, new) => format!("switched from branch {old} to {new}"),
        },
        "git.operation" if !value("operation").is_empty() => format!("a {} began", value("operation")),
        "git.operation" => format!("the {} ended", value("old-operation")),
        "git.stash" => format!("{} stashes", value("count")),
        "git.upstream" if value("upstream").is_empty() => return None,
        "git.upstream" => format!("{} commits ahead of {}, {} behind", value("ahead"), value("upstream"), value("behind")),
        // Anyone may have written the rest of it: a log, a branch from a stranger.
        "ci.finished" => return Some((Origin::File, ci(signal))),
        "log.lines" => return failures(&signal.body).map(|lines| (Origin::File, format!("{}: {lines}", value("path")))),
        "system.disk-low" => format!("the disk of the {} has only {} left", value("disk"), mebibytes(value("free"))),
        "system.memory-low" => format!("memory is short: {} are free", mebibytes(value("free"))),
        _ => return None,
    };
    Some((Origin::Tool, text))
}

/// A number of bytes, in a unit that people read.
fn mebibytes(bytes: &str) -> String {
    bytes.parse::<u64>().map_or_else(|_| format!("{bytes} bytes"), |bytes| format!("{} MiB", bytes >> 20))
}

fn ci(signal: &Signal) -> String {
    let value = |name: &str| signal.attribute(name).unwrap_or_default();
    let on = if value("branch").is_empty() { String::new() } else { format!(" on {}", value("branch")) };
    let text = format!("CI {}{on}: {}", value("name"), value("status"));
    if signal.body.is_empty() { text } else { format!("{text}\n{}", signal.body) }
}

/// A log is a file of its own; kept is what in it says that something failed.
fn failures(body: &str) -> Option<String> {
    let fails = |line: &&str| {
        let line = line.to_ascii_lowercase();
        FAILURES.iter().any(|word| line.contains(word))
    };
    let lines: Vec<&str> = body.lines().filter(fails).take(MAX_LINES).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_as_people_read_them() {
        let low = Signal::new("system.disk-low", "system", 1).with("disk", "project").with("free", 5_986_512_896u64);
        assert_eq!(of(&low).unwrap().1, "the disk of the project has only 5709 MiB left");
    }

    #[test]
    fn what_was_done_is_told_and_that_time_passes_is_not() {
        let signal = |kind: &str, values: &[(&str, &str)], body: &str| {
            let signal = Signal::new(kind, "x", 5).with_body(body);
            of(&values.iter().fold(signal, |s, (name, value)| s.with(name, value))).map(|(_, text)| text)
        };
        let branches = [("old-branch", "main"), ("branch", "topic")];
        assert_eq!(signal("git.head", &branches, "").as_deref(), Some("switched from branch main to topic"));
        assert_eq!(signal("git.head", &[("old-branch", "main"), ("branch", "main")], ""), None);
        let ci_values = [("name", "build"), ("status", "failed"), ("branch", "main")];
        assert_eq!(signal("ci.finished", &ci_values, "2 tests").as_deref(), Some("CI build on main: failed\n2 tests"));
        let log = "12:00 GET /\n12:01 ERROR no route\n";
        assert_eq!(signal("log.lines", &[("path", "a.log")], log).as_deref(), Some("a.log: 12:01 ERROR no route"));
        for noise in
            ["idle.started", "idle.ended", "file.rescan", "git.index", "project.opened", "server.running", "agent.session"]
        {
            assert_eq!(signal(noise, &[], "error"), None, "{noise}");
        }
        assert_eq!(signal("log.lines", &[("path", "a.log")], "12:00 GET /\n"), None);
    }
}
