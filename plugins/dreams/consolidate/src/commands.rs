//! Commands that work here, those that fail, and what then helped.

use crate::day::Names;
use crate::lesson::{Lesson, Seen, best};
use kairos_plugin::command::{normalise, shown};
use kairos_plugin::memory::{Kind, Observation};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Successes: one may be a try, two are use.
const WORKED: usize = 2;
/// Times that a failure came back after it had been gone, and times that the same thing helped: once is chance.
const RECURRED: usize = 3;
const HELPED: usize = 2;
/// Of the failures that were overcome, so many by the same step.
const SHARE: f64 = 0.5;
/// A command used less than a fifth as often as another for the same purpose is for a special case.
const RARE: usize = 5;
/// How far ahead the end of a failure is looked for: after an hour or 20 commands it's another piece of work.
const AHEAD: usize = 20;
const SOON: u64 = 3600 * 1000;
/// Bytes of a command worth a line in a list, and of an error.
const LONGEST: usize = 120;
/// At most so many lessons of each kind in one dream.
const MOST: usize = 20;

/// One that ended by itself.
#[derive(Debug, Clone)]
pub struct Command {
    pub seen: Seen,
    line: Rc<str>,
    /// Empty for the project's own.
    folder: Rc<str>,
    ok: bool,
    /// The first line that tells of an error, where it failed.
    error: Option<Rc<str>>,
}

/// Programs whose exit code answers a question: 1 is no failure.
const ASKING: &[&str] =
    &["grep", "rg", "ag", "diff", "cmp", "test", "[", "which", "type", "find", "pgrep", "kill", "timeout", "watch"];
/// Programs that only look, or move about: they mend nothing.
const LOOKING: &[&str] = &[
    "cd", "ls", "ll", "cat", "less", "more", "head", "tail", "man", "echo", "pwd", "history", "vi", "vim", "nvim", "nano",
    "emacs", "code", "clear", "exit", "top", "htop", "ps", "tree", "open", "wc", "date", "env", "sleep", "true", "false",
];
/// What git does without changing the work tree.
const LOOKING_GIT: &[&str] = &["status", "diff", "log", "show", "blame", "add", "commit", "push", "fetch", "branch", "remote"];

/// None for what was interrupted, is too long, or holds what must not stand in a file.
pub fn read(o: &Observation, seen: Seen, names: &mut Names) -> Option<Command> {
    let line = normalise(o.attribute("command")?);
    let code: i32 = o.attribute("exit-code")?.parse().ok()?;
    // 128 and more is a signal: the user's Ctrl-C, most often.
    if line.is_empty() || line.len() > LONGEST || line.contains(['`', '\n']) || shown(&line) != line || !(0..128).contains(&code)
    {
        return None;
    }
    let folder = o.attribute("folder").unwrap_or_default().trim_matches('/');
    let folder = if matches!(folder, "." | "") || folder.contains('`') { "" } else { folder };
    let error = (code != 0).then(|| error_of(&o.text, &line)).flatten().map(|e| names.get(e));
    Some(Command { seen, line: names.get(&line), folder: names.get(folder), ok: code == 0, error })
}

/// The line that says what went wrong; not one that only says that something did.
fn error_of<'a>(output: &'a str, command: &str) -> Option<&'a str> {
    let telling = |l: &&str| {
        let lower = l.to_lowercase();
        let warns = ["error", "fatal", "panicked", "not found", "no such", "cannot", "can't", "denied", "refused"];
        let empty = |w: &str| w.is_empty() || w.parse::<u32>().is_ok() || EMPTY.contains(&w) || command.contains(w);
        warns.iter().any(|w| lower.contains(w)) && !lower.split(|c: char| !c.is_alphanumeric()).all(empty)
    };
    let line = output.lines().map(str::trim).find(telling)?;
    (line.len() <= LONGEST && !line.contains('`')).then_some(line)
}

/// Words of a line that says no more than that it failed, beside those of the command itself.
const EMPTY: &[&str] = &[
    "error",
    "errors",
    "failed",
    "failure",
    "fatal",
    "task",
    "tasks",
    "exit",
    "exited",
    "status",
    "code",
    "command",
    "process",
    "with",
    "returned",
    "non",
    "zero",
    "script",
    "recipe",
    "target",
    "err",
    "elifecycle",
    "the",
    "a",
    "found",
    "in",
    "s",
];

impl Command {
    fn program(&self) -> &str {
        let word = self.line.split(' ').find(|w| !w.contains('=') && *w != "sudo" && *w != "time").unwrap_or_default();
        word.rsplit('/').next().unwrap_or(word)
    }

    /// Could it have mended something?
    fn acts(&self) -> bool {
        let second = self.line.split(' ').nth(1).unwrap_or_default();
        let looks = LOOKING.contains(&self.program()) || ASKING.contains(&self.program());
        !looks && (self.program() != "git" || !LOOKING_GIT.contains(&second))
    }

    /// A shell's operators hide whose exit code it is.
    fn is_plain(&self) -> bool {
        !self.line.contains(['|', ';', '>', '<', '&', '$', '*', '"', '\''])
    }

    /// Is it for one part of the project? `tests/` may be all there is, a folder below another is not.
    fn is_narrow(&self) -> bool {
        let deep = |word: &str| {
            let parts = word.split('/').filter(|p| !matches!(*p, "" | "." | "..."));
            word.contains('/') && (parts.clone().count() > 1 || (word.ends_with("/...") && parts.count() > 0))
        };
        self.line.split(' ').skip(1).any(deep)
    }

    fn is_again(&self, other: &Self) -> bool {
        self.line == other.line && self.folder == other.folder
    }

    /// Is it another way to say the same? `npm install` after `npm test` is a step, `npm run test` may be.
    fn is_meant_as(&self, other: &Self) -> bool {
        let start = |c: &Self| c.line.split(' ').take(2).map(String::from).collect::<Vec<_>>();
        let same = self.purpose().is_some() && self.purpose() == other.purpose();
        self.folder == other.folder && self.program() == other.program() && (same || start(self) == start(other))
    }

    fn place(&self) -> String {
        if self.folder.is_empty() { String::new() } else { format!("In `{}`: ", self.folder) }
    }

    /// What it is for, as far as its words tell.
    fn purpose(&self) -> Option<&'static str> {
        let words = self.line.split(' ').filter(|w| !w.contains('=')).take_while(|w| !w.starts_with('-')).take(4);
        let parts: Vec<&str> = words.flat_map(|w| w.rsplit('/').next().unwrap_or(w).split(':')).collect();
        let is = |names: &[&str]| parts.iter().any(|p| names.contains(p));
        let make = self.program() == "make" || self.program() == "just";
        let other = ["git", "docker", "podman"].contains(&self.program());
        if other || LOOKING.contains(&self.program()) || ASKING.contains(&self.program()) {
            return None;
        }
        match () {
            () if make && is(&["check"]) => Some("runs the tests"),
            () if is(&["test", "tests", "pytest", "jest", "vitest", "nextest", "rspec", "phpunit", "ctest", "tox"]) => {
                Some("runs the tests")
            }
            () if is(&["lint", "clippy", "eslint", "ruff", "flake8", "mypy", "shellcheck", "golangci-lint"]) => {
                Some("lints the code")
            }
            () if is(&["fmt", "format", "prettier", "black", "gofmt", "rustfmt"]) => Some("formats the code"),
            () if is(&["build", "compile", "tsc", "assemble"]) || (make && (parts.len() == 1 || is(&["all"]))) => {
                Some("builds the project")
            }
            () => None,
        }
    }
}

/// How a failure ended.
struct Overcome<'a> {
    failed: &'a Command,
    by: &'a Command,
    /// What was run in between and could have helped.
    between: BTreeSet<&'a str>,
}

pub fn lessons(sessions: &BTreeMap<Rc<str>, Vec<Command>>, changed: &[(u64, Rc<str>)]) -> Vec<Lesson> {
    let overcome: Vec<Overcome> = sessions.values().flat_map(|s| ends(s)).collect();
    let mut all = best(working(sessions), MOST);
    all.extend(best(instead(sessions, &overcome), MOST));
    all.extend(best(helping(&overcome), MOST));
    all.extend(best(places(&overcome, changed), MOST));
    all.extend(best(recurring(sessions), MOST));
    all
}

/// For each purpose, folder and program, the command line that worked most often.
fn working(sessions: &BTreeMap<Rc<str>, Vec<Command>>) -> Vec<Lesson> {
    let mut lines: BTreeMap<(&str, &str, &str), BTreeMap<&str, Vec<&Command>>> = BTreeMap::new();
    for command in sessions.values().flatten().filter(|c| c.ok && c.is_plain() && !c.is_narrow()) {
        if let Some(purpose) = command.purpose() {
            let group = lines.entry((purpose, &command.folder, command.program())).or_default();
            group.entry(&command.line).or_default().push(command);
        }
    }
    let usual: Vec<(&str, &str, Vec<&Command>)> = lines
        .into_iter()
        .filter_map(|((purpose, ..), group)| {
            // Of those used equally often the shorter is the more general one.
            let (line, used) = group.into_iter().max_by_key(|(l, used)| (used.len(), Reverse(l.len())))?;
            Some((purpose, line, used))
        })
        .collect();
    let is_special = |purpose: &str, line: &str, used: &[&Command]| {
        usual.iter().any(|(p, l, u)| {
            // What works for the whole project need not be said of a folder.
            let whole = *l == line && u[0].folder.is_empty() && !used[0].folder.is_empty();
            let other = u[0].folder == used[0].folder && u.len() > RARE * used.len();
            *p == purpose && (whole || other)
        })
    };
    let lesson = |(purpose, line, used): &(&str, &str, Vec<&Command>)| {
        (used.len() >= WORKED && !is_special(purpose, line, used)).then(|| {
            let text = format!("{}`{line}` {purpose}.", used[0].place());
            Lesson::new(Kind::Project, text, used.iter().map(|c| c.seen.clone()).collect(), "it ended well each of these times")
        })
    };
    usual.iter().filter_map(lesson).collect()
}

/// For each failure the next success of what was meant, in the same session and soon.
fn ends(session: &[Command]) -> Vec<Overcome<'_>> {
    let mut all = Vec::new();
    for (i, failed) in session.iter().enumerate().filter(|(_, c)| !c.ok && c.is_plain() && c.acts()) {
        let mut between = BTreeSet::new();
        for later in session[i + 1..].iter().take(AHEAD).take_while(|l| l.seen.time - failed.seen.time <= SOON) {
            if later.ok && later.is_plain() && later.is_meant_as(failed) {
                // Of a row of failures the last one is the one that was overcome: it is counted once.
                all.push(Overcome { failed, by: later, between });
                break;
            }
            if !later.ok && later.is_again(failed) {
                break;
            }
            if later.ok && later.acts() {
                between.insert(&*later.line);
            }
        }
    }
    all
}

/// The same program with other words works, where these never did.
fn instead(sessions: &BTreeMap<Rc<str>, Vec<Command>>, overcome: &[Overcome]) -> Vec<Lesson> {
    let works: BTreeSet<(&str, &str)> = sessions.values().flatten().filter(|c| c.ok).map(|c| (&*c.line, &*c.folder)).collect();
    let mut pairs: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for o in overcome.iter().filter(|o| !o.by.is_again(o.failed) && !works.contains(&(&*o.failed.line, &*o.failed.folder))) {
        let text = format!("{}`{}` fails, `{}` works.", o.failed.place(), o.failed.line, o.by.line);
        pairs.entry(text).or_default().extend([o.failed.seen.clone(), o.by.seen.clone()]);
    }
    let often = pairs.into_iter().filter(|(_, seen)| seen.len() >= 2 * HELPED);
    often
        .map(|(text, seen)| Lesson::new(Kind::Project, text, seen, "the one failed and the other then worked, more than once"))
        .collect()
}

/// What was run between a failure and the success of the same line, again and again.
fn helping(overcome: &[Overcome]) -> Vec<Lesson> {
    let mut again: BTreeMap<(&str, &str), Vec<&Overcome>> = BTreeMap::new();
    for o in overcome.iter().filter(|o| o.by.is_again(o.failed)) {
        again.entry((&o.failed.line, &o.failed.folder)).or_default().push(o);
    }
    let mut all = Vec::new();
    for ((line, _), times) in again {
        let steps: BTreeSet<&str> = times.iter().flat_map(|o| o.between.iter().copied()).collect();
        for step in steps {
            let with: Vec<_> = times.iter().filter(|o| o.between.contains(step)).collect();
            if with.len() >= HELPED && with.len() as f64 >= SHARE * times.len() as f64 {
                let text = format!("{}When `{line}` fails, `{step}` helps.", with[0].failed.place());
                let seen = with.iter().flat_map(|o| [o.failed.seen.clone(), o.by.seen.clone()]).collect();
                all.push(Lesson::new(Kind::Project, text, seen, "it was run before the command worked again, more than once"));
            }
        }
    }
    all
}

/// The file that was changed between a failure and the success of the same line, again and again.
fn places(overcome: &[Overcome], changed: &[(u64, Rc<str>)]) -> Vec<Lesson> {
    let mut files: BTreeMap<(&str, &str), Vec<&Overcome>> = BTreeMap::new();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for o in overcome.iter().filter(|o| o.by.is_again(o.failed)) {
        *times.entry(&o.failed.line).or_default() += 1;
        let from = changed.partition_point(|(t, _)| *t < o.failed.seen.time);
        let while_failing = changed[from..].iter().take_while(|(t, _)| *t <= o.by.seen.time);
        for path in while_failing.map(|(_, p)| &**p).collect::<BTreeSet<_>>() {
            files.entry((&o.failed.line, path)).or_default().push(o);
        }
    }
    let often = files.into_iter().filter(|((line, path), with)| {
        let of = times.get(line).copied().unwrap_or_default();
        with.len() >= RECURRED && with.len() as f64 >= SHARE * of as f64 && path.len() <= 200 && !path.contains('`')
    });
    let lesson = |((line, path), with): ((&str, &str), Vec<&Overcome>)| {
        let text = format!("When `{line}` fails, the fix is often in `{path}`.");
        let seen = with.iter().flat_map(|o| [o.failed.seen.clone(), o.by.seen.clone()]).collect();
        let mut lesson = Lesson::new(Kind::Project, text, seen, "it was changed before the command worked again, more than once");
        lesson.anchors.push(path.into());
        lesson
    };
    often.map(lesson).collect()
}

/// An error that came back after the command had worked.
fn recurring(sessions: &BTreeMap<Rc<str>, Vec<Command>>) -> Vec<Lesson> {
    let mut runs: BTreeMap<(&str, &str), Vec<&Command>> = BTreeMap::new();
    for c in sessions.values().flatten().filter(|c| c.is_plain() && c.acts()) {
        runs.entry((&c.line, &c.folder)).or_default().push(c);
    }
    let mut all = Vec::new();
    for ((line, _), mut runs) in runs {
        runs.sort_by(|a, b| a.seen.cmp(&b.seen));
        let mut came: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
        let mut open: BTreeSet<&str> = BTreeSet::new();
        for run in runs {
            if run.ok {
                open.clear();
            } else if let Some(error) = &run.error
                && open.insert(error)
            {
                came.entry(error).or_default().push(run);
            }
        }
        for (error, times) in came.into_iter().filter(|(_, t)| t.len() >= RECURRED) {
            let text = format!("{}`{line}` keeps failing with `{error}`.", times[0].place());
            let seen = times.iter().map(|c| c.seen.clone()).collect();
            all.push(Lesson::new(Kind::Project, text, seen, "the error came back after the command had worked"));
        }
    }
    all
}
