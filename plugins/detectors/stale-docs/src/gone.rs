//! What is gone since the branch point: paths, commands, flags.

use crate::flags::{flags, is_source};
use crate::manifest::{Command, Runner, commands, definition, is_manifest};
use kairos_plugin::prelude::*;
use std::collections::BTreeSet;

/// Changed paths that git is asked for.
const MOST_CHANGES: u32 = 2_000;
/// Things of each kind that are followed: so many at once are a new layout, and one document of it is as stale as the next.
const MOST_THINGS: usize = 200;
/// Source files of which two versions are read for their flags, and manifests.
const MOST_SOURCES: usize = 100;
const MOST_MANIFESTS: usize = 20;
/// Longer files are generated or data.
const MOST_BYTES: u64 = 256 << 10;

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

/// All that a commit or a push would take away. None where there is no version to compare with.
pub fn gone(host: &impl Host) -> Result<Option<Vec<Thing>>, Error> {
    // Where there is no branch to compare with, at least what isn't committed can be seen.
    for version in [Version::BranchPoint, Version::Head] {
        match host.git_changes(version, MOST_CHANGES) {
            Ok(changes) => {
                let changes: Vec<Change> = changes.into_iter().filter(|c| c.committed.is_some() || c.staged.is_some()).collect();
                let mut things = paths(host, &changes);
                things.extend(missing_commands(host, version, &changes)?);
                things.extend(missing_flags(host, version, &changes)?);
                return Ok(Some(things));
            }
            Err(error) if error.code == ErrorCode::Unavailable => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Is it still gone? What is asked for once more, because it is remembered from earlier.
pub fn is_gone(host: &impl Host, thing: &Thing) -> Result<bool, Error> {
    match thing.kind {
        Kind::File | Kind::Folder => Ok(!exists(host, &thing.name)),
        Kind::Command(runner) => Ok(!is_defined(host, runner, &thing.name)?),
        Kind::Flag => Ok(!still_named(host, std::slice::from_ref(&thing.name))?.contains(&thing.name)),
    }
}

/// Anything but a clear answer counts as there: nothing is said then.
pub fn exists(host: &impl Host, path: &str) -> bool {
    !matches!(host.stat(path), Err(error) if error.code == ErrorCode::NotFound)
}

fn paths(host: &impl Host, changes: &[Change]) -> Vec<Thing> {
    let mut things = Vec::new();
    let mut folders: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for change in changes {
        let deleted = [&change.committed, &change.staged].contains(&&Some(ChangeKind::Deleted));
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
            let became = new.and_then(|new| new.strip_suffix(tail)).map(String::from);
            folders.insert((folder.into(), became));
        }
    }
    let mut last = String::new();
    // Known destinations come last for a folder: they are taken over none.
    for (folder, became) in folders.into_iter().rev() {
        if last != folder && !exists(host, &folder) {
            things.push(Thing { kind: Kind::Folder, name: folder.clone(), became });
        }
        last = folder;
    }
    things
}

/// The one new file of the same name, if git calls none renamed.
fn namesake<'a>(changes: &'a [Change], old: &str) -> Option<&'a str> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_string();
    let new = |change: &&Change| [&change.committed, &change.staged].contains(&&Some(ChangeKind::Added));
    let mut same = changes.iter().filter(new).filter(|change| name(&change.path) == name(old));
    match (same.next(), same.next()) {
        (Some(only), None) => Some(&only.path),
        _ => None,
    }
}

/// Both versions of a file: what it was, and what it is, empty if it is gone.
fn versions(host: &impl Host, version: Version, change: &Change) -> Option<(String, String)> {
    let old = host.read_all_at(version, change.renamed_from.as_deref().unwrap_or(&change.path), MOST_BYTES).ok()?;
    let new = match host.read_all(&change.path, MOST_BYTES) {
        Ok(new) => new,
        Err(error) if error.code == ErrorCode::NotFound => Vec::new(),
        Err(_) => return None,
    };
    Some((String::from_utf8(old).ok()?, String::from_utf8(new).ok()?))
}

fn missing_commands(host: &impl Host, version: Version, changes: &[Change]) -> Result<Vec<Thing>, Error> {
    let mut missing: Vec<Command> = Vec::new();
    for change in changes.iter().filter(|change| is_manifest(&change.path)).take(MOST_MANIFESTS) {
        let Some((old, new)) = versions(host, version, change) else { continue };
        let now = commands(&change.path, &new);
        missing.extend(commands(&change.path, &old).into_iter().filter(|command| !now.contains(command)));
    }
    missing.sort();
    missing.dedup();
    missing.truncate(MOST_THINGS);
    let mut things = Vec::new();
    for (runner, name) in missing {
        if !is_defined(host, runner, &name)? {
            things.push(Thing { kind: Kind::Command(runner), name, became: None });
        }
    }
    Ok(things)
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

fn missing_flags(host: &impl Host, version: Version, changes: &[Change]) -> Result<Vec<Thing>, Error> {
    let (mut before, mut now) = (BTreeSet::new(), BTreeSet::new());
    let changed =
        |change: &&Change| is_source(&change.path) && ![&change.committed, &change.staged].contains(&&Some(ChangeKind::Added));
    for change in changes.iter().filter(changed).take(MOST_SOURCES) {
        let Some((old, new)) = versions(host, version, change) else { continue };
        before.extend(flags(&old));
        now.extend(flags(&new));
    }
    let missing: Vec<String> = before.difference(&now).take(20).cloned().collect();
    let named = still_named(host, &missing)?;
    let gone = missing.into_iter().filter(|flag| !named.contains(flag));
    Ok(gone.map(|name| Thing { kind: Kind::Flag, name, became: None }).collect())
}

fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |camel, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        camel + &head.to_ascii_uppercase() + tail
    })
}

/// Which of these flags does any file but a document still name, with or without its dashes?
fn still_named(host: &impl Host, flags: &[String]) -> Result<Vec<String>, Error> {
    let mut named = Vec::new();
    for flag in flags {
        let name = flag.trim_start_matches('-');
        // Parsers make flags of fields, too: `case_sensitive: bool`, `caseSensitive`.
        let (snake, camel) = (name.replace('-', "_"), camel(name));
        let pattern = format!(r#"--{name}([^\w-]|$)|["'`]{name}["'`]|\b({snake}|{camel})\s*:"#);
        let found = host.search(&pattern, &SearchOptions::default())?;
        // Tests may still pass it to see it refused; but a full answer may hide the file that matters.
        if found.len() >= 1_000 || found.iter().any(|hit| is_source(&hit.path) || is_manifest(&hit.path)) {
            named.push(flag.clone());
        }
    }
    Ok(named)
}
