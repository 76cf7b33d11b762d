//! Which names a vault keeps, and where they lie. Nothing leads out of its two folders: no `..`, no absolute path, no link.

use super::error::{Error, Result};
use super::types::Places;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What of a vault's folder belongs to the vault itself and never to its history.
const OWN: [&str; 2] = ["intent", "lock"];
/// What lies in the private folder has names that begin so.
const PRIVATE: &str = ".kairos/";
/// The one file that may lie in another folder than its like.
pub(super) const INDEX: &str = "MEMORY.md";
/// Files over this size, in bytes, that nobody gave us are left out of the history: a memory's notes are far smaller.
pub(super) const MAX_FOUND: u64 = 8 << 20;

impl Places {
    /// Where a file lies. The folders above it exist as folders or not at all.
    pub(super) fn resolve(&self, path: &str) -> Result<PathBuf> {
        let wrong = |why| Error::Path { path: path.to_owned(), why };
        let (root, rest) = match path.strip_prefix(PRIVATE) {
            Some(rest) => (&self.private, rest),
            None if path == INDEX => (self.index.as_ref().unwrap_or(&self.files), path),
            None => (&self.files, path),
        };
        if OWN.contains(&rest.split('/').next().unwrap_or_default()) && rest.len() < path.len() || rest.starts_with("intent.") {
            return Err(wrong("it is the vault's own"));
        }
        let mut place = root.clone();
        for part in rest.split('/') {
            match part {
                "" | "." | ".." => return Err(wrong("it must be relative, without `.` and `..`")),
                _ if part.starts_with('.') => return Err(wrong("its names must not begin with a dot")),
                _ if part.contains(['\\', '\0', '\n', '\r']) || part.len() > 200 => {
                    return Err(wrong("a name is at most 200 bytes, without backslash and line end"));
                }
                _ => {}
            }
            place.push(part);
            match place.symlink_metadata() {
                Ok(found) if found.is_symlink() => return Err(wrong("it is a link, or lies behind one")),
                Ok(found) if place.ends_with(rest) && !found.is_file() => {
                    return Err(wrong("something that is no file stands there"));
                }
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Err(Error::io("look at", &place)(error));
                }
                _ => {}
            }
        }
        Ok(place)
    }

    /// Where the new bytes of a file wait for its name.
    pub(super) fn staged(place: &Path) -> PathBuf {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        place.with_file_name(format!(".{name}.kairos-new"))
    }

    /// Does another tool own the folder?
    fn apart(&self) -> bool {
        !self.git.starts_with(&self.files)
    }

    /// All files that could be kept, sorted: no links, nothing hidden, nothing over 8 MiB, and nothing in another tool's folder.
    pub(super) fn walk(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if !self.apart() {
            walk(&self.files, "", &mut found)?;
        }
        walk(&self.private, PRIVATE, &mut found)?;
        found.retain(|path| !matches!(self.resolve(path), Err(Error::Path { .. })));
        found.sort_unstable();
        Ok(found)
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type().map_err(Error::io("look at", &entry.path()))?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if kind.is_file() && entry.metadata().is_ok_and(|metadata| metadata.len() <= MAX_FOUND) {
            found.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
