//! What a look at a lock comes to: told, waited for, or cleared.

use crate::advisory::Advisories;
use crate::findings;
use crate::locks::{self, ecosystem};
use crate::majors;
use crate::memory::{Entry, Memory};
use crate::model::{Drift, Ecosystem, Reading, file_name};
use crate::view::View;
use kairos_plugin::prelude::*;
use std::cell::Cell;

/// How long a disagreement has to last: whoever edits a manifest runs the package manager within that time.
pub const SETTLE: u64 = 10 * 60 * 1000;
/// Bytes that are read and parsed in one call; what is left waits for the next.
const MOST_BYTES_A_CALL: usize = 2 << 20;
/// Seconds until the rest is looked at.
const SOON: u32 = 60;

/// One call's look.
pub struct Look<'a, H> {
    host: &'a H,
    now: u64,
    read: Cell<usize>,
    /// A merge or rebase is under way: what it leaves in the files is nobody's wish.
    busy: bool,
    advisories: Advisories,
    report: Report,
    /// Milliseconds until the first disagreement has settled.
    wait: Option<u64>,
}

impl<'a, H: Host> Look<'a, H> {
    pub fn new(host: &'a H) -> Result<Self, Error> {
        let busy = match host.git_status() {
            Ok(status) => status.operation.is_some(),
            Err(error) if error.code == ErrorCode::Unavailable => false,
            Err(error) => return Err(error),
        };
        let advisories = Advisories::load(host);
        Ok(Self { host, now: host.now(), read: Cell::new(0), busy, advisories, report: Report::new(), wait: None })
    }

    /// All locks that are due, as far as the time of a call goes.
    pub fn at(mut self, memory: &mut Memory) -> Report {
        let mut left = false;
        memory.0.retain_mut(|entry| {
            if !entry.due {
                return true;
            }
            if self.read.get() > MOST_BYTES_A_CALL {
                left = true;
                return true;
            }
            entry.due = false;
            self.examine(entry)
        });
        let seconds = self.wait.map(|wait| u32::try_from(wait.div_ceil(1000)).unwrap_or(u32::MAX));
        match (left, seconds) {
            (true, _) => self.report.wake_after(SOON),
            (false, Some(seconds)) => self.report.wake_after(seconds.max(1)),
            (false, None) if memory.0.iter().all(|entry| entry.print == 0) => self.report.wake_after(0),
            (false, None) => self.report,
        }
    }

    /// False: there is no such lock any more.
    fn examine(&mut self, entry: &mut Entry) -> bool {
        let path = entry.path.as_str();
        if self.host.stat(path).is_err_and(|error| error.code == ErrorCode::NotFound) {
            findings::KEYS.iter().for_each(|kind| self.report.clear_key(&findings::key(kind, path)));
            self.report.clear_key(&findings::advisory_keys(path));
            return false;
        }
        let view = View { host: self.host, committed: false, read: &self.read };
        // What can't be read just now may be half an edit: what was told of it stands.
        let (Some(reading), Some(ecosystem)) = (locks::read(&view, path), ecosystem(path)) else { return true };
        self.report.clear_key(&findings::advisory_keys(path));
        for hit in self.advisories.hits(ecosystem, &reading.packages) {
            self.report.add(findings::advisory(path, &hit));
        }
        if self.busy {
            return true;
        }
        // A lock that isn't recorded is nobody's promise.
        let recorded = !self.host.size_at(Version::Index, path).is_err_and(|error| error.code == ErrorCode::NotFound);
        let in_use = recorded && !locks::is_orphan(&view, path);
        let facts = if in_use { self.facts(&view, path, ecosystem, &reading) } else { Vec::new() };
        let texts: String = facts.iter().map(|finding| format!("{} {}\n", finding.key, finding.detail)).collect();
        let print = if facts.is_empty() { 0 } else { kairos_plugin::fnv(texts.bytes()) };
        if print != entry.print {
            (entry.print, entry.since) = (print, self.now);
        }
        for key in findings::KEYS.map(|kind| findings::key(kind, path)) {
            if !facts.iter().any(|finding| finding.key == key) {
                self.report.clear_key(&key);
            }
        }
        let age = self.age(path, entry.since, &reading.drifts);
        if print != 0 && age < SETTLE {
            let wait = SETTLE - age;
            self.wait = Some(self.wait.map_or(wait, |other| other.min(wait)));
        } else {
            facts.into_iter().for_each(|finding| {
                self.report.add(finding);
            });
        }
        true
    }

    /// All that can be said of a lock and its manifests, settled or not.
    fn facts(&self, view: &View<'_, H>, path: &str, ecosystem: Ecosystem, reading: &Reading) -> Vec<Finding> {
        let mut facts = Vec::new();
        if !reading.drifts.is_empty() {
            facts.push(findings::drift(view, path, &reading.drifts));
        }
        // Most locks are as they were committed, and then nothing of them is new. By the size: a lock that changes and keeps it is rare.
        let size = self.host.stat(path).map(|info| info.size).ok();
        if self.host.size_at(Version::Head, path).ok() == size {
            return facts;
        }
        if reading.drifts.is_empty() {
            let left_out = self.left_out(view, path);
            facts.extend((!left_out.is_empty()).then(|| findings::left_out(view, path, &left_out)));
        }
        let majors = self.majors(path, ecosystem, reading);
        facts.extend((!majors.is_empty()).then(|| findings::majors(path, &majors)));
        facts
    }

    /// What disagrees in the last commit, where the work tree holds the very manifests and a lock that fits: that lock was not
    /// committed with them.
    fn left_out(&self, view: &View<'_, H>, path: &str) -> Vec<Drift> {
        let last = View { host: self.host, committed: true, read: &self.read };
        let drifts = locks::read(&last, path).map(|reading| reading.drifts).unwrap_or_default();
        let same = |drift: &Drift| last.text(&drift.manifest) == view.text(&drift.manifest);
        drifts.into_iter().filter(same).collect()
    }

    fn majors(&self, path: &str, ecosystem: Ecosystem, reading: &Reading) -> Vec<majors::Majors> {
        let last = View { host: self.host, committed: true, read: &self.read };
        last.text(path).map(|text| majors::added(ecosystem, reading, &locks::packages(path, &text))).unwrap_or_default()
    }

    /// Milliseconds since somebody last touched it, as far as is known.
    fn age(&self, path: &str, since: u64, drifts: &[Drift]) -> u64 {
        let paths = drifts.iter().map(|drift| drift.manifest.as_str()).chain([path]);
        let touched = paths.filter_map(|path| self.host.stat(path).ok()).map(|info| info.modified).max();
        let by_clock = self.now.saturating_sub(since);
        touched.map_or(by_clock, |touched| by_clock.max(self.now.saturating_sub(touched)))
    }
}

/// The command that makes a lock fit again.
pub fn command(lock: &str) -> &'static str {
    match file_name(lock) {
        "Cargo.lock" => "cargo update --workspace",
        "pnpm-lock.yaml" => "pnpm install",
        "yarn.lock" => "yarn install",
        "uv.lock" => "uv lock",
        "poetry.lock" => "poetry lock",
        "go.sum" => "go mod tidy",
        _ => "npm install",
    }
}
