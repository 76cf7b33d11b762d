//! `package.json`, and the locks of npm, pnpm and Yarn.

mod package_lock;
mod pnpm;
mod range;
mod yarn;

use crate::model::{Drift, Locked, Problem, Reading, folder, join};
use crate::view::View;
use kairos_plugin::prelude::*;
pub use range::Range;
use serde_json::Value;

/// Members that are looked at; a call's CPU time is bounded.
const MOST_MEMBERS: usize = 200;

/// One lock, whatever wrote it.
enum Lock {
    Npm(package_lock::Lock),
    Pnpm(pnpm::Lock),
    Yarn(yarn::Lock),
}

impl Lock {
    fn parse(name: &str, text: &str) -> Option<Self> {
        Some(match name {
            "pnpm-lock.yaml" => Lock::Pnpm(pnpm::Lock::parse(text)),
            "yarn.lock" => Lock::Yarn(yarn::Lock::parse(text)),
            _ => Lock::Npm(package_lock::Lock::parse(text)?),
        })
    }

    fn packages(&self) -> &[Locked] {
        match self {
            Lock::Npm(lock) => &lock.packages,
            Lock::Pnpm(lock) => &lock.packages,
            Lock::Yarn(lock) => &lock.packages,
        }
    }

    /// Folders of the packages that it is for, below its own.
    fn members<H: Host>(&self, view: &View<'_, H>, base: &str, root: &Value) -> Vec<String> {
        match self {
            Lock::Npm(lock) => lock.members(),
            Lock::Pnpm(lock) => lock.members(),
            Lock::Yarn(lock) if !lock.members.is_empty() => lock.members.clone(),
            Lock::Yarn(_) => {
                let patterns = root.get("workspaces").map(|found| found.get("packages").unwrap_or(found));
                let patterns = patterns.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
                let found = patterns.flat_map(|pattern| view.members(base, pattern, "package.json"));
                let below = |path: String| folder(&path).strip_prefix(base).map(|path| path.trim_start_matches('/').to_string());
                std::iter::once(String::new()).chain(found.filter_map(below)).collect()
            }
        }
    }

    fn judge(&self, member: &str, name: &str, wanted: &str) -> Option<Problem> {
        match self {
            Lock::Npm(lock) => lock.judge(member, name, wanted),
            Lock::Pnpm(lock) => lock.judge(member, name, wanted),
            Lock::Yarn(lock) => lock.judge(name, wanted),
        }
    }
}

/// What the lock at `path` and the manifests of its workspace say; none when the two can't be read.
pub fn read<H: Host>(view: &View<'_, H>, path: &str) -> Option<Reading> {
    let lock = Lock::parse(crate::model::file_name(path), &view.text(path)?)?;
    let base = folder(path);
    let root: Value = serde_json::from_str(&view.text(&join(base, "package.json")?)?).ok()?;
    let replaced = replaced(&root);
    let members = lock.members(view, base, &root).into_iter().take(MOST_MEMBERS);
    let members = members.filter_map(|member| {
        let path = join(base, &format!("{member}/package.json"))?;
        let json: Value = serde_json::from_str(&view.text(&path)?).ok()?;
        Some((member, path, json))
    });
    let members: Vec<(String, String, Value)> = members.collect();
    // Linked to each other, and not in every lock.
    let own: Vec<&str> = members.iter().filter_map(|(.., json)| json.get("name").and_then(Value::as_str)).collect();
    let mut reading = Reading { packages: lock.packages().to_vec(), ..Reading::default() };
    for (member, path, json) in &members {
        // Optional ones may be left out of a lock, and who uses a package brings its peers.
        for (kind, name, wanted) in ["dependencies", "devDependencies"].into_iter().flat_map(|kind| entries(json, kind)) {
            let optional = json.get("optionalDependencies").is_some_and(|optional| optional.get(name).is_some());
            if optional || own.contains(&name) || replaced.iter().any(|other| other == name) {
                continue;
            }
            if let Some(range) = plain(wanted).filter(|_| kind == "dependencies") {
                let named = lock.packages().iter().filter(|package| package.name == name);
                let allowed =
                    |package: &&Locked| semver::Version::parse(&package.version).is_ok_and(|version| range.allows(&version));
                reading.direct.extend(named.filter(allowed).cloned());
            }
            if let Some(problem) = lock.judge(member, name, wanted) {
                reading.drifts.push(Drift { manifest: path.clone(), name: name.into(), wanted: wanted.into(), problem });
            }
        }
    }
    Some(reading.tidy())
}

/// The packages alone.
pub fn packages(name: &str, text: &str) -> Vec<Locked> {
    Lock::parse(name, text).map(|lock| lock.packages().to_vec()).unwrap_or_default()
}

fn entries<'a>(json: &'a Value, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    let table = json.get(kind).and_then(Value::as_object);
    table.into_iter().flatten().filter_map(move |(name, wanted)| Some((kind, name.as_str(), wanted.as_str()?)))
}

/// Packages whose version the manifest decides elsewhere.
fn replaced(root: &Value) -> Vec<String> {
    let tables = [root.get("overrides"), root.get("resolutions"), root.get("pnpm").and_then(|pnpm| pnpm.get("overrides"))];
    let keys = tables.into_iter().flatten().filter_map(Value::as_object).flat_map(|table| table.keys());
    keys.map(|key| {
        // `a@^1`, `**/a`, `b>a`.
        let last = key.rsplit(['>']).next().unwrap_or(key).trim();
        let last = last.strip_prefix("**/").unwrap_or(last);
        let end = last.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(last.len(), |(at, _)| at);
        last[..end].to_string()
    })
    .collect()
}

/// A requirement that a registry answers: `npm:` and an alias are taken off. None for folders, repositories and tags.
fn plain(wanted: &str) -> Option<Range> {
    let wanted = match wanted.strip_prefix("npm:") {
        Some(alias) => alias.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(alias, |(at, _)| &alias[at + 1..]),
        None => wanted,
    };
    Range::parse(wanted)
}

/// None: one of the versions is allowed, or it can't be judged.
fn excluded(wanted: &str, versions: &[&str]) -> Option<Problem> {
    let range = plain(wanted)?;
    let parsed: Vec<semver::Version> =
        versions.iter().map(|version| semver::Version::parse(version)).collect::<Result<_, _>>().ok()?;
    let any = parsed.iter().any(|version| range.allows(version));
    (!any).then(|| Problem::Excluded(versions.iter().map(ToString::to_string).collect()))
}
