//! What was reported, so that a secret which gets committed isn't taken for solved, and an old one isn't told as new.

use kairos_plugin::prelude::*;

const REPORTED: &str = "reported";
/// Paths that are remembered; what is over the limits is told all the same, but forgotten once it is committed.
const MOST_PATHS: usize = 100;
const LONGEST_PATH: usize = 300;

/// Paths, each with the hashes of its secrets.
#[derive(Clone, PartialEq)]
struct Entries(Vec<(String, Vec<u64>)>);

/// The entries as they were when the call began, and as they will be kept.
pub struct Memory {
    before: Entries,
    after: Entries,
}

impl Entries {
    fn of(&self, path: &str) -> &[u64] {
        self.0.iter().find(|(known, _)| known == path).map_or(&[], |(_, prints)| prints)
    }
}

impl Memory {
    pub fn load(host: &impl Host) -> Result<Self, Error> {
        let text = host.get_string(REPORTED)?.unwrap_or_default();
        let entry = |line: &str| {
            let (prints, path) = line.split_once(' ')?;
            Some((path.to_owned(), prints.split(',').filter_map(|print| u64::from_str_radix(print, 16).ok()).collect()))
        };
        let before = Entries(text.lines().filter_map(entry).collect());
        Ok(Self { after: before.clone(), before })
    }

    /// The hashes of what was told of a path before this call; none if nothing was.
    pub fn told(&self, path: &str) -> &[u64] {
        self.before.of(path)
    }

    pub fn has(&self, path: &str) -> bool {
        !self.told(path).is_empty()
    }

    pub fn paths(&self) -> Vec<String> {
        self.before.0.iter().map(|(path, _)| path.clone()).collect()
    }

    /// What is told of a path now.
    pub fn set(&mut self, path: &str, prints: Vec<u64>) {
        let entries = &mut self.after.0;
        match entries.iter().position(|(known, _)| known == path) {
            Some(at) if prints.is_empty() => {
                entries.remove(at);
            }
            Some(at) => entries[at].1 = prints,
            None if prints.is_empty() || entries.len() >= MOST_PATHS || path.len() > LONGEST_PATH || path.contains('\n') => {}
            None => entries.push((path.into(), prints)),
        }
    }

    pub fn save(&self, host: &impl Host) -> Result<(), Error> {
        if self.before == self.after {
            return Ok(());
        }
        let line = |(path, prints): &(String, Vec<u64>)| {
            let prints: Vec<String> = prints.iter().map(|print| format!("{print:x}")).collect();
            format!("{} {path}\n", prints.join(","))
        };
        host.set_string(REPORTED, &self.after.0.iter().map(line).collect::<String>())
    }
}
