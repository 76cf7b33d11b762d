//! Exact search, for identifiers and error messages: what a text index takes apart is found here as it stands.

use super::error::{Error, Result};
use super::lines::{Blocks, Piece, parse};
use super::{Transcripts, day, is_forgotten};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::sinks::Bytes;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use kairos_core::memory::Observation;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::Path;

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;
/// Compiled size of a pattern, in bytes: `(a{1000}){1000}` must not eat the memory.
const MAX_REGEX: usize = 4 << 20;

impl Transcripts {
    /// The newest observations, at most `limit`, whose text has a line that the pattern matches; newest day first. The pattern is
    /// a regular expression of ripgrep's, or taken literally; upper and lower case differ.
    pub fn grep(&self, pattern: &str, literal: bool, limit: usize) -> Result<Vec<Observation>> {
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            return Err(Error::BadPattern(format!("it must have 1 to {MAX_PATTERN} bytes")));
        }
        let in_text = compile(pattern, literal)?;
        // Lines are JSON: where the pattern is literal it is looked for as JSON writes it, and most lines are never parsed.
        let in_line = if literal { Some(compile(&escaped(pattern), true)?) } else { None };
        let mut search = Search { searcher: searcher(), in_text, in_line };
        let mut found = vec![];
        for day in self.days()?.into_iter().rev() {
            let room = limit - found.len();
            if room == 0 {
                break;
            }
            let path = day::file_of(&self.dir, day);
            match search.file(&path, room) {
                Ok(newest) => found.extend(newest.into_iter().rev()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::read(&path, error)),
            }
        }
        Ok(found)
    }
}

struct Search {
    searcher: Searcher,
    in_text: RegexMatcher,
    in_line: Option<RegexMatcher>,
}

impl Search {
    /// The last `room` observations of a file that match, in file order.
    fn file(&mut self, path: &Path, room: usize) -> io::Result<VecDeque<Observation>> {
        let mut blocks = Blocks::new(File::open(path)?, super::lines::MAX_LINE);
        let mut found = VecDeque::new();
        while let Some((_, piece)) = blocks.next()? {
            let Piece::Lines(bytes) = piece else { continue };
            let mut lines = vec![];
            match &self.in_line {
                Some(matcher) => {
                    let sink = Bytes(|_, line| {
                        lines.push(line.to_vec());
                        Ok(true)
                    });
                    self.searcher.search_slice(matcher, bytes, sink)?;
                }
                None => lines.extend(bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec)),
            }
            for line in lines {
                let Ok(observation) = parse(&line) else { continue };
                if is_forgotten(&observation) || !self.matches(&observation.text)? {
                    continue;
                }
                if found.len() == room {
                    found.pop_front();
                }
                found.push_back(observation);
            }
        }
        Ok(found)
    }

    fn matches(&mut self, text: &str) -> io::Result<bool> {
        let mut any = false;
        let sink = Bytes(|_, _| {
            any = true;
            Ok(false)
        });
        self.searcher.search_slice(&self.in_text, text.as_bytes(), sink)?;
        Ok(any)
    }
}

fn searcher() -> Searcher {
    SearcherBuilder::new().line_number(true).binary_detection(BinaryDetection::none()).build()
}

fn compile(pattern: &str, literal: bool) -> Result<RegexMatcher> {
    RegexMatcherBuilder::new()
        .fixed_strings(literal)
        .line_terminator(Some(b'\n'))
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX)
        .nest_limit(64)
        .build(pattern)
        .map_err(|error| Error::BadPattern(super::new::cut(&error.to_string(), 1024).into()))
}

/// A text as it stands within a JSON string.
fn escaped(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().into()
}
