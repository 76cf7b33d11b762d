//! The errors among a log's lines: each with what belongs to it. Pure.

use crate::level::level;

/// An error in the log.
#[derive(Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its first line, as it is.
    pub line: &'a str,
    /// What it says.
    pub message: String,
}

/// What the lines before say of the next.
#[derive(PartialEq)]
enum After {
    Nothing,
    /// An error: what follows without a level belongs to it.
    Error,
    /// The first line of a Python traceback; its last line names the exception. True: an error before it told of it.
    Traceback(bool),
    /// The first line of a Rust panic, whose message is on the next.
    Panic,
}

/// The errors of a text, oldest first.
pub fn errors(text: &str) -> Vec<Entry<'_>> {
    let mut found: Vec<Entry<'_>> = Vec::new();
    let mut after = After::Nothing;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with([' ', '\t', '}', ')']) {
            continue;
        }
        if line.starts_with("Traceback (most recent call last)") {
            after = After::Traceback(after == After::Error);
            continue;
        }
        if after == After::Panic
            && let Some(last) = found.last_mut()
        {
            last.message = format!("panicked: {line}");
            after = After::Error;
            continue;
        }
        if let Some(stated) = level(line) {
            after = if stated.error { After::Error } else { After::Nothing };
            if stated.error {
                found.push(Entry { line, message: stated.message });
            }
            continue;
        }
        if let After::Traceback(told) = after {
            if !told {
                found.push(Entry { line, message: line.to_string() });
            }
            after = After::Error;
        } else if belongs(line) {
        } else if is_panic(line) {
            found.push(Entry { line, message: line.to_string() });
            after = if line.ends_with(':') { After::Panic } else { After::Error };
        } else if after != After::Error && is_crash(program_text(line)) {
            found.push(Entry { line, message: program_text(line).to_string() });
            after = After::Error;
        } else if after != After::Error || !names_exception(line) {
            after = After::Nothing;
        }
    }
    found
}

/// Lines of a stack trace that stand at the left edge.
fn belongs(line: &str) -> bool {
    [
        "Caused by:",
        "at ",
        "...",
        "Suppressed:",
        "goroutine ",
        "note: ",
        "stack backtrace:",
        "The above exception",
        "During handling",
        "created by ",
    ]
    .iter()
    .any(|begin| line.starts_with(begin))
}

fn is_panic(line: &str) -> bool {
    line.starts_with("thread '") && line.contains("panicked at")
}

/// A line without a level that tells of an error all the same.
fn is_crash(text: &str) -> bool {
    const BEGIN: &[&str] = &[
        "panic: ",
        "fatal error: ",
        "fatal: ",
        "Fatal error",
        "Exception in thread ",
        "Uncaught ",
        "Unhandled ",
        "UnhandledPromise",
        "Segmentation fault",
        "Out of memory",
        "error: ",
        "Error: ",
        "PHP Fatal error",
    ];
    BEGIN.iter().any(|begin| text.starts_with(begin)) || names_exception(text)
}

/// `java.io.IOException: text`, `TypeError: text`.
fn names_exception(text: &str) -> bool {
    let Some((name, _)) = text.split_once(':') else { return false };
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    is_name && ["Error", "Exception"].iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

/// What follows time, host and program in the lines of syslog: `Nov 20 10:00:00 host sshd[7]: text`.
fn program_text(line: &str) -> &str {
    let head: String = line.chars().take(120).collect();
    match head.find("]: ") {
        Some(at) if head.starts_with(|c: char| c.is_ascii_digit()) || head.get(3..4) == Some(" ") => &line[at + 3..],
        _ => line,
    }
}
