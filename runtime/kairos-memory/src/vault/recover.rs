//! Completes what was stopped. Whatever the moment, the intent holds all that is needed, so that it can always go forward; only bytes
//! that are neither the old nor the new ones are somebody's, and stay.

use super::disk;
use super::error::{Error, Result};
use super::intent::{Found, Intent, free_name};
use super::objects::Objects;
use super::repo::{self, Repo};
use super::tree::Flat;
use super::types::{Author, Digest, Note, Places, Recovery};
use super::write::{self, commit};
use gix::ObjectId;
use gix::objs::Kind;
use kairos_core::signal::Millis;
use std::collections::BTreeMap;

/// Brings a vault into order. `thorough` reads the whole newest commit.
pub(super) fn settle(places: &Places, thorough: bool) -> Result<Recovery> {
    let mut recovery = Recovery::default();
    finish_swap(places)?;
    let repo = history(places, thorough, &mut recovery)?;
    Objects::clean(&places.git)?;
    disk::remove(&places.private.join("intent.new"))?;
    match Intent::load(&places.private)? {
        Found::Nothing => {}
        Found::Damaged(aside) => recovery.notes.push(Note::IntentDamaged(aside)),
        Found::Intent(intent) => complete(places, &repo, &intent, &mut recovery)?,
    }
    if thorough || !recovery.notes.is_empty() {
        begin(places, &mut recovery)?;
    }
    Ok(recovery)
}

/// A swap of git directories that was stopped: the new one counts as soon as the old one has left its place.
fn finish_swap(places: &Places) -> Result<()> {
    let (fresh, old) = (repo::beside(&places.git, "kairos-new"), repo::beside(&places.git, "kairos-old"));
    let stands = |path: &std::path::Path| path.symlink_metadata().is_ok();
    if !stands(&places.git) && stands(&old) {
        disk::rename(if stands(&fresh) { &fresh } else { &old }, &places.git)?;
        places.git.parent().map_or(Ok(()), disk::sync_folder)?;
    }
    for left in [&fresh, &old] {
        if stands(left) {
            disk::remove_folder(left)?;
        }
    }
    Ok(())
}

/// The history, made anew where there is none or where it can't be read.
fn history(places: &Places, thorough: bool, recovery: &mut Recovery) -> Result<Repo> {
    match places.git.symlink_metadata() {
        Ok(found) if !found.is_dir() => {
            return Err(Error::Foreign { path: places.git.clone(), why: "is a file or a link, so its history is another's" });
        }
        Ok(_) => match read(places, thorough) {
            Err(Error::Git { .. }) => {
                // A disk that could not be read for a moment is no damage.
                disk::probe(&places.git)?;
                if let Ok(repo) = read(places, thorough) {
                    return Ok(repo);
                }
                let aside = free_name(&repo::beside(&places.git, "damaged"));
                disk::rename(&places.git, &aside)?;
                recovery.notes.push(Note::HistoryDamaged(aside));
            }
            other => return other,
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("look at", &places.git)(error)),
    }
    repo::create(places)?;
    Repo::open(&places.git)
}

fn read(places: &Places, thorough: bool) -> Result<Repo> {
    let repo = Repo::open(&places.git)?;
    if thorough {
        repo.check()?;
    }
    Ok(repo)
}

/// Rolls a stopped change forward. May itself be stopped and done again.
fn complete(places: &Places, repo: &Repo, intent: &Intent, recovery: &mut Recovery) -> Result<()> {
    let mut completed = Vec::new();
    let mut touched = Vec::new();
    for file in &intent.files {
        let place = places.resolve(&file.path)?;
        let now = disk::read(&place)?.as_deref().map(Digest::of);
        let staged = Places::staged(&place);
        if now == file.new_digest() {
            disk::remove(&staged)?;
        } else if now == file.old {
            // On a full disk, what is staged already is all there will be.
            if disk::read(&staged)?.as_deref().map(Digest::of) != file.new_digest() {
                write::stage(file, &place)?;
            }
            write::expose(file, &place)?;
            completed.push(file.path.clone());
        } else {
            disk::remove(&staged)?;
            recovery.notes.push(Note::Kept(file.path.clone()));
        }
        touched.push(place);
    }
    write::sync(touched.iter().map(std::path::PathBuf::as_path))?;
    if !completed.is_empty() {
        recovery.notes.push(Note::Completed(completed));
    }
    if let Ok(head) = ObjectId::from_hex(intent.head.as_bytes()) {
        catch_up(places, repo, intent, head, recovery)?;
    }
    Intent::remove(&places.private)?;
    write::refresh(repo);
    Ok(())
}

/// Brings the branch to the stopped change's commit.
fn catch_up(places: &Places, repo: &Repo, intent: &Intent, head: ObjectId, recovery: &mut Recovery) -> Result<()> {
    repo.abandon(head, true)?;
    // A history that is new has none of the change's commits: what it begins with holds the change.
    if !repo.git.has_object(head) || is_in_history(repo, head)? {
        return Ok(());
    }
    let mut target = head;
    if let Some(other) = repo.head.filter(|now| Some(now.to_string()) != intent.base) {
        let mut objects = Objects::loose(&places.git, Some(&repo.git));
        let mut flat = Flat::of_commit(&repo.git, other)?;
        for file in &intent.files {
            let id = file.new.as_deref().map(|bytes| objects.put(Kind::Blob, bytes, None)).transpose()?;
            flat.set(&file.path, id);
        }
        let author = Author { name: "kairos-run".to_owned(), email: String::new() };
        target = commit(&mut objects, &flat, vec![other, head], &author, "Join a change that had been stopped\n", now())?;
        objects.finish()?;
        recovery.notes.push(Note::Joined);
    }
    repo.abandon(target, true)?;
    repo.prepare(target)?;
    repo.publish()
}

fn is_in_history(repo: &Repo, id: ObjectId) -> Result<bool> {
    let Some(head) = repo.head else { return Ok(false) };
    let wrong = || Error::git("its commits", &repo.path);
    for commit in repo.git.rev_walk([head]).all().map_err(wrong())? {
        if commit.map_err(wrong())?.id == id {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A history without a commit begins with what is there.
fn begin(places: &Places, recovery: &mut Recovery) -> Result<()> {
    let repo = Repo::open(&places.git)?;
    if repo.head.is_some() {
        return Ok(());
    }
    let mut objects = Objects::packed(&places.git, None);
    let mut flat = Flat::default();
    for path in places.walk()? {
        if let Some(bytes) = disk::read(&places.resolve(&path)?)? {
            let id = objects.put(Kind::Blob, &bytes, None)?;
            flat.set(&path, Some(id));
        }
    }
    let author = Author { name: "kairos-run".to_owned(), email: String::new() };
    let text = "Begin the history\n\nThe files as they were found.\n";
    let head = commit(&mut objects, &flat, Vec::new(), &author, text, now())?;
    objects.finish()?;
    write::apply(places, &repo, head, BTreeMap::new())?;
    recovery.notes.push(Note::HistoryBegun(flat.0.len()));
    Ok(())
}

fn now() -> Millis {
    Millis::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}
