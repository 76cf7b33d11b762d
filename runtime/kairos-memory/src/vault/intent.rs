//! What is about to be written, made durable before the first file changes. Whoever finds it can complete the change.

use super::disk;
use super::error::Result;
use super::types::Digest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"kairos-intent 1\n";
const SUM: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Intent {
    /// The commit that was the newest.
    pub base: Option<String>,
    /// The commit that is to be. Its objects are durable already.
    pub head: String,
    pub files: Vec<Planned>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub path: String,
    pub old: Option<Digest>,
    pub new: Option<Vec<u8>>,
}

impl Planned {
    pub fn new_digest(&self) -> Option<Digest> {
        self.new.as_deref().map(Digest::of)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    base: Option<String>,
    head: String,
    files: Vec<HeaderFile>,
}

#[derive(Serialize, Deserialize)]
struct HeaderFile {
    path: String,
    old: Option<Digest>,
    length: Option<usize>,
}

pub(super) enum Found {
    Nothing,
    Intent(Intent),
    /// Moved here.
    Damaged(PathBuf),
}

impl Intent {
    pub fn save(&self, private: &Path) -> Result<()> {
        disk::put(&private.join("intent"), &self.encode())
    }

    pub fn remove(private: &Path) -> Result<()> {
        disk::remove(&private.join("intent"))?;
        disk::sync_folder(private)
    }

    pub fn load(private: &Path) -> Result<Found> {
        let path = private.join("intent");
        let Some(bytes) = disk::read(&path)? else { return Ok(Found::Nothing) };
        if let Some(intent) = Self::decode(&bytes) {
            return Ok(Found::Intent(intent));
        }
        let aside = free_name(&private.join("intent.damaged"));
        disk::rename(&path, &aside)?;
        disk::sync_folder(private)?;
        Ok(Found::Damaged(aside))
    }

    fn encode(&self) -> Vec<u8> {
        let files = self.files.iter();
        let files = files.map(|f| HeaderFile { path: f.path.clone(), old: f.old, length: f.new.as_ref().map(Vec::len) });
        let header = Header { base: self.base.clone(), head: self.head.clone(), files: files.collect() };
        let mut bytes = MAGIC.to_vec();
        // A struct of strings and numbers always serializes.
        bytes.extend(serde_json::to_vec(&header).unwrap_or_default());
        bytes.push(b'\n');
        self.files.iter().filter_map(|file| file.new.as_deref()).for_each(|new| bytes.extend_from_slice(new));
        let sum = Digest::of(&bytes).to_string();
        bytes.extend_from_slice(sum.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        if Digest::of(body).to_string().as_bytes() != sum {
            return None;
        }
        let body = body.strip_prefix(MAGIC)?;
        let (header, mut rest) = body.split_at_checked(memchr::memchr(b'\n', body)?)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        rest = rest.get(1..)?;
        let mut files = Vec::with_capacity(header.files.len());
        for HeaderFile { path, old, length } in header.files {
            let new = match length {
                Some(length) => {
                    let (new, after) = rest.split_at_checked(length)?;
                    rest = after;
                    Some(new.to_vec())
                }
                None => None,
            };
            files.push(Planned { path, old, new });
        }
        rest.is_empty().then_some(Self { base: header.base, head: header.head, files })
    }
}

/// A name that is not taken: `path-1`, `path-2`, ...
pub(super) fn free_name(path: &Path) -> PathBuf {
    let named = |n: u32| PathBuf::from(format!("{}-{n}", path.display()));
    (1..).map(named).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| named(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_damage_is_noticed() {
        let planned = |path: &str, new: Option<&[u8]>| Planned { path: path.to_owned(), old: None, new: new.map(<[u8]>::to_vec) };
        let files = vec![planned("a.md", Some(b"one\n")), planned("b.md", None), planned("c.md", Some(b""))];
        let intent = Intent { base: None, head: "0".repeat(40), files };
        let bytes = intent.encode();
        assert_eq!(Intent::decode(&bytes), Some(intent));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Intent::decode(&damaged), None, "byte {at}");
            assert_eq!(Intent::decode(&bytes[..at]), None, "cut at {at}");
        }
    }
}
