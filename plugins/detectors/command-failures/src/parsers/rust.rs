//! rustc, cargo, clippy, panics.

use super::{Output, number_before, place};

pub fn read(lines: &[&str], output: &mut Output) {
    // The message that the next arrow belongs to; none inside a warning.
    let mut message: Option<&str> = None;
    for (index, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if let Some(rest) = line.strip_prefix("error") {
            message = rest.split_once(": ").map(|(_, text)| text);
        } else if line.starts_with("warning") || line.starts_with("note") {
            message = None;
        } else if let Some(rest) = trimmed.strip_prefix("--> ") {
            // Only the first arrow below a message says where; others explain.
            if let (Some(message), Some((path, number, _))) = (message.take(), place(rest)) {
                output.add(path, number, message);
            }
        } else if let Some((_, rest)) = line.split_once(" panicked at ") {
            panic(rest, lines.get(index + 1), output);
        } else if let Some(rest) = line.strip_prefix("test result: FAILED.") {
            output.failed_tests += number_before(rest, " failed").unwrap_or(0);
        } else if trimmed.starts_with("Summary [") && line.contains(" tests run") {
            output.failed_tests += number_before(line, " failed").unwrap_or(0);
        } else if line.starts_with("test ") && line.ends_with(" ... FAILED") {
            // A doc test carries its place in its name: `src/lib.rs - name (line 10)`.
            if let (Some((path, _)), Some((_, number))) = (line[5..].split_once(" - "), line.split_once("(line ")) {
                output.add(path, number.split(')').next().unwrap_or_default(), "doc test failed");
            }
        }
    }
}

/// `src/lib.rs:42:5:` with the message on the next line, or, before Rust 1.73, `'message', src/lib.rs:42:5`.
fn panic(rest: &str, next: Option<&&str>, output: &mut Output) {
    if let Some((message, at)) = rest.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', ")) {
        if let Some((path, number, _)) = place(at) {
            output.add(path, number, message);
        }
    } else if let Some((path, number, _)) = place(rest) {
        output.add(path, number, next.map_or("panicked", |next| next));
    }
}
