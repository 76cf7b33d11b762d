//! One number for the files as they stand: HEAD and what differs from it.

use kairos_plugin::prelude::*;

/// More changed files than this are not looked at one by one: the tree then counts as unknown.
const MOST_CHANGES: usize = 300;
/// A changed file up to this size is known by its content; a larger one by size and time of change.
const SMALL: u64 = 256 * 1024;
/// Bytes that are read for one tree; what comes after is known by size and time of change.
const MOST_BYTES: u64 = 4 << 20;

/// The files at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The same number, the same files.
    pub hash: u64,
    /// When the latest of the changed files was written, in milliseconds since 1970; 0 when none differs from HEAD.
    pub newest: u64,
    /// The commit, shortened, for a person.
    pub head: String,
    /// Files that differ from it.
    pub changes: usize,
}

/// Looks at the tree. None when it can't be known exactly: no git, no commit, too many changes, a file that can't be read.
pub fn look(host: &impl Host) -> Result<Option<Tree>, Error> {
    let known = |error: Error| match error.code {
        // Out of calls or of rights is no answer about the tree.
        ErrorCode::Exhausted => Err(error),
        _ => Ok(None),
    };
    let status = match host.git_status() {
        Ok(status) => status,
        Err(error) => return known(error),
    };
    let Some(head) = status.head else { return Ok(None) };
    let changes = match host.git_changes(Version::Head, MOST_CHANGES as u32 + 1) {
        Ok(changes) if changes.len() <= MOST_CHANGES => changes,
        Ok(_) => return Ok(None),
        Err(error) => return known(error),
    };
    let mut hash = Hash::new(head.as_bytes());
    let (mut newest, mut left) = (0, MOST_BYTES);
    for change in &changes {
        hash.add(change.path.as_bytes());
        hash.add(change.renamed_from.as_deref().unwrap_or_default().as_bytes());
        let info = match host.stat(&change.path) {
            Ok(info) => info,
            Err(error) if error.code == ErrorCode::NotFound => {
                hash.add(b"gone");
                continue;
            }
            Err(error) => return known(error),
        };
        newest = newest.max(info.modified);
        hash.add(&[u8::from(info.executable)]);
        match info.kind {
            FileKind::File if info.size <= SMALL.min(left) => {
                left -= info.size;
                match host.read_all(&change.path, SMALL) {
                    Ok(content) => hash.add(&content),
                    Err(error) => return known(error),
                }
            }
            FileKind::File | FileKind::Link => hash.add(format!("{} {}", info.size, info.modified).as_bytes()),
            // A submodule, or a folder in place of a file: what is in it isn't told.
            FileKind::Directory | FileKind::Other => return Ok(None),
        }
    }
    Ok(Some(Tree { hash: hash.0, newest, head: head.chars().take(8).collect(), changes: changes.len() }))
}

/// FNV-1a over parts, each closed by its length: the same in every build.
pub struct Hash(pub u64);

impl Hash {
    /// Of one part.
    pub fn new(part: &[u8]) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.add(part);
        hash
    }

    /// One part more.
    pub fn add(&mut self, part: &[u8]) {
        let length = (part.len() as u64).to_le_bytes();
        for byte in part.iter().chain(&length) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
