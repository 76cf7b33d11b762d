//! What is said of test results, held against the runs that were seen.

use kairos_core::{Millis, Signal};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs that are remembered.
const RUNS: usize = 50;
const PASS: [&str; 8] = ["pass", "passes", "passed", "passing", "green", "succeed", "succeeds", "succeeded"];
const FAIL: [&str; 8] = ["fail", "fails", "failed", "failing", "failure", "failures", "red", "broken"];
const NOT: [&str; 9] = ["not", "no", "never", "longer", "doesn't", "don't", "didn't", "isn't", "aren't"];

/// Commands that were seen to end, by whoever ran them, while we ran.
#[derive(Default)]
pub(super) struct Results(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// The newest last.
    runs: VecDeque<Run>,
    /// When a file was last seen to change.
    changed: Millis,
}

struct Run {
    line: String,
    passed: bool,
    at: Millis,
}

impl Results {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a tick collected.
    pub(super) fn signals(&self, signals: &[Signal]) {
        for signal in signals {
            match signal.kind.as_str() {
                "command.finished" => {
                    let value = |name| signal.attribute(name).unwrap_or_default();
                    self.ran(value("command"), value("exit-code") == "0", signal.time);
                }
                "file.created" | "file.modified" | "file.removed" => self.changed(signal.time),
                _ => {}
            }
        }
    }

    /// A command line ended.
    pub(super) fn ran(&self, line: &str, passed: bool, at: Millis) {
        let mut seen = self.seen();
        if seen.runs.len() == RUNS {
            seen.runs.pop_front();
        }
        seen.runs.push_back(Run { line: line.into(), passed, at });
    }

    /// A file was changed.
    pub(super) fn changed(&self, at: Millis) {
        let mut seen = self.seen();
        seen.changed = seen.changed.max(at);
    }

    /// What the text says of test results that nobody saw so, each with what was seen.
    pub(super) fn unseen(&self, text: &str) -> Vec<String> {
        let seen = self.seen();
        let sentences = text.split(['\n', ';']).flat_map(|line| line.split(". "));
        sentences.filter_map(|sentence| seen.doubt(sentence)).collect()
    }
}

impl Seen {
    fn doubt(&self, sentence: &str) -> Option<String> {
        let words = words(sentence);
        let says = |among: &[&str]| words.iter().any(|word| among.contains(&word.as_str()));
        let said_to_pass = match (says(&PASS), says(&FAIL)) {
            (true, false) => !says(&NOT),
            (false, true) => says(&NOT),
            _ => return None,
        };
        let what = if said_to_pass { "tests pass" } else { "tests fail" };
        let quoted = sentence.split('`').skip(1).step_by(2).find(|quoted| is_test(quoted) && quoted.contains(' '));
        if quoted.is_none() && !words.iter().any(|word| word.starts_with("test") || word == "suite") {
            return None;
        }
        let is_it = |run: &&Run| quoted.map_or_else(|| is_test(&run.line), |quoted| run.line.contains(quoted));
        let Some(run) = self.runs.iter().rev().find(is_it) else { return Some(format!("{what}: no run was seen")) };
        if run.passed != said_to_pass {
            let how = if run.passed { "passed" } else { "failed" };
            return Some(format!("{what}: the last run that was seen {how}"));
        }
        // What failed fails until it is seen to pass.
        (run.passed && run.at < self.changed).then(|| format!("{what}: files changed since the last run"))
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '\''));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Does a command line run tests, by the names in it?
fn is_test(line: &str) -> bool {
    words(line).iter().any(|word| {
        matches!(
            word.as_str(),
            "test" | "tests" | "pytest" | "unittest" | "nextest" | "jest" | "vitest" | "tox" | "rspec" | "ctest"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_tests_has_to_be_what_was_seen() {
        let results = Results::default();
        let doubts = |text: &str| results.unseen(text);
        assert_eq!(doubts("All tests pass."), ["tests pass: no run was seen"]);
        assert!(doubts("`parse` takes a test fixture. It is broken").is_empty(), "nothing is said of a result");
        results.ran("ls tests", true, 1);
        results.ran("cargo test -p core", false, 2);
        results.changed(3);
        assert!(doubts("`cargo test` fails since `a.rs` changed; a test fails").is_empty());
        assert_eq!(doubts("The tests now pass"), ["tests pass: the last run that was seen failed"]);
        assert_eq!(doubts("The tests no longer fail"), ["tests pass: the last run that was seen failed"]);
        assert_eq!(doubts("`npm test` passes"), ["tests pass: no run was seen"]);
        results.ran("cargo test -p core", true, 4);
        assert!(doubts("the tests pass").is_empty());
        assert_eq!(doubts("the test of `sum` fails"), ["tests fail: the last run that was seen passed"]);
        results.changed(5);
        assert_eq!(doubts("the tests pass"), ["tests pass: files changed since the last run"]);
    }
}
