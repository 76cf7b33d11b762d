//! The git directory: made, opened, checked, and its branch moved. No hook, no filter, no configuration but its own is looked at.

use super::disk;
use super::error::{Error, Result};
use super::types::Places;
use gix::ObjectId;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const BRANCH: &str = "refs/heads/main";

/// A repository and where its newest commit is recorded.
pub(super) struct Repo {
    pub git: gix::Repository,
    pub path: PathBuf,
    /// Relative: a branch, or `HEAD` where none is checked out.
    pub branch: String,
    pub head: Option<ObjectId>,
}

impl Repo {
    pub fn open(path: &Path) -> Result<Self> {
        let git =
            gix::open_opts(path, gix::open::Options::isolated().open_path_as_is(true)).map_err(Error::git("opening", path))?;
        if git.object_hash() != gix::hash::Kind::Sha1 {
            return Err(Error::Foreign { path: path.to_owned(), why: "names its objects by SHA-256, which we can't write" });
        }
        let head = git.head().map_err(Error::git("its newest commit", path))?;
        let branch = head.referent_name().map_or_else(|| "HEAD".to_owned(), |name| name.as_bstr().to_string());
        let unborn = head.is_unborn();
        let head =
            (!unborn).then(|| git.head_id().map(gix::Id::detach)).transpose().map_err(Error::git("its newest commit", path))?;
        Ok(Self { git, path: path.to_owned(), branch, head })
    }

    /// Reads all that the newest commit is made of.
    pub fn check(&self) -> Result<()> {
        let Some(head) = self.head else { return Ok(()) };
        for (mode, id) in super::tree::Flat::of_commit(&self.git, head)?.0.into_values() {
            if !mode.is_commit() {
                self.blob(id)?;
            }
        }
        Ok(())
    }

    pub fn blob(&self, id: ObjectId) -> Result<Vec<u8>> {
        let object = self.git.find_object(id).map_err(Error::git("a file's content", &self.path))?;
        let read = gix::objs::compute_hash(gix::hash::Kind::Sha1, object.kind, &object.data);
        if read.map_err(Error::git("a file's content", &self.path))? != id {
            return Err(Error::git("a file's content", &self.path)(format!("{id} is damaged")));
        }
        Ok(object.detach().data)
    }

    /// Takes git's own lock of the branch and writes the new commit into it.
    pub fn prepare(&self, head: ObjectId) -> Result<()> {
        let lock = self.lock_path();
        if let Some(folder) = lock.parent() {
            disk::make_folder(folder)?;
        }
        match disk::create(&lock, format!("{head}\n").as_bytes(), None) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(Error::Busy { path: lock }),
            Err(error) => {
                disk::remove(&lock)?;
                return Err(Error::io("write", &lock)(error));
            }
            Ok(()) => {}
        }
        // Whoever committed just before we had the lock would lose that commit.
        if Self::open(&self.path)?.head == self.head { Ok(()) } else { Err(Error::Busy { path: lock }) }
    }

    /// Gives up what [`Self::prepare`] took. What was `stopped` may have been stopped in the middle of writing it.
    pub fn abandon(&self, head: ObjectId, stopped: bool) -> Result<()> {
        let lock = self.lock_path();
        let ours = format!("{head}\n");
        match disk::read(&lock)? {
            Some(content) if content == ours.as_bytes() || stopped && ours.as_bytes().starts_with(&content) => {
                disk::remove(&lock)
            }
            _ => Ok(()),
        }
    }

    /// The branch now names the new commit.
    pub fn publish(&self) -> Result<()> {
        let place = self.path.join(&self.branch);
        disk::rename(&self.lock_path(), &place)?;
        place.parent().map_or(Ok(()), disk::sync_folder)
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(format!("{}.lock", self.branch))
    }

    /// Brings git's list of checked-out files in line with a commit, so that `git status` tells the truth. Nothing depends on it.
    pub fn refresh_index(&self) {
        let Some(head) = self.head.filter(|_| !self.git.is_bare()) else { return };
        let written = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let tree = self.git.find_commit(head)?.tree_id()?;
            self.git.index_from_tree(&tree)?.write(gix::index::write::Options::default())?;
            Ok(())
        };
        if let Err(error) = written() {
            tracing::debug!(git = %self.path.display(), %error, "git's index was left as it was");
        }
    }
}

/// Makes an empty repository. It is built beside its place and then moved there whole.
pub(super) fn create(places: &Places) -> Result<()> {
    let fresh = beside(&places.git, "kairos-new");
    disk::remove_folder(&fresh)?;
    skeleton(&fresh, places.git != places.files.join(".git"))?;
    disk::put(&fresh.join("HEAD"), format!("ref: {BRANCH}\n").as_bytes())?;
    disk::rename(&fresh, &places.git)?;
    places.git.parent().map_or(Ok(()), disk::sync_folder)
}

/// All of a repository but its `HEAD`.
pub(super) fn skeleton(at: &Path, bare: bool) -> Result<()> {
    for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags", "info"] {
        disk::make_folder(&at.join(folder))?;
    }
    // Without a log of the branch's past positions there is one place less from which to forget.
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = {bare}\n\tlogallrefupdates = false\n\tautocrlf = false\n"
    );
    disk::put(&at.join("config"), config.as_bytes())?;
    disk::put(&at.join("info/exclude"), b".*.kairos-new\n.kairos/intent*\n.kairos/lock\n")
}

/// `.git` becomes `.git.kairos-new`.
pub(super) fn beside(git: &Path, end: &str) -> PathBuf {
    let mut name = git.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}

/// The lock between processes. Released when dropped.
pub(super) fn flock(path: &Path) -> Result<fs::File> {
    use rustix::fs::{FlockOperation, flock};
    use std::os::unix::fs::OpenOptionsExt as _;
    const WAIT: std::time::Duration = std::time::Duration::from_secs(5);
    const STEP: std::time::Duration = std::time::Duration::from_millis(10);
    let mut options = fs::OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path);
    let mut file = file.map_err(Error::io("open", path))?;
    let begun = std::time::Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if begun.elapsed() < WAIT => std::thread::sleep(STEP),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let pid = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
                return Err(Error::Locked { path: path.to_owned(), pid });
            }
            Err(error) => return Err(Error::io("lock", path)(error.into())),
        }
    }
    // Only for the message of whoever waits in vain.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}
