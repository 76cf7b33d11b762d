//! Which file is behind a name. The one place here that differs between systems.

use std::fs::Metadata;
use std::path::Path;

/// Tells a file or folder from another that takes its name later; none where the system has no such number.
pub(crate) type Identity = Option<(u64, u64)>;

/// Of the folder that has this name now; none too if there is none.
pub(crate) fn folder_identity(folder: &Path) -> Identity {
    folder.metadata().ok().and_then(|m| identity(&m))
}

/// Of what this describes.
#[cfg(unix)]
pub(crate) fn identity(meta: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

/// Has it no name any more?
#[cfg(unix)]
pub(crate) fn is_deleted(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) == 0
}

/// Of what this describes.
#[cfg(not(unix))]
pub(crate) fn identity(_meta: &Metadata) -> Identity {
    None
}

/// Has it no name any more? Where nobody can say, it is taken to have none: who holds it open would keep it from going.
#[cfg(not(unix))]
pub(crate) fn is_deleted(_meta: &Metadata) -> bool {
    true
}
