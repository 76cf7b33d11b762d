//! Markdown on a terminal, as it comes. Text is shown word by word; only what can't be judged before its end is held back: a table, and
//! for a moment what may be markup. Nothing that was written is touched again, so that it can be scrolled back to and copied.
//!
//! It goes character by character, so that it does not matter into which pieces the text was cut.

mod flow;
mod spans;
mod table;

use super::text::Paint;
use flow::Flow;
use kairos_core::finding::plain;
use owo_colors::Style;
use spans::spans;

/// The text of one answer, on its way to the screen.
pub struct Markdown {
    flow: Flow,
    line: Line,
    /// Of the line, what is not shown yet.
    held: String,
    /// The character in front of that.
    before: char,
    /// Of the line's text.
    look: Style,
    /// Marks of quotes in front of the line.
    quotes: usize,
    fence: Option<Fence>,
    /// Lines of a table that has not ended.
    rows: Vec<String>,
}

/// What is known of the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing yet.
    Unknown,
    Words,
    Code,
    Row,
    /// All that it has to show was shown.
    Done,
}

/// What ends a block of code: so many of these, or more.
struct Fence {
    mark: char,
    count: usize,
    /// Spaces in front of it, which its lines have too.
    indent: usize,
    quotes: usize,
}

/// What the beginning of a line is, in bytes.
enum Begin {
    Quote(usize),
    Heading { level: usize, used: usize },
    Item { mark: String, used: usize },
    Rule,
    Fence(Fence),
    Row,
    Words,
}

impl Markdown {
    /// For a terminal of so many columns.
    pub fn new(paint: Paint, columns: usize) -> Self {
        let flow = Flow::new(paint, columns);
        let (line, look) = (Line::Unknown, Style::new());
        Self { flow, line, held: String::new(), before: ' ', look, quotes: 0, fence: None, rows: Vec::new() }
    }

    /// What is to be written now. Control characters are left out.
    pub fn push(&mut self, piece: &str) -> String {
        plain(piece).chars().for_each(|c| self.take(c));
        std::mem::take(&mut self.flow.out)
    }

    /// The text has ended, or something else is to be written; what is left of it, with the end of its line.
    pub fn finish(&mut self) -> String {
        if self.line != Line::Unknown || !self.held.is_empty() || self.quotes > 0 {
            self.take('\n');
        }
        self.table();
        self.fence = None;
        let out = std::mem::take(&mut self.flow.out);
        self.flow.reset();
        out
    }

    fn take(&mut self, c: char) {
        match c {
            '\n' => return self.end_line(),
            '\t' if self.fence.is_none() && self.line == Line::Unknown => self.held += "    ",
            '\t' if self.fence.is_none() => self.held.push(' '),
            c => self.held.push(c),
        }
        match self.line {
            Line::Unknown => self.begin(false),
            Line::Words | Line::Code => self.show(false),
            Line::Row | Line::Done => {}
        }
    }

    fn end_line(&mut self) {
        if self.line == Line::Unknown {
            self.begin(true);
        }
        match self.line {
            Line::Words | Line::Code => {
                self.show(true);
                self.flow.end();
            }
            Line::Row => self.rows.push(std::mem::take(&mut self.held)),
            Line::Unknown | Line::Done => {}
        }
        self.held.clear();
        (self.line, self.before, self.look, self.quotes) = (Line::Unknown, ' ', Style::new(), 0);
    }

    /// Shows what of the line is settled.
    fn show(&mut self, last: bool) {
        let flow = &mut self.flow;
        let used = if self.line == Line::Code {
            self.held.chars().for_each(|c| flow.put(c, Style::new().cyan()));
            self.held.len()
        } else {
            spans(&self.held, self.before, self.look, last, &mut |c, look| flow.put(c, look))
        };
        self.before = self.held[..used].chars().next_back().unwrap_or(self.before);
        self.held.drain(..used);
    }

    /// Finds out what the line is, if that can be told by now. `last`: it has no more.
    fn begin(&mut self, last: bool) {
        if self.fence.as_ref().is_some_and(|fence| self.quotes == fence.quotes) {
            return self.code(last);
        }
        let Some(begin) = beginning(&self.held, last) else { return };
        if let Begin::Quote(used) = begin {
            self.quotes += 1;
            self.held.drain(..used);
            return self.begin(last);
        }
        // Who leaves a quote leaves the code in it.
        self.fence = None;
        if !matches!(begin, Begin::Row) {
            self.table();
        }
        let bars = "│ ".repeat(self.quotes);
        let indent = " ".repeat(indent(&self.held).min(self.flow.width / 3));
        self.line = Line::Words;
        match begin {
            Begin::Row => self.line = Line::Row,
            Begin::Words if last && self.held.trim().is_empty() => {
                self.line = Line::Done;
                if self.flow.has_begun {
                    self.flow.begin(bars.trim_end(), "");
                    self.flow.end();
                }
            }
            Begin::Words | Begin::Quote(_) => self.flow.begin(&format!("{bars}{indent}"), &format!("{bars}{indent}")),
            Begin::Heading { level, used } => {
                self.look = if level == 1 { Style::new().bold().underline() } else { Style::new().bold() };
                self.held.drain(..used);
                self.flow.begin(&bars, &bars);
            }
            Begin::Item { mark, used } => {
                self.held.drain(..used);
                let hang = " ".repeat(mark.chars().count());
                self.flow.begin(&format!("{bars}{indent}{mark}"), &format!("{bars}{indent}{hang}"));
            }
            Begin::Rule => {
                self.line = Line::Done;
                self.flow.begin(&format!("{bars}{}", "─".repeat(self.flow.width / 2)), "");
                self.flow.end();
            }
            Begin::Fence(fence) => {
                self.fence = Some(Fence { quotes: self.quotes, ..fence });
                self.fence_line();
            }
        }
        if self.line == Line::Words {
            self.held = self.held.trim_start_matches(' ').to_owned();
            self.show(false);
        }
    }

    /// The same within a block of code.
    fn code(&mut self, last: bool) {
        let Some(fence) = &self.fence else { return };
        let body = self.held.trim_start_matches(' ');
        let marks = body.chars().take_while(|c| *c == fence.mark).count();
        let may_end = body.trim_end().chars().all(|c| c == fence.mark);
        if may_end && !last {
            return;
        }
        if may_end && marks >= fence.count {
            self.fence = None;
            return self.fence_line();
        }
        let indent = indent(&self.held).min(fence.indent);
        self.held.drain(..indent);
        self.line = Line::Code;
        self.flow.begin_as_it_is();
        self.show(false);
    }

    fn fence_line(&mut self) {
        self.flow.begin(self.held.trim(), "");
        self.flow.end();
        self.line = Line::Done;
    }

    fn table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            table::draw(&mut self.flow, &rows);
        }
    }
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// None where that depends on what comes.
fn beginning(held: &str, last: bool) -> Option<Begin> {
    let indent = indent(held);
    let body = &held[indent..];
    let words = || last.then_some(Begin::Words);
    let Some(first) = body.chars().next() else { return words() };
    let count = body.chars().take_while(|c| *c == first).count();
    let behind = body[count * first.len_utf8()..].chars().next();
    let item = |mark: String, used: usize| Some(Begin::Item { mark, used: indent + used });
    match first {
        '>' if body.len() == 1 => last.then_some(Begin::Quote(indent + 1)),
        '>' => Some(Begin::Quote(indent + 1 + usize::from(body[1..].starts_with(' ')))),
        '#' => match behind {
            None => words(),
            Some(' ') if count <= 6 => Some(Begin::Heading { level: count, used: indent + count + 1 }),
            Some(_) => Some(Begin::Words),
        },
        '-' | '*' | '+' if count == 1 && behind == Some(' ') => item("• ".into(), 2),
        '-' | '*' | '_' | '+' => match body.trim_end().len() == count {
            true if last && count >= 3 && first != '+' => Some(Begin::Rule),
            true => words(),
            false => Some(Begin::Words),
        },
        '`' | '~' => match behind {
            _ if count >= 3 && last => Some(Begin::Fence(Fence { mark: first, count, indent, quotes: 0 })),
            Some(_) if count < 3 || body[count..].contains('`') => Some(Begin::Words),
            _ => words(),
        },
        '0'..='9' => {
            let digits = body.bytes().take_while(u8::is_ascii_digit).count();
            match body.as_bytes().get(digits..).unwrap_or_default() {
                _ if digits > 9 => Some(Begin::Words),
                [] | [b'.' | b')'] => words(),
                [b'.' | b')', b' ', ..] => item(body[..digits + 2].into(), digits + 2),
                _ => Some(Begin::Words),
            }
        }
        '|' => Some(Begin::Row),
        _ => Some(Begin::Words),
    }
}

#[cfg(test)]
mod tests;
