//! pytest, unittest, tracebacks.

use super::{Output, number_before, place};

pub fn read(lines: &[&str], output: &mut Output) {
    // The frames of the traceback that is being read: path and line.
    let mut frames: Vec<(&str, &str)> = Vec::new();
    let mut reason = "";
    for line in lines {
        if let Some(frame) = frame(line) {
            frames.push(frame);
            continue;
        }
        if let Some(text) = line.strip_prefix("E   ") {
            // The first line of pytest's explanation says most.
            if reason.is_empty() {
                reason = text.trim();
            }
            continue;
        }
        let outer = !line.starts_with([' ', '\t']) && !line.is_empty();
        if outer && !frames.is_empty() && !line.starts_with("Traceback") {
            // `ValueError: message` ends a traceback. The innermost frame of ours is the place.
            let ours = frames.iter().rev().find(|(path, _)| super::is_project_path(path));
            if let Some((path, number)) = ours {
                output.add(path, number, line);
            }
            frames.clear();
        }
        if outer && let Some((path, number, rest)) = place(line) {
            // pytest's last line of a failure: `tests/test_a.py:42: AssertionError`.
            let kind = rest.strip_prefix(": ").unwrap_or_default();
            let bare = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
            if path.ends_with(".py") && bare {
                output.add(path, number, if reason.is_empty() { kind } else { reason });
                reason = "";
            }
        }
        let summary = line.starts_with("=====") || line.ends_with('s') && line.contains(" in ");
        if summary && (line.contains(" failed") || line.contains(" error")) && line.contains(" in ") && !line.contains(':') {
            output.failed_tests += number_before(line, " failed").unwrap_or(0) + number_before(line, " error").unwrap_or(0);
        }
        if let Some(rest) = line.strip_prefix("FAILED (") {
            let count = |name: &str| {
                rest.split(name).nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
            };
            let number = |name| count(name).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
            output.failed_tests += number("failures=") + number("errors=");
        }
    }
}

/// `  File "a.py", line 3, in main`
fn frame(line: &str) -> Option<(&str, &str)> {
    let (path, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    Some((path, rest.split(|c: char| !c.is_ascii_digit()).next()?))
}
