//! The end of an output, as a person would have read it: no control codes, overwritten text gone.

use std::sync::{Mutex, PoisonError};

/// The longest tail, in bytes of UTF-8.
pub const MAX_TAIL: usize = 16 * 1024;
/// Raw bytes kept: control codes and overwritten progress bars shrink to little text.
const RAW: usize = 128 * 1024;
/// A line of one stream is held back until it ends, so that two streams don't cut each other's lines; up to here.
const MAX_PART: usize = 8 * 1024;
/// A cursor moved further to the right than this stays here.
const MAX_COLUMN: usize = 1000;

/// The last raw bytes of one or two streams.
#[derive(Debug, Default)]
pub(crate) struct Tail(Mutex<Raw>);

#[derive(Debug, Default)]
struct Raw {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    pub fn push(&self, bytes: &[u8]) {
        let mut raw = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = if bytes.len() > RAW {
            raw.bytes.clear();
            raw.cut = true;
            &bytes[bytes.len() - RAW..]
        } else {
            bytes
        };
        raw.bytes.extend_from_slice(bytes);
        // Rarely, so that each byte is moved once on average.
        if raw.bytes.len() > 2 * RAW {
            let surplus = raw.bytes.len() - RAW;
            raw.bytes.drain(..surplus);
            raw.cut = true;
        }
    }

    /// The text; `finish` sees it before it is cut to [`MAX_TAIL`].
    pub fn text(&self, finish: impl FnOnce(&str) -> String) -> String {
        let raw = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = raw.bytes.as_slice();
        // The first line may begin in the middle of a control code.
        if raw.cut
            && let Some(end) = bytes.iter().take(MAX_PART).position(|b| *b == b'\n')
        {
            bytes = &bytes[end + 1..];
        }
        let text = finish(&clean(&String::from_utf8_lossy(bytes)));
        let mut start = text.len().saturating_sub(MAX_TAIL);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        text[start..].to_string()
    }
}

/// One stream's way into a [`Tail`]: whole lines.
pub(crate) struct Lines<'a> {
    tail: &'a Tail,
    part: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub fn new(tail: &'a Tail) -> Self {
        Self { tail, part: Vec::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (whole, rest) = bytes.split_at(end);
        if !whole.is_empty() {
            self.part.extend_from_slice(whole);
            self.flush();
        }
        self.part.extend_from_slice(rest);
        if self.part.len() > MAX_PART {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.tail.push(&self.part);
        self.part.clear();
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The state of a very small terminal: one line, a cursor on it.
#[derive(Default)]
struct Screen {
    out: String,
    line: Vec<char>,
    column: usize,
    /// A program (an editor, a pager) shows its own full screen: nothing of it belongs to the output.
    full_screen: bool,
}

impl Screen {
    fn put(&mut self, c: char) {
        if self.full_screen {
            return;
        }
        if self.column > self.line.len() {
            self.line.resize(self.column, ' ');
        }
        match self.line.get_mut(self.column) {
            Some(place) => *place = c,
            None => self.line.push(c),
        }
        self.column += 1;
    }

    fn end_line(&mut self) {
        if self.full_screen {
            return;
        }
        let line: String = self.line.drain(..).collect();
        self.out.push_str(line.trim_end_matches([' ', '\t']));
        self.out.push('\n');
        self.column = 0;
    }

    fn control(&mut self, parameters: &str, command: char) {
        if let Some(modes) = parameters.strip_prefix('?') {
            if matches!(command, 'h' | 'l') && modes.split(';').any(|m| matches!(m, "47" | "1047" | "1049")) {
                self.full_screen = command == 'h';
            }
            return;
        }
        let number = |default: usize| match parameters.split(';').next().and_then(|n| n.parse::<usize>().ok()) {
            None | Some(0) => default,
            Some(n) => n,
        };
        if self.full_screen {
            return;
        }
        let right = MAX_COLUMN.max(self.line.len());
        match command {
            'C' => self.column = self.column.saturating_add(number(1)).min(right),
            'D' => self.column = self.column.saturating_sub(number(1)),
            'G' | '`' => self.column = (number(1) - 1).min(right),
            'K' => match number(0) {
                0 => self.line.truncate(self.column),
                1 => {
                    let end = self.line.len().min(self.column + 1);
                    self.line[..end].fill(' ');
                }
                _ => self.line.clear(),
            },
            'P' => {
                let start = self.column.min(self.line.len());
                let end = start.saturating_add(number(1)).min(self.line.len());
                self.line.drain(start..end);
            }
            _ => {}
        }
    }
}

/// Text without control codes: colours, titles and the like are gone; what a carriage return, a backspace or an erasure
/// overwrote is gone too; trailing blanks of lines are cut. Movement between lines is not followed.
pub(crate) fn clean(text: &str) -> String {
    let mut screen = Screen::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => screen.end_line(),
            '\r' | '\u{8}' if screen.full_screen => {}
            '\r' => screen.column = 0,
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            '\u{1b}' | '\u{9b}' => {
                let kind = if c == '\u{9b}' { Some('[') } else { chars.next() };
                match kind {
                    Some('[') => {
                        let mut parameters = String::new();
                        while let Some(p) = chars.next_if(|p| ('\u{20}'..='\u{3f}').contains(p)) {
                            parameters.push(p);
                        }
                        if let Some(command) = chars.next_if(|p| ('\u{40}'..='\u{7e}').contains(p)) {
                            screen.control(&parameters, command);
                        }
                    }
                    // OSC, DCS, SOS, PM, APC: up to BEL or ST. One that never ends takes no more than its line.
                    Some(']' | 'P' | 'X' | '^' | '_') => {
                        while let Some(s) = chars.next_if(|s| *s != '\n') {
                            if s == '\u{7}' || s == '\u{9c}' || (s == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                                break;
                            }
                        }
                    }
                    // Character sets and the like: intermediates, then one more.
                    Some(i) if ('\u{20}'..='\u{2f}').contains(&i) => {
                        while chars.next_if(|p| ('\u{20}'..='\u{2f}').contains(p)).is_some() {}
                        chars.next_if(|p| *p != '\n');
                    }
                    Some('\n') => screen.end_line(),
                    _ => {}
                }
            }
            '\t' => screen.put(c),
            c if c.is_control() => {}
            c => screen.put(c),
        }
    }
    let line: String = screen.line.iter().collect();
    screen.out.push_str(line.trim_end_matches([' ', '\t']));
    screen.out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_codes_are_resolved() {
        for (raw, text) in [
            ("plain\r\nlines\r\n", "plain\nlines\n"),
            ("\u{1b}[1;31merror\u{1b}[0m: x", "error: x"),
            ("10%\r50%\r100%\n", "100%\n"),
            ("long text\rshort\n", "shorttext\n"),
            ("long text\r\u{1b}[Kshort\n", "short\n"),
            ("x\u{1b}[2K\rdone", "done"),
            ("abc\u{8}\u{8}X", "aXc"),
            ("\u{8}\u{8}a", "a"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]never ends\nnext", "\nnext"),
            ("\u{1b}(Bset \u{1b}=\u{1b}>", "set"),
            ("a\u{1b}[?1049hvim\r\nvim\u{1b}[?1049lb", "ab"),
            ("a\u{1b}[5Cb", "a     b"),
            ("a\u{1b}[99999999999999999999Cb", "a b"),
            ("bell\u{7}\u{0}", "bell"),
            ("é ✓\u{9b}1mz", "é ✓z"),
            ("cut\u{1b}", "cut"),
            ("cut\u{1b}[3", "cut"),
            ("bar      \r\n", "bar\n"),
        ] {
            assert_eq!(clean(raw), text, "{raw:?}");
        }
    }

    #[test]
    fn a_tail_is_the_end_and_bounded() {
        let tail = Tail::default();
        let mut lines = Lines::new(&tail);
        for i in 0..200_000 {
            lines.push(format!("line {i}\n").as_bytes());
        }
        lines.push(b"no end");
        drop(lines);
        let text = tail.text(str::to_string);
        assert!(text.len() <= MAX_TAIL && text.len() > MAX_TAIL - 20);
        assert!(text.ends_with("line 199999\nno end"));
        assert!(tail.0.lock().unwrap().bytes.capacity() <= 5 * RAW);
        tail.push(&vec![0xff; 10 * RAW]);
        assert!(tail.text(str::to_string).len() <= MAX_TAIL);
    }

    #[test]
    fn two_streams_keep_their_lines_whole() {
        let tail = Tail::default();
        let (mut a, mut b) = (Lines::new(&tail), Lines::new(&tail));
        a.push(b"one, ");
        b.push(b"error: x\n");
        a.push(b"two\nthr");
        drop((a, b));
        assert_eq!(tail.text(str::to_string), "error: x\none, two\nthr");
    }
}
