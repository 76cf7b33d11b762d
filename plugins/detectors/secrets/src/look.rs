//! Which files are read, in which versions, and what in them is worth telling.

use crate::before::Before;
use crate::guess::Care;
use crate::memory::Memory;
use crate::paths::{Place, has_bare_values, place, sensitive};
use crate::policy::{Stage, weigh};
use crate::scan::{Hit, Options, scan};
use crate::{finding, key, report_name};
use kairos_plugin::prelude::*;

/// Longer files are generated or data: they aren't read.
const MOST_BYTES: u64 = 1 << 20;
/// Files read in one call, and bytes in all.
pub const MOST_FILES: usize = 200;
/// What a slow machine scans within the CPU time of a call, with room to spare: a call that takes too long loses everything.
const MOST_BYTES_A_CALL: usize = 6 << 20;
/// Deleted files that are asked whether a new file's secrets come from there.
const MOST_DELETED: usize = 16;

/// One call's look at the project.
pub struct Look<'a, H> {
    host: &'a H,
    memory: Memory,
    /// What differs from HEAD; none without a repository.
    changes: Option<Vec<Change>>,
    left: usize,
    report: Report,
}

/// What HEAD holds of a file, and the hashes of what was told of it.
struct Past {
    text: String,
    told: Vec<u64>,
}

impl<'a, H: Host> Look<'a, H> {
    pub fn new(host: &'a H) -> Result<Self, Error> {
        let memory = Memory::load(host)?;
        Ok(Self { host, memory, changes: None, left: MOST_BYTES_A_CALL, report: Report::new() })
    }

    /// A few files. Git is asked only when one of them holds something, or was reported before.
    pub fn at(mut self, paths: &[&str]) -> Result<Report, Error> {
        let mut asked = false;
        for path in paths {
            self.report.clear_key(&format!("{}*", key(path)));
            let widest = options(path, None);
            let text = self.read(path).unwrap_or_default();
            if scan(&text, widest, Before::nothing()).is_empty() && !self.memory.has(path) {
                continue;
            }
            if !asked {
                self.ask_git()?;
                asked = true;
            }
            self.examine(path);
        }
        self.memory.save(self.host)?;
        Ok(self.report)
    }

    /// All that differs from HEAD, and what was reported before. `fresh`: what has just changed, sorted.
    pub fn at_all(mut self, fresh: &[&str]) -> Result<Report, Error> {
        self.ask_git()?;
        // Without git there is no telling what is new: files are looked at as they change.
        let Some(changes) = &self.changes else { return Ok(self.report) };
        // What was told comes first, so that a finding never ends because others were looked at; then what is fresh, for
        // nobody has looked at it yet; then what is staged: it is nearer to harm.
        let mut order: Vec<&Change> = changes.iter().filter(|change| place(&change.path) != Place::Skip).collect();
        order.sort_by_key(|change| {
            (!self.memory.has(&change.path), fresh.binary_search(&change.path.as_str()).is_err(), change.staged.is_none())
        });
        let mut paths: Vec<String> = order.into_iter().take(MOST_FILES).map(|change| change.path.clone()).collect();
        paths.extend(self.memory.paths().into_iter().filter(|path| self.change(path).is_none()));
        self.report.clear_key("file:*");
        for path in paths {
            self.examine(&path);
        }
        self.memory.save(self.host)?;
        self.report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.urgency as u8));
        Ok(self.report)
    }

    fn ask_git(&mut self) -> Result<(), Error> {
        self.changes = match self.host.git_changes(Version::Head, 5_000) {
            Ok(changes) => Some(changes),
            Err(error) if error.code == ErrorCode::Unavailable => None,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    fn change(&self, path: &str) -> Option<&Change> {
        self.changes.as_ref()?.iter().find(|change| change.path == path)
    }

    fn examine(&mut self, path: &str) {
        let change = self.change(path).cloned();
        let unchanged = self.changes.is_some() && change.is_none();
        let found = if unchanged { self.told_in_head(path) } else { self.told_or_new(path, change.as_ref()) };
        let place = place(path);
        let mut told = Vec::new();
        for (hit, stage) in found {
            let Some(weight) = weigh(hit.sureness, place, stage) else { continue };
            told.push(hit.fingerprint);
            self.report.add(finding(path, &hit, stage, weight));
        }
        self.memory.set(path, told);
    }

    /// What nobody has touched was there before us: it is told only if it was told before it was committed.
    fn told_in_head(&mut self, path: &str) -> Vec<(Hit, Stage)> {
        let told = self.memory.told(path).to_vec();
        let Some(text) = self.read(path).filter(|_| !told.is_empty()) else { return Vec::new() };
        let as_before = String::from_utf8_lossy(&text);
        let hits = scan(&text, options(path, None), Before::new(&as_before, &told));
        hits.into_iter().map(|hit| (hit, Stage::Committed)).collect()
    }

    /// In a file that changed, or that no git knows: what HEAD hasn't, and what was told before.
    fn told_or_new(&mut self, path: &str, change: Option<&Change>) -> Vec<(Hit, Stage)> {
        let options = options(path, change);
        let mut past = None;
        let mut found: Vec<(Hit, Stage)> = Vec::new();
        let staged =
            change.filter(|change| matches!(change.staged, Some(ChangeKind::Added | ChangeKind::Modified | ChangeKind::Renamed)));
        if let Some(change) = staged.filter(|_| self.left > 0 || sensitive(path).is_some()) {
            match self.host.read_all_at(Version::Index, path, MOST_BYTES) {
                Ok(text) => {
                    self.left = self.left.saturating_sub(text.len());
                    found = self.hits(&text, options, path, Some(change), &mut past, Stage::Index);
                }
                // It can't be looked into, so its name has to do.
                Err(error) if error.code == ErrorCode::Denied => report_name(path, change, &mut self.report),
                Err(_) => {}
            }
        }
        if staged.is_none_or(|change| change.unstaged.is_some()) {
            let text = self.read(path).unwrap_or_default();
            for (hit, stage) in self.hits(&text, options, path, change, &mut past, Stage::WorkTree) {
                if !found.iter().any(|(known, _)| known.fingerprint == hit.fingerprint) {
                    found.push((hit, stage));
                }
            }
        }
        found
    }

    /// HEAD is read only for a text that holds something: most hold nothing.
    fn hits(
        &mut self,
        text: &[u8],
        options: Options,
        path: &str,
        change: Option<&Change>,
        past: &mut Option<Past>,
        stage: Stage,
    ) -> Vec<(Hit, Stage)> {
        let mut hits = scan(text, options, Before::nothing());
        if !hits.is_empty() {
            let past = past.get_or_insert_with(|| self.past(path, change));
            hits = scan(text, options, Before::new(&past.text, &past.told));
        }
        hits.into_iter().map(|hit| if hit.in_head { (hit, Stage::Committed) } else { (hit, stage) }).collect()
    }

    /// A file that was moved is compared with what it was. One that git doesn't call renamed may have been moved by hand
    /// and not staged: then it is compared with what was deleted.
    fn past(&mut self, path: &str, change: Option<&Change>) -> Past {
        let mut past = Past { text: String::new(), told: self.memory.told(path).to_vec() };
        let Some(change) = change else { return past };
        let mut names = vec![path];
        names.extend(change.renamed_from.as_deref());
        let changes = self.changes.as_deref().unwrap_or_default();
        if is_new(change) {
            let deleted = changes.iter().filter(|other| is_deleted(other) && extension(&other.path) == extension(path));
            names.extend(deleted.map(|change| change.path.as_str()).take(MOST_DELETED));
        }
        let mut read = 0;
        for name in names {
            if name != path {
                past.told.extend(self.memory.told(name));
            }
            // No commit yet, or not in it: all is new. Too long: no telling, so it is treated as new.
            let Ok(text) = self.host.read_all_at(Version::Head, name, MOST_BYTES) else { continue };
            read += text.len();
            past.text.push_str(&String::from_utf8_lossy(&text));
            past.text.push('\n');
            if read >= MOST_BYTES as usize {
                break;
            }
        }
        self.left = self.left.saturating_sub(read);
        past
    }

    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        if self.left == 0 {
            return None;
        }
        let text = self.host.read_all(path, MOST_BYTES).ok()?;
        self.left = self.left.saturating_sub(text.len());
        Some(text)
    }
}

fn is_new(change: &Change) -> bool {
    let new = |kind: &Option<ChangeKind>| matches!(kind, Some(ChangeKind::Added | ChangeKind::Untracked));
    new(&change.staged) || new(&change.unstaged)
}

fn is_deleted(change: &Change) -> bool {
    [&change.staged, &change.unstaged].contains(&&Some(ChangeKind::Deleted))
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// What to look for in a path. In a file that existed before, a guess has to be surer.
fn options(path: &str, change: Option<&Change>) -> Options {
    let care = if change.is_some_and(|change| !is_new(change)) { Care::Strict } else { Care::Usual };
    Options { guess: (place(path) == Place::Ordinary).then_some(care), bare: has_bare_values(path) }
}
