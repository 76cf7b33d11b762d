//! Where the webhook's key is. The key itself stands in no setting, log or message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A key shorter than this, in bytes, can be guessed.
const MIN_KEY: usize = 16;
/// A file with more, in bytes, holds something else.
const MAX_FILE: u64 = 4096;
/// Begins a key in the standard's own form.
const PREFIX: &str = "whsec_";

/// As `channels.webhook-secret` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    /// A variable of the environment.
    Variable(String),
    /// A file that only the user can read.
    File(PathBuf),
    /// Something else was set. What, is not kept: it could be the key.
    Unknown,
}

impl SecretPlace {
    pub(crate) fn new(text: &str) -> Self {
        match text.trim().split_once(':') {
            Some(("env", name)) if !name.is_empty() => Self::Variable(name.into()),
            Some(("file", path)) if Path::new(path).is_absolute() => Self::File(path.into()),
            _ => Self::Unknown,
        }
    }

    /// The variable's name, if it is one.
    pub(crate) fn variable(&self) -> Option<&str> {
        if let Self::Variable(name) = self { Some(name) } else { None }
    }

    /// The key; else why there is none, in words for the user.
    pub(crate) fn read(&self) -> Result<Vec<u8>, String> {
        let text = match self {
            Self::Variable(name) => std::env::var(name).map_err(|_| format!("there is no key in the variable {name}"))?,
            Self::File(path) => read_file(path).map_err(|why| format!("the key's file {} {why}", path.display()))?,
            Self::Unknown => return Err("`channels.webhook-secret` is neither `env:NAME` nor `file:/PATH`".into()),
        };
        let text = text.trim();
        let key = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| "the key is not base64".to_string())?;
        if key.len() < MIN_KEY {
            return Err(format!("the key is too short; `openssl rand -base64 32` makes one ({MIN_KEY} bytes at least)"));
        }
        Ok(key)
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
    fn a_key_is_read_from_a_private_file_only_and_never_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let place = SecretPlace::new(&format!("file:{}", file.display()));
        assert!(place.read().unwrap_err().contains("can't be read"));
        std::fs::write(&file, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(place.read().unwrap_err().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(place.read().unwrap().len(), 24);
        std::fs::write(&file, "C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        assert_eq!(place.read().unwrap().len(), 24, "the prefix may be left out");
        for wrong in ["aGVsbG8=", "not base64, but secret", ""] {
            std::fs::write(&file, wrong).unwrap();
            let error = place.read().unwrap_err();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
        for unknown in ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "env:", "file:relative", ""] {
            let place = SecretPlace::new(unknown);
            assert_eq!(place, SecretPlace::Unknown);
            assert!(place.read().unwrap_err().contains("env:NAME"));
        }
    }
}
