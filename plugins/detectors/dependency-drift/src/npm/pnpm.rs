//! `pnpm-lock.yaml`, from its fifth version on. Machine-written, so its lines and columns do.

use crate::model::{Locked, Problem};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Lock {
    pub packages: Vec<Locked>,
    /// By folder: name and requirement as they stood when the lock was made.
    importers: BTreeMap<String, BTreeMap<String, String>>,
    /// What the lock itself says of versions that are decided elsewhere.
    overrides: Vec<String>,
}

impl Lock {
    pub fn parse(text: &str) -> Self {
        let mut lock = Self::default();
        let mut section = "";
        let mut folder = String::new();
        let mut kind = String::new();
        let mut name = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
            let depth = line.len() - line.trim_start().len();
            let Some((key, value)) = entry(line.trim()) else { continue };
            if depth == 0 {
                section = key;
                folder = String::new();
                kind = key.to_string();
                continue;
            }
            // Without a workspace the one importer's tables stand at the left edge.
            let inner = match section {
                "importers" if depth == 2 => {
                    folder = if key == "." { String::new() } else { key.to_string() };
                    lock.importers.entry(folder.clone()).or_default();
                    continue;
                }
                "importers" if depth == 4 => {
                    kind = key.to_string();
                    continue;
                }
                "importers" => depth - 4,
                "packages" if depth == 2 => {
                    lock.packages.extend(package(key));
                    continue;
                }
                "overrides" if depth == 2 => {
                    lock.overrides.push(key.to_string());
                    continue;
                }
                "dependencies" | "devDependencies" | "optionalDependencies" | "specifiers" => depth,
                _ => continue,
            };
            let mut set = |name: &str, wanted: &str| {
                lock.importers.entry(folder.clone()).or_default().insert(name.to_string(), wanted.to_string());
            };
            match (kind.as_str(), inner, key) {
                ("specifiers", 2, _) => set(key, value),
                ("dependencies" | "devDependencies" | "optionalDependencies", 2, _) => name = key.to_string(),
                ("dependencies" | "devDependencies" | "optionalDependencies", 4, "specifier") => set(&name, value),
                _ => {}
            }
        }
        lock
    }

    pub fn members(&self) -> Vec<String> {
        self.importers.keys().cloned().collect()
    }

    /// pnpm refuses a frozen install when the words differ, even if the version would do.
    pub fn judge(&self, member: &str, name: &str, wanted: &str) -> Option<Problem> {
        // An empty importer is a lock in a format that isn't known here.
        let importer = self.importers.get(member).filter(|importer| !importer.is_empty())?;
        if self.overrides.iter().any(|key| key.rsplit('>').next().is_some_and(|last| last.starts_with(name))) {
            return None;
        }
        match importer.get(name) {
            // What links to the project itself may be left out.
            None if wanted.starts_with("workspace:") || wanted.starts_with("link:") => None,
            None => Some(Problem::Missing),
            Some(made_for) if made_for == wanted || made_for.starts_with("catalog:") && wanted.starts_with("catalog:") => None,
            Some(made_for) => Some(Problem::MadeFor(made_for.clone())),
        }
    }
}

/// `key: value`, where either may be quoted.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (key, value) = match line.strip_prefix('\'') {
        Some(rest) => rest.split_once("':")?,
        None => line.split_once(": ").or_else(|| line.strip_suffix(':').map(|key| (key, "")))?,
    };
    Some((key, value.trim().trim_matches(['\'', '"'])))
}

/// `/a/1.0.0_peer`, `/a@1.0.0(peer@2)`, `@s/a@1.0.0`.
fn package(key: &str) -> Option<Locked> {
    let key = key.strip_prefix('/').unwrap_or(key);
    let key = key.split_once('(').map_or(key, |(key, _)| key);
    let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at).or_else(|| key.rfind('/'))?;
    let version = key[at + 1..].split('_').next().unwrap_or_default();
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| Locked { name: key[..at].into(), version: version.into() })
}
