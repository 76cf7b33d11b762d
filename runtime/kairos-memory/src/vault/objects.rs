//! Puts objects into git's store so that they are durable before anything names them: a few as loose objects, many as one pack.

use super::disk;
use super::error::{Error, Result};
use super::pack::Pack;
use gix::ObjectId;
use gix::objs::Kind;
use gix::zlib::{Compression, stream::deflate};
use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub(super) struct Objects<'repo> {
    folder: PathBuf,
    /// What is here already is not written again.
    present: Option<&'repo gix::Repository>,
    written: HashSet<ObjectId>,
    form: Form,
}

enum Form {
    Loose(BTreeSet<PathBuf>),
    Pack(Pack),
}

impl<'repo> Objects<'repo> {
    pub fn loose(git: &Path, present: Option<&'repo gix::Repository>) -> Self {
        Self { folder: git.join("objects"), present, written: HashSet::new(), form: Form::Loose(BTreeSet::new()) }
    }

    pub fn packed(git: &Path, present: Option<&'repo gix::Repository>) -> Self {
        Self { folder: git.join("objects"), present, written: HashSet::new(), form: Form::Pack(Pack::default()) }
    }

    /// `series` names what an object is a version of: in a pack, one is told by its difference to the one before.
    pub fn put(&mut self, kind: Kind, bytes: &[u8], series: Option<&str>) -> Result<ObjectId> {
        let id =
            gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes).map_err(Error::git("an object's name", &self.folder))?;
        if !self.written.insert(id) || self.present.is_some_and(|repo| repo.has_object(id)) {
            return Ok(id);
        }
        match &mut self.form {
            Form::Pack(pack) => pack.add(id, kind, bytes, series).map_err(Error::io("compress", &self.folder))?,
            Form::Loose(folders) => {
                let name = id.to_hex().to_string();
                let folder = self.folder.join(&name[..2]);
                let staged = self.folder.join("tmp_obj_kairos");
                let header = format!("{kind} {}\0", bytes.len());
                let packed = deflate(&[header.as_bytes(), bytes]).map_err(Error::io("compress", &self.folder))?;
                disk::stage(&staged, &packed, None)?;
                disk::make_folder(&folder)?;
                disk::rename(&staged, &folder.join(&name[2..]))?;
                folders.insert(folder);
            }
        }
        Ok(id)
    }

    /// Everything put is durable after this.
    pub fn finish(self) -> Result<()> {
        match self.form {
            Form::Loose(folders) => folders.iter().try_for_each(|folder| disk::sync_folder(folder)),
            Form::Pack(pack) => pack.save(&self.folder.join("pack")),
        }
    }

    /// Deletes what a stopped writer left half done.
    pub fn clean(git: &Path) -> Result<()> {
        let names = ["objects/tmp_obj_kairos", "objects/pack/tmp_pack_kairos", "objects/pack/tmp_idx_kairos"];
        names.iter().try_for_each(|name| disk::remove(&git.join(name)))
    }
}

/// Compressed as git wants it.
pub(super) fn deflate(parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut out = deflate::Write::new(Vec::new(), Compression::BEST_SPEED);
    for part in parts {
        out.write_all(part)?;
    }
    out.flush()?;
    Ok(out.into_inner())
}
