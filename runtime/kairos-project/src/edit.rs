//! The one way to change files of a project: whole contents, all or nothing, under the same rules as reading.

use crate::files::{deny_git, invalid, io_error};
use crate::{Inner, Project};
use cap_std::fs::{OpenOptions, OpenOptionsExt, PermissionsExt};
use kairos_core::edit::FileEdit;
use kairos_core::ports::PortResult;
use kairos_core::{ErrorCode, PortError};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{Read, Write};

/// Most bytes of one file.
const MAX_FILE: usize = 1 << 20;
/// Most bytes of all changes, and most changes.
const MAX_ALL: usize = 4 << 20;
const MAX_CHANGES: usize = 100;

/// A file that is to change, with what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Relative to the project.
    pub path: String,
    /// None where there is no such file.
    pub old: Option<Vec<u8>>,
    /// None where it is to go.
    pub new: Option<Vec<u8>>,
}

impl Project {
    /// Checks changes against the files as they are, and writes nothing.
    ///
    /// # Errors
    /// `denied` for paths that must not be changed, `invalid` where a file is not what was expected, `too-large` over the limits.
    pub async fn plan(&self, edits: Vec<FileEdit>) -> PortResult<Vec<Planned>> {
        self.blocking(move |inner, _| inner.plan(&edits)).await
    }

    /// Makes planned changes, if the files are still as they were; after an error those that were made are taken back.
    ///
    /// # Errors
    /// As [`Self::plan`], and where the disk does not take it.
    pub async fn apply(&self, planned: Vec<Planned>) -> PortResult<()> {
        self.blocking(move |inner, _| inner.apply(&planned)).await
    }
}

impl Inner {
    fn plan(&self, edits: &[FileEdit]) -> PortResult<Vec<Planned>> {
        let size = |e: &FileEdit| e.content.as_ref().map_or(0, Vec::len);
        if edits.is_empty() || edits.len() > MAX_CHANGES {
            return Err(PortError::new(ErrorCode::Invalid, format!("1 to {MAX_CHANGES} changes at once, not {}", edits.len())));
        }
        if edits.iter().any(|e| size(e) > MAX_FILE) || edits.iter().map(size).sum::<usize>() > MAX_ALL {
            let text = format!("at most {MAX_FILE} bytes a file and {MAX_ALL} together");
            return Err(PortError::new(ErrorCode::TooLarge, text));
        }
        let mut planned: Vec<Planned> = Vec::new();
        for edit in edits {
            let path = self.changeable(&edit.path)?;
            if planned.iter().any(|p| p.path == path) {
                return Err(invalid(&path, "is to be changed twice"));
            }
            let old = self.content(&path)?;
            let expected = match (&edit.expected, &old) {
                (None, None) => true,
                (Some(expected), Some(old)) => *expected == hash(old),
                (None, Some(_)) => return Err(invalid(&path, "is there already: read it, and say what it holds")),
                (Some(_), None) => {
                    return Err(PortError::new(ErrorCode::NotFound, format!("there is no `{path}` in the project")));
                }
            };
            if !expected {
                return Err(invalid(&path, "is no longer what it was: read it again"));
            }
            planned.push(Planned { path, old, new: edit.content.clone() });
        }
        Ok(planned)
    }

    fn apply(&self, planned: &[Planned]) -> PortResult<()> {
        for plan in planned {
            self.changeable(&plan.path)?;
            if self.content(&plan.path)? != plan.old {
                return Err(invalid(&plan.path, "was changed by somebody else meanwhile: read it again"));
            }
        }
        for (n, plan) in planned.iter().enumerate() {
            if let Err(e) = self.put(&plan.path, plan.new.as_deref()) {
                for done in planned[..n].iter().rev() {
                    if let Err(e) = self.put(&done.path, done.old.as_deref()) {
                        let text = format!("a change failed, and `{}` could not be taken back: {e}", done.path);
                        return Err(PortError::new(ErrorCode::Other, text));
                    }
                }
                return Err(e);
            }
        }
        Ok(())
    }

    /// The path, if it may be changed: no part of it is a link, so that what it names is what it says.
    fn changeable(&self, path: &str) -> PortResult<String> {
        let path = self.content_path(path)?;
        if path.is_empty() {
            return Err(invalid(&path, "is the project itself"));
        }
        deny_git(&path)?;
        for (at, _) in path.match_indices('/').chain([(path.len(), "")]) {
            let part = &path[..at];
            match self.dir.symlink_metadata(part) {
                Ok(found) if found.is_symlink() => return Err(PortError::new(ErrorCode::Denied, format!("`{part}` is a link"))),
                Ok(found) if at == path.len() && !found.is_file() => return Err(invalid(&path, "is not a regular file")),
                Ok(found) if at < path.len() && !found.is_dir() => return Err(invalid(part, "is not a folder")),
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => break,
                Err(e) => return Err(io_error(part, &e)),
            }
        }
        Ok(path)
    }

    fn content(&self, path: &str) -> PortResult<Option<Vec<u8>>> {
        match self.open_regular(path) {
            Ok((file, metadata)) if metadata.len() as usize <= MAX_FILE => {
                let mut bytes = Vec::new();
                file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(|e| io_error(path, &e))?;
                Ok(Some(bytes))
            }
            Ok(_) => Err(PortError::new(ErrorCode::TooLarge, format!("`{path}` has more than {MAX_FILE} bytes"))),
            Err(e) if e.code == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Beside the file first, then in its place: who reads it sees the one or the other. Its permissions stay.
    fn put(&self, path: &str, content: Option<&[u8]>) -> PortResult<()> {
        let failed = |e: std::io::Error| PortError::new(ErrorCode::Other, format!("`{path}` can't be written: {e}"));
        let Some(content) = content else { return self.dir.remove_file(path).map_err(failed) };
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.dir.create_dir_all(parent).map_err(failed)?;
        }
        let (parent, name) = path.rsplit_once('/').map_or(("", path), |(parent, name)| (parent, name));
        let staged = if parent.is_empty() { format!(".{name}.kairos-new") } else { format!("{parent}/.{name}.kairos-new") };
        let mode = self.dir.metadata(path).map_or(0o644, |found| found.permissions().mode() & 0o777);
        let write = || -> std::io::Result<()> {
            let _ = self.dir.remove_file(&staged);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(mode);
            let mut file = self.dir.open_with(&staged, &options)?;
            file.write_all(content)?;
            file.set_permissions(cap_std::fs::Permissions::from_mode(mode))?;
            file.sync_all()?;
            self.dir.rename(&staged, &self.dir, path)
        };
        write().map_err(|e| {
            let _ = self.dir.remove_file(&staged);
            failed(e)
        })
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn edit(path: &str, expected: Option<&str>, content: Option<&str>) -> FileEdit {
        let expected = expected.map(|old| hash(old.as_bytes()));
        FileEdit { path: path.into(), expected, content: content.map(|c| c.as_bytes().to_vec()) }
    }

    #[tokio::test]
    async fn changes_are_made_all_or_none_and_only_to_what_was_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::write(root.join("a.sh"), "one\n").unwrap();
        fs::set_permissions(root.join("a.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        let project = Project::open(root, &[]).unwrap();
        let edits = vec![edit("a.sh", Some("one\n"), Some("two\n")), edit("src/new/b.rs", None, Some("b\n"))];
        let planned = project.plan(edits).await.unwrap();
        assert_eq!(fs::read_to_string(root.join("a.sh")).unwrap(), "one\n", "planning writes nothing");
        project.apply(planned.clone()).await.unwrap();
        assert_eq!(fs::read_to_string(root.join("a.sh")).unwrap(), "two\n");
        assert_eq!(fs::metadata(root.join("a.sh")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_to_string(root.join("src/new/b.rs")).unwrap(), "b\n");
        assert_eq!(project.apply(planned).await.unwrap_err().code, ErrorCode::Invalid, "it was made already");
        for (bad, code) in [
            (edit("a.sh", Some("one\n"), Some("x")), ErrorCode::Invalid),
            (edit("a.sh", None, Some("x")), ErrorCode::Invalid),
            (edit("gone", Some("x"), None), ErrorCode::NotFound),
            (edit("src", None, Some("x")), ErrorCode::Invalid),
            (edit(".git/config", None, Some("x")), ErrorCode::Denied),
            (edit("../out", None, Some("x")), ErrorCode::Denied),
            (edit(".env", None, Some("x")), ErrorCode::Denied),
            (edit("a.sh/b", None, Some("x")), ErrorCode::Invalid),
        ] {
            assert_eq!(project.plan(vec![bad.clone()]).await.unwrap_err().code, code, "{bad:?}");
        }
        let gone = project.plan(vec![edit("a.sh", Some("two\n"), None)]).await.unwrap();
        project.apply(gone).await.unwrap();
        assert!(!root.join("a.sh").exists());
    }

    #[tokio::test]
    async fn no_link_is_written_through_and_a_failure_takes_all_back() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("p"), dir.path().join("out"));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        std::os::unix::fs::symlink("a.txt", root.join("alias")).unwrap();
        fs::write(root.join("a.txt"), "a").unwrap();
        let project = Project::open(&root, &[]).unwrap();
        for path in ["link/x", "alias"] {
            assert_eq!(project.plan(vec![edit(path, None, Some("x"))]).await.unwrap_err().code, ErrorCode::Denied, "{path}");
        }
        let planned = project.plan(vec![edit("a.txt", Some("a"), Some("b")), edit("d/e", None, Some("e"))]).await.unwrap();
        // A file stands where the second one's folder would: only the writing finds out.
        let mut broken = planned.clone();
        broken[1].path = "a.txt/e".into();
        assert!(project.apply(broken).await.is_err());
        assert_eq!(fs::read_to_string(root.join("a.txt")).unwrap(), "a");
        assert!(fs::read_dir(&outside).unwrap().next().is_none());
    }
}
