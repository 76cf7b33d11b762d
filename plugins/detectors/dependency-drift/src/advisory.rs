//! Advisories that the user put into the project, in the Open Source Vulnerability format.

use crate::model::{Ecosystem, Locked};
use crate::python::Pep440;
use kairos_plugin::prelude::*;
use serde_json::Value;
use std::cmp::Ordering;

/// Where the files are.
pub const FOLDER: &str = ".kairos/advisories";
/// Longer files are not read.
const MOST_BYTES: u64 = 1 << 20;
/// Files that are read.
const MOST_FILES: usize = 200;
/// Bytes that are read in all.
const MOST_BYTES_IN_ALL: usize = 4 << 20;

/// What a locked package is told of.
#[derive(Debug, PartialEq)]
pub struct Hit {
    pub id: String,
    pub summary: String,
    pub package: Locked,
    /// `from 1.2 up to 1.4.3`; what the advisory says.
    pub range: String,
    /// The first version after it that is well.
    pub fixed: Option<String>,
    pub weight: Weight,
    /// The advisory's file.
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nobody maintains it any more, or the like.
    Note,
    Normal,
    /// Its authors call it severe, or the package is there to do harm.
    High,
}

/// All advisories.
pub struct Advisories(Vec<(String, Value)>);

impl Advisories {
    /// Files that hold something else are passed over, with a line in the log.
    pub fn load(host: &impl Host) -> Self {
        let mut all = Vec::new();
        let mut left = MOST_BYTES_IN_ALL;
        let files = host.files(FOLDER, 1).take(MOST_FILES).map_while(Result::ok).filter(|info| info.path.ends_with(".json"));
        for info in files {
            let Ok(bytes) = host.read_all(&info.path, MOST_BYTES.min(left as u64)) else {
                log::warn(&format!("{} is too long or can't be read", info.path));
                continue;
            };
            left -= bytes.len();
            match serde_json::from_slice(&bytes) {
                Ok(Value::Array(list)) => all.extend(list.into_iter().map(|advisory| (info.path.clone(), advisory))),
                Ok(one @ Value::Object(_)) => all.push((info.path, one)),
                _ => log::warn(&format!("{} holds no advisory: it has to be an OSV entry or a list of them", info.path)),
            }
        }
        Self(all)
    }

    /// What they say of these packages. The same fact under two names is told once.
    pub fn hits(&self, ecosystem: Ecosystem, packages: &[Locked]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut known: Vec<(String, Locked)> = Vec::new();
        for (path, advisory) in &self.0 {
            if advisory.get("withdrawn").is_some_and(|when| !when.is_null()) {
                continue;
            }
            let Some(id) = advisory.get("id").and_then(Value::as_str) else { continue };
            for affected in list(advisory, "affected") {
                let named = affected.get("package");
                let of = |key: &str| named.and_then(|package| package.get(key)).and_then(Value::as_str).unwrap_or_default();
                if of("ecosystem") != ecosystem.osv() {
                    continue;
                }
                for package in packages.iter().filter(|package| same_name(ecosystem, &package.name, of("name"))) {
                    let Some((range, fixed)) = affects(ecosystem, affected, &package.version) else { continue };
                    let names = list(advisory, "aliases").iter().filter_map(Value::as_str).chain([id]);
                    let seen = names.clone().any(|name| known.iter().any(|(other, of)| other == name && of == package));
                    known.extend(names.map(|name| (name.to_string(), package.clone())));
                    if !seen {
                        let summary = advisory.get("summary").or_else(|| advisory.get("details")).and_then(Value::as_str);
                        let summary = summary.unwrap_or_default().lines().next().unwrap_or_default().to_string();
                        let weight = weight(id, advisory, affected);
                        hits.push(Hit {
                            id: id.into(),
                            summary,
                            package: package.clone(),
                            range,
                            fixed,
                            weight,
                            path: path.clone(),
                        });
                    }
                }
            }
        }
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.weight));
        hits
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn same_name(ecosystem: Ecosystem, ours: &str, theirs: &str) -> bool {
    match ecosystem {
        // Ours is brought into the normal form already.
        Ecosystem::PyPi => ours == crate::python::normal(theirs),
        _ => ours == theirs,
    }
}

/// The range that holds the version, in words, and the version that mends it. None: not affected, or it can't be told.
fn affects(ecosystem: Ecosystem, affected: &Value, version: &str) -> Option<(String, Option<String>)> {
    let order = |other: &str| compare(ecosystem, version, other);
    for range in list(affected, "ranges").iter().filter(|range| range.get("type").and_then(Value::as_str) != Some("GIT")) {
        // Events come in pairs: where it begins, and where it ends.
        let mut from: Option<&str> = None;
        for event in sorted(ecosystem, list(range, "events")) {
            let at = |key: &str| event.get(key).and_then(Value::as_str);
            if let Some(introduced) = at("introduced") {
                from = (is_first(introduced) || order(introduced)?.is_ge()).then_some(introduced);
            } else if let (Some(fixed), Some(begin)) = (at("fixed"), from) {
                if order(fixed)?.is_lt() {
                    return Some((words(begin, &format!("before {fixed}")), Some(fixed.into())));
                }
                from = None;
            } else if let (Some(last), Some(begin)) = (at("last_affected"), from) {
                if order(last)?.is_le() {
                    return Some((words(begin, &format!("up to {last}")), None));
                }
                from = None;
            }
        }
        if let Some(begin) = from {
            return Some((words(begin, ""), None));
        }
    }
    let named = list(affected, "versions").iter().filter_map(Value::as_str).any(|other| other.trim_start_matches('v') == version);
    named.then(|| (format!("this version, {version}"), None))
}

fn words(begin: &str, end: &str) -> String {
    match (is_first(begin), end) {
        (true, "") => "all versions".into(),
        (true, end) => format!("all versions {end}"),
        (false, "") => format!("from {begin} on"),
        (false, end) => format!("from {begin}, {end}"),
    }
}

/// The format's way to say "from the beginning", and that of the database of Rust's advisories.
fn is_first(version: &str) -> bool {
    matches!(version, "0" | "0.0.0-0")
}

/// By version; the format doesn't promise an order.
fn sorted<'a>(ecosystem: Ecosystem, events: &'a [Value]) -> Vec<&'a Value> {
    let version = |event: &'a Value| {
        ["introduced", "fixed", "last_affected"].iter().find_map(|key| event.get(key).and_then(Value::as_str)).unwrap_or("0")
    };
    let mut events: Vec<&Value> = events.iter().collect();
    events.sort_by(|a, b| match (version(a), version(b)) {
        (a, b) if is_first(a) || is_first(b) => is_first(b).cmp(&is_first(a)),
        (a, b) => compare(ecosystem, a, b).unwrap_or(Ordering::Equal),
    });
    events
}

fn compare(ecosystem: Ecosystem, ours: &str, theirs: &str) -> Option<Ordering> {
    if ecosystem == Ecosystem::PyPi {
        return Some(Pep440::parse(ours)?.cmp(&Pep440::parse(theirs)?));
    }
    let parse = |text: &str| semver::Version::parse(&full(text.trim_start_matches('v'))).ok();
    Some(parse(ours)?.cmp_precedence(&parse(theirs)?))
}

/// Some write `1.2` for `1.2.0`.
fn full(version: &str) -> String {
    let end = version.find(['-', '+']).unwrap_or(version.len());
    let (release, rest) = version.split_at(end);
    match release.matches('.').count() {
        0 => format!("{release}.0.0{rest}"),
        1 => format!("{release}.0{rest}"),
        _ => version.to_string(),
    }
}

fn weight(id: &str, advisory: &Value, affected: &Value) -> Weight {
    let specific = |value: &Value, key: &str| {
        value.get("database_specific").and_then(|table| table.get(key)).and_then(Value::as_str).map(str::to_ascii_lowercase)
    };
    let severity = specific(advisory, "severity").or_else(|| specific(affected, "severity"));
    match severity.as_deref() {
        _ if id.starts_with("MAL-") => Weight::High,
        _ if specific(affected, "informational").is_some() => Weight::Note,
        Some("high" | "critical") => Weight::High,
        _ => Weight::Normal,
    }
}
