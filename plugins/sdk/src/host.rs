//! What a plugin may ask the host for, as traits, so that the same code runs in a component and in a test.

use crate::edit::Edit;
use crate::recall::Recall;
use crate::types::{
    Change, Commit, Comparison, Error, ErrorCode, FileInfo, Match, Page, Patch, Repository, SearchOptions, Shown, Version,
};

/// Most bytes of one [`Project::read`] or [`Project::read_at`].
pub const MAX_READ: u32 = 1024 * 1024;

/// The project's files and its git, read-only; needs the capability `project`. Paths are relative to the project, with
/// `/`. `wit/host/services.wit` says what each call promises.
pub trait Project {
    /// At most [`MAX_READ`] bytes; shorter at the end of the file, empty past it.
    fn read(&self, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error>;
    /// What is there; a link is not followed.
    fn stat(&self, path: &str) -> Result<FileInfo, Error>;
    /// One page of the files below `path` that no ignore rule excludes; [`files`](Self::files) reads all pages.
    fn list_files(&self, path: &str, depth: u32, after: Option<&str>) -> Result<Page, Error>;
    /// Search with a regular expression in text files that no ignore rule excludes.
    fn search(&self, pattern: &str, options: &SearchOptions) -> Result<Vec<Match>, Error>;
    /// `unavailable` where the project is not a git repository.
    fn git_status(&self) -> Result<Repository, Error>;
    /// What differs between a version and the work tree, sorted by path, the first `max` (1 to 10,000).
    fn git_changes(&self, since: Version, max: u32) -> Result<Vec<Change>, Error>;
    /// As [`read`](Self::read), from a recorded version; `not-found` where it has no such file, `unavailable` where there
    /// is no such version.
    fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error>;
    /// Bytes of a path's content in a version.
    fn size_at(&self, version: Version, path: &str) -> Result<u64, Error>;
    /// Commits, newest first, 1 to 1,000; with `path`, only those that changed it.
    fn git_log(&self, max: u32, path: Option<&str>) -> Result<Vec<Commit>, Error>;
    /// What changed line by line, untracked files left out; below these paths, or everywhere.
    fn git_diff(&self, what: Comparison, paths: &[String]) -> Result<Patch, Error>;
    /// A commit, by its hash, a branch, a tag, or `HEAD~1`, and what it changed.
    fn git_show(&self, revision: &str, paths: &[String]) -> Result<Shown, Error>;

    /// A whole file. `too-large` when it has more than `max` bytes.
    fn read_all(&self, path: &str, max: u64) -> Result<Vec<u8>, Error> {
        whole(path, max, |offset, length| self.read(path, offset, length))
    }

    /// A whole file of at most 1 MiB as text. `too-large` when it is longer, `invalid` when it is not UTF-8.
    fn read_to_string(&self, path: &str) -> Result<String, Error> {
        text(path, self.read_all(path, u64::from(MAX_READ))?)
    }

    /// As [`read_all`](Self::read_all), from a recorded version.
    fn read_all_at(&self, version: Version, path: &str, max: u64) -> Result<Vec<u8>, Error> {
        whole(path, max, |offset, length| self.read_at(version, path, offset, length))
    }

    /// As [`read_to_string`](Self::read_to_string), from a recorded version.
    fn read_at_to_string(&self, version: Version, path: &str) -> Result<String, Error> {
        text(path, self.read_all_at(version, path, u64::from(MAX_READ))?)
    }

    /// All entries below `path` (`""` for the project), page by page. `depth` 1 lists the folder itself, 0 everything.
    /// Ends after the first error.
    fn files<'a>(&'a self, path: &'a str, depth: u32) -> Files<'a, Self>
    where
        Self: Sized,
    {
        Files { project: self, path, depth, page: Vec::new().into_iter(), next: None, done: false }
    }
}

fn text(path: &str, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{path} is not UTF-8 text")))
}

fn whole(path: &str, max: u64, mut read: impl FnMut(u64, u32) -> Result<Vec<u8>, Error>) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    loop {
        // One byte more than allowed is asked for, to see whether there is more.
        let left = max + 1 - all.len() as u64;
        let length = left.min(u64::from(MAX_READ)) as u32;
        let part = read(all.len() as u64, length)?;
        let at_end = part.len() < length as usize;
        all.extend_from_slice(&part);
        if all.len() as u64 > max {
            return Err(Error::new(ErrorCode::TooLarge, format!("{path} has more than {max} bytes")));
        }
        if at_end {
            return Ok(all);
        }
    }
}

/// See [`Project::files`].
pub struct Files<'a, P> {
    project: &'a P,
    path: &'a str,
    depth: u32,
    page: std::vec::IntoIter<FileInfo>,
    next: Option<String>,
    done: bool,
}

impl<P: Project> Iterator for Files<'_, P> {
    type Item = Result<FileInfo, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.page.next() {
                return Some(Ok(entry));
            }
            if self.done {
                return None;
            }
            match self.project.list_files(self.path, self.depth, self.next.as_deref()) {
                Ok(page) => {
                    self.done = page.next.is_none();
                    self.next = page.next;
                    self.page = page.entries.into_iter();
                }
                Err(e) => {
                    self.done = true;
                    return Some(Err(e));
                }
            }
        }
    }
}

/// The plugin's own key-value state, apart for each project, kept across restarts and updates. Keys of 1 to 256 bytes,
/// values of at most 64 KiB, 1 MiB and 4,096 keys in all. Writes of a call that ends in a fault are not kept.
pub trait State {
    /// The value, if the key is there.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Sets it.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), Error>;
    /// Removes it; a key that is not there is no error.
    fn delete(&self, key: &str) -> Result<(), Error>;
    /// Keys that begin with `prefix`, in byte order.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, Error>;

    /// The value as text; bytes that are not UTF-8 are replaced.
    fn get_string(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.get(key)?.map(|v| String::from_utf8_lossy(&v).into_owned()))
    }

    /// Sets text.
    fn set_string(&self, key: &str, value: &str) -> Result<(), Error> {
        self.set(key, value.as_bytes())
    }

    /// A number that [`set_number`](Self::set_number) wrote; none when there is none.
    fn get_number(&self, key: &str) -> Result<Option<u64>, Error> {
        Ok(self.get_string(key)?.and_then(|t| t.parse().ok()))
    }

    /// Sets a number.
    fn set_number(&self, key: &str, value: u64) -> Result<(), Error> {
        self.set_string(key, &value.to_string())
    }
}

/// The wall clock. In a replay it shows the time that was recorded.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
    /// Minutes that local time is ahead of UTC.
    fn utc_offset(&self) -> i32;
}

/// All that a plugin may call.
pub trait Host: Project + State + Clock + Recall + Edit {}

impl<T: Project + State + Clock + Recall + Edit> Host for T {}
