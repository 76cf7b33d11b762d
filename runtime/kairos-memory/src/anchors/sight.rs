//! The project as one round of checks sees it: every file is read once, and the number of searches is bounded.

use super::define::{defines, may_define, parts};
use gix::objs::Kind;
use kairos_core::ErrorCode;
use kairos_core::ports::{FileKind, MAX_MATCHES, MAX_READ, PortError, ProjectView, SearchOptions};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Bigger files, in bytes, are not looked into: no person writes them.
const MAX_FILE: u64 = 2 << 20;
/// Files that a search for a definition reads; a name in more of them is not one that a claim points at.
const MAX_CANDIDATES: usize = 24;

/// What is at a path.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Text(Arc<Text>),
    Folder,
    /// It is there, but not to be read: private, too big, not text.
    Closed,
    Missing,
    /// Nobody knows: the project doesn't answer.
    Unknown(String),
}

/// A file's content.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// Git's hash of it, in hexadecimal.
    pub(super) blob: String,
}

pub(super) struct Sight<'a> {
    project: &'a dyn ProjectView,
    files: HashMap<String, Seen>,
    definers: HashMap<String, Option<Vec<String>>>,
    is_there: Option<bool>,
    searches: usize,
}

impl<'a> Sight<'a> {
    pub(super) fn new(project: &'a dyn ProjectView, searches: usize) -> Self {
        Self { project, files: HashMap::new(), definers: HashMap::new(), is_there: None, searches }
    }

    /// So many searches are allowed from now on.
    pub(super) fn renew(&mut self, searches: usize) {
        self.searches = searches;
    }

    /// What is at that path now.
    pub(super) async fn at(&mut self, path: &str) -> Seen {
        if let Some(seen) = self.files.get(path) {
            return seen.clone();
        }
        let seen = match self.look(path).await {
            Ok(seen) => seen,
            // A folder that is gone or not mounted says the same of everything in it.
            Err(error) if error.code == ErrorCode::NotFound => {
                if self.is_there().await {
                    Seen::Missing
                } else {
                    Seen::Unknown("the project's folder is empty or gone".into())
                }
            }
            Err(error) if matches!(error.code, ErrorCode::Denied | ErrorCode::Invalid | ErrorCode::TooLarge) => Seen::Closed,
            Err(error) => Seen::Unknown(error.message),
        };
        self.files.insert(path.to_owned(), seen.clone());
        seen
    }

    async fn look(&self, path: &str) -> Result<Seen, PortError> {
        let info = self.project.stat(path).await?;
        match info.kind {
            FileKind::Directory => return Ok(Seen::Folder),
            FileKind::Other => return Ok(Seen::Closed),
            FileKind::File if info.size > MAX_FILE => return Ok(Seen::Closed),
            FileKind::File | FileKind::Link => {}
        }
        let mut bytes = Vec::new();
        loop {
            let part = self.project.read(path, bytes.len() as u64, MAX_READ).await?;
            if part.is_empty() {
                break;
            }
            bytes.extend_from_slice(&part);
            if bytes.len() as u64 > MAX_FILE {
                return Ok(Seen::Closed);
            }
        }
        let Ok(blob) = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, &bytes) else { return Ok(Seen::Closed) };
        let Ok(text) = String::from_utf8(bytes) else { return Ok(Seen::Closed) };
        Ok(Seen::Text(Arc::new(Text { text, blob: blob.to_string() })))
    }

    async fn is_there(&mut self) -> bool {
        if self.is_there.is_none() {
            self.is_there = Some(self.project.list_files("", 1, None).await.is_ok_and(|page| !page.entries.is_empty()));
        }
        self.is_there == Some(true)
    }

    /// The files that define the name, in the order of their paths; `None` where too many mention it, no search is left or the
    /// project doesn't answer.
    pub(super) async fn definers(&mut self, symbol: &str) -> Option<Vec<String>> {
        if let Some(known) = self.definers.get(symbol) {
            return known.clone();
        }
        self.searches = self.searches.checked_sub(1)?;
        let found = self.search(symbol).await;
        self.definers.insert(symbol.to_owned(), found.clone());
        found
    }

    async fn search(&mut self, symbol: &str) -> Option<Vec<String>> {
        let last = parts(symbol).next_back()?;
        // `$` is a letter in JavaScript and a sign in a pattern.
        let name = last.replace('$', "\\$");
        let options = SearchOptions { max_matches: MAX_MATCHES, ..SearchOptions::default() };
        let matches = self.project.search(&format!(r"(^|[^\w$]){name}($|[^\w$])"), &options).await.ok()?;
        let files: BTreeSet<_> =
            matches.iter().filter(|found| may_define(&found.path, &found.text, last)).map(|m| &m.path).collect();
        if matches.len() >= MAX_MATCHES as usize || files.len() > MAX_CANDIDATES {
            return None;
        }
        let mut definers = Vec::new();
        for path in files {
            if matches!(self.at(path).await, Seen::Text(file) if defines(path, &file.text, symbol)) {
                definers.push(path.clone());
            }
        }
        Some(definers)
    }
}

/// The words of a text with one space between them: a quotation stays one when lines are wrapped anew.
pub(super) fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Text {
    pub(super) fn quotes(&self, quote: &str) -> bool {
        self.text.contains(quote) || flat(&self.text).contains(&flat(quote))
    }
}
