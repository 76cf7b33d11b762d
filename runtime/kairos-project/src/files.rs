//! Reading and listing files. Every access goes through a directory handle that can't be left.

use crate::at_hand;
use crate::path::{check_length, is_inside_git, normalise};
use crate::{Inner, took_too_long};
use cap_std::fs::{File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use ignore::{DirEntry, WalkBuilder};
use kairos_core::ports::{FileInfo, FileKind, MAX_PAGE, Page, PortResult};
use kairos_core::{ErrorCode, PortError};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

impl Inner {
    /// What can be read without waiting for anything; none where it can't.
    pub(crate) fn read_at_hand(&self, path: &str, offset: u64, length: u32) -> PortResult<Option<Vec<u8>>> {
        check_length(length)?;
        let path = self.content_path(path)?;
        Ok(if self.is_local { at_hand::read(&self.dir, &path, offset, length) } else { None })
    }

    pub(crate) fn read(&self, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        check_length(length)?;
        let path = self.content_path(path)?;
        let real = self.real_path(&path)?;
        let (mut file, metadata) = self.open_regular(&real)?;
        if offset >= metadata.len() {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(u64::from(length).min(metadata.len() - offset) as usize);
        file.seek(SeekFrom::Start(offset)).map_err(|error| io_error(&path, &error))?;
        file.take(u64::from(length)).read_to_end(&mut bytes).map_err(|error| io_error(&path, &error))?;
        Ok(bytes)
    }

    pub(crate) fn stat(&self, path: &str) -> PortResult<FileInfo> {
        let path = normalise(path)?;
        if path.is_empty() {
            let metadata = self.dir.dir_metadata().map_err(|error| io_error(&path, &error))?;
            return Ok(info(path, &metadata));
        }
        deny_git(&path)?;
        // The last part may be a link, which is described and not followed; the folders before it may lead into `.git`.
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.real_path(parent)?;
        }
        let metadata = self.dir.symlink_metadata(&path).map_err(|error| io_error(&path, &error))?;
        Ok(info(path, &metadata))
    }

    /// The normalised path, if its name alone doesn't forbid to hand out its content.
    pub(crate) fn content_path(&self, path: &str) -> PortResult<String> {
        let path = normalise(path)?;
        deny_git(&path)?;
        self.deny_withheld(&path)?;
        Ok(path)
    }

    /// The path with links resolved. A link may stand for a private file, so the target is checked as well.
    fn real_path(&self, path: &str) -> PortResult<String> {
        let real = self.dir.canonicalize(if path.is_empty() { "." } else { path }).map_err(|error| io_error(path, &error))?;
        let real = normalise(real.to_str().ok_or_else(|| invalid(path, "leads to a name that is not UTF-8"))?)?;
        deny_git(&real)?;
        self.deny_withheld(&real)?;
        Ok(real)
    }

    fn deny_withheld(&self, path: &str) -> PortResult<()> {
        let message = if self.private.is_private(path) {
            format!("`{path}` is private: its content is not handed to plugins (see `files.private`)")
        } else if let Some(why) = self.why_withheld(path) {
            format!("`{path}` is not to be read: {why}")
        } else {
            return Ok(());
        };
        Err(PortError::new(ErrorCode::Denied, message))
    }

    /// Not because it is private.
    pub(crate) fn why_withheld(&self, path: &str) -> Option<String> {
        self.forbids.as_ref()?(path)
    }

    /// Opens a regular file. Without blocking: a FIFO would wait for a writer, and opening a device can have effects,
    /// so the kind is checked before, and again on the handle because it may have been swapped.
    pub(crate) fn open_regular(&self, path: &str) -> PortResult<(File, Metadata)> {
        let refuse = || invalid(path, "is not a regular file");
        if path.is_empty() || !self.dir.metadata(path).map_err(|error| io_error(path, &error))?.is_file() {
            return Err(refuse());
        }
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        let file = self.dir.open_with(path, &options).map_err(|error| io_error(path, &error))?;
        let metadata = file.metadata().map_err(|error| io_error(path, &error))?;
        if !metadata.is_file() {
            return Err(refuse());
        }
        Ok((file, metadata))
    }

    /// A walk of the project that ignore rules are applied to. It starts at the project's folder, so that the rules of
    /// all folders hold; it follows no link and enters no other file system.
    pub(crate) fn walker(&self) -> WalkBuilder {
        let mut walker = WalkBuilder::new(&self.root);
        // The rules above the project matter only if it is a part of a work tree.
        let parents = self.git.is_below_work_tree();
        walker.hidden(false).parents(parents).require_git(false).follow_links(false).same_file_system(true);
        walker
    }

    /// An entry's path below the project, unless it has no place in a listing.
    pub(crate) fn listed<'a>(&self, entry: &'a DirEntry) -> Option<&'a str> {
        let path = entry.path().strip_prefix(&self.root).ok()?.to_str()?;
        (!is_inside_git(path)).then_some(path)
    }

    /// Lists in byte order of paths. A folder is an entry only where `depth` stops the walk at it.
    pub(crate) fn list_files(&self, path: &str, depth: u32, after: Option<&str>, stop: &AtomicBool) -> PortResult<Page> {
        let base = normalise(path)?;
        deny_git(&base)?;
        match self.stat(&base)?.kind {
            FileKind::Directory => {}
            FileKind::Link => return Err(invalid(&base, "is a link; list the folder that it names")),
            _ => return Err(invalid(&base, "is not a folder")),
        }
        // What is below a folder may be withheld, without the folder itself.
        if !base.is_empty()
            && let Some(why) = self.why_withheld(&base).or_else(|| self.why_withheld(&format!("{base}/_")))
        {
            return Err(PortError::new(ErrorCode::Denied, format!("`{base}` is not to be looked into: {why}")));
        }
        let level = if base.is_empty() { 0 } else { Wanted::level(&base) };
        let deepest = (depth != 0).then(|| (level as usize).saturating_add(depth as usize));
        let wanted = Arc::new(Mutex::new(Wanted { base, depth, after: after.map(str::to_owned), found: BTreeMap::new() }));
        let root = self.root.clone();
        let filter = wanted.clone();
        let mut walk = self.walker();
        walk.max_depth(deepest).sort_by_file_name(Ord::cmp).filter_entry(move |entry| {
            let Some(path) = entry.path().strip_prefix(&root).ok().and_then(|path| path.to_str()) else { return false };
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_inside_git(path) && (!folder || lock(&filter).enters(path))
        });
        for entry in walk.build() {
            if stop.load(Ordering::Relaxed) {
                return Err(took_too_long());
            }
            // What can't be read is not listed, like a folder without permission.
            let Ok(entry) = entry else { continue };
            let Some(path) = self.listed(&entry).filter(|path| self.why_withheld(path).is_none()) else { continue };
            lock(&wanted).offer(path, entry.file_type().is_some_and(|kind| kind.is_dir()));
        }
        let mut paths: Vec<String> = std::mem::take(&mut lock(&wanted).found).into_keys().collect();
        let more = paths.len() > MAX_PAGE;
        paths.truncate(MAX_PAGE);
        let next = if more { paths.last().cloned() } else { None };
        let stat = |path: String| self.dir.symlink_metadata(&path).ok().map(|metadata| info(path, &metadata));
        Ok(Page { entries: paths.into_iter().filter_map(stat).collect(), next })
    }
}

/// The entries that come first after `after`, one more than a page holds. It keeps the walk out of folders that can't
/// add to them, so that a page costs about a page, not the whole project.
struct Wanted {
    base: String,
    depth: u32,
    after: Option<String>,
    found: BTreeMap<String, ()>,
}

impl Wanted {
    /// The path below the base.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.base.is_empty() {
            return (!path.is_empty()).then_some(path);
        }
        path.strip_prefix(&self.base)?.strip_prefix('/')
    }

    fn level(below: &str) -> u32 {
        below.bytes().filter(|byte| *byte == b'/').count() as u32 + 1
    }

    /// Whether this folder has to be looked at, itself or what is in it.
    fn enters(&self, path: &str) -> bool {
        let Some(below) = self.below(path) else {
            // The way down to the base.
            return path.is_empty()
                || path == self.base
                || self.base.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        };
        let level = Self::level(below);
        if self.depth != 0 && level >= self.depth {
            return level == self.depth;
        }
        let first = format!("{path}/");
        let before = self.after.as_deref().is_some_and(|after| after > first.as_str() && !after.starts_with(&first));
        !before && !self.is_past(&first)
    }

    fn is_past(&self, path: &str) -> bool {
        self.found.len() > MAX_PAGE && self.found.last_key_value().is_some_and(|(last, ())| path > last.as_str())
    }

    fn offer(&mut self, path: &str, folder: bool) {
        let Some(below) = self.below(path) else { return };
        let level = Self::level(below);
        let depth_fits = if folder { level == self.depth } else { self.depth == 0 || level <= self.depth };
        if !depth_fits || self.after.as_deref().is_some_and(|after| path <= after) || self.is_past(path) {
            return;
        }
        self.found.insert(path.to_owned(), ());
        if self.found.len() > MAX_PAGE + 1 {
            self.found.pop_last();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn deny_git(path: &str) -> PortResult<()> {
    if is_inside_git(path) {
        let message = format!("`{path}` belongs to git; ask the `git` interface instead");
        return Err(PortError::new(ErrorCode::Denied, message));
    }
    Ok(())
}

fn info(path: String, metadata: &Metadata) -> FileInfo {
    let kind = if metadata.is_file() {
        FileKind::File
    } else if metadata.is_dir() {
        FileKind::Directory
    } else if metadata.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Other
    };
    let modified = metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    FileInfo {
        path,
        kind,
        size: metadata.len(),
        modified: modified.map_or(0, |since| since.as_millis() as u64),
        executable: kind == FileKind::File && metadata.mode() & 0o111 != 0,
    }
}

pub(crate) fn invalid(path: &str, why: &str) -> PortError {
    PortError::new(ErrorCode::Invalid, format!("`{path}` {why}"))
}

pub(crate) fn io_error(path: &str, error: &io::Error) -> PortError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            PortError::new(ErrorCode::NotFound, format!("there is no `{path}` in the project"))
        }
        // The sandboxed walk makes up this error itself, without a number from the system.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            PortError::new(ErrorCode::Denied, format!("`{path}` leads out of the project"))
        }
        io::ErrorKind::PermissionDenied => PortError::new(ErrorCode::Denied, format!("the system doesn't let `{path}` be read")),
        _ if error.raw_os_error() == Some(libc::ELOOP) => invalid(path, "is a link that leads back to itself"),
        _ => PortError::new(ErrorCode::Other, format!("`{path}` can't be read: {}", error.kind())),
    }
}
