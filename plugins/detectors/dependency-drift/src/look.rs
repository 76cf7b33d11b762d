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
const MOST_BYTES_A_CALL: usize = 4 << 20;
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
        if self.host.stat(path).is_err() {
            for key in [findings::drift_key(path), findings::majors_key(path), findings::advisory_keys(path)] {
                self.report.clear_key(&key);
            }
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
        let (drifts, committed) = if recorded { self.drifts(path, &reading) } else { (Vec::new(), false) };
        let majors = if recorded { self.majors(path, ecosystem, &reading) } else { Vec::new() };
        let print = if drifts.is_empty() && majors.is_empty() { 0 } else { hash(&format!("{drifts:?}{majors:?}{committed}")) };
        if print != entry.print {
            (entry.print, entry.since) = (print, self.now);
        }
        if drifts.is_empty() {
            self.report.clear_key(&findings::drift_key(path));
        }
        if majors.is_empty() {
            self.report.clear_key(&findings::majors_key(path));
        }
        let age = self.age(path, entry.since, &drifts);
        if print != 0 && age < SETTLE {
            let wait = SETTLE - age;
            self.wait = Some(self.wait.map_or(wait, |other| other.min(wait)));
        } else if print != 0 {
            if !drifts.is_empty() {
                self.report.add(findings::drift(&view, path, &drifts, committed));
            }
            if !majors.is_empty() {
                self.report.add(findings::majors(path, &majors));
            }
        }
        true
    }

    /// In the work tree; or, where all is well there, in the last commit: its lock may have been left out.
    fn drifts(&self, path: &str, reading: &Reading) -> (Vec<Drift>, bool) {
        if !reading.drifts.is_empty() {
            return (reading.drifts.clone(), false);
        }
        let view = View { host: self.host, committed: true, read: &self.read };
        let same = self.host.size_at(Version::Head, path).ok() == self.host.stat(path).ok().map(|info| info.size);
        let committed = if same { None } else { locks::read(&view, path) };
        (committed.map(|reading| reading.drifts).unwrap_or_default(), true)
    }

    fn majors(&self, path: &str, ecosystem: Ecosystem, reading: &Reading) -> Vec<majors::Majors> {
        let view = View { host: self.host, committed: true, read: &self.read };
        view.text(path).map(|text| majors::added(ecosystem, reading, &locks::packages(path, &text))).unwrap_or_default()
    }

    /// Milliseconds since somebody last touched it, as far as is known.
    fn age(&self, path: &str, since: u64, drifts: &[Drift]) -> u64 {
        let paths = drifts.iter().map(|drift| drift.manifest.as_str()).chain([path]);
        let touched = paths.filter_map(|path| self.host.stat(path).ok()).map(|info| info.modified).max();
        let by_clock = self.now.saturating_sub(since);
        touched.map_or(by_clock, |touched| by_clock.max(self.now.saturating_sub(touched)))
    }
}

/// FNV-1a: the same in every build.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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
