//! The end of one file that others write: what was added since the last look, whatever they did to the file meanwhile.

use crate::files::PrivateCheck;
use crate::identity::{Identity, identity, is_deleted};
use kairos_core::signal::MAX_BODY;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What is kept of one line, in bytes; the rest of it is left out, and a mark says so.
const MAX_LINE: usize = 4 * 1024;
/// What is read of one file in one look. Of what came beyond that only the end is read.
const MAX_READ: u64 = 64 * 1024 * 1024;
/// So many bytes before the place where we stopped have to be there still, or the file was written anew.
const PRINT: usize = 64;
const CUT: &str = " […]";

/// What was added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Lines that ended.
    pub lines: u64,
    /// The last of them, at most [`MAX_BODY`] bytes with their line ends.
    pub kept: VecDeque<String>,
    kept_bytes: usize,
    /// Bytes that were not read, nor counted as lines.
    pub skipped: u64,
    /// The file is another one than before, or was emptied.
    pub rotated: bool,
}

impl News {
    fn add(&mut self, line: &[u8], was_cut: bool) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut text = String::from_utf8_lossy(line).into_owned();
        if was_cut {
            text.push_str(CUT);
        }
        self.lines += 1;
        self.kept_bytes += text.len() + 1;
        self.kept.push_back(text);
        while self.kept_bytes > MAX_BODY {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.len() + 1;
        }
    }
}

/// What may be read.
pub(super) struct Guard {
    pub within: Option<PathBuf>,
    pub is_private: PrivateCheck,
}

impl Guard {
    /// The path without links, if what is there may be read.
    fn admits(&self, path: &Path) -> io::Result<PathBuf> {
        let real = path.canonicalize()?;
        let root = self.within.as_deref().map(Path::canonicalize).transpose()?.unwrap_or_default();
        let below = real.strip_prefix(&root).map_err(|_| io::ErrorKind::PermissionDenied)?;
        if (self.is_private)(&below.to_string_lossy()) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(real)
    }
}

/// One file.
pub(super) struct Tail {
    path: PathBuf,
    guard: Guard,
    open: Option<Open>,
    /// A line that has not ended.
    part: Vec<u8>,
    part_is_cut: bool,
    /// There was a file before.
    before: bool,
    max_read: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    offset: u64,
    print: Vec<u8>,
}

impl Tail {
    /// Only what is added from now on counts. A file that is not there yet will be read from its beginning.
    pub fn new(path: PathBuf, guard: Guard) -> Self {
        let open = guard.admits(&path).and_then(|real| Open::at(&real, u64::MAX)).ok();
        Self { before: open.is_some(), open, ..Self::of_new(path, guard) }
    }

    /// All that is in the file counts.
    pub fn of_new(path: PathBuf, guard: Guard) -> Self {
        Self { path, guard, before: false, open: None, part: Vec::new(), part_is_cut: false, max_read: MAX_READ }
    }

    /// As it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Without links; none if nothing is there, or it may not be read.
    pub fn real_path(&self) -> Option<PathBuf> {
        self.guard.admits(&self.path).ok()
    }

    /// Is there a file?
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Is the file that we read behind this name, too?
    pub fn is_at(&self, path: &Path) -> bool {
        let there = std::fs::metadata(path).ok().and_then(|m| identity(&m));
        there.is_some() && self.open.as_ref().is_some_and(|o| o.identity == there)
    }

    /// Does the last line wait for its end?
    pub fn has_part(&self) -> bool {
        !self.part.is_empty()
    }

    /// Takes the last line as ended.
    pub fn end_part(&mut self, news: &mut News) {
        if self.has_part() {
            news.add(&self.part, self.part_is_cut);
            self.part.clear();
            self.part_is_cut = false;
        }
    }

    /// Reads what was added. Answers whether anything was.
    pub fn look(&mut self, news: &mut News) -> bool {
        let mut grew = false;
        if let Some(mut open) = self.open.take() {
            let named = std::fs::metadata(&self.path).ok().map(|m| identity(&m));
            if open.was_emptied() {
                self.end_part(news);
                news.rotated = true;
                (open.offset, open.print) = (0, Vec::new());
            }
            // What was written to the old one before a new one came belongs to it.
            grew = matches!(self.read(&mut open, news), Ok(true));
            let stays = match named {
                Some(identity) => identity == open.identity,
                // Moved away, and nothing in its place yet: it may still be written to. A deleted one is let go, with the
                // space that it takes.
                None => open.file.metadata().is_ok_and(|m| !is_deleted(&m)),
            };
            if stays {
                self.open = Some(open);
                return grew;
            }
            self.end_part(news);
        }
        if let Ok(mut open) = self.guard.admits(&self.path).and_then(|real| Open::at(&real, 0)) {
            news.rotated |= self.before;
            self.before = true;
            grew |= matches!(self.read(&mut open, news), Ok(true));
            self.open = Some(open);
        }
        grew
    }

    fn read(&mut self, open: &mut Open, news: &mut News) -> io::Result<bool> {
        let size = open.file.metadata()?.len();
        if size.saturating_sub(open.offset) > self.max_read {
            let to = size - self.max_read;
            news.skipped += to - open.offset;
            (open.offset, open.print) = (to, Vec::new());
            // The first line begins somewhere in its middle.
            self.part.clear();
            self.part_is_cut = false;
        }
        open.file.seek(SeekFrom::Start(open.offset))?;
        let mut chunk = vec![0; 64 * 1024];
        let mut left = self.max_read;
        while left > 0 {
            let count = match open.file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            let bytes = &chunk[..count];
            self.take(bytes, news);
            open.offset += count as u64;
            open.print.extend_from_slice(&bytes[count.saturating_sub(PRINT)..]);
            open.print.drain(..open.print.len().saturating_sub(PRINT));
            left = left.saturating_sub(count as u64);
        }
        Ok(left < self.max_read)
    }

    fn take(&mut self, bytes: &[u8], news: &mut News) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let (text, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = MAX_LINE - self.part.len();
            self.part.extend_from_slice(&text[..text.len().min(room)]);
            self.part_is_cut |= text.len() > room;
            if ended {
                news.add(&self.part, self.part_is_cut);
                self.part.clear();
                self.part_is_cut = false;
            }
        }
    }
}

impl Open {
    /// A regular file, to be read from an offset or its end. What is none (a pipe, a device) could keep us waiting.
    fn at(path: &Path, offset: u64) -> io::Result<Self> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file = File::open(path)?;
        let meta = file.metadata()?;
        let offset = offset.min(meta.len());
        let mut print = vec![0; offset.min(PRINT as u64) as usize];
        file.seek(SeekFrom::Start(offset - print.len() as u64))?;
        file.read_exact(&mut print)?;
        Ok(Self { identity: identity(&meta), file, offset, print })
    }

    /// Was it cut off, and perhaps written again since? Its length alone would not tell the latter.
    fn was_emptied(&mut self) -> bool {
        let mut found = vec![0; self.print.len()];
        let begin = SeekFrom::Start(self.offset - found.len() as u64);
        let read = self.file.seek(begin).and_then(|_| self.file.read_exact(&mut found));
        match read {
            Ok(()) => found != self.print,
            Err(e) => e.kind() == io::ErrorKind::UnexpectedEof,
        }
    }
}

#[cfg(test)]
mod tests;
