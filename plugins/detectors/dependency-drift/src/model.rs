//! The words that all package managers share.

use std::collections::BTreeSet;

/// Where a package comes from; advisories name it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecosystem {
    Cargo,
    Npm,
    PyPi,
    Go,
}

impl Ecosystem {
    /// Its name in an advisory.
    pub fn osv(self) -> &'static str {
        match self {
            Ecosystem::Cargo => "crates.io",
            Ecosystem::Npm => "npm",
            Ecosystem::PyPi => "PyPI",
            Ecosystem::Go => "Go",
        }
    }
}

/// A package at the version that a lock holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    pub name: String,
    pub version: String,
}

/// A dependency on which manifest and lock disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The manifest's path.
    pub manifest: String,
    /// As the manifest calls it.
    pub name: String,
    /// The version requirement as it is written; may be empty.
    pub wanted: String,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The lock doesn't know it.
    Missing,
    /// The lock holds these versions, none of which the requirement allows.
    Excluded(Vec<String>),
    /// The lock was made for this other requirement, and its package manager insists on the very words.
    MadeFor(String),
}

/// What a lock and its manifests say.
#[derive(Debug, Default)]
pub struct Reading {
    /// All packages from a registry, sorted, each once.
    pub packages: Vec<Locked>,
    /// Those that a manifest asks for by itself, and not for development alone.
    pub direct: BTreeSet<Locked>,
    pub drifts: Vec<Drift>,
}

impl Reading {
    /// Sorts, and drops what is there twice.
    pub fn tidy(mut self) -> Self {
        self.packages.sort();
        self.packages.dedup();
        self
    }
}

/// The folder of a path, without a slash at the end; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A relative path below a folder, with `.` and `..` worked out. None when it leaves the project.
pub fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
