//! Which locks there are, and since when each disagrees.

use kairos_plugin::prelude::*;

const MEMORY: &str = "locks";
/// Locks that are remembered.
const MOST_LOCKS: usize = 64;
const LONGEST_PATH: usize = 300;

/// One lock.
#[derive(Clone, PartialEq)]
pub struct Entry {
    pub path: String,
    /// It is to be looked at.
    pub due: bool,
    /// Since when it says what `print` stands for, in milliseconds.
    pub since: u64,
    /// A hash of what is wrong; 0 for nothing.
    pub print: u64,
}

/// All of them.
#[derive(Clone, PartialEq)]
pub struct Memory(pub Vec<Entry>);

impl Memory {
    pub fn load(host: &impl Host) -> Result<Self, Error> {
        let text = host.get_string(MEMORY)?.unwrap_or_default();
        let entry = |line: &str| {
            let mut parts = line.splitn(4, ' ');
            let due = parts.next()? == "due";
            let (since, print) = (parts.next()?.parse().ok()?, u64::from_str_radix(parts.next()?, 16).ok()?);
            Some(Entry { path: parts.next()?.to_string(), due, since, print })
        };
        Ok(Self(text.lines().filter_map(entry).collect()))
    }

    /// Marks a lock to be looked at.
    pub fn look_at(&mut self, path: &str) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.path == path) {
            entry.due = true;
        } else if self.0.len() < MOST_LOCKS && path.len() <= LONGEST_PATH && !path.contains('\n') {
            self.0.push(Entry { path: path.into(), due: true, since: 0, print: 0 });
        }
    }

    pub fn look_at_all(&mut self) {
        self.0.iter_mut().for_each(|entry| entry.due = true);
    }

    pub fn save(&self, host: &impl Host, before: &Self) -> Result<(), Error> {
        if self == before {
            return Ok(());
        }
        let line = |e: &Entry| format!("{} {} {:x} {}\n", if e.due { "due" } else { "done" }, e.since, e.print, e.path);
        host.set_string(MEMORY, &self.0.iter().map(line).collect::<String>())
    }
}
