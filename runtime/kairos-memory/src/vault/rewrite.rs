//! Forgetting: every version of every file and every message passes through a function, and the history is written anew beside the
//! old one, which is then deleted. The two git directories change places at once, so that a stop leaves the one or the other.

use super::disk;
use super::error::{Error, Result};
use super::objects::Objects;
use super::repo::{self, Repo};
use super::tree::Flat;
use super::{Guard, Vault};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::{Commit, CommitRef, Kind, Tag, TagRef, WriteTo};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Files of a history from which on it is packed: some 300 changes.
const MAX_LOOSE: usize = 2000;

/// What of a git directory is the user's own and goes over into the new one.
const KEPT: [&str; 4] = ["config", "description", "hooks", "info"];

/// What a rewriting did, and what it could not reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Commits that got a new id: the old one and the new one, oldest first.
    pub commits: Vec<(String, String)>,
    /// Remotes of the repository. What was pushed to them is out of reach.
    pub remotes: Vec<String>,
    /// References that the new history has not: remote branches, and what names no commit.
    pub dropped: Vec<String>,
    /// What was moved aside because it was damaged, and may still hold the old words. It is the user's to delete.
    pub aside: Vec<PathBuf>,
}

struct Rewriter<'a, M, T> {
    repo: &'a Repo,
    objects: Objects<'static>,
    map: M,
    message: T,
    files: HashMap<(Vec<u8>, ObjectId), Option<ObjectId>>,
    commits: HashMap<ObjectId, ObjectId>,
    changed: Vec<(String, String)>,
}

impl Vault {
    /// Passes every version of every file through `map` (none drops the file from that version) and every commit's message through
    /// `message`; dates and authors stay. The old objects are gone afterwards, with all logs of references, the stash's among them,
    /// and the list of what was staged. The files in the folder are not touched: change them by [`Vault::write`] first.
    pub fn rewrite(
        &self,
        _guard: &Guard,
        map: impl FnMut(&str, &[u8]) -> Option<Vec<u8>>,
        message: impl FnMut(&str) -> String,
    ) -> Result<Rewritten> {
        let git = &self.places.git;
        let repo = Repo::open(git)?;
        let fresh = repo::beside(git, "kairos-new");
        disk::remove_folder(&fresh)?;
        repo::skeleton(&fresh, repo.git.is_bare())?;
        let objects = Objects::packed(&fresh, None);
        let mut rewriter =
            Rewriter { repo: &repo, objects, map, message, files: HashMap::new(), commits: HashMap::new(), changed: Vec::new() };
        let (references, dropped) = rewriter.references()?;
        if let Some(head) = repo.head {
            rewriter.history(head)?;
        }
        let Rewriter { objects, commits, changed, .. } = rewriter;
        objects.finish()?;
        for (name, id) in references {
            put_reference(&fresh, &name, id)?;
        }
        for name in KEPT {
            copy(&git.join(name), &fresh.join(name))?;
        }
        let head = match repo.head.and_then(|head| commits.get(&head)) {
            Some(id) if repo.branch == "HEAD" => format!("{id}\n"),
            _ => format!("ref: {}\n", repo.branch),
        };
        disk::put(&fresh.join("HEAD"), head.as_bytes())?;
        // What is read through it would keep the old files open.
        drop(repo);
        swap(git, &fresh)?;
        super::write::refresh(&Repo::open(git)?);
        Ok(Rewritten { commits: changed, remotes: self.remotes()?, dropped, aside: self.aside()? })
    }

    /// Packs the history and leaves out what nothing names any more. Ids stay.
    pub fn compact(&self, guard: &Guard) -> Result<()> {
        self.rewrite(guard, |_, bytes| Some(bytes.to_vec()), str::to_owned).map(drop)
    }

    /// Has the history become many files? One with remotes is left to git: what is known of their branches would be lost.
    pub fn is_scattered(&self) -> Result<bool> {
        Ok(self.loose()? >= MAX_LOOSE && self.remotes()?.is_empty())
    }

    /// Files that the history is made of.
    fn loose(&self) -> Result<usize> {
        let folder = self.places.git.join("objects");
        let list = |path: &Path| fs::read_dir(path).map_err(Error::io("list", path));
        let mut count = 0;
        for entry in list(&folder)?.flatten() {
            let name = entry.file_name();
            if name.len() == 2 || name == "pack" {
                count += list(&entry.path())?.count();
            }
        }
        Ok(count)
    }

    /// What was put aside because it was damaged.
    pub fn aside(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for start in [repo::beside(&self.places.git, "damaged-"), self.places.private.join("intent.damaged-")] {
            let (Some(folder), Some(start)) = (start.parent(), start.file_name()) else { continue };
            for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
                let entry = entry.map_err(Error::io("list", folder))?;
                if entry.file_name().as_encoded_bytes().starts_with(start.as_encoded_bytes()) {
                    found.push(entry.path());
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl<M: FnMut(&str, &[u8]) -> Option<Vec<u8>>, T: FnMut(&str) -> String> Rewriter<'_, M, T> {
    /// Rewrites what each reference names. A remote's branches are left behind: fetching brings them again.
    fn references(&mut self) -> Result<(BTreeMap<String, ObjectId>, Vec<String>)> {
        let repo = self.repo;
        let wrong = || Error::git("its references", &repo.path);
        let (mut kept, mut dropped) = (BTreeMap::new(), Vec::new());
        let platform = repo.git.references().map_err(wrong())?;
        for reference in platform.all().map_err(wrong())? {
            let mut reference = reference.map_err(wrong())?;
            let name = reference.name().as_bstr().to_string();
            let id = reference.follow_to_object().map_err(wrong())?.detach();
            let rewritten = if name.starts_with("refs/remotes/") { None } else { self.named(id)? };
            match rewritten {
                Some(id) => drop(kept.insert(name, id)),
                None => dropped.push(name),
            }
        }
        Ok((kept, dropped))
    }

    /// A commit, or a tag of one.
    fn named(&mut self, id: ObjectId) -> Result<Option<ObjectId>> {
        let wrong = || Error::git("a tag", &self.repo.path);
        let object = self.repo.git.find_object(id).map_err(wrong())?.detach();
        match object.kind {
            Kind::Commit => self.history(id).map(Some),
            Kind::Tag => {
                let tag = TagRef::from_bytes(&object.data, gix::hash::Kind::Sha1).and_then(Tag::try_from).map_err(wrong())?;
                let Some(target) = self.named(tag.target)? else { return Ok(None) };
                let text = (self.message)(&tag.message.to_str_lossy());
                if target == tag.target && text.as_bytes() == tag.message {
                    return self.objects.put(Kind::Tag, &object.data, None).map(Some);
                }
                let tag = Tag { target, message: text.into(), signature: None, ..tag };
                self.objects.put(Kind::Tag, &bytes(&tag)?, None).map(Some)
            }
            Kind::Tree | Kind::Blob => Ok(None),
        }
    }

    /// A commit and all before it, parents first.
    fn history(&mut self, head: ObjectId) -> Result<ObjectId> {
        let mut open = vec![head];
        while let Some(id) = open.last().copied() {
            if self.commits.contains_key(&id) {
                open.pop();
                continue;
            }
            let wrong = || Error::git("a commit", &self.repo.path);
            let data = self.repo.git.find_object(id).map_err(wrong())?.detach().data;
            let old = CommitRef::from_bytes(&data, gix::hash::Kind::Sha1).and_then(Commit::try_from).map_err(wrong())?;
            let before = open.len();
            open.extend(old.parents.iter().filter(|parent| !self.commits.contains_key(*parent)));
            if open.len() == before {
                let new = self.commit(&data, id, old)?;
                self.commits.insert(id, new);
                if new != id {
                    self.changed.push((id.to_string(), new.to_string()));
                }
            }
        }
        Ok(self.commits.get(&head).copied().unwrap_or(head))
    }

    fn commit(&mut self, data: &[u8], id: ObjectId, old: Commit) -> Result<ObjectId> {
        let mut flat = Flat::of_commit(&self.repo.git, id)?;
        let mut gone = Vec::new();
        for (path, (mode, id)) in &mut flat.0 {
            if mode.is_commit() {
                continue;
            }
            let key = (path.to_vec(), *id);
            let new = match self.files.get(&key) {
                Some(new) => *new,
                None => {
                    let name = path.to_str_lossy();
                    let new = (self.map)(&name, &self.repo.blob(*id)?);
                    let new = new.map(|bytes| self.objects.put(Kind::Blob, &bytes, Some(&name))).transpose()?;
                    self.files.insert(key, new);
                    new
                }
            };
            match new {
                Some(new) => *id = new,
                None => gone.push(path.clone()),
            }
        }
        flat.0.retain(|path, _| !gone.contains(path));
        let tree = flat.write(&mut self.objects)?;
        let parents = old.parents.iter().map(|parent| self.commits.get(parent).copied().unwrap_or(*parent)).collect();
        let message = (self.message)(&old.message.to_str_lossy());
        if tree == old.tree && parents == old.parents && message.as_bytes() == old.message.to_str_lossy().as_bytes() {
            return self.objects.put(Kind::Commit, data, None);
        }
        // A signature would be of other bytes.
        let new = Commit { tree, parents, message: message.into(), extra_headers: Vec::new(), ..old };
        self.objects.put(Kind::Commit, &bytes(&new)?, None)
    }
}

fn bytes(object: &impl WriteTo) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    object.write_to(&mut bytes).map_err(Error::io("build a commit for", Path::new("the history")))?;
    Ok(bytes)
}

fn put_reference(git: &Path, name: &str, id: ObjectId) -> Result<()> {
    let place = git.join(name);
    if let Some(folder) = place.parent() {
        disk::make_folder(folder)?;
    }
    disk::put(&place, format!("{id}\n").as_bytes())
}

/// Files and folders, with their permissions; what is there already is replaced, links are left out.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let Ok(found) = from.symlink_metadata() else { return Ok(()) };
    if found.is_file() {
        let content = disk::read(from)?.unwrap_or_default();
        disk::put(to, &content)?;
        return fs::set_permissions(to, fs::Permissions::from_mode(found.permissions().mode())).map_err(Error::io("write", to));
    }
    if found.is_dir() {
        disk::make_folder(to)?;
        for entry in fs::read_dir(from).map_err(Error::io("list", from))? {
            let entry = entry.map_err(Error::io("list", from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The fresh directory in the old one's place, the old one deleted. [`super::recover`] finishes it where it was stopped.
fn swap(git: &Path, fresh: &Path) -> Result<()> {
    let sync = || git.parent().map_or(Ok(()), disk::sync_folder);
    if disk::exchange(fresh, git)? {
        sync()?;
        disk::remove_folder(fresh)?;
    } else {
        let old = repo::beside(git, "kairos-old");
        disk::rename(git, &old)?;
        sync()?;
        disk::rename(fresh, git)?;
        sync()?;
        disk::remove_folder(&old)?;
    }
    sync()
}
