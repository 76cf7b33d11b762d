//! A project in memory, for native tests. It keeps the contract's limits: a test that passes here reads in pages.

use crate::edit::{Edit, FileChange};
use crate::fake_recall::Remembered;
use crate::host::{Clock, MAX_READ, Project, State};
use crate::types::{
    Change, Commit, Comparison, Error, ErrorCode, FileInfo, FileKind, Match, Page, Patch, Repository, SearchOptions, Shown,
    Version,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "dream")]
pub use crate::fake_memory::FakeMemory;

/// Files, git, state, a clock and what is remembered: all that a test sets.
#[derive(Debug, Default)]
pub struct Fake {
    files: BTreeMap<String, Vec<u8>>,
    index: BTreeMap<String, Vec<u8>>,
    head: BTreeMap<String, Vec<u8>>,
    branch_point: BTreeMap<String, Vec<u8>>,
    ignored: BTreeSet<String>,
    denied: BTreeSet<String>,
    repository: Option<Repository>,
    changes: Vec<Change>,
    commits: Vec<Commit>,
    patch: Option<Patch>,
    state: RefCell<BTreeMap<String, Vec<u8>>>,
    now: u64,
    utc_offset: i32,
    reads: RefCell<Vec<String>>,
    pub(crate) remembered: Remembered,
    applied: RefCell<Vec<FileChange>>,
}

impl Fake {
    /// An empty project without git, at time 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    /// As [`file`](Self::file).
    pub fn write(&mut self, path: &str, content: impl AsRef<[u8]>) {
        self.files.insert(path.into(), content.as_ref().to_vec());
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// A file that can be read but isn't listed or searched.
    pub fn ignored(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.ignored.insert(path.into());
        self.file(path, content)
    }

    /// A path that is denied to read.
    pub fn denied(mut self, path: &str) -> Self {
        self.denied.insert(path.into());
        self
    }

    /// Content in the index.
    pub fn staged(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.recorded(Version::Index, path, content)
    }

    /// Content in a recorded version. HEAD and the branch point are there once something is in them.
    pub fn recorded(mut self, version: Version, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.record(version, path, content);
        self
    }

    /// As [`recorded`](Self::recorded).
    pub fn record(&mut self, version: Version, path: &str, content: impl AsRef<[u8]>) {
        let files = match version {
            Version::Index => &mut self.index,
            Version::Head => &mut self.head,
            Version::BranchPoint => &mut self.branch_point,
        };
        files.insert(path.into(), content.as_ref().to_vec());
    }

    /// The project is a git repository in this state.
    pub fn repository(mut self, repository: Repository) -> Self {
        self.repository = Some(repository);
        self
    }

    /// As [`repository`](Self::repository).
    pub fn set_repository(&mut self, repository: Option<Repository>) {
        self.repository = repository;
    }

    /// A path that [`git_changes`](Project::git_changes) answers, whatever it is asked for; makes the project a git
    /// repository.
    pub fn change(mut self, change: Change) -> Self {
        self.repository.get_or_insert_with(Repository::default);
        self.changes.push(change);
        self.changes.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }

    /// Replaces all changes.
    pub fn set_changes(&mut self, changes: Vec<Change>) {
        self.changes = changes;
    }

    /// A commit, older than those before it; makes the project a git repository.
    pub fn commit(mut self, commit: Commit) -> Self {
        self.repository.get_or_insert_with(Repository::default);
        self.commits.push(commit);
        self
    }

    /// What [`git_diff`](Project::git_diff) answers, whatever it is asked for, and [`git_show`](Project::git_show) of each commit.
    pub fn patch(mut self, patch: Patch) -> Self {
        self.repository.get_or_insert_with(Repository::default);
        self.patch = Some(patch);
        self
    }

    /// Sets the clock, in milliseconds since 1970.
    pub fn at(mut self, now: u64) -> Self {
        self.now = now;
        self
    }

    /// As [`at`](Self::at).
    pub fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// Paths that were read, in whatever version, in order.
    pub fn reads(&self) -> Vec<String> {
        self.reads.borrow().clone()
    }

    /// Changes that were made, in order; the files stay as they were.
    pub fn applied(&self) -> Vec<FileChange> {
        self.applied.borrow().clone()
    }

    /// All state.
    pub fn state(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.borrow().clone()
    }

    fn git(&self) -> Result<&Repository, Error> {
        self.repository.as_ref().ok_or_else(|| Error::new(ErrorCode::Unavailable, "the project is not a git repository"))
    }

    fn version(&self, version: Version) -> Result<&BTreeMap<String, Vec<u8>>, Error> {
        self.git()?;
        match version {
            Version::Index => Ok(&self.index),
            Version::Head if self.head.is_empty() => Err(Error::new(ErrorCode::Unavailable, "there is no commit yet")),
            Version::Head => Ok(&self.head),
            Version::BranchPoint if self.branch_point.is_empty() => {
                Err(Error::new(ErrorCode::Unavailable, "there is no default branch to compare with"))
            }
            Version::BranchPoint => Ok(&self.branch_point),
        }
    }

    fn part(&self, from: &BTreeMap<String, Vec<u8>>, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        if self.denied.contains(path) || path.starts_with('/') || path.split('/').any(|p| p == "..") {
            return Err(Error::new(ErrorCode::Denied, format!("{path} is denied")));
        }
        if length > MAX_READ {
            return Err(Error::new(ErrorCode::TooLarge, "at most 1 MiB a call"));
        }
        self.reads.borrow_mut().push(path.into());
        let bytes = from.get(path).ok_or_else(|| not_found(path))?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes[start..(start + length as usize).min(bytes.len())].to_vec())
    }

    fn info(&self, path: &str, bytes: &[u8]) -> FileInfo {
        FileInfo { path: path.into(), kind: FileKind::File, size: bytes.len() as u64, modified: self.now, executable: false }
    }
}

fn not_found(path: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("there is no {path}"))
}

impl Project for Fake {
    fn read(&self, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        self.part(&self.files, path, offset, length)
    }

    fn stat(&self, path: &str) -> Result<FileInfo, Error> {
        self.files.get(path).map(|b| self.info(path, b)).ok_or_else(|| not_found(path))
    }

    fn list_files(&self, path: &str, depth: u32, after: Option<&str>) -> Result<Page, Error> {
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries: Vec<_> = self
            .files
            .iter()
            .filter(|(p, _)| p.starts_with(&below) && !self.ignored.contains(*p))
            .filter(|(p, _)| depth == 0 || p[below.len()..].matches('/').count() < depth as usize)
            .filter(|(p, _)| after.is_none_or(|a| p.as_str() > a))
            .map(|(p, b)| self.info(p, b))
            .take(1001)
            .collect();
        let more = entries.len() > 1000;
        entries.truncate(1000);
        let next = more.then(|| entries.last().map(|e| e.path.clone())).flatten();
        Ok(Page { entries, next })
    }

    fn search(&self, pattern: &str, options: &SearchOptions) -> Result<Vec<Match>, Error> {
        if !(1..=1000).contains(&options.max_matches) {
            return Err(Error::invalid("max-matches is from 1 to 1,000"));
        }
        let pattern = if options.literal { regex_lite::escape(pattern) } else { pattern.into() };
        let pattern = regex_lite::RegexBuilder::new(&pattern).case_insensitive(options.ignore_case).build();
        let pattern = pattern.map_err(|e| Error::invalid(format!("the pattern: {e}")))?;
        let mut found = Vec::new();
        for (path, bytes) in &self.files {
            let wanted = options.globs.is_empty() || options.globs.iter().any(|g| glob(g, path));
            if !wanted || self.ignored.contains(path) || self.denied.contains(path) || bytes.contains(&0) {
                continue;
            }
            for (i, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
                if pattern.is_match(line) && found.len() < options.max_matches as usize {
                    found.push(Match { path: path.clone(), line: i as u32 + 1, text: crate::fit(line, 400) });
                }
            }
        }
        Ok(found)
    }

    fn git_status(&self) -> Result<Repository, Error> {
        self.git().cloned()
    }

    fn git_changes(&self, _since: Version, max: u32) -> Result<Vec<Change>, Error> {
        self.git()?;
        Ok(self.changes.iter().take(max as usize).cloned().collect())
    }

    fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        self.part(self.version(version)?, path, offset, length)
    }

    fn size_at(&self, version: Version, path: &str) -> Result<u64, Error> {
        self.version(version)?.get(path).map(|b| b.len() as u64).ok_or_else(|| not_found(path))
    }

    fn git_log(&self, max: u32, _path: Option<&str>) -> Result<Vec<Commit>, Error> {
        self.git()?;
        Ok(self.commits.iter().take(max as usize).cloned().collect())
    }

    fn git_diff(&self, _what: Comparison, _paths: &[String]) -> Result<Patch, Error> {
        self.git()?;
        Ok(self.patch.clone().unwrap_or(Patch { files: Vec::new(), more: false }))
    }

    fn git_show(&self, revision: &str, paths: &[String]) -> Result<Shown, Error> {
        let commit = self.commits.iter().find(|c| c.id.starts_with(revision)).cloned().ok_or_else(|| not_found(revision))?;
        Ok(Shown { commit, parents: Vec::new(), patch: self.git_diff(Comparison::Head, paths)? })
    }
}

impl Edit for Fake {
    fn apply(&self, changes: &[FileChange]) -> Result<(), Error> {
        for change in changes {
            let there = self.files.get(&change.path).map(|content| crate::edit::fingerprint(content));
            if there != change.expected {
                return Err(Error::invalid(format!("{} is not what was expected", change.path)));
            }
        }
        self.applied.borrow_mut().extend(changes.iter().cloned());
        Ok(())
    }
}

impl State for Fake {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.state.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        if key.is_empty() || key.len() > 256 || value.len() > 64 * 1024 {
            return Err(Error::new(ErrorCode::TooLarge, "keys have 1 to 256 bytes, values at most 64 KiB"));
        }
        self.state.borrow_mut().insert(key.into(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), Error> {
        self.state.borrow_mut().remove(key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        Ok(self.state.borrow().keys().filter(|k| k.starts_with(prefix)).cloned().collect())
    }
}

impl Clock for Fake {
    fn now(&self) -> u64 {
        self.now
    }

    fn utc_offset(&self) -> i32 {
        self.utc_offset
    }
}

/// `*` and `?` within a name, `**` across folders; enough for tests.
fn glob(pattern: &str, path: &str) -> bool {
    let mut regex = String::from("^");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let (out, used): (&str, usize) = match () {
            () if rest.starts_with("**/") => ("(?:.*/)?", 3),
            () if rest.starts_with("**") => (".*", 2),
            () if c == '*' => ("[^/]*", 1),
            () if c == '?' => ("[^/]", 1),
            () => ("", c.len_utf8()),
        };
        if out.is_empty() {
            regex += &regex_lite::escape(&rest[..used]);
        } else {
            regex += out;
        }
        rest = &rest[used..];
    }
    regex_lite::Regex::new(&(regex + "$")).is_ok_and(|r| r.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_parts_and_listed_in_pages() {
        let mut fake = Fake::new().file("big", vec![7; 3 * 1024 * 1024 + 5]);
        assert_eq!(fake.read_all("big", 4 << 20).unwrap().len(), 3 * 1024 * 1024 + 5);
        assert_eq!(fake.read_all("big", 1 << 20).unwrap_err().code, ErrorCode::TooLarge);
        assert_eq!(fake.read_to_string("none").unwrap_err().code, ErrorCode::NotFound);
        (0..2500).for_each(|i| fake.write(&format!("d/{i:04}"), "x"));
        assert_eq!(fake.files("d", 1).map(Result::unwrap).count(), 2500);
        assert_eq!(fake.files("", 1).map(Result::unwrap).count(), 1);
    }

    #[test]
    fn search_keeps_to_globs() {
        let fake = Fake::new().file("a/b.rs", "one\ntwo").file("b.md", "two");
        let rust = SearchOptions { globs: vec!["**/*.rs".into()], ..Default::default() };
        let found = fake.search("^t.o$", &rust).unwrap();
        assert_eq!((found.len(), found[0].path.as_str(), found[0].line), (1, "a/b.rs", 2));
    }
}
