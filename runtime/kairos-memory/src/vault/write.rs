//! A change from the check of what was there to the commit. What needs room on the disk comes first; from then on, files only change
//! their names, and until the branch has moved everything can be taken back.

use super::disk;
use super::error::{Error, Result};
use super::intent::{Intent, Planned};
use super::message;
use super::objects::Objects;
use super::repo::Repo;
use super::tree::Flat;
use super::types::{Author, Digest, FileChange, Places, Revision, Write};
use super::{Guard, Vault};
use gix::ObjectId;
use gix::actor::Signature;
use gix::objs::{Commit, Kind, WriteTo as _};
use kairos_core::signal::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Whom the history names as the one who wrote it down, whoever the author is.
const COMMITTER: &str = "kairos-run";

/// A file that a batch touches: as it was before all and as it is after the last.
pub(super) struct Touched {
    place: PathBuf,
    old: Option<Vec<u8>>,
    old_digest: Option<Digest>,
    new: Option<Vec<u8>>,
    new_digest: Option<Digest>,
}

impl Vault {
    /// Changes files and commits it, all or nothing. Every file has to be what the change says it `was`.
    pub fn write(&self, guard: &Guard, write: Write) -> Result<Revision> {
        let path = write.files.first().map(|file| file.path.clone()).unwrap_or_default();
        self.write_all(guard, [write])?.pop().ok_or(Error::Path { path, why: "nothing was written" })
    }

    /// Many changes, each with its own commit, that become visible together: all of them or none. Each starts from what the one
    /// before left. They are asked for one by one, so that they need not all be in memory.
    pub fn write_all(&self, _guard: &Guard, writes: impl IntoIterator<Item = Write>) -> Result<Vec<Revision>> {
        let repo = Repo::open(&self.places.git)?;
        let mut writes = writes.into_iter().peekable();
        let Some(first) = writes.next() else { return Ok(Vec::new()) };
        let mut objects = match writes.peek() {
            None => Objects::loose(&self.places.git, Some(&repo.git)),
            Some(_) => Objects::packed(&self.places.git, Some(&repo.git)),
        };
        let mut flat = repo.head.map_or_else(|| Ok(Flat::default()), |head| Flat::of_commit(&repo.git, head))?;
        let mut touched = BTreeMap::new();
        let mut revisions = Vec::new();
        let mut head = repo.head;
        for write in std::iter::once(first).chain(writes) {
            self.check(&write.files, &mut touched)?;
            for file in write.files {
                let id = file.now.as_deref().map(|bytes| objects.put(Kind::Blob, bytes, Some(&file.path))).transpose()?;
                flat.set(&file.path, id);
                if let Some(touched) = touched.get_mut(&file.path) {
                    touched.new_digest = file.now.as_deref().map(Digest::of);
                    touched.new = file.now;
                }
            }
            let text = message::compose(&write.message, &write.trailers);
            let parents = head.into_iter().collect();
            let id = commit(&mut objects, &flat, parents, &write.author, &text, write.time)?;
            head = Some(id);
            revisions.push(Revision::new(id, &write.author.name, &text, write.time));
        }
        objects.finish()?;
        touched.retain(|_, file| file.old_digest != file.new_digest);
        if let Some(head) = head {
            apply(&self.places, &repo, head, touched)?;
        }
        Ok(revisions)
    }

    /// Commits these files as they stand there now: what a person did by hand. None where nothing differs from the newest commit.
    pub fn record(
        &self,
        guard: &Guard,
        paths: &[String],
        message: &str,
        author: Author,
        time: Millis,
    ) -> Result<Option<Revision>> {
        let edited: BTreeSet<String> = self.status()?.into_iter().map(|(path, _)| path).collect();
        let mut files = Vec::new();
        for path in paths.iter().filter(|path| edited.contains(*path)) {
            let now = disk::read(&self.places.resolve(path)?)?;
            files.push(FileChange { path: path.clone(), was: now.as_deref().map(Digest::of), now });
        }
        if files.is_empty() {
            return Ok(None);
        }
        let write = Write { files, message: message.to_owned(), author, trailers: Vec::new(), time };
        self.write(guard, write).map(Some)
    }

    /// Is each file what the change says it was, on the disk or after the changes before it?
    fn check(&self, files: &[FileChange], touched: &mut BTreeMap<String, Touched>) -> Result<()> {
        let mut seen = BTreeSet::new();
        for FileChange { path, was, .. } in files {
            if !seen.insert(path) {
                return Err(Error::Path { path: path.clone(), why: "it stands twice in one change" });
            }
            if !touched.contains_key(path) {
                let place = self.places.resolve(path)?;
                let old = disk::read(&place)?;
                let digest = old.as_deref().map(Digest::of);
                let new = old.clone();
                touched.insert(path.clone(), Touched { place, old, old_digest: digest, new, new_digest: digest });
            }
            let now = touched.get(path).and_then(|file| file.new_digest);
            if now != *was {
                return Err(Error::Changed { path: path.clone(), now });
            }
        }
        Ok(())
    }
}

/// Puts a commit into the store; no branch names it yet.
pub(super) fn commit(
    objects: &mut Objects<'_>,
    flat: &Flat,
    parents: Vec<ObjectId>,
    author: &Author,
    text: &str,
    time: Millis,
) -> Result<ObjectId> {
    let clean = |text: &str| text.replace(['<', '>', '\n', '\r', '\0'], " ").trim().to_owned();
    let time = gix::date::Time { seconds: i64::try_from(time / 1000).unwrap_or(i64::MAX), offset: 0 };
    let signature = |name: &str, email: &str| Signature { name: clean(name).into(), email: clean(email).into(), time };
    let commit = Commit {
        tree: flat.write(objects)?,
        parents: parents.into(),
        author: signature(&author.name, &author.email),
        committer: signature(COMMITTER, ""),
        encoding: None,
        message: text.into(),
        extra_headers: Vec::new(),
    };
    let mut bytes = Vec::new();
    commit.write_to(&mut bytes).map_err(Error::io("build a commit for", Path::new("the history")))?;
    objects.put(Kind::Commit, &bytes, None)
}

/// From the intent to its removal. Without files, only the branch moves.
pub(super) fn apply(places: &Places, repo: &Repo, head: ObjectId, touched: BTreeMap<String, Touched>) -> Result<()> {
    let mut files = Vec::new();
    let mut undo = Vec::new();
    for (path, Touched { place, old, old_digest, new, .. }) in touched {
        files.push(Planned { path, old: old_digest, new });
        undo.push((place, old));
    }
    let intent = Intent { base: repo.head.map(|id| id.to_string()), head: head.to_string(), files };
    let changed = intent.save(&places.private).and_then(|()| {
        for (file, (place, _)) in intent.files.iter().zip(&undo) {
            stage(file, place)?;
        }
        repo.prepare(head)?;
        for (file, (place, _)) in intent.files.iter().zip(&undo) {
            let now = disk::read(place)?.as_deref().map(Digest::of);
            if now != file.old {
                return Err(Error::Changed { path: file.path.clone(), now });
            }
            swap_in(file, place)?;
        }
        sync(undo.iter().map(|(place, _)| place.as_path()))
    });
    if let Err(error) = changed {
        return Err(match take_back(places, repo, head, &intent, &undo) {
            Ok(()) => error,
            Err(_) => Error::Unfinished { source: error.into() },
        });
    }
    let finished = repo.publish().and_then(|()| Intent::remove(&places.private));
    finished.map_err(|error| Error::Unfinished { source: error.into() })?;
    refresh(repo);
    Ok(())
}

/// The old bytes again, wherever ours stand; then the intent is void.
fn take_back(places: &Places, repo: &Repo, head: ObjectId, intent: &Intent, undo: &[(PathBuf, Option<Vec<u8>>)]) -> Result<()> {
    for (file, (place, old)) in intent.files.iter().zip(undo) {
        let now = disk::read(place)?.as_deref().map(Digest::of);
        if now == file.new_digest() && now != file.old {
            let back = Planned { path: file.path.clone(), old: now, new: old.clone() };
            stage(&back, place)?;
            expose(&back, place)?;
        } else {
            disk::remove(&Places::staged(place))?;
        }
    }
    repo.abandon(head, false)?;
    sync(undo.iter().map(|(place, _)| place.as_path()))?;
    Intent::remove(&places.private)
}

/// The new bytes beside the file, durable, with its permissions.
pub(super) fn stage(file: &Planned, place: &Path) -> Result<()> {
    match &file.new {
        Some(new) => disk::stage(&Places::staged(place), new, disk::permissions(place)?),
        None => Ok(()),
    }
}

/// The staged bytes under the file's name, or the file gone.
pub(super) fn expose(file: &Planned, place: &Path) -> Result<()> {
    match file.new {
        Some(_) => disk::rename(&Places::staged(place), place),
        None => disk::remove(place),
    }
}

/// [`expose`], for a file that somebody may write who knows nothing of our lock: what stood there is taken in the same moment, and
/// goes back if it is not what it was when it was looked at.
fn swap_in(file: &Planned, place: &Path) -> Result<()> {
    let staged = Places::staged(place);
    if file.new.is_none() || file.old.is_none() || !disk::exchange(&staged, place)? {
        return expose(file, place);
    }
    let now = disk::read(&staged)?.as_deref().map(Digest::of);
    if now == file.old {
        return disk::remove(&staged);
    }
    disk::exchange(&staged, place)?;
    Err(Error::Changed { path: file.path.clone(), now })
}

/// Makes the names of these files durable.
pub(super) fn sync<'a>(places: impl Iterator<Item = &'a Path>) -> Result<()> {
    let folders: BTreeSet<_> = places.filter_map(Path::parent).filter(|folder| folder.is_dir()).collect();
    folders.into_iter().try_for_each(disk::sync_folder)
}

/// Git's list of checked-out files, after the branch has moved.
pub(super) fn refresh(repo: &Repo) {
    match Repo::open(&repo.path) {
        Ok(repo) => repo.refresh_index(),
        Err(error) => tracing::debug!(%error, "git's index was left as it was"),
    }
}
