//! What the history says: commits, their differences, and how the folder differs from the newest.

use super::Vault;
use super::disk;
use super::error::{Error, Result};
use super::message;
use super::repo::Repo;
use super::tree::Flat;
use super::types::{Difference, Edit, Revision};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::Kind;
use gix::revision::walk::Sorting;
use kairos_core::signal::Millis;
use std::collections::BTreeSet;

impl Revision {
    pub(super) fn new(id: ObjectId, author: &str, text: &str, time: Millis) -> Self {
        let (message, trailers) = message::split(text);
        Self { id: id.to_string(), time: time / 1000 * 1000, author: author.to_owned(), message: message.to_owned(), trailers }
    }
}

impl Vault {
    /// The newest commit's id; none before the first.
    pub fn head(&self) -> Result<Option<String>> {
        Ok(Repo::open(&self.places.git)?.head.map(|id| id.to_string()))
    }

    /// At most `max` commits, newest first; with a path, those that changed it.
    pub fn log(&self, max: usize, path: Option<&str>) -> Result<Vec<Revision>> {
        let repo = Repo::open(&self.places.git)?;
        let mut found = Vec::new();
        let Some(head) = repo.head else { return Ok(found) };
        let wrong = || Error::git("its commits", &repo.path);
        // By parents and not by time alone: clocks go backwards.
        let walk = repo.git.rev_walk([head]).sorting(Sorting::BreadthFirst).all().map_err(wrong())?;
        for commit in walk {
            if found.len() == max {
                break;
            }
            let id = commit.map_err(wrong())?.id;
            if path.map_or(Ok(true), |path| changed(&repo, id, path))? {
                found.push(revision(&repo, id)?);
            }
        }
        Ok(found)
    }

    /// One commit.
    pub fn revision(&self, id: &str) -> Result<Revision> {
        let repo = Repo::open(&self.places.git)?;
        let id = find(&repo, id)?;
        revision(&repo, id)
    }

    /// The files that a commit changed, sorted, against its first parent.
    pub fn changes(&self, id: &str) -> Result<Vec<Difference>> {
        let repo = Repo::open(&self.places.git)?;
        let id = find(&repo, id)?;
        let after = Flat::of_commit(&repo.git, id)?;
        let before = parent(&repo, id)?.map_or_else(|| Ok(Flat::default()), |id| Flat::of_commit(&repo.git, id))?;
        let paths: BTreeSet<_> = before.0.keys().chain(after.0.keys()).collect();
        let mut found = Vec::new();
        for path in paths.into_iter().filter(|path| before.0.get(*path) != after.0.get(*path)) {
            let bytes =
                |flat: &Flat| flat.0.get(path).filter(|(mode, _)| !mode.is_commit()).map(|(_, id)| repo.blob(*id)).transpose();
            found.push(Difference { path: path.to_str_lossy().into_owned(), before: bytes(&before)?, after: bytes(&after)? });
        }
        Ok(found)
    }

    /// A file as it was in a commit; none where it did not exist.
    pub fn file_at(&self, id: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let repo = Repo::open(&self.places.git)?;
        let id = find(&repo, id)?;
        Flat::of_commit(&repo.git, id)?.get(path).map(|id| repo.blob(id)).transpose()
    }

    /// A file as it is now; none where it does not exist.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        disk::read(&self.places.resolve(path)?)
    }

    /// All files that are kept, or would be if they were recorded, sorted: no links, nothing hidden, nothing over 8 MiB.
    pub fn list(&self) -> Result<Vec<String>> {
        self.places.walk()
    }

    /// Which files differ from the newest commit, sorted: what a person did by hand.
    pub fn status(&self) -> Result<Vec<(String, Edit)>> {
        let repo = Repo::open(&self.places.git)?;
        let mut flat = repo.head.map_or_else(|| Ok(Flat::default()), |head| Flat::of_commit(&repo.git, head))?;
        let mut found = Vec::new();
        for path in self.places.walk()? {
            let Some(bytes) = disk::read(&self.places.resolve(&path)?)? else { continue };
            let now = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, &bytes);
            let now = now.map_err(Error::git("a file's name", &repo.path))?;
            match flat.0.remove::<gix::bstr::BString>(&path.as_str().into()) {
                None => found.push((path, Edit::Added)),
                Some((_, id)) if id != now => found.push((path, Edit::Modified)),
                Some(_) => {}
            }
        }
        let gone = flat.0.into_keys().map(|path| path.to_str_lossy().into_owned());
        // What we don't list ourselves may still be there: over the size, or hidden.
        found.extend(gone.filter(|path| self.read(path).is_ok_and(|bytes| bytes.is_none())).map(|path| (path, Edit::Deleted)));
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }

    /// Of these files, those that are not so in the newest commit.
    pub fn unrecorded<'a>(&self, files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Result<Vec<&'a String>> {
        let repo = Repo::open(&self.places.git)?;
        let flat = repo.head.map_or_else(|| Ok(Flat::default()), |head| Flat::of_commit(&repo.git, head))?;
        let mut found = Vec::new();
        for (path, bytes) in files {
            let now = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, bytes);
            if flat.get(path) != Some(now.map_err(Error::git("a file's name", &repo.path))?) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Keeps a note among what is private, outside the history; none removes it. Its name begins with a dot.
    pub fn note(&self, name: &str, content: Option<&[u8]>) -> Result<()> {
        let path = self.places.private.join(name);
        match content {
            Some(content) => disk::put(&path, content),
            None => disk::remove(&path),
        }
    }

    /// What such a note says; none where there is none.
    pub fn read_note(&self, name: &str) -> Result<Option<Vec<u8>>> {
        disk::read(&self.places.private.join(name))
    }

    /// Names of the remotes that the history may have been pushed to, sorted.
    pub fn remotes(&self) -> Result<Vec<String>> {
        Ok(Repo::open(&self.places.git)?.git.remote_names().iter().map(ToString::to_string).collect())
    }
}

fn find(repo: &Repo, id: &str) -> Result<ObjectId> {
    let no = || Error::NoRevision { id: id.to_owned(), path: repo.path.clone() };
    let found = ObjectId::from_hex(id.as_bytes()).map_err(|_| no())?;
    repo.git.find_commit(found).map_err(|_| no())?;
    Ok(found)
}

fn revision(repo: &Repo, id: ObjectId) -> Result<Revision> {
    let wrong = || Error::git("a commit", &repo.path);
    let commit = repo.git.find_commit(id).map_err(wrong())?;
    let author = commit.author().map_err(wrong())?;
    let seconds = author.time().map_or(0, |time| time.seconds);
    let text = commit.message_raw().map_err(wrong())?.to_str_lossy().into_owned();
    Ok(Revision::new(id, &author.name.to_str_lossy(), &text, u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)))
}

fn parent(repo: &Repo, id: ObjectId) -> Result<Option<ObjectId>> {
    let commit = repo.git.find_commit(id).map_err(Error::git("a commit", &repo.path))?;
    Ok(commit.parent_ids().next().map(gix::Id::detach))
}

fn changed(repo: &Repo, id: ObjectId, path: &str) -> Result<bool> {
    let at = |id| Ok::<_, Error>(Flat::of_commit(&repo.git, id)?.get(path));
    let before = parent(repo, id)?.map_or(Ok(None), at)?;
    Ok(before != at(id)?)
}
