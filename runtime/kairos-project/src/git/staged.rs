//! The content of the index: what a commit would record.

use super::{Git, Opened, failed, lock, status};
use crate::path::check_length;
use gix::ObjectId;
use gix::index::entry::{Mode, Stage};
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Bigger blobs, in bytes, are not decoded into memory.
const MAX_BLOB: u64 = 64 * 1024 * 1024;
/// How long a decoded index is kept: a detector reads many staged files in a row, but the index of a big repository
/// takes megabytes.
const KEEP: Duration = Duration::from_secs(5);

/// An index that was decoded a moment ago.
pub(crate) struct CachedIndex {
    path: PathBuf,
    stamp: kairos_core::ports::IndexStamp,
    used: Instant,
    index: gix::worktree::Index,
}

impl Git {
    pub(crate) fn read_staged(&self, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        check_length(length)?;
        let opened = self.open()?;
        let id = self.staged_blob(&opened, path)?;
        let size = blob_size(&opened, id, path)?;
        if size > MAX_BLOB {
            let message = format!("`{path}` is staged with {size} bytes; at most {MAX_BLOB} can be read");
            return Err(PortError::new(ErrorCode::TooLarge, message));
        }
        let blob = opened.repo.find_object(id).map_err(|error| failed("staged content", &error))?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(blob.data.len());
        let end = start.saturating_add(length as usize).min(blob.data.len());
        Ok(blob.data[start..end].to_vec())
    }

    pub(crate) fn staged_size(&self, path: &str) -> PortResult<u64> {
        let opened = self.open()?;
        let id = self.staged_blob(&opened, path)?;
        blob_size(&opened, id, path)
    }

    /// The decoded index; an empty one where git has none yet. Not shared with the repository, so that it can be freed.
    pub(super) fn index(&self, opened: &Opened) -> PortResult<gix::worktree::Index> {
        let path = opened.repo.index_path();
        let mut cached = lock(&self.index);
        let Ok(metadata) = path.metadata() else {
            *cached = None;
            let empty = gix::index::State::new(opened.repo.object_hash());
            return Ok(shared(gix::index::File::from_state(empty, path)));
        };
        let stamp = status::stamp(&metadata);
        if let Some(last) = &mut *cached
            && last.path == path
            && last.stamp == stamp
        {
            last.used = Instant::now();
            return Ok(last.index.clone());
        }
        *cached = None;
        let index = shared(opened.repo.open_index().map_err(|error| failed("index", &error))?);
        *cached = Some(CachedIndex { path, stamp, used: Instant::now(), index: index.clone() });
        Ok(index)
    }

    /// Frees an index that nobody has asked for in a while. Watchers come by often, so it happens there.
    pub(super) fn forget_old_index(&self) {
        let mut cached = lock(&self.index);
        if cached.as_ref().is_some_and(|cached| cached.used.elapsed() > KEEP) {
            *cached = None;
        }
    }

    fn staged_blob(&self, opened: &Opened, path: &str) -> PortResult<ObjectId> {
        let index = self.index(opened)?;
        let full = opened.repo_path(path);
        let Some(entry) = index.entry_by_path_and_stage(full.as_str().into(), Stage::Unconflicted) else {
            let conflicted = [Stage::Base, Stage::Ours, Stage::Theirs]
                .into_iter()
                .any(|stage| index.entry_by_path_and_stage(full.as_str().into(), stage).is_some());
            return Err(if conflicted {
                PortError::new(ErrorCode::Unavailable, format!("`{path}` is in conflict: nothing is staged until it is resolved"))
            } else {
                PortError::new(ErrorCode::NotFound, format!("`{path}` is not in the index"))
            });
        };
        if !matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK) {
            return Err(PortError::new(ErrorCode::Invalid, format!("`{path}` is a submodule or a folder in the index")));
        }
        Ok(entry.id)
    }
}

fn shared(index: gix::index::File) -> gix::worktree::Index {
    gix::worktree::Index::new(gix::fs::FileSnapshot::new(index))
}

fn blob_size(opened: &Opened, id: ObjectId, path: &str) -> PortResult<u64> {
    let header = opened.repo.find_header(id).map_err(|error| failed("staged content", &error))?;
    if header.kind() != gix::object::Kind::Blob {
        return Err(PortError::new(ErrorCode::Invalid, format!("`{path}` is not a file in the index")));
    }
    Ok(header.size())
}
