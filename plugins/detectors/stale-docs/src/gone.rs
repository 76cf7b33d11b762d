//! What is gone since the branch point: paths, commands, flags.

use crate::flags::{flags, is_source};
use crate::manifest::{Command, Runner, commands, definition, is_manifest};
use kairos_plugin::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Changed paths that git is asked for.
const MOST_CHANGES: u32 = 2_000;
/// Things of each kind that are followed: so many at once are a new layout, and one document of it is as stale as the next.
const MOST_THINGS: usize = 100;
/// Source files of which two versions are read for their flags, and manifests.
const MOST_SOURCES: usize = 100;
const MOST_MANIFESTS: usize = 20;
/// Longer files are generated or data.
const MOST_BYTES: u64 = 256 << 10;
/// All versions of all files together.
const MOST_BYTES_A_CALL: usize = 2 << 20;

/// What kind of thing is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    Folder,
    Command(Runner),
    Flag,
}

/// A thing that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    pub kind: Kind,
    /// A path, the name of a command, or a flag with its dashes.
    pub name: String,
    /// What it became, as far as git knows.
    pub became: Option<String>,
}

/// All that a commit or a push would take away from its file; something else may stand for it, see [`is_gone`]. None where there is no version to compare with.
pub fn gone(host: &impl Host) -> Result<Option<Vec<Thing>>, Error> {
    // Where there is no branch to compare with, at least what isn't committed can be seen.
    for version in [Version::BranchPoint, Version::Head] {
        match host.git_changes(version, MOST_CHANGES) {
            Ok(changes) => {
                let changes: Vec<Change> = changes.into_iter().filter(|c| c.committed.is_some() || c.staged.is_some()).collect();
                let mut versions = Versions { host, version, left: MOST_BYTES_A_CALL };
                let mut things = paths(host, &changes);
                things.extend(missing_commands(&changes, &mut versions));
                things.extend(missing_flags(&changes, &mut versions));
                return Ok(Some(things));
            }
            Err(error) if error.code == ErrorCode::Unavailable => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Does nothing else in the project stand for it? Asked only of what a document names, for it may take a search.
pub fn is_gone(host: &impl Host, thing: &Thing) -> Result<bool, Error> {
    match thing.kind {
        Kind::File | Kind::Folder => Ok(!exists(host, &thing.name)),
        Kind::Command(runner) => Ok(!is_defined(host, runner, &thing.name)?),
        Kind::Flag => Ok(!is_named(host, &thing.name)?),
    }
}

/// Anything but a clear answer counts as there: nothing is said then.
pub fn exists(host: &impl Host, path: &str) -> bool {
    !matches!(host.stat(path), Err(error) if error.code == ErrorCode::NotFound)
}

fn paths(host: &impl Host, changes: &[Change]) -> Vec<Thing> {
    let mut things = Vec::new();
    // Where a folder went is known only if all that was in it went there.
    let mut folders: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for change in changes {
        let deleted = has(change, ChangeKind::Deleted);
        let (old, new) = match &change.renamed_from {
            Some(old) => (old.as_str(), Some(change.path.as_str())),
            None if deleted => (change.path.as_str(), None),
            None => continue,
        };
        if things.len() >= MOST_THINGS || exists(host, old) {
            continue;
        }
        let new = new.or_else(|| namesake(changes, old));
        things.push(Thing { kind: Kind::File, name: old.into(), became: new.map(String::from) });
        for (at, _) in old.match_indices('/') {
            let (folder, tail) = old.split_at(at);
            let became = new.and_then(|new| new.strip_suffix(tail));
            folders.entry(folder).and_modify(|known| *known = known.filter(|known| became == Some(*known))).or_insert(became);
        }
    }
    let folders = folders.into_iter().filter(|(folder, _)| !exists(host, folder)).take(MOST_THINGS);
    things.extend(folders.map(|(name, new)| Thing { kind: Kind::Folder, name: name.into(), became: new.map(String::from) }));
    things
}

/// The one new file of the same name, if git calls none renamed.
fn namesake<'a>(changes: &'a [Change], old: &str) -> Option<&'a str> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_string();
    let new = |change: &&Change| has(change, ChangeKind::Added);
    let mut same = changes.iter().filter(new).filter(|change| name(&change.path) == name(old));
    match (same.next(), same.next()) {
        (Some(only), None) => Some(&only.path),
        _ => None,
    }
}

fn has(change: &Change, kind: ChangeKind) -> bool {
    [change.committed, change.staged].contains(&Some(kind))
}

/// Reads files as they were and as they are, as long as the budget lasts.
struct Versions<'a, H> {
    host: &'a H,
    version: Version,
    left: usize,
}

impl<H: Host> Versions<'_, H> {
    /// What it was, and what it is, empty if it is gone. None for what can't be read.
    fn read(&mut self, change: &Change) -> Option<(String, String)> {
        if self.left == 0 {
            return None;
        }
        let path = change.renamed_from.as_deref().unwrap_or(&change.path);
        let old = self.host.read_all_at(self.version, path, MOST_BYTES).ok()?;
        let new = match self.host.read_all(&change.path, MOST_BYTES) {
            Ok(new) => new,
            Err(error) if error.code == ErrorCode::NotFound => Vec::new(),
            Err(_) => return None,
        };
        self.left = self.left.saturating_sub(old.len() + new.len());
        Some((String::from_utf8(old).ok()?, String::from_utf8(new).ok()?))
    }
}

fn missing_commands(changes: &[Change], versions: &mut Versions<'_, impl Host>) -> Vec<Thing> {
    let mut missing: Vec<Command> = Vec::new();
    for change in changes.iter().filter(|change| is_manifest(&change.path)).take(MOST_MANIFESTS) {
        let Some((old, new)) = versions.read(change) else { continue };
        let now = commands(&change.path, &new);
        missing.extend(commands(&change.path, &old).into_iter().filter(|command| !now.contains(command)));
    }
    missing.sort();
    missing.dedup();
    let things = missing.into_iter().map(|(runner, name)| Thing { kind: Kind::Command(runner), name, became: None });
    things.take(MOST_THINGS).collect()
}

/// Does any manifest of the project define it?
fn is_defined(host: &impl Host, runner: Runner, name: &str) -> Result<bool, Error> {
    let (globs, pattern) = definition(runner, name);
    let globs = globs.iter().map(ToString::to_string).collect();
    let found = host.search(&pattern, &SearchOptions { globs, max_matches: 1, ..SearchOptions::default() })?;
    let program =
        runner == Runner::Cargo && (exists(host, &format!("src/bin/{name}.rs")) || exists(host, &format!("src/bin/{name}")));
    Ok(!found.is_empty() || program)
}

fn missing_flags(changes: &[Change], versions: &mut Versions<'_, impl Host>) -> Vec<Thing> {
    let (mut before, mut now) = (BTreeSet::new(), BTreeSet::new());
    let changed = |change: &&Change| is_source(&change.path) && !has(change, ChangeKind::Added);
    for change in changes.iter().filter(changed).take(MOST_SOURCES) {
        let Some((old, new)) = versions.read(change) else { continue };
        before.extend(flags(&old));
        now.extend(flags(&new));
    }
    let missing = before.difference(&now).take(MOST_THINGS);
    missing.map(|name| Thing { kind: Kind::Flag, name: name.clone(), became: None }).collect()
}

fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |camel, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        camel + &head.to_ascii_uppercase() + tail
    })
}

/// Does any file but a document still name the flag, with or without its dashes?
fn is_named(host: &impl Host, flag: &str) -> Result<bool, Error> {
    let name = flag.trim_start_matches('-');
    // Parsers make flags of fields, too: `case_sensitive: bool`, `caseSensitive`.
    let (snake, camel) = (name.replace('-', "_"), camel(name));
    let pattern = format!(r#"--{name}([^\w-]|$)|["'`]{name}["'`]|\b({snake}|{camel})\s*:"#);
    let found = host.search(&pattern, &SearchOptions::default())?;
    // Tests may still pass it to see it refused; but a full answer may hide the file that matters.
    Ok(found.len() >= 1_000 || found.iter().any(|hit| is_source(&hit.path) || is_manifest(&hit.path)))
}
