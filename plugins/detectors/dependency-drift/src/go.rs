//! `go.mod` and `go.sum`.

use crate::model::{Drift, Locked, Problem, Reading, folder, join};
use crate::view::View;
use kairos_plugin::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Module {
    /// Module and version.
    requires: Vec<(String, String)>,
    /// What stands for a module; none for a folder. Some are for one version alone.
    replaces: BTreeMap<String, Option<(String, String)>>,
}

/// What `go.sum` at `path` and the `go.mod` beside it say; none when the two can't be read.
pub fn read<H: Host>(view: &View<'_, H>, path: &str) -> Option<Reading> {
    let base = folder(path);
    let manifest = join(base, "go.mod")?;
    let module = parse(&view.text(&manifest)?);
    let mut sums = sums(&view.text(path)?);
    // A workspace keeps what its modules don't need by themselves in a file of its own.
    if let Some(more) = view.text(&join(base, "go.work.sum")?) {
        sums.extend(self::sums(&more));
    }
    let mut reading = Reading::default();
    for (name, version) in module.requires {
        let (name, version) = match module.replaces.get(&name) {
            Some(None) => continue,
            Some(Some((other, version))) => (other.clone(), version.clone()),
            None => (name, version),
        };
        if !sums.contains(&(name.clone(), format!("{version}/go.mod"))) && !sums.contains(&(name.clone(), version.clone())) {
            let others: Vec<String> = sums
                .iter()
                .filter(|(other, version)| *other == name && !version.ends_with("/go.mod"))
                .map(|(_, version)| version.clone())
                .collect();
            let problem = if others.is_empty() { Problem::Missing } else { Problem::Excluded(others) };
            reading.drifts.push(Drift { manifest: manifest.clone(), name: name.clone(), wanted: version.clone(), problem });
        }
        // The manifest decides; the sums may hold older versions too.
        reading.packages.push(Locked { name, version: version.trim_start_matches('v').into() });
    }
    Some(reading.tidy())
}

fn sums(text: &str) -> BTreeSet<(String, String)> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_string(), words.next()?.to_string()))
    };
    text.lines().filter_map(line).collect()
}

fn parse(text: &str) -> Module {
    let mut module = Module::default();
    let mut block = String::new();
    for line in text.lines() {
        let line = line.split_once("//").map_or(line, |(line, _)| line);
        let mut words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match words[..] {
            [] => continue,
            [")"] => {
                block.clear();
                continue;
            }
            [name, "("] => {
                block = name.to_string();
                continue;
            }
            _ => {}
        }
        let verb = if block.is_empty() { words.remove(0) } else { block.as_str() };
        match (verb, &words[..]) {
            ("require", [name, version]) => {
                module.requires.push((name.to_string(), version.to_string()));
            }
            ("replace", [name, rest @ ..]) => {
                let to = rest.iter().position(|word| *word == "=>").map(|at| &rest[at + 1..]);
                let to = to.and_then(|to| Some((to.first()?.to_string(), to.get(1)?.to_string())));
                module.replaces.insert(name.to_string(), to);
            }
            _ => {}
        }
    }
    module
}
