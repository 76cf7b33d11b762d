//! How severe a line says that it is, in the formats that logs are written in. Pure.

use serde_json::Value;

/// What a line says of itself.
#[derive(Debug, PartialEq)]
pub struct Stated {
    /// An error or worse.
    pub error: bool,
    /// What is left of the line without time and level.
    pub message: String,
}

/// Bytes of a line in which its level stands.
const HEAD: usize = 160;
/// Words without a digit or a sign that may stand before a level: a host, a program, a thread.
const PLAIN_WORDS: usize = 2;

fn stated(error: bool, message: impl Into<String>) -> Option<Stated> {
    Some(Stated { error, message: message.into() })
}

/// None: the line names no level.
pub fn level(line: &str) -> Option<Stated> {
    let line = line.trim_end();
    if line.starts_with('{') {
        return json(line);
    }
    syslog(line).or_else(|| lettered(line)).or_else(|| pairs(line)).or_else(|| access(line)).or_else(|| worded(line))
}

/// A word for a level: true for an error.
fn word(text: &str) -> Option<bool> {
    const ERRORS: &[&str] = &[
        "error",
        "err",
        "eror",
        "fatal",
        "critical",
        "crit",
        "severe",
        "panic",
        "dpanic",
        "alert",
        "emerg",
        "emergency",
        "fail",
        "fault",
    ];
    const OTHERS: &[&str] = &[
        "trace",
        "debug",
        "dbug",
        "dbg",
        "info",
        "information",
        "notice",
        "warn",
        "warning",
        "log",
        "verbose",
        "fine",
        "finer",
        "finest",
        "config",
        "detail",
        "hint",
        "statement",
        "context",
    ];
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        text if ERRORS.contains(&text) => Some(true),
        text if OTHERS.contains(&text) => Some(false),
        _ => None,
    }
}

/// JSON lines: zap, pino, bunyan, logrus, structlog, Serilog, GELF.
fn json(line: &str) -> Option<Stated> {
    let json: Value = serde_json::from_str(line).ok()?;
    let first = |keys: &[&str]| keys.iter().find_map(|key| json.get(*key)).cloned();
    let level = first(&["level", "severity", "lvl", "levelname", "log.level", "@l", "loglevel", "log_level", "severityText"])
        .or_else(|| json.get("log")?.get("level").cloned())?;
    let error = match &level {
        Value::String(text) => word(text)?,
        // Syslog counts down to 0, the others up from 10.
        Value::Number(number) => match number.as_u64()? {
            low @ 0..=7 => low <= 3,
            high => high >= 50,
        },
        _ => return None,
    };
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        // Rust's tracing and some others put it one level down.
        Value::Object(table) => table.get("message").and_then(Value::as_str).map(String::from),
        _ => None,
    };
    let message = first(&["msg", "message", "@m", "@mt", "short_message", "event", "fields", "error", "err", "exception"]);
    let message = message.and_then(text).unwrap_or_default();
    let logger = first(&["logger", "target", "name", "component"]).and_then(text).unwrap_or_default();
    stated(error, format!("{logger} {message}").trim())
}

/// `<11>1 2026-...` and `<11>Nov 20 ...`: the priority holds the severity.
fn syslog(line: &str) -> Option<Stated> {
    let (priority, rest) = line.strip_prefix('<')?.split_once('>')?;
    let priority: u16 = priority.parse().ok().filter(|priority| *priority <= 191)?;
    let rest = rest.strip_prefix("1 ").unwrap_or(rest);
    stated(priority % 8 <= 3, rest)
}

/// `E1120 10:00:00.123 7 file.go:3] text` (glog, klog) and `E, [2026-... #7] ERROR -- : text` (Ruby).
fn lettered(line: &str) -> Option<Stated> {
    let letter = *line.as_bytes().first()?;
    let error = matches!(letter, b'E' | b'F');
    if !(error || matches!(letter, b'D' | b'I' | b'W' | b'A')) {
        return None;
    }
    let rest = &line[1..];
    if rest.starts_with(", [") {
        return stated(error, rest.split_once(" : ").or_else(|| rest.split_once(": ")).map_or(rest, |(_, text)| text));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let text = rest.split_once("] ").filter(|_| (digits == 4 || digits == 8) && rest[digits..].starts_with(' '))?.1;
    stated(error, text)
}

/// `level=error msg="..."` (logrus, slog, Heroku).
fn pairs(line: &str) -> Option<Stated> {
    let value = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            let (at, _) = line.match_indices(key).find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']))?;
            let rest = &line[at + key.len()..];
            match rest.strip_prefix('"') {
                Some(quoted) => Some(quoted.split('"').next().unwrap_or(quoted)),
                None => rest.split_whitespace().next(),
            }
        })
    };
    let error = word(value(&["level=", "lvl=", "severity=", "loglevel="])?)?;
    let message = value(&["msg=", "message=", "err=", "error="]).unwrap_or(line);
    stated(error, message)
}

/// `"GET /a HTTP/1.1" 502 157`: web servers' record of requests.
fn access(line: &str) -> Option<Stated> {
    let (before, after) = line.split_once(" HTTP/")?;
    let method = before.rsplit('"').next()?.split(' ').next()?;
    let mut words = after.split_once('"')?.1.split_whitespace();
    let status: u16 = words.next()?.parse().ok()?;
    let known = matches!(method, "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS");
    // The number is the kind: it has to survive as a word.
    if !known || !(100..=599).contains(&status) {
        return None;
    }
    stated(status >= 500, format!("answer {}", status_word(status)))
}

fn status_word(status: u16) -> &'static str {
    match status {
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        501..=599 => "server error",
        _ => "served",
    }
}

/// A word near the beginning: log4j, logback, Python, Rust's tracing and env_logger, zap's console, nginx, Apache, PostgreSQL.
fn worded(line: &str) -> Option<Stated> {
    let mut end = HEAD.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut plain = 0;
    let mut at = 0;
    while at < end {
        let rest = &line[at..];
        let skip = rest.len() - rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).len();
        at += skip;
        let rest = &line[at..];
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))).unwrap_or(rest.len());
        if length == 0 {
            return None;
        }
        let found = &rest[..length];
        let before = line[..at].chars().next_back();
        let after = rest[length..].chars().next();
        if let Some(error) = word(found.trim_end_matches(['.', '-'])) {
            let upper = found.bytes().all(|b| !b.is_ascii_lowercase());
            let bracket = matches!((before, after), (Some('[' | '<' | '(' | '|' | ':'), Some(']' | '>' | ')' | '|')));
            let opens = after == Some(':') && plain == 0 && !rest[length..].starts_with("::");
            if (upper && before != Some('/')) || bracket || opens {
                let message = rest[length..].trim_start_matches(|c: char| c.is_whitespace() || "]>)|:-".contains(c));
                return stated(error, if message.is_empty() { line } else { message });
            }
        }
        let ends_word = matches!(after, Some(' ' | '\t') | None);
        let word_alone = found.bytes().all(|b| b.is_ascii_alphabetic()) && matches!(before, None | Some(' ' | '\t'));
        plain += usize::from(ends_word && word_alone && !is_time_word(found));
        if plain > PLAIN_WORDS {
            return None;
        }
        at += length;
    }
    None
}

fn is_time_word(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri",
        "Sat", "Sun", "AM", "PM", "UTC", "GMT", "CET", "CEST",
    ];
    WORDS.contains(&word)
}
