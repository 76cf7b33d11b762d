//! Words put into lines of a terminal, each written once and never touched again.

use crate::view::text::{Paint, columns};
use owo_colors::Style;
use unicode_width::UnicodeWidthChar;

/// Columns of a line of words, at most: longer ones are hard to read.
const WIDEST: usize = 110;
/// Joins emoji into one.
const JOINER: char = '\u{200d}';
/// What does not begin a line, where lines may break between any two characters.
const CLOSING: &str = "、。，．！？：；）」』】》”’";

/// A character, and how it looks.
pub(super) type Glyph = (char, Style);

/// What is written, from where the last line stands.
pub(super) struct Flow {
    paint: Paint,
    /// Columns of the terminal.
    pub(super) columns: usize,
    /// And of a line of words.
    pub(super) width: usize,
    /// What is to be written.
    pub(super) out: String,
    /// Words go to the next line where they don't fit; else the terminal breaks what is too long, and it is copied as one.
    wraps: bool,
    /// In front of each further line, with its columns.
    rest: (String, usize),
    column: usize,
    /// No word stands on the line.
    is_bare: bool,
    gap: Vec<Glyph>,
    word: Vec<Glyph>,
    /// A line was written.
    pub(super) has_begun: bool,
}

impl Flow {
    pub(super) fn new(paint: Paint, columns: usize) -> Self {
        let (out, rest, width) = (String::new(), Default::default(), columns.min(WIDEST));
        Self {
            paint,
            columns,
            width,
            out,
            wraps: true,
            rest,
            column: 0,
            is_bare: true,
            gap: Vec::new(),
            word: Vec::new(),
            has_begun: false,
        }
    }

    /// As it is before anything is written.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.paint, self.columns);
    }

    /// A line of words, with what stands in front of it, and of those that it grows into; both dim.
    pub(super) fn begin(&mut self, first: &str, rest: &str) {
        let painted = |text: &str| if text.trim().is_empty() { text.to_owned() } else { self.paint.dim(text) };
        self.out += &painted(first);
        self.column = columns(first);
        self.rest = (painted(rest), columns(rest));
        (self.wraps, self.has_begun, self.is_bare) = (true, true, true);
    }

    /// A line that stays as it is.
    pub(super) fn begin_as_it_is(&mut self) {
        self.begin("", "");
        self.wraps = false;
    }

    pub(super) fn put(&mut self, c: char, look: Style) {
        if c == ' ' || (c == '\t' && self.wraps) {
            self.commit();
            self.gap.push((if self.wraps { ' ' } else { c }, look));
            return;
        }
        let is_joined = self.word.last().is_some_and(|(before, _)| *before == JOINER);
        if c.width() == Some(2) && !is_joined && !CLOSING.contains(c) {
            self.commit();
        }
        self.word.push((c, look));
    }

    /// The word is complete.
    fn commit(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let wide = columns(&self.word.iter().map(|(c, _)| c).collect::<String>());
        if self.wraps && self.is_bare {
            self.gap.clear();
        } else if self.wraps && self.column + self.gap.len() + wide > self.width {
            self.gap.clear();
            self.out.push('\n');
            self.out += &self.rest.0;
            self.column = self.rest.1;
        }
        self.is_bare = false;
        self.column += self.gap.len() + wide;
        if self.column > self.columns {
            // The terminal has broken the word.
            self.column %= self.columns.max(1);
        }
        self.gap.append(&mut self.word);
        self.write();
    }

    fn write(&mut self) {
        for run in self.gap.chunk_by(|a, b| a.1 == b.1) {
            let text: String = run.iter().map(|(c, _)| c).collect();
            self.out += &self.paint.style(&text, run[0].1);
        }
        self.gap.clear();
    }

    pub(super) fn end(&mut self) {
        self.commit();
        if !self.wraps {
            self.write();
        }
        self.gap.clear();
        self.out.push('\n');
        self.column = 0;
    }
}
