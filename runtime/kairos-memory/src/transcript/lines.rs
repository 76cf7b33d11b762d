//! Reads a file in blocks of whole lines, whatever is in it: a line over the limit is skipped, never held in memory.

use super::error::{Error, Result};
use kairos_core::memory::Observation;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest line of a transcript, in bytes. What we write has at most half of it.
pub(super) const MAX_LINE: usize = 1 << 20;
/// Read at once, in bytes, where lines are short.
const BLOCK: usize = 256 << 10;
/// How many damaged lines are named; all are counted.
pub(super) const MAX_NAMED: usize = 20;

/// Whole lines, or one that was too long.
pub(super) enum Piece<'a> {
    /// At least one line; each ends in a newline.
    Lines(&'a [u8]),
    /// So many bytes, without the newline.
    TooLong(u64),
}

/// Hands out a file's lines in blocks.
pub(super) struct Blocks<R> {
    reader: R,
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes at the front that were handed out.
    used: usize,
    limit: usize,
    /// Where the first byte of the buffer is, from where reading began.
    offset: u64,
}

impl<R: Read> Blocks<R> {
    /// Lines of up to `limit` bytes, without their newlines.
    pub fn new(reader: R, limit: usize) -> Self {
        Self { reader, buffer: vec![0; BLOCK.min(limit + 1)], filled: 0, used: 0, limit, offset: 0 }
    }

    /// The next block, with where it begins; none at the end. What follows the last newline is never handed out here.
    pub fn next(&mut self) -> io::Result<Option<(u64, Piece<'_>)>> {
        self.buffer.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.offset += self.used as u64;
        self.used = 0;
        let (at, mut searched) = (self.offset, 0);
        loop {
            if let Some(end) = memchr::memrchr(b'\n', &self.buffer[searched..self.filled]) {
                self.used = searched + end + 1;
                return Ok(Some((at, Piece::Lines(&self.buffer[..self.used]))));
            }
            if self.filled > self.limit {
                return self.skip(at);
            }
            searched = self.filled;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// What follows the last newline. Only at the end, and only what fits the limit.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.used..self.filled]
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.filled == self.buffer.len() {
            self.buffer.resize((self.filled * 2).min(self.limit + 1), 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(count) => {
                    self.filled += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes over the rest of a line that fills the buffer.
    fn skip(&mut self, at: u64) -> io::Result<Option<(u64, Piece<'_>)>> {
        loop {
            self.offset += self.filled as u64;
            self.filled = 0;
            if !self.fill()? {
                return Ok(None);
            }
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                self.used = end + 1;
                let length = self.offset + end as u64 - at;
                return Ok(Some((at, Piece::TooLong(length))));
            }
        }
    }
}

/// One line, with the offset of its first byte; or how long it was.
pub(super) type Line<'a> = (u64, Result<&'a [u8], u64>);

/// Calls `each` with every whole line until it answers false.
pub(super) fn each_line<R: Read>(blocks: &mut Blocks<R>, mut each: impl FnMut(Line<'_>) -> bool) -> io::Result<()> {
    while let Some((at, piece)) = blocks.next()? {
        match piece {
            Piece::TooLong(length) => {
                if !each((at, Err(length))) {
                    return Ok(());
                }
            }
            Piece::Lines(bytes) => {
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', bytes) {
                    if !each((at + start as u64, Ok(&bytes[start..end]))) {
                        return Ok(());
                    }
                    start = end + 1;
                }
            }
        }
    }
    Ok(())
}

/// The id that a line has, read without looking at the rest of it. Lines that a person has formatted anew are parsed.
pub(super) fn id_of(line: &[u8]) -> Option<String> {
    if let Some(rest) = line.strip_prefix(br#"{"id":""#) {
        let end = memchr::memchr(b'"', &rest[..rest.len().min(64)])?;
        return std::str::from_utf8(&rest[..end]).ok().map(str::to_owned);
    }
    #[derive(serde::Deserialize)]
    struct Id {
        id: String,
    }
    memchr::memmem::find(line, b"\"id\"")?;
    serde_json::from_slice::<Id>(line).ok().map(|found| found.id)
}

/// What a line holds.
pub(super) fn parse(line: &[u8]) -> Result<Observation, Reason> {
    let text = std::str::from_utf8(line).map_err(|_| Reason::NotUtf8)?;
    serde_json::from_str(text).map_err(|_| Reason::NoObservation)
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Over 1 MiB; so many bytes.
    TooLong(u64),
    /// Bytes that are no text.
    NotUtf8,
    /// No JSON, or not the fields of an observation.
    NoObservation,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(f, "{bytes} bytes in one line, at most {MAX_LINE} are read"),
            Self::NotUtf8 => f.write_str("no UTF-8"),
            Self::NoObservation => f.write_str("no observation"),
        }
    }
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub file: PathBuf,
    /// From 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.reason)
    }
}

/// The lines that were skipped in reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// How many.
    pub count: u64,
    /// The first 20.
    pub first: Vec<Damaged>,
}

impl Damage {
    /// The line at that offset. Lines are counted only where one is damaged.
    pub(super) fn add(&mut self, file: &Path, offset: u64, reason: Reason) -> Result<()> {
        self.count += 1;
        if self.first.len() < MAX_NAMED {
            let line = line_at(file, offset).map_err(|error| Error::read(file, error))?;
            self.first.push(Damaged { file: file.into(), line, reason });
        }
        Ok(())
    }
}

fn line_at(file: &Path, offset: u64) -> io::Result<u64> {
    let mut reader = std::fs::File::open(file)?.take(offset);
    let mut buffer = vec![0; BLOCK];
    let mut line = 1;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(line),
            count => line += memchr::memchr_iter(b'\n', &buffer[..count]).count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Vec<(u64, Result<Vec<u8>, u64>)>;

    fn lines(bytes: &[u8], limit: usize) -> (Found, Vec<u8>) {
        let mut blocks = Blocks::new(bytes, limit);
        let mut found = vec![];
        each_line(&mut blocks, |(at, line)| {
            found.push((at, line.map(<[u8]>::to_vec)));
            true
        })
        .unwrap();
        let rest = blocks.rest().to_vec();
        (found, rest)
    }

    #[test]
    fn lines_have_their_offsets_and_long_ones_their_length() {
        let (found, rest) = lines(b"ab\n\n0123456789\ncd\nrest", 4);
        let ok = |text: &str| Ok(text.as_bytes().to_vec());
        assert_eq!(found, [(0, ok("ab")), (3, ok("")), (4, Err(10)), (15, ok("cd"))]);
        assert_eq!(rest, b"rest");
        assert_eq!(lines(b"0123456789", 4).0, []);
        assert_eq!(lines(b"0123\n", 4).0, [(0, ok("0123"))]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_limit_the_lines_are_those_of_the_text(text in "[a\n]{0,60}", limit in 1usize..12) {
            let (found, rest) = lines(text.as_bytes(), limit);
            let mut expected: Vec<&str> = text.split('\n').collect();
            let last = expected.pop().unwrap();
            let got: Vec<String> = found.into_iter().map(|(_, line)| match line {
                Ok(line) => String::from_utf8(line).unwrap(),
                Err(length) => { assert!(length as usize > limit); "a".repeat(length as usize) }
            }).collect();
            proptest::prop_assert_eq!(got, expected);
            if last.len() <= limit { proptest::prop_assert_eq!(rest, last.as_bytes()); }
        }
    }
}
