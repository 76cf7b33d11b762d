//! Which marks were added: those that no changed file had at the branch point.

use crate::language::language;
use crate::marks::{Kind, Mark, marks};
use crate::place::{Place, place};
use kairos_plugin::prelude::*;
use std::collections::BTreeMap;

/// Changed paths that git is asked for: a branch of more is a mechanical change or an import.
const MOST_CHANGES: u32 = 2_000;
/// Files that are read a call, in one version or more.
const MOST_FILES: usize = 300;
/// Bytes of all versions together: scanned well within the CPU time of a call on a slow machine.
const MOST_BYTES: usize = 2 << 20;
/// Longer files are generated or data.
const MOST_BYTES_A_FILE: u64 = 512 << 10;
/// Other files that print, from which on a print is how this project speaks.
const PRINTING_FILES: usize = 3;

/// A mark and where it is.
#[derive(Debug)]
pub struct Added {
    pub path: String,
    pub mark: Mark,
}

/// A changed file in which something was found.
struct Changed<'a> {
    change: &'a Change,
    now: Vec<Mark>,
    /// What the branch point had in it.
    old: Vec<Mark>,
}

/// What is staged or committed since the branch point and still in the work tree, sorted by path. None where there is no branch
/// point.
pub fn added(host: &impl Host) -> Result<Option<Vec<Added>>, Error> {
    let changes = match host.git_changes(Version::BranchPoint, MOST_CHANGES) {
        Ok(changes) => changes,
        Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut reader = Reader { host, files: MOST_FILES, bytes: MOST_BYTES };
    let mut found = Vec::new();
    for change in changes.iter().filter(|change| leaves(change)) {
        let now = reader.now(change);
        if !now.is_empty() {
            found.push(Changed { change, now, old: Vec::new() });
        }
    }
    // A file whose past can't be read has nothing that is known to be new.
    found.retain_mut(|file| match reader.past(file.change) {
        Some(old) => {
            file.old = old;
            true
        }
        None => false,
    });
    for file in &mut found {
        leave_what_was_there(file);
    }
    if found.iter().any(|file| !file.now.is_empty()) {
        leave_what_moved(&mut reader, &changes, &mut found);
    }
    let mut added: Vec<Added> = Vec::new();
    for file in found {
        added.extend(file.now.into_iter().map(|mark| Added { path: file.change.path.clone(), mark }));
    }
    leave_usual_prints(host, &changes, &mut added)?;
    Ok(Some(added))
}

/// Would a commit or a push take it along? What is only in the work tree is still being written.
fn leaves(change: &Change) -> bool {
    let gone = |kind: &Option<ChangeKind>| matches!(kind, Some(ChangeKind::Deleted | ChangeKind::Conflicted));
    (change.committed.is_some() || change.staged.is_some())
        && !gone(&change.staged)
        && !gone(&change.unstaged)
        && is_read(&change.path)
        && (change.staged.is_some() || !gone(&change.committed))
}

fn is_read(path: &str) -> bool {
    language(path).is_some() && place(path) != Place::Skip
}

struct Reader<'a, H> {
    host: &'a H,
    files: usize,
    bytes: usize,
}

impl<H: Host> Reader<'_, H> {
    fn take(&mut self, text: Result<Vec<u8>, Error>) -> Option<String> {
        let text = text.ok()?;
        self.bytes = self.bytes.saturating_sub(text.len());
        String::from_utf8(text).ok()
    }

    fn marks(&self, text: &str, path: &str) -> Vec<Mark> {
        language(path).map(|language| marks(text, language, place(path))).unwrap_or_default()
    }

    /// In the work tree and in the index.
    fn now(&mut self, change: &Change) -> Vec<Mark> {
        if self.files == 0 || self.bytes == 0 {
            return Vec::new();
        }
        self.files -= 1;
        let path = &change.path;
        let text = self.host.read_all(path, MOST_BYTES_A_FILE);
        let mut now = self.take(text).map(|text| self.marks(&text, path)).unwrap_or_default();
        if !now.is_empty() && change.unstaged.is_some() {
            let text = self.host.read_all_at(Version::Index, path, MOST_BYTES_A_FILE);
            let mut index = self.take(text).map(|text| self.marks(&text, path)).unwrap_or_default();
            now.retain(|mark| take_same(&mut index, mark));
        }
        now
    }

    /// At the branch point; nothing for a new file, none where it can't be read.
    fn past(&mut self, change: &Change) -> Option<Vec<Mark>> {
        if self.bytes == 0 {
            return None;
        }
        let path = change.renamed_from.as_deref().unwrap_or(&change.path);
        match self.host.read_all_at(Version::BranchPoint, path, MOST_BYTES_A_FILE) {
            Err(error) if error.code == ErrorCode::NotFound => Some(Vec::new()),
            text => self.take(text).map(|text| self.marks(&text, path)),
        }
    }
}

fn take_same(from: &mut Vec<Mark>, mark: &Mark) -> bool {
    let at = from.iter().position(|other| other.text == mark.text);
    at.map(|at| from.swap_remove(at)).is_some()
}

/// In the file itself: the same text, the same in other words, and prints in a file that printed.
fn leave_what_was_there(file: &mut Changed) {
    let old = &mut file.old;
    if old.iter().any(|mark| mark.kind == Kind::Print) {
        file.now.retain(|mark| mark.kind != Kind::Print);
    }
    file.now.retain(|mark| !take_same(old, mark));
    file.now.retain(|mark| {
        let at = old.iter().position(|other| {
            (other.kind == mark.kind || other.kind.is_note() && mark.kind.is_note()) && is_edit(&other.text, &mark.text)
        });
        at.map(|at| old.swap_remove(at)).is_none()
    });
}

/// Half of the words of the shorter one are in the other.
fn is_edit(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|char: char| !char.is_alphanumeric()).filter(|word| word.len() > 1);
        parts.map(str::to_lowercase).collect()
    };
    let (one, other) = (words(one), words(other));
    let shared = one.iter().filter(|word| other.contains(word)).count();
    // The first word is the mark's own.
    shared > 1 && 2 * shared >= one.len().min(other.len())
}

/// What another changed file has lost.
fn leave_what_moved<H: Host>(reader: &mut Reader<'_, H>, changes: &[Change], found: &mut [Changed]) {
    let mut lost: Vec<Mark> = found.iter_mut().flat_map(|file| std::mem::take(&mut file.old)).collect();
    let known: Vec<&str> = found.iter().map(|file| file.change.path.as_str()).collect();
    for change in changes.iter().filter(|change| is_read(&change.path) && !known.contains(&change.path.as_str())) {
        if reader.files == 0 {
            break;
        }
        reader.files -= 1;
        lost.extend(reader.past(change).unwrap_or_default());
    }
    for file in found {
        file.now.retain(|mark| !take_same(&mut lost, mark));
    }
}

/// Where others print, too, a print is how the project speaks.
fn leave_usual_prints(host: &impl Host, changes: &[Change], added: &mut Vec<Added>) -> Result<(), Error> {
    let mut usual: BTreeMap<&str, bool> = BTreeMap::new();
    for added in added.iter().filter(|added| added.mark.kind == Kind::Print) {
        let Some((pattern, globs)) = prints(&added.path) else { continue };
        if usual.contains_key(pattern) {
            continue;
        }
        let globs = globs.iter().map(ToString::to_string).collect();
        let hits = host.search(pattern, &SearchOptions { globs, max_matches: 200, ..SearchOptions::default() })?;
        usual.insert(pattern, is_usual(hits.into_iter().map(|hit| hit.path).collect(), changes));
    }
    added.retain(|added| {
        let pattern = prints(&added.path).map(|(pattern, _)| pattern);
        added.mark.kind != Kind::Print || pattern.is_none_or(|pattern| usual.get(pattern) != Some(&true))
    });
    Ok(())
}

fn is_usual(mut paths: Vec<String>, changes: &[Change]) -> bool {
    paths.retain(|path| place(path) == Place::Library && !changes.iter().any(|change| change.path == *path));
    paths.dedup();
    paths.len() >= PRINTING_FILES
}

fn prints(path: &str) -> Option<(&'static str, &'static [&'static str])> {
    use crate::language::Language::{Go, Js, Python};
    match language(path)? {
        Js => Some((
            r"^\s*console\.(log|dir|debug|trace)\(",
            &["**/*.js", "**/*.mjs", "**/*.cjs", "**/*.jsx", "**/*.ts", "**/*.mts", "**/*.cts", "**/*.tsx"],
        )),
        Python => Some((r"^\s*p?print\(", &["**/*.py"])),
        Go => Some((r"^\s*fmt\.Print(ln|f)?\(", &["**/*.go"])),
        _ => None,
    }
}
