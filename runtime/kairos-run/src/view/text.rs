//! Text for a terminal: safe, aligned, coloured where that helps.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kairos_core::finding::one_line;
use kairos_core::{Evidence, Millis, Urgency};
use owo_colors::{OwoColorize, Style};
use std::io::IsTerminal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub const PLAIN: Self = Self { on: false };
    /// Colours, whatever there is.
    #[cfg(test)]
    pub const FULL: Self = Self { on: true };

    /// Are there any?
    pub fn is_on(self) -> bool {
        self.on
    }

    /// Colours if standard output is a terminal and the user does not object (<https://no-color.org>).
    pub fn for_stdout() -> Self {
        let objects =
            std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        Self { on: std::io::stdout().is_terminal() && !objects }
    }

    /// In a style, where there are any.
    pub(super) fn style(self, text: &str, style: Style) -> String {
        if self.on && !text.is_empty() { text.style(style).to_string() } else { text.to_string() }
    }

    /// A heading, or a title.
    pub fn bold(self, text: &str) -> String {
        self.style(text, Style::new().bold())
    }

    /// What matters less.
    pub fn dim(self, text: &str) -> String {
        self.style(text, Style::new().dimmed())
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.style(text, Style::new().green())
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.style(text, Style::new().red())
    }

    /// In the colour of an urgency.
    pub fn urgency(self, urgency: Urgency, text: &str) -> String {
        let style = Style::new();
        self.style(
            text,
            match urgency {
                Urgency::Low => style.dimmed(),
                Urgency::Normal => style.cyan(),
                Urgency::High => style.yellow().bold(),
                Urgency::Critical => style.red().bold(),
            },
        )
    }
}

/// Several lines of untrusted text, each without control characters, its indentation kept.
pub fn clean_lines(text: &str) -> impl Iterator<Item = String> {
    text.trim_end().split('\n').map(|line| {
        let line = line.replace('\t', "    ");
        let indent = line.chars().take_while(|c| *c == ' ').count();
        format!("{}{}", " ".repeat(indent), one_line(&line)).trim_end().to_string()
    })
}

/// `src/main.rs:12`, or what else the evidence names.
pub fn place(evidence: &Evidence) -> String {
    let subject = one_line(&evidence.subject);
    match (evidence.line, evidence.kind.as_str()) {
        (Some(line), _) => format!("{subject}:{line}"),
        (None, "command") => format!("$ {subject}"),
        (None, "file") => subject,
        (None, kind) => format!("{} {subject}", one_line(kind)),
    }
}

/// `2 min ago`, `in 30 s`, `just now`.
pub fn ago(then: Millis, now: Millis) -> String {
    let (mut distance, future) = (now.abs_diff(then) / 1000, then > now);
    if future && distance >= 60 {
        // What lasts two hours is not said to end in one, a second after it began.
        distance += 59;
    }
    let text = match distance {
        0..5 => return "just now".into(),
        5..60 => format!("{distance} s"),
        60..3600 => format!("{} min", distance / 60),
        3600..86_400 => format!("{} h", distance / 3600),
        86_400..172_800 => "1 day".into(),
        _ => format!("{} days", distance / 86_400),
    };
    if future { format!("in {text}") } else { format!("{text} ago") }
}

/// `30 s`, `1 min 30 s`, `2 h`.
pub fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds} s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `14:03:05` in local time.
pub fn clock(time: Millis, zone: &TimeZone) -> String {
    format_time(time, zone, "%H:%M:%S")
}

/// `2026-11-21 14:03`.
pub fn date(time: Millis, zone: &TimeZone) -> String {
    format_time(time, zone, "%Y-%m-%d %H:%M")
}

/// As short as it can be told: today by the clock alone.
pub fn until(time: Millis, now: Millis, zone: &TimeZone) -> String {
    let day = |time| format_time(time, zone, "%F");
    if day(time) == day(now) { format_time(time, zone, "%H:%M") } else { date(time, zone) }
}

fn format_time(time: Millis, zone: &TimeZone, format: &str) -> String {
    let stamp = i64::try_from(time).ok().and_then(|t| Timestamp::from_millisecond(t).ok());
    stamp.map_or_else(|| "?".into(), |t| t.to_zoned(zone.clone()).strftime(format).to_string())
}

/// Milliseconds since 1970.
pub fn now() -> Millis {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// `512 B`, `113 KiB`, `18.5 MiB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// `1 plugin`, `2 plugins`.
pub fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Columns that a text takes; it must hold no terminal codes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Cuts to so many columns, with `…` where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_string();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// A cell of a table: plain text, and how it is painted once its width is known.
pub struct Cell(pub String, pub fn(Paint, &str) -> String);

/// A cell without colour. The text is cleaned.
pub fn plain(text: impl AsRef<str>) -> Cell {
    Cell(one_line(text.as_ref()), |_, t| t.to_string())
}

/// A dim cell.
pub fn dim(text: impl AsRef<str>) -> Cell {
    Cell(one_line(text.as_ref()), Paint::dim)
}

/// Rows below dim headings, aligned; the last column takes what is left of `width`.
pub fn table(paint: Paint, headings: &[&str], rows: &[Vec<Cell>], width: usize) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|h| columns(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(columns(&cell.0));
        }
    }
    let last = headings.len().saturating_sub(1);
    let before: usize = widths.iter().take(last).map(|w| w + 2).sum();
    let rest = width.saturating_sub(before).max(20);
    let line = |cells: &[Cell]| {
        let mut out = String::new();
        for (i, Cell(text, painted)) in cells.iter().enumerate() {
            if i == last {
                out += &painted(paint, &cut(text, rest));
            } else {
                out += &painted(paint, text);
                out += &" ".repeat(widths[i].saturating_sub(columns(text)) + 2);
            }
        }
        out.trim_end().to_string() + "\n"
    };
    let headings: Vec<Cell> = headings.iter().map(dim).collect();
    line(&headings) + &rows.iter().map(|row| line(row)).collect::<String>()
}

/// Columns and rows of the terminal; none if standard output is none.
pub fn terminal() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// Columns for a table: the terminal's, or no limit.
pub fn width() -> usize {
    terminal().map_or(usize::MAX, |(columns, _)| columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let now = 10_000_000_000;
        let told: Vec<_> = [0, 30_000, 120_000, 7_200_000, 90_000_000, 400_000_000].iter().map(|d| ago(now - d, now)).collect();
        assert_eq!(told, ["just now", "30 s ago", "2 min ago", "2 h ago", "1 day ago", "4 days ago"]);
        assert_eq!(ago(now + 30_000, now), "in 30 s");
        assert_eq!((ago(now + 7_199_000, now), ago(now + 5_400_000, now)), ("in 2 h".into(), "in 1 h".into()));
        assert_eq!([span(500), span(30_000), span(90_000), span(3_600_000)], ["500 ms", "30 s", "1 min 30 s", "1 h"]);
        assert_eq!(date(0, &TimeZone::UTC), "1970-01-01 00:00");
        assert_eq!(date(u64::MAX, &TimeZone::UTC), "?");
        assert_eq!([size(5), size(2048), size(19_398_656)], ["5 B", "2 KiB", "18.5 MiB"]);
    }

    #[test]
    fn no_text_can_move_the_cursor() {
        let lines: Vec<_> = clean_lines("a\u{1b}[2J\n\tb\u{202e}c\r\n\n").collect();
        assert_eq!(lines, ["a[2J", "    bc"]);
    }

    #[test]
    fn a_table_is_aligned_and_fits() {
        let rows = vec![vec![plain("1"), plain("日本"), plain("x".repeat(40))], vec![plain("22"), plain("b"), plain("c")]];
        let text = table(Paint::PLAIN, &["ID", "NAME", "TITLE"], &rows, 32);
        assert_eq!(text, format!("ID  NAME  TITLE\n1   日本  {}…\n22  b     c\n", "x".repeat(21)));
        assert_eq!(cut("日本語", 4), "日…");
    }
}
