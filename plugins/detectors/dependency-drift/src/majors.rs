//! Packages that come in several incompatible versions. Pure.

use crate::model::{Locked, Reading};
use std::collections::{BTreeMap, BTreeSet};

/// A package of which the lock holds a further major version.
#[derive(Debug, PartialEq)]
pub struct Majors {
    pub name: String,
    /// All that are locked now.
    pub versions: Vec<String>,
}

/// Those that the last commit didn't have, of packages that a manifest asks for by itself: of others nobody here chose a version.
pub fn added(now: &Reading, before: &[Locked]) -> Vec<Majors> {
    let old = by_name(before);
    let new = by_name(&now.packages).into_iter().filter(|(name, _)| now.direct.contains(*name));
    new.filter(|(name, majors)| majors.len() > 1 && majors.keys().any(|major| !old.get(name).is_some_and(|old| old.contains_key(major))))
        // Without an older version of it all would be new: that is a choice just made.
        .filter(|(name, _)| old.contains_key(name))
        .map(|(name, majors)| Majors { name: name.into(), versions: majors.into_values().flatten().map(String::from).collect() })
        .collect()
}

fn by_name(packages: &[Locked]) -> BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>> {
    let mut names: BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for package in packages {
        names.entry(&package.name).or_default().entry(major(&package.version)).or_default().insert(&package.version);
    }
    names
}

/// The part of a version that says what it is compatible with: `1`, `0.3`, `0.0.7`.
fn major(version: &str) -> String {
    let mut parts: Vec<&str> = version.split(['-', '+']).next().unwrap_or(version).split('.').take(3).collect();
    let end = parts.iter().position(|part| *part != "0").map_or(parts.len(), |at| at + 1);
    parts.truncate(end);
    parts.join(".")
}
