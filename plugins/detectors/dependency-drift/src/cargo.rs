//! `Cargo.toml` of a package or a workspace, and `Cargo.lock`.

use crate::manifest::parse_toml;
use crate::model::{Drift, Locked, Problem, Reading, folder, join};
use crate::view::View;
use kairos_plugin::prelude::*;
use semver::{Version as Semver, VersionReq};
use serde_json::Value;

/// Members that are looked at; a call's CPU time is bounded.
const MOST_MEMBERS: usize = 200;

/// A package of the lock.
#[derive(Default)]
struct Package {
    name: String,
    version: String,
    /// From a registry or a git repository; the project's own packages have no source.
    source: String,
    /// `name`, `name version` or `name version (source)`.
    needs: Vec<String>,
}

/// What the lock at `path` and the manifests of its workspace say; none when the two can't be read.
pub fn read<H: Host>(view: &View<'_, H>, path: &str) -> Option<Reading> {
    let lock = parse_lock(&view.text(path)?);
    let root = join(folder(path), "Cargo.toml")?;
    let manifest = parse_toml(&view.text(&root)?)?;
    let mut reading = Reading::default();
    for member in members(view, &root, &manifest) {
        let text = if member == root { Some(manifest.clone()) } else { view.text(&member).and_then(|text| parse_toml(&text)) };
        if let Some(text) = text {
            check(&member, &text, &manifest, &lock, &mut reading);
        }
    }
    let registry = lock.into_iter().filter(|package| package.source.starts_with("registry+"));
    reading.packages = registry.map(|package| Locked { name: package.name, version: package.version }).collect();
    Some(reading.tidy())
}

/// The packages alone.
pub fn packages(text: &str) -> Vec<Locked> {
    let registry = parse_lock(text).into_iter().filter(|package| package.source.starts_with("registry+"));
    registry.map(|package| Locked { name: package.name, version: package.version }).collect()
}

/// Cargo writes it in one way only, so lines do.
fn parse_lock(text: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    let mut in_package = false;
    for line in text.lines() {
        if line.starts_with('[') {
            // Old locks hold the root package under another name.
            in_package = matches!(line, "[[package]]" | "[root]");
            if in_package {
                packages.push(Package::default());
            }
            continue;
        }
        let (true, Some(package)) = (in_package, packages.last_mut()) else { continue };
        match line.split_once(" = ") {
            Some(("name", value)) => package.name = value.trim_matches('"').into(),
            Some(("version", value)) => package.version = value.trim_matches('"').into(),
            Some(("source", value)) => package.source = value.trim_matches('"').into(),
            _ => {
                if let Some(need) = line.strip_prefix(" \"") {
                    package.needs.push(need.trim_end_matches(',').trim_end_matches('"').into());
                }
            }
        }
    }
    packages
}

/// The manifests that the lock is for. Packages that lie below, but belong to no workspace, have locks of their own.
fn members<H: Host>(view: &View<'_, H>, root: &str, manifest: &Value) -> Vec<String> {
    let base = folder(root);
    let mut found = vec![root.to_string()];
    let Some(workspace) = manifest.get("workspace").and_then(Value::as_object) else { return found };
    let list = |name: &str| -> Vec<&str> {
        workspace.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let excluded: Vec<String> = list("exclude").into_iter().filter_map(|path| join(base, path)).collect();
    let kept = |path: &str| !excluded.iter().any(|folder| path.starts_with(&format!("{folder}/")));
    for pattern in list("members") {
        found.extend(view.members(base, pattern, "Cargo.toml").into_iter().filter(|path| kept(path)));
    }
    found.sort();
    found.dedup();
    found.truncate(MOST_MEMBERS);
    found
}

fn check(path: &str, manifest: &Value, root: &Value, lock: &[Package], reading: &mut Reading) {
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    // A package that the lock doesn't know is no member, or not yet built.
    let own = lock.iter().find(|package| package.source.is_empty() && Some(package.name.as_str()) == name);
    let Some(own) = own else { return };
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_object);
    for (kind, key, value) in dependencies(manifest) {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let value = match inherits {
            true => match shared.and_then(|shared| shared.get(key)) {
                Some(value) => value,
                // Cargo refuses such a manifest by itself.
                None => continue,
            },
            false => value,
        };
        let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
        let wanted = value.as_str().or_else(|| value.get("version").and_then(Value::as_str)).unwrap_or_default();
        let versions = locked(package, own, lock);
        if !kind.starts_with("dev") {
            let direct = versions.iter().map(|version| Locked { name: package.into(), version: version.to_string() });
            reading.direct.extend(direct);
        }
        if let Some(problem) = judge(wanted, versions) {
            let drift = Drift { manifest: path.into(), name: package.into(), wanted: wanted.into(), problem };
            if !reading.drifts.contains(&drift) {
                reading.drifts.push(drift);
            }
        }
    }
}

/// Kind, key and value of all dependencies, those for one target too: the lock is for every target.
fn dependencies(manifest: &Value) -> Vec<(&str, &str, &Value)> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(Value::as_object) {
        tables.extend(targets.values());
    }
    let kinds = ["dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"];
    let tables = tables.into_iter().flat_map(|table| kinds.map(|kind| Some((kind, table.get(kind)?.as_object()?))));
    tables.flatten().flat_map(|(kind, table)| table.iter().map(move |(key, value)| (kind, key.as_str(), value))).collect()
}

/// The versions of a package that the lock gives to one of the project's own.
fn locked<'a>(name: &str, own: &'a Package, lock: &'a [Package]) -> Vec<&'a str> {
    let mut versions: Vec<&str> = Vec::new();
    for need in &own.needs {
        let mut words = need.split(' ');
        if words.next() != Some(name) {
            continue;
        }
        match words.next() {
            Some(version) => versions.push(version),
            None => versions.extend(lock.iter().filter(|package| package.name == name).map(|package| package.version.as_str())),
        }
    }
    versions
}

fn judge(wanted: &str, versions: Vec<&str>) -> Option<Problem> {
    if versions.is_empty() {
        return Some(Problem::Missing);
    }
    // What can't be read can't be judged.
    let wanted = VersionReq::parse(if wanted.is_empty() { "*" } else { wanted }).ok()?;
    let parsed: Vec<Semver> = versions.iter().map(|version| Semver::parse(version)).collect::<Result<_, _>>().ok()?;
    let any = wanted == VersionReq::STAR || parsed.iter().any(|version| wanted.matches(version));
    (!any).then(|| Problem::Excluded(versions.into_iter().map(String::from).collect()))
}
