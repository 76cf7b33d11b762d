//! The files of a commit as a flat list, and back as git's trees.

use super::error::{Error, Result};
use super::objects::Objects;
use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::{Entry, EntryKind, EntryMode};
use gix::objs::{Kind, Tree, WriteTo as _};
use std::collections::BTreeMap;
use std::path::Path;

/// Every file of a commit by its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flat(pub BTreeMap<BString, (EntryMode, ObjectId)>);

impl Flat {
    pub fn of_commit(repo: &gix::Repository, id: ObjectId) -> Result<Self> {
        let tree = repo.find_commit(id).and_then(|commit| Ok(commit.tree_id()?.detach()));
        let mut flat = Self::default();
        flat.add(repo, tree.map_err(Error::git("a commit", repo.git_dir()))?, &BString::default())?;
        Ok(flat)
    }

    fn add(&mut self, repo: &gix::Repository, tree: ObjectId, prefix: &BString) -> Result<()> {
        let tree = repo.find_tree(tree).map_err(Error::git("a folder", repo.git_dir()))?;
        for entry in tree.iter() {
            let entry = entry.map_err(Error::git("a folder", repo.git_dir()))?;
            let mut path = prefix.clone();
            path.extend_from_slice(entry.filename());
            if entry.mode().is_tree() {
                path.push(b'/');
                self.add(repo, entry.object_id(), &path)?;
            } else {
                self.0.insert(path, (entry.mode(), entry.object_id()));
            }
        }
        Ok(())
    }

    /// The file of that path, if it is one.
    pub fn get(&self, path: &str) -> Option<ObjectId> {
        self.0.get::<BString>(&path.into()).filter(|(mode, _)| !mode.is_commit()).map(|(_, id)| *id)
    }

    pub fn set(&mut self, path: &str, id: Option<ObjectId>) {
        let path = BString::from(path);
        match id {
            Some(id) => {
                let mode = self.0.get(&path).map(|(mode, _)| *mode).filter(EntryMode::is_blob);
                self.0.insert(path, (mode.unwrap_or(EntryKind::Blob.into()), id));
            }
            None => {
                self.0.remove(&path);
            }
        }
    }

    /// Writes the trees, answers the topmost.
    pub fn write(&self, objects: &mut Objects<'_>) -> Result<ObjectId> {
        let files: Vec<_> = self.0.iter().map(|(path, (mode, id))| (path.as_slice(), *mode, *id)).collect();
        write(&files, objects)
    }
}

fn write(files: &[(&[u8], EntryMode, ObjectId)], objects: &mut Objects<'_>) -> Result<ObjectId> {
    let mut entries = Vec::new();
    let mut rest = files;
    while let Some((path, mode, id)) = rest.first() {
        let Some(slash) = memchr::memchr(b'/', path) else {
            entries.push(Entry { mode: *mode, filename: (*path).into(), oid: *id });
            rest = &rest[1..];
            continue;
        };
        let inside = rest.partition_point(|(other, ..)| other.starts_with(&path[..=slash]));
        let below: Vec<_> = rest[..inside].iter().map(|(path, mode, id)| (&path[slash + 1..], *mode, *id)).collect();
        entries.push(Entry { mode: EntryKind::Tree.into(), filename: path[..slash].into(), oid: write(&below, objects)? });
        rest = &rest[inside..];
    }
    entries.sort();
    let mut bytes = Vec::new();
    Tree { entries }.write_to(&mut bytes).map_err(Error::io("build a folder of", Path::new("the history")))?;
    objects.put(Kind::Tree, &bytes, None)
}
