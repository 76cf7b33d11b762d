//! `kairos-run memory forget`: out of the memory, and out of everything else that we keep.

use super::confirm;
use super::memory::{Memories, Scope, by_holder};
use crate::paths::{Paths, slug};
use crate::view;
use crate::view::lists::Page;
use anyhow::{Context, Result};
use kairos_memory::memory::{Forget, Forgotten, Memory};
use kairos_store::{ProjectDb, UserDb};
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Whose memory, and where the rest is.
pub struct Forgetting<'a> {
    pub paths: &'a Paths,
    /// The project's folder; none for the user's own memory.
    pub root: Option<&'a Path>,
    /// What is meant, and beside a project's memory the user's own.
    pub both: &'a Memories<'a>,
    pub page: &'a Page,
}

/// Everything that goes.
#[derive(Debug, Serialize)]
pub struct Gone {
    /// Out of the memory that is meant.
    #[serde(flatten)]
    pub memory: Forgotten,
    /// Out of the user's own, where that is another: what was named, what holds the words, and what rose from a claim that goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Forgotten>,
    /// Out of the project's database.
    #[serde(flatten)]
    pub database: kairos_store::Forgotten,
    /// Messages that were not delivered yet.
    pub messages: u64,
    /// Bodies of requests that were sent.
    pub requests: u64,
    /// Places in logs and reports of crashes that are overwritten.
    pub places_in_logs: u64,
    /// Files of ours that hold the text all the same: they were not written by us, or are out of use.
    pub left: Vec<PathBuf>,
}

/// Shows what goes, asks, and does it. Each database can be written beside a process that has it open.
pub async fn forget(of: Forgetting<'_>, what: &Forget, dry_run: bool, yes: bool, json: bool) -> Result<()> {
    let planned = of.go(what, true).await?;
    if !json {
        view::print(&of.page.forgotten(&planned))?;
    }
    if dry_run {
        return if json { view::print_json(&planned) } else { Ok(()) };
    }
    if !yes && !confirm("Forget this for good?")? {
        anyhow::bail!("nothing was forgotten");
    }
    let done = of.go(what, false).await?;
    if json { view::print_json(&done) } else { view::print(&of.page.left(&done)) }
}

impl Forgetting<'_> {
    /// The user's own memory first: what rose into it is known by what the project's still holds.
    fn out_of_memory(&self, what: &Forget, dry_run: bool) -> Result<(Forgotten, Option<Forgotten>)> {
        let parts = by_holder(self.both, &what.ids);
        let part = |of: Scope| {
            let ids = parts.iter().find(|(scope, ..)| *scope == of).map(|(.., ids)| ids.clone()).unwrap_or_default();
            Forget { ids, containing: what.containing.clone() }
        };
        let out_of = |memory: &Memory, what: &Forget, dry_run| -> Result<Forgotten> {
            let nothing = what.ids.is_empty() && what.containing.is_none();
            Ok(if nothing { Forgotten::default() } else { memory.forget(what, dry_run, self.page.now)? })
        };
        let (scope, first) = self.both[0];
        let Some((_, own)) = self.both.get(1) else { return Ok((out_of(first, &part(scope), dry_run)?, None)) };
        let planned = out_of(first, &part(scope), true)?;
        let mut users = part(Scope::User);
        if let Some(root) = self.root {
            users.ids.extend(own.risen_from(&slug(root), &planned.claims)?);
        }
        let users = out_of(own, &users, dry_run)?;
        let memory = if dry_run { planned } else { out_of(first, &part(scope), false)? };
        let any =
            !users.claims.is_empty() || !users.observations.is_empty() || users.damaged_lines > 0 || !users.files.is_empty();
        Ok((memory, any.then_some(users)))
    }

    /// The memory goes last: it is what tells what else has to go, should this be stopped.
    async fn go(&self, what: &Forget, dry_run: bool) -> Result<Gone> {
        let (mut memory, mut users) = self.out_of_memory(what, true)?;
        let signals = memory.observations.iter().map(|o| (o.time, o.source.clone())).collect();
        let mut words = memory.words.clone();
        words.extend(users.iter().flat_map(|users| users.words.clone()).filter(|word| !memory.words.contains(word)));
        let mut database = kairos_store::Forgotten::default();
        let file = self.root.map(|root| self.paths.project(&slug(root)).join("state.db"));
        if let Some(file) = file.filter(|file| file.exists()) {
            let db = ProjectDb::open(file).await?;
            database = db.forget(kairos_store::Forget { signals, words: words.clone() }, dry_run).await?;
            db.close().await;
        }
        let (mut messages, mut requests) = (0, 0);
        if self.paths.user_db().exists() {
            let db = UserDb::open(self.paths.user_db()).await?;
            (messages, requests) = db.forget_words(words.clone(), dry_run).await?;
            db.close().await;
        }
        let mut places_in_logs = 0;
        for file in files(&logs(self.paths)) {
            places_in_logs +=
                overwrite(&file, &words, dry_run).with_context(|| format!("can't go through {}", file.display()))?;
        }
        if !dry_run {
            (memory, users) = self.out_of_memory(what, false)?;
        }
        let mut left = vec![];
        if let Some(text) = what.containing.as_ref().filter(|_| !dry_run) {
            let ours = [self.paths.data.clone(), self.paths.config.clone(), self.paths.run.clone()];
            left = files(&ours).into_iter().filter(|file| holds(file, text.as_bytes())).collect();
        }
        Ok(Gone { memory, users, database, messages, requests, places_in_logs, left })
    }
}

/// What the process in the background wrote down, what it said when it crashed, and what was typed in conversations.
fn logs(paths: &Paths) -> Vec<PathBuf> {
    paths.log().parent().map(Path::to_path_buf).into_iter().chain([paths.crashes(), paths.chat_history()]).collect()
}

/// All files at these places, links left out.
fn files(places: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut open = places.to_vec();
    while let Some(place) = open.pop() {
        let Ok(about) = place.symlink_metadata() else { continue };
        if about.is_dir() {
            open.extend(place.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if about.is_file() {
            found.push(place);
        }
    }
    found.sort();
    found
}

/// Puts `x` over the words, so that the file keeps its length: somebody may be writing at its end. Answers at how many places.
fn overwrite(file: &Path, words: &[String], dry_run: bool) -> std::io::Result<u64> {
    let bytes = fs::read(file)?;
    let mut count = 0;
    let mut open = None;
    for words in words {
        for at in memchr::memmem::find_iter(&bytes, words.as_bytes()) {
            count += 1;
            if dry_run {
                continue;
            }
            let out = match &open {
                Some(out) => out,
                None => &*open.insert(OpenOptions::new().write(true).open(file)?),
            };
            out.write_all_at("x".repeat(words.len()).as_bytes(), at as u64)?;
        }
    }
    if let Some(out) = open {
        out.sync_all()?;
    }
    Ok(count)
}

fn holds(file: &Path, text: &[u8]) -> bool {
    fs::read(file).is_ok_and(|bytes| memchr::memmem::find(&bytes, text).is_some())
}
