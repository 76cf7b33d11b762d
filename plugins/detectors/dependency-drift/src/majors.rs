//! Packages that come in several incompatible versions. Pure.

use crate::model::{Ecosystem, Locked, Reading};
use std::collections::{BTreeMap, BTreeSet};

/// A package of which the lock holds a further major version.
#[derive(Debug, PartialEq)]
pub struct Majors {
    pub name: String,
    /// All that are locked now.
    pub versions: Vec<String>,
}

/// Node loads several versions of a package side by side, and hundreds of packages count on that. Of these a program breaks
/// with two: they keep state for the whole program, or check that a value is of their own class.
const SINGLE: &[&str] = &[
    "@angular/core",
    "@apollo/client",
    "@emotion/react",
    "@tanstack/react-query",
    "@types/react",
    "ember-source",
    "graphql",
    "jotai",
    "lit",
    "mobx",
    "pinia",
    "postcss",
    "preact",
    "prosemirror-model",
    "react",
    "react-dom",
    "react-redux",
    "react-router",
    "redux",
    "rxjs",
    "slate",
    "solid-js",
    "styled-components",
    "svelte",
    "three",
    "vue",
    "vue-router",
    "yjs",
    "zone.js",
    "zustand",
];

/// Those that came in with another package: the project asks for it itself, uses the major version that the last commit had
/// alone, and now there is a further one. Who raises a requirement of his own knows what he does.
pub fn added(ecosystem: Ecosystem, now: &Reading, before: &[Locked]) -> Vec<Majors> {
    let old = by_name(before);
    let new = by_name(&now.packages).into_iter().filter(|(_, majors)| majors.len() > 1);
    new.filter(|(name, _)| ecosystem != Ecosystem::Npm || SINGLE.contains(name))
        .filter(|(name, _)| old.get(name).is_some_and(|old| old.len() == 1))
        .filter(|(name, _)| {
            let mut direct = now.direct.iter().filter(|package| package.name == *name).peekable();
            direct.peek().is_some() && direct.all(|package| old[name].contains_key(&major(&package.version)))
        })
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
