//! `package-lock.json` and `npm-shrinkwrap.json`, all three versions.

use super::excluded;
use crate::model::{Locked, Problem};
use serde_json::{Map, Value};

pub struct Lock {
    pub packages: Vec<Locked>,
    json: Value,
}

impl Lock {
    /// None for what is no lock.
    pub fn parse(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let mut packages = Vec::new();
        match json.get("packages").and_then(Value::as_object) {
            Some(table) => table.iter().for_each(|(place, package)| packages.extend(locked(place, package))),
            None => nested(json.get("dependencies")?.as_object()?, 0, &mut packages),
        }
        Some(Self { packages, json })
    }

    fn table(&self) -> Option<&Map<String, Value>> {
        self.json.get("packages")?.as_object()
    }

    /// Folders of the project's own packages; the first is the root.
    pub fn members(&self) -> Vec<String> {
        match self.table() {
            Some(table) => {
                let own = |place: &&String| !place.split('/').any(|part| part == "node_modules") && !place.starts_with("..");
                table.keys().filter(own).cloned().collect()
            }
            None => vec![String::new()],
        }
    }

    /// Looked for as Node does: in the package's own folder, then in those above.
    pub fn judge(&self, member: &str, name: &str, wanted: &str) -> Option<Problem> {
        let Some(table) = self.table() else {
            let package = self.json.get("dependencies").and_then(|table| table.get(name));
            return verdict(package, wanted);
        };
        let mut folder = member;
        loop {
            let place = if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
            if let Some(package) = table.get(&place) {
                return verdict(Some(package), wanted);
            }
            if folder.is_empty() {
                return Some(Problem::Missing);
            }
            folder = crate::model::folder(folder);
        }
    }
}

fn verdict(package: Option<&Value>, wanted: &str) -> Option<Problem> {
    let Some(package) = package else { return Some(Problem::Missing) };
    // A link leads to a package of the project itself.
    let linked = package.get("link").and_then(Value::as_bool) == Some(true);
    let version = package.get("version").and_then(Value::as_str).filter(|_| !linked)?;
    excluded(wanted, &[version])
}

fn locked(place: &str, package: &Value) -> Option<Locked> {
    let (_, name) = place.rsplit_once("node_modules/")?;
    let name = package.get("name").and_then(Value::as_str).unwrap_or(name);
    let version = package.get("version").and_then(Value::as_str)?;
    Some(Locked { name: name.into(), version: version.into() })
}

/// The first version's tree.
fn nested(table: &Map<String, Value>, depth: u32, packages: &mut Vec<Locked>) {
    for (name, package) in table {
        if let Some(version) = package.get("version").and_then(Value::as_str) {
            packages.push(Locked { name: name.clone(), version: version.into() });
        }
        if let Some(below) = package.get("dependencies").and_then(Value::as_object).filter(|_| depth < 32) {
            nested(below, depth + 1, packages);
        }
    }
}
