//! `package-lock.json` and `npm-shrinkwrap.json`, all three versions.

use super::excluded;
use crate::model::{Locked, Problem, folder};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Lock {
    pub packages: Vec<Locked>,
    /// By place (`packages/a/node_modules/b`); of the first version only those that the root sees.
    places: BTreeMap<String, Package>,
}

/// Only what is needed: a lock may have a million bytes, and most of them are skipped this way.
#[derive(Deserialize)]
struct File {
    packages: Option<BTreeMap<String, Package>>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

#[derive(Default, Deserialize)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    /// It leads to a package of the project itself.
    #[serde(default)]
    link: bool,
}

#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

impl Lock {
    /// None for what is no lock.
    pub fn parse(text: &str) -> Option<Self> {
        let file: File = serde_json::from_str(text).ok()?;
        let mut lock = Self::default();
        match file.packages {
            Some(places) => {
                lock.packages = places.iter().filter_map(|(place, package)| locked(place, package)).collect();
                lock.places = places;
            }
            None => {
                for (name, package) in file.dependencies? {
                    let version = package.version.clone();
                    nested(&name, package, &mut lock.packages);
                    lock.places.insert(format!("node_modules/{name}"), Package { version, ..Package::default() });
                }
                lock.places.insert(String::new(), Package::default());
            }
        }
        Some(lock)
    }

    /// Folders of the project's own packages; the root's is empty.
    pub fn members(&self) -> Vec<String> {
        let own = |place: &&String| !place.split('/').any(|part| part == "node_modules") && !place.starts_with("..");
        self.places.keys().filter(own).cloned().collect()
    }

    /// Looked for as Node does: in the package's own folder, then in those above.
    pub fn judge(&self, member: &str, name: &str, wanted: &str) -> Option<Problem> {
        let mut base = member;
        loop {
            let place = if base.is_empty() { format!("node_modules/{name}") } else { format!("{base}/node_modules/{name}") };
            if let Some(package) = self.places.get(&place) {
                let version = package.version.as_deref().filter(|_| !package.link)?;
                return excluded(wanted, &[version]);
            }
            if base.is_empty() {
                return Some(Problem::Missing);
            }
            base = folder(base);
        }
    }
}

fn locked(place: &str, package: &Package) -> Option<Locked> {
    let (_, name) = place.rsplit_once("node_modules/")?;
    let name = package.name.as_deref().unwrap_or(name);
    Some(Locked { name: name.into(), version: package.version.clone()? })
}

/// The first version's tree; the parser bounds its depth.
fn nested(name: &str, package: Nested, packages: &mut Vec<Locked>) {
    packages.extend(package.version.map(|version| Locked { name: name.into(), version }));
    for (name, below) in package.dependencies.unwrap_or_default() {
        nested(&name, below, packages);
    }
}
