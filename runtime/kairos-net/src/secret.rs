//! Where a key is that goes into requests. The key itself stands in no setting, log or message.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file with more, in bytes, holds something else.
const MAX_FILE: u64 = 4096;

/// As a setting names it: `env:NAME` or `file:/PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// A variable of the environment.
    Variable(String),
    /// A file that only the user can read.
    File(PathBuf),
    /// Something else was set. What, is not kept: it could be the key.
    Unknown,
}

impl SecretPlace {
    /// The place that a setting names.
    pub fn new(text: &str) -> Self {
        match text.trim().split_once(':') {
            Some(("env", name)) if !name.is_empty() => Self::Variable(name.into()),
            Some(("file", path)) if Path::new(path).is_absolute() => Self::File(path.into()),
            _ => Self::Unknown,
        }
    }

    /// The variable's name, if it is one.
    pub fn variable(&self) -> Option<&str> {
        if let Self::Variable(name) = self { Some(name) } else { None }
    }

    /// The key without spaces around it; else why there is none, in words for the user. `setting` names the place.
    ///
    /// # Errors
    /// Where there is nothing, or others can read the file.
    pub fn read(&self, setting: &str) -> Result<String, String> {
        let text = match self {
            Self::Variable(name) => std::env::var(name).map_err(|_| format!("there is no key in the variable {name}"))?,
            Self::File(path) => read_file(path).map_err(|why| format!("the key's file {} {why}", path.display()))?,
            Self::Unknown => return Err(format!("`{setting}` is neither `env:NAME` nor `file:/PATH`")),
        };
        Ok(text.trim().to_owned())
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let can_not = |e: std::io::Error| format!("can't be read: {e}");
    let found = path.metadata().map_err(can_not)?;
    if !found.is_file() {
        return Err("is no file".into());
    }
    if found.mode() & 0o077 != 0 {
        return Err(format!("can be read by others; chmod 600 '{}'", path.display()));
    }
    let mut text = String::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_FILE).read_to_string(&mut text)).map_err(can_not)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_read_from_a_private_file_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let place = SecretPlace::new(&format!("file:{}", file.display()));
        assert!(place.read("x").unwrap_err().contains("can't be read"));
        std::fs::write(&file, " a key\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(place.read("x").unwrap_err().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(place.read("x").unwrap(), "a key");
        for unknown in ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "env:", "file:relative", ""] {
            let place = SecretPlace::new(unknown);
            assert_eq!(place, SecretPlace::Unknown);
            let error = place.read("model.key").unwrap_err();
            assert!(error.contains("`model.key`") && error.contains("env:NAME"));
        }
    }
}
