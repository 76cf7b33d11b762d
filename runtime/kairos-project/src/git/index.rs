//! The decoded index, which many questions need and which takes a while to decode.

use super::{Git, Opened, failed, lock, status};
use kairos_core::ports::PortResult;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
}

fn shared(index: gix::index::File) -> gix::worktree::Index {
    gix::worktree::Index::new(gix::fs::FileSnapshot::new(index))
}
