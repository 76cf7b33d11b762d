//! `pyproject.toml`, and the locks of uv and Poetry.

mod pep440;

use crate::manifest::parse_toml;
use crate::model::{Drift, Locked, Problem, Reading, folder, join};
use crate::view::View;
use kairos_plugin::prelude::*;
pub use pep440::{Specifiers, Version as Pep440};
use serde_json::Value;

/// Members that are looked at; a call's CPU time is bounded.
const MOST_MEMBERS: usize = 100;

/// What the two locks have in common.
struct Lock {
    /// Name, version, and whether it comes from an index.
    packages: Vec<(Locked, bool)>,
    /// Folders of the project's own packages (uv).
    members: Vec<String>,
}

/// What the lock at `path` and the manifests of its workspace say; none when the two can't be read.
pub fn read<H: Host>(view: &View<'_, H>, path: &str) -> Option<Reading> {
    let lock = parse_lock(&view.text(path)?);
    let base = folder(path);
    let root = parse_toml(&view.text(&join(base, "pyproject.toml")?)?)?;
    // Versions that are decided elsewhere.
    let uv = root.get("tool").and_then(|tool| tool.get("uv"));
    let overridden = ["override-dependencies", "environments", "exclude-dependencies"]
        .iter()
        .any(|key| uv.is_some_and(|uv| uv.get(key).is_some()));
    let mut reading = Reading { packages: packages_of(&lock), ..Reading::default() };
    for member in lock.members.iter().take(MOST_MEMBERS) {
        let Some(manifest) = join(base, &format!("{member}/pyproject.toml")) else { continue };
        let text = if member.is_empty() { Some(root.clone()) } else { view.text(&manifest).and_then(|text| parse_toml(&text)) };
        let Some(text) = text else { continue };
        for (name, wanted) in dependencies(&text) {
            if let Some(problem) = judge(&lock, &name, &wanted).filter(|_| !overridden) {
                reading.drifts.push(Drift { manifest: manifest.clone(), name, wanted, problem });
            }
        }
    }
    Some(reading.tidy())
}

fn packages_of(lock: &Lock) -> Vec<Locked> {
    lock.packages.iter().filter(|(_, index)| *index).map(|(package, _)| package.clone()).collect()
}

/// Both tools write each package's name, version and source on lines of their own.
fn parse_lock(text: &str) -> Lock {
    let mut lock = Lock { packages: Vec::new(), members: vec![String::new()] };
    let mut in_package = false;
    for line in text.lines() {
        if line.starts_with('[') {
            match line {
                "[[package]]" => {
                    in_package = true;
                    lock.packages.push((Locked { name: String::new(), version: String::new() }, true));
                }
                // Poetry says here that it is a folder or a repository.
                "[package.source]" => {
                    if let Some((_, index)) = lock.packages.last_mut() {
                        *index = false;
                    }
                    in_package = false;
                }
                _ => in_package = false,
            }
            continue;
        }
        let (true, Some((package, index))) = (in_package, lock.packages.last_mut()) else { continue };
        match line.split_once(" = ") {
            Some(("name", value)) => package.name = normal(value.trim_matches('"')),
            Some(("version", value)) => package.version = value.trim_matches('"').into(),
            Some(("source", value)) => {
                *index = value.contains("registry");
                let own = ["editable = \"", "virtual = \""].iter().find_map(|kind| value.split_once(kind));
                if let Some((folder, _)) = own.and_then(|(_, rest)| rest.split_once('"')).filter(|(folder, _)| *folder != ".") {
                    lock.members.push(folder.into());
                }
            }
            _ => {}
        }
    }
    lock
}

/// Names that pip takes for the same are the same.
pub fn normal(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// Name and specifiers of each. One that holds only on some machines is left out: a lock may not need it.
fn dependencies(manifest: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let project = manifest.get("project");
    let mut lists: Vec<&Value> = project.and_then(|project| project.get("dependencies")).into_iter().collect();
    let tables = [project.and_then(|project| project.get("optional-dependencies")), manifest.get("dependency-groups")];
    lists.extend(tables.into_iter().flatten().filter_map(Value::as_object).flat_map(|table| table.values()));
    let own = project.and_then(|project| project.get("name")).and_then(Value::as_str).map(normal);
    for text in lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        found.extend(requirement(text).filter(|(name, _)| Some(name) != own.as_ref()));
    }
    if let Some(poetry) = manifest.get("tool").and_then(|tool| tool.get("poetry")) {
        let groups = poetry.get("group").and_then(Value::as_object).into_iter().flat_map(|groups| groups.values());
        let tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")].into_iter().flatten();
        let tables = tables.chain(groups.filter_map(|group| group.get("dependencies"))).filter_map(Value::as_object);
        for (name, value) in tables.flatten().filter(|(name, _)| *name != "python") {
            let only_index = ["python", "markers", "platform", "git", "path", "url"].iter().all(|key| value.get(key).is_none());
            let wanted = value.as_str().or_else(|| value.get("version").and_then(Value::as_str));
            if let Some(wanted) = wanted.filter(|_| only_index) {
                found.push((normal(name), wanted.to_string()));
            }
        }
    }
    found
}

/// `name[extra] >=1,<2 ; marker`.
fn requirement(text: &str) -> Option<(String, String)> {
    if text.contains([';', '@']) {
        return None;
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if let Some((_, after)) = rest.split_once(']') {
        rest = after;
    }
    (!name.is_empty()).then(|| (normal(name), rest.trim().trim_matches(['(', ')']).trim().to_string()))
}

fn judge(lock: &Lock, name: &str, wanted: &str) -> Option<Problem> {
    let found: Vec<&Locked> = lock.packages.iter().map(|(package, _)| package).filter(|package| package.name == name).collect();
    if found.is_empty() {
        return Some(Problem::Missing);
    }
    let specifiers = Specifiers::parse(wanted)?;
    let versions: Vec<Pep440> = found.iter().map(|package| Pep440::parse(&package.version)).collect::<Option<_>>()?;
    let any = versions.iter().any(|version| specifiers.allow(version));
    (!any).then(|| Problem::Excluded(found.into_iter().map(|package| package.version.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_without_a_marker() {
        let case = |text: &str| requirement(text).map(|(name, wanted)| format!("{name} {wanted}"));
        assert_eq!(case("Flask[async] >=2, <3").as_deref(), Some("flask >=2, <3"));
        assert_eq!(case("typing_extensions").as_deref(), Some("typing-extensions "));
        assert_eq!(case("a.b (>=1)").as_deref(), Some("a-b >=1"));
        assert_eq!((case("colorama; sys_platform == 'win32'"), case("a @ https://b")), (None, None));
    }
}
