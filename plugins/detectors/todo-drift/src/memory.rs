//! Since when each place is known, branch by branch, so that what was written a minute ago isn't told.

use crate::marks::Mark;
use kairos_plugin::prelude::*;
use std::collections::BTreeMap;

/// Branches whose places are remembered; with more, all others are forgotten and their time begins anew.
const MOST_BRANCHES: usize = 32;
/// Paths in which something was found, so that a change of any other file costs one look-up.
const PATHS: &str = "paths";
/// Places a branch whose time is kept; later ones are told as long as the first are.
const MOST_PLACES: usize = 1000;

/// First seen, in milliseconds since 1970, by the hash of a place.
pub struct Memory {
    key: String,
    before: BTreeMap<u64, u64>,
    after: BTreeMap<u64, u64>,
}

impl Memory {
    pub fn load(host: &impl Host, branch: &str) -> Result<Self, Error> {
        let key = kairos_plugin::fit_key(&format!("seen:{branch}"));
        let text = host.get_string(&key)?.unwrap_or_default();
        let entry = |line: &str| {
            let (hash, time) = line.split_once(' ')?;
            Some((u64::from_str_radix(hash, 16).ok()?, time.parse().ok()?))
        };
        Ok(Self { key, before: text.lines().filter_map(entry).collect(), after: BTreeMap::new() })
    }

    /// When it was first seen: now, if it wasn't known.
    pub fn since(&mut self, mark: &Mark, now: u64) -> u64 {
        let hash = kairos_plugin::fnv(mark.text.bytes());
        // A clock that went back must not keep a place silent for long.
        let since = self.before.get(&hash).copied().unwrap_or(now).min(now);
        if self.after.len() < MOST_PLACES {
            self.after.insert(hash, since);
        }
        since
    }

    /// Keeps what was asked for since [`load`](Self::load), and forgets the rest.
    pub fn save(&self, host: &impl Host, paths: &[&str]) -> Result<(), Error> {
        let paths = paths.join("\n");
        if host.get_string(PATHS)?.unwrap_or_default() != paths {
            // Too many to keep: then a look comes with the next change in git.
            host.set_string(PATHS, if paths.len() < 32 << 10 { &paths } else { "" })?;
        }
        if self.after == self.before {
            return Ok(());
        }
        if self.after.is_empty() {
            return host.delete(&self.key);
        }
        let branches = host.keys("seen:")?;
        if branches.len() >= MOST_BRANCHES && !branches.contains(&self.key) {
            branches.iter().try_for_each(|branch| host.delete(branch))?;
        }
        let text: String = self.after.iter().map(|(hash, since)| format!("{hash:x} {since}\n")).collect();
        host.set_string(&self.key, &text)
    }
}

/// Was anything found in one of these paths?
pub fn concerns(host: &impl Host, paths: &[&str]) -> Result<bool, Error> {
    let known = host.get_string(PATHS)?.unwrap_or_default();
    Ok(known.lines().any(|known| paths.contains(&known)))
}
