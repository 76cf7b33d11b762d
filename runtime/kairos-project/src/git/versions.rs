//! The content of files in the versions that git has recorded: the index, the last commit, the branch point.

use super::{Git, Opened, failed};
use crate::path::check_length;
use gix::ObjectId;
use gix::index::entry::{Mode, Stage};
use kairos_core::ports::{PortResult, Version};
use kairos_core::{ErrorCode, PortError};

/// Bigger blobs, in bytes, are not decoded into memory.
const MAX_BLOB: u64 = 64 * 1024 * 1024;

impl Git {
    pub(crate) fn read_at(&self, version: Version, path: &str, offset: u64, length: u32) -> PortResult<Vec<u8>> {
        check_length(length)?;
        let opened = self.open()?;
        let id = self.blob(&opened, version, path)?;
        let size = blob_size(&opened, id, path)?;
        if size > MAX_BLOB {
            let message = format!("`{path}` has {size} bytes in {}; at most {MAX_BLOB} can be read", name(version));
            return Err(PortError::new(ErrorCode::TooLarge, message));
        }
        let blob = opened.repo.find_object(id).map_err(|error| failed("recorded content", &error))?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(blob.data.len());
        let end = start.saturating_add(length as usize).min(blob.data.len());
        Ok(blob.data[start..end].to_vec())
    }

    pub(crate) fn size_at(&self, version: Version, path: &str) -> PortResult<u64> {
        let opened = self.open()?;
        let id = self.blob(&opened, version, path)?;
        blob_size(&opened, id, path)
    }

    fn blob(&self, opened: &Opened, version: Version, path: &str) -> PortResult<ObjectId> {
        match version {
            Version::Index => self.staged_blob(opened, path),
            Version::Head => committed_blob(opened, opened.head_commit()?, version, path),
            Version::BranchPoint => committed_blob(opened, self.branch_point(opened)?, version, path),
        }
    }

    pub(super) fn staged_blob(&self, opened: &Opened, path: &str) -> PortResult<ObjectId> {
        let index = self.index(opened)?;
        let full = opened.repo_path(path);
        let full = full.as_str().into();
        if let Some(entry) = index.entry_by_path_and_stage(full, Stage::Unconflicted) {
            let is_file = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK);
            return if is_file { Ok(entry.id) } else { Err(no_file(Version::Index, path)) };
        }
        if [Stage::Base, Stage::Ours, Stage::Theirs].into_iter().any(|stage| index.entry_by_path_and_stage(full, stage).is_some())
        {
            let message = format!("`{path}` is in conflict: nothing is staged until it is resolved");
            return Err(PortError::new(ErrorCode::Unavailable, message));
        }
        Err(if index.path_is_directory(full) { no_file(Version::Index, path) } else { not_there(Version::Index, path) })
    }
}

impl Opened {
    /// The commit that HEAD names; `unavailable` before the first one.
    pub(super) fn head_commit(&self) -> PortResult<ObjectId> {
        let head = self.repo.head().map_err(|error| failed("HEAD", &error))?;
        let id = head.id().map(gix::Id::detach);
        id.ok_or_else(|| PortError::new(ErrorCode::Unavailable, "there is no commit yet"))
    }
}

/// Only the trees on the way to the path are read, and each is searched as it lies there.
pub(super) fn committed_blob(opened: &Opened, commit: ObjectId, version: Version, path: &str) -> PortResult<ObjectId> {
    let wrong = |error: gix::Error| failed("recorded content", &error);
    let tree = opened.repo.find_commit(commit).and_then(|commit| commit.tree()).map_err(wrong)?;
    let entry = tree.lookup_entry(opened.repo_path(path).split('/').map(str::as_bytes)).map_err(wrong)?;
    let entry = entry.ok_or_else(|| not_there(version, path))?;
    if entry.mode().is_blob_or_symlink() { Ok(entry.object_id()) } else { Err(no_file(version, path)) }
}

pub(super) fn blob_size(opened: &Opened, id: ObjectId, path: &str) -> PortResult<u64> {
    let header = opened.repo.find_header(id).map_err(|error| failed("recorded content", &error))?;
    if header.kind() != gix::object::Kind::Blob {
        return Err(PortError::new(ErrorCode::Invalid, format!("`{path}` is recorded as a file, but is none")));
    }
    Ok(header.size())
}

fn name(version: Version) -> &'static str {
    match version {
        Version::Index => "the index",
        Version::Head => "HEAD",
        Version::BranchPoint => "the branch point",
    }
}

fn not_there(version: Version, path: &str) -> PortError {
    PortError::new(ErrorCode::NotFound, format!("`{path}` is not in {}", name(version)))
}

fn no_file(version: Version, path: &str) -> PortError {
    PortError::new(ErrorCode::Invalid, format!("`{path}` is a submodule or a folder in {}", name(version)))
}
