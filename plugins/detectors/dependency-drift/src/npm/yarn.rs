//! `yarn.lock`, of the first Yarn and of those after it.

use super::{excluded, plain};
use crate::model::{Locked, Problem};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Lock {
    pub packages: Vec<Locked>,
    /// Folders of the project's own packages, where the lock names them.
    pub members: Vec<String>,
    /// The requirements that it answers, by name.
    answers: BTreeMap<String, Vec<(String, String)>>,
}

impl Lock {
    /// Both formats have a key at the left edge (`"a@^1, a@^2":`) and what belongs to it two columns in.
    pub fn parse(text: &str) -> Self {
        let mut lock = Self::default();
        let mut keys: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with(' ') {
                let list = line.trim_end_matches(':').split(", ").map(|key| key.trim().trim_matches('"'));
                keys = list.filter_map(split).map(|(name, range)| (name.to_string(), range.to_string())).collect();
                continue;
            }
            let entry = line.strip_prefix("  ").filter(|entry| entry.starts_with("version"));
            let Some(version) = entry.map(|entry| entry["version".len()..].trim_start_matches(':').trim().trim_matches('"'))
            else {
                continue;
            };
            if let Some((_, folder)) =
                keys.iter().find_map(|(_, range)| range.split_once("workspace:")).filter(|(_, f)| !f.contains(['*', '^', '~']))
            {
                lock.members.push(if folder == "." { String::new() } else { folder.to_string() });
            } else if let Some((name, _)) = keys.first() {
                lock.packages.push(Locked { name: real_name(&keys, name).into(), version: version.into() });
            }
            for (name, range) in keys.drain(..) {
                lock.answers.entry(name).or_default().push((range, version.to_string()));
            }
        }
        lock
    }

    /// The very requirement need not be there: what is locked may answer it all the same.
    pub fn judge(&self, name: &str, wanted: &str) -> Option<Problem> {
        // A package of the project itself, a folder, a repository: the lock of Yarn 1 doesn't hold those.
        plain(wanted)?;
        let Some(answers) = self.answers.get(name) else { return Some(Problem::Missing) };
        if answers
            .iter()
            .any(|(range, _)| range == wanted || range.strip_prefix("npm:") == Some(wanted) || range.contains("workspace:"))
        {
            return None;
        }
        let versions: Vec<&str> = answers.iter().map(|(_, version)| version.as_str()).collect();
        excluded(wanted, &versions)
    }
}

/// An alias (`a@npm:b@1`) stands for another package.
fn real_name<'a>(keys: &'a [(String, String)], name: &'a str) -> &'a str {
    let alias = keys.iter().find_map(|(_, range)| range.strip_prefix("npm:").and_then(split));
    alias.map_or(name, |(name, _)| name)
}

/// `name@range`, where the name may begin with `@`.
fn split(key: &str) -> Option<(&str, &str)> {
    let at = key.char_indices().skip(1).find(|(_, c)| *c == '@')?.0;
    Some((&key[..at], &key[at + 1..]))
}
