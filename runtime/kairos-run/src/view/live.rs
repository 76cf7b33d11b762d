//! A log that scrolls, with an area below it that is redrawn in place.

use super::text::{columns, cut};
use std::io::{self, Write};

/// Draws on a terminal; without one it is a plain log. The cursor is hidden while there is an area, and comes back when this is dropped.
pub struct Live<W: Write> {
    out: W,
    /// Columns and rows of a terminal.
    size: Option<(usize, usize)>,
    /// What stands on the screen.
    area: Vec<String>,
}

impl<W: Write> Live<W> {
    /// `size`: columns and rows; none for a plain log.
    pub fn new(out: W, size: Option<(usize, usize)>) -> Self {
        Self { out, size, area: Vec::new() }
    }

    /// The window has another size. A terminal wraps what no longer fits, which [`erase`](Self::erase) counts on.
    pub fn resize(&mut self, size: Option<(usize, usize)>) {
        if self.size.is_some() && size.is_some() {
            self.size = size;
        }
    }

    /// Adds lines to the log, and shows this area from now on.
    pub fn update(&mut self, lines: &[String], area: Vec<String>) -> io::Result<()> {
        let Some((width, height)) = self.size else {
            lines.iter().try_for_each(|line| writeln!(self.out, "{line}"))?;
            return self.out.flush();
        };
        // One column stays free: some terminals wrap as soon as the last one is written.
        let mut next: Vec<String> = area.iter().map(|line| cut(line, width.saturating_sub(1))).collect();
        // An area that fills the window can't be erased any more once it has scrolled.
        next.truncate(height.saturating_sub(2));
        if lines.is_empty() && next == self.area {
            return Ok(());
        }
        let mut text = self.erase(width);
        for line in lines {
            text += line;
            text += "\r\n";
        }
        if next.is_empty() {
            text += if self.area.is_empty() { "" } else { SHOW };
        } else {
            text += HIDE;
            text += &next.join("\r\n");
        }
        self.area = next;
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Codes that take the area off the screen and leave the cursor where it began.
    fn erase(&self, width: usize) -> String {
        if self.area.is_empty() {
            return String::new();
        }
        let rows: usize = self.area.iter().map(|line| columns(line).div_ceil(width.max(1)).max(1)).sum();
        if rows > 1 { format!("\r\x1b[{}A\x1b[J", rows - 1) } else { "\r\x1b[J".into() }
    }
}

const HIDE: &str = "\x1b[?25l";
const SHOW: &str = "\x1b[?25h";

impl<W: Write> Drop for Live<W> {
    fn drop(&mut self) {
        if let (Some((width, _)), false) = (self.size, self.area.is_empty()) {
            let text = self.erase(width) + SHOW;
            let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(size: Option<(usize, usize)>, draw: impl FnOnce(&mut Live<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        draw(&mut Live::new(&mut out, size));
        String::from_utf8(out).unwrap()
    }

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|t| t.to_string()).collect()
    }

    #[test]
    fn a_log_line_goes_above_the_area() {
        let text = drawn(Some((20, 10)), |live| {
            live.update(&[], lines(&["pet", "state"])).unwrap();
            live.update(&lines(&["news"]), lines(&["pet", "other"])).unwrap();
            live.update(&[], lines(&["pet", "other"])).unwrap();
        });
        let first = "\x1b[?25lpet\r\nstate";
        let second = "\r\x1b[1A\x1b[Jnews\r\n\x1b[?25lpet\r\nother";
        assert_eq!(text, format!("{first}{second}\r\x1b[1A\x1b[J\x1b[?25h"));
    }

    #[test]
    fn a_narrower_window_wraps_what_is_there() {
        let text = drawn(Some((20, 10)), |live| {
            live.update(&[], lines(&["0123456789abcdefghijklmn"])).unwrap();
            live.resize(Some((10, 10)));
            live.update(&[], Vec::new()).unwrap();
        });
        assert_eq!(text, "\x1b[?25l0123456789abcdefgh…\r\x1b[1A\x1b[J\x1b[?25h");
    }

    #[test]
    fn a_plain_log_has_no_codes() {
        let text = drawn(None, |live| live.update(&lines(&["news"]), lines(&["pet"])).unwrap());
        assert_eq!(text, "news\n");
        let text = drawn(Some((20, 3)), |live| live.update(&[], lines(&["a", "b", "c"])).unwrap());
        assert!(!text.contains('b'), "an area never fills the window");
    }
}
