//! Searching text files with a regular expression, within bounds.

use crate::path::{check_max, cut};
use crate::private::glob;
use crate::{Inner, took_too_long};
use globset::{GlobSet, GlobSetBuilder};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkFinish, SinkMatch};
use kairos_core::ports::{MAX_MATCHES, Match, PortResult, SearchOptions};
use kairos_core::{ErrorCode, PortError};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest pattern in bytes.
const MAX_PATTERN: usize = 4096;
/// The most globs of one search.
const MAX_GLOBS: usize = 64;
/// Compiled size of a pattern, in bytes: `(a{1000}){1000}` must not eat the memory.
const MAX_REGEX: usize = 4 * 1024 * 1024;
/// Bigger files, in bytes, are rarely text that a person wrote.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// A longer line makes the file count as not text.
const MAX_LINE: usize = 4 * 1024 * 1024;
/// Bytes of a line that are handed out.
const MAX_TEXT: usize = 400;

impl Inner {
    /// Files are visited folder by folder, names in byte order, so the same project gives the same answer. Files that
    /// are private, withheld, binary or over 16 MiB are left out.
    pub(crate) fn search(&self, pattern: &str, options: &SearchOptions, stop: &AtomicBool) -> PortResult<Vec<Match>> {
        check_max(options.max_matches, MAX_MATCHES, "matches")?;
        let matcher = compile(pattern, options)?;
        let globs = compile_globs(&options.globs)?;
        let mut searcher = SearcherBuilder::new()
            .line_number(true)
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(MAX_LINE))
            .build();
        let mut walker = self.walker();
        walker.sort_by_file_name(Ord::cmp).filter_entry(|entry| !entry.file_name().eq_ignore_ascii_case(".git"));
        let mut matches = Vec::new();
        for entry in walker.build() {
            if stop.load(Ordering::Relaxed) {
                return Err(took_too_long());
            }
            let Ok(entry) = entry else { continue };
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let Some(path) = self.listed(&entry) else { continue };
            if globs.as_ref().is_some_and(|globs| !globs.is_match(path)) || self.private.is_private(path) {
                continue;
            }
            if self.why_withheld(path).is_some() {
                continue;
            }
            // A file that is gone or can't be read is no reason to fail the search.
            let Ok((file, metadata)) = self.open_regular(path) else { continue };
            if metadata.len() > MAX_FILE {
                continue;
            }
            let room = options.max_matches as usize - matches.len();
            let mut lines = Lines { path, room, stop, found: Vec::new(), binary: false };
            let read = searcher.search_reader(&matcher, io::Read::take(file, MAX_FILE), &mut lines);
            if read.is_ok() && !lines.binary {
                matches.append(&mut lines.found);
            }
            if matches.len() >= options.max_matches as usize {
                break;
            }
        }
        Ok(matches)
    }
}

fn compile(pattern: &str, options: &SearchOptions) -> PortResult<RegexMatcher> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN {
        return Err(PortError::new(ErrorCode::Invalid, format!("a pattern has 1 to {MAX_PATTERN} bytes")));
    }
    RegexMatcherBuilder::new()
        .fixed_strings(options.literal)
        .case_insensitive(options.ignore_case)
        .line_terminator(Some(b'\n'))
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX)
        .nest_limit(64)
        .build(pattern)
        .map_err(|error| PortError::new(ErrorCode::Invalid, cut(&format!("the pattern can't be used: {error}"), 1024)))
}

fn compile_globs(globs: &[String]) -> PortResult<Option<GlobSet>> {
    if globs.is_empty() {
        return Ok(None);
    }
    if globs.len() > MAX_GLOBS || globs.iter().any(|glob| glob.len() > MAX_PATTERN) {
        let message = format!("a search takes at most {MAX_GLOBS} globs of {MAX_PATTERN} bytes");
        return Err(PortError::new(ErrorCode::TooLarge, message));
    }
    let invalid = |error: globset::Error| PortError::new(ErrorCode::Invalid, cut(&error.to_string(), 1024));
    let mut set = GlobSetBuilder::new();
    for pattern in globs {
        set.add(glob(pattern, false).map_err(invalid)?);
    }
    set.build().map(Some).map_err(invalid)
}

/// Collects the matching lines of one file.
struct Lines<'a> {
    path: &'a str,
    room: usize,
    stop: &'a AtomicBool,
    found: Vec<Match>,
    binary: bool,
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, line: &SinkMatch<'_>) -> io::Result<bool> {
        let bytes = line.bytes();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        // A little more than is kept, so that a character at the cut is seen whole.
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT + 4)]);
        self.found.push(Match {
            path: self.path.to_owned(),
            line: line.line_number().unwrap_or(1).try_into().unwrap_or(u32::MAX),
            text: cut(&text, MAX_TEXT).to_owned(),
        });
        Ok(self.found.len() < self.room && !self.stop.load(Ordering::Relaxed))
    }

    fn finish(&mut self, _: &Searcher, end: &SinkFinish) -> io::Result<()> {
        self.binary = end.binary_byte_offset().is_some();
        Ok(())
    }
}
