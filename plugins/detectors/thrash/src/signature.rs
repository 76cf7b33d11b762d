//! By what two failures are the same: the telling lines of their outputs, without what differs each time. Pure.

use crate::command::hash;

/// Telling lines that are compared.
const MOST: usize = 40;

/// A number for the failure that an output shows; none without output.
pub fn signature(output: &str) -> Option<u64> {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut telling: Vec<String> = lines.iter().filter(|line| is_telling(line)).map(|line| plain(line)).collect();
    if telling.is_empty() {
        telling.push(plain(lines.last()?));
    }
    // Tests run in any order.
    telling.sort_unstable();
    telling.dedup();
    telling.truncate(MOST);
    Some(hash(&telling.iter().map(String::as_bytes).collect::<Vec<_>>()))
}

/// The line names an error or a failed test.
pub fn is_telling(line: &str) -> bool {
    const MARKS: &[&str] =
        &["error", "Error", "FAIL", "panicked at", "not ok ", "Exception", "assert", "undefined reference", "fatal:"];
    let starts = ["● ", "✖ ", "✕ ", "E   ", "--- FAIL"].iter().any(|mark| line.starts_with(mark));
    // `0 errors` is no failure, and a count of them is no name.
    (starts || MARKS.iter().any(|mark| line.contains(mark))) && !line.contains("0 error") && !line.starts_with("warning")
}

/// Without digits and colours, the same at every run: line numbers, times, addresses, process ids.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        let hexadecimal = word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit()) || word.starts_with("0x");
        if !hexadecimal {
            plain.extend(word.chars().filter(|c| !c.is_ascii_digit()));
            plain.push(' ');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_is_known_again() {
        let at = |line: u32, name: &str, seconds: &str| {
            format!(
                "running 2 tests\ntest {name} ... FAILED\ntest ok ... ok\nthread '{name}' (4{line}) panicked at src/lib.rs:{line}:9:\n\
                 test result: FAILED. 1 passed; 1 failed; finished in {seconds}s\n"
            )
        };
        assert_eq!(signature(&at(42, "race", "0.01")), signature(&at(45, "race", "1.20")));
        assert_ne!(signature(&at(42, "race", "0.01")), signature(&at(42, "order", "0.01")));
        assert_eq!(signature(" \n"), None);
        assert_eq!(signature("made a1b2c3d4e5f\nstopped at 12:01\n"), signature("made\nstopped at 12:05\n"));
    }

    #[test]
    fn one_error_less_is_another_failure() {
        let two = "error[E0308]: mismatched types\n --> src/a.rs:1:1\nerror[E0425]: cannot find value `x`\n";
        let one = "error[E0308]: mismatched types\n --> src/a.rs:1:1\n";
        assert_ne!(signature(two), signature(one));
    }
}
