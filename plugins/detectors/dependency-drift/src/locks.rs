//! Which files are locks, and which lock a manifest belongs to.

use crate::model::{Ecosystem, Locked, Reading, file_name, folder};
use crate::view::View;
use crate::{cargo, go, npm, python};
use kairos_plugin::prelude::*;

/// Lock, the manifest that stands beside it, and whose packages they name.
const KINDS: [(&str, &str, Ecosystem); 8] = [
    ("Cargo.lock", "Cargo.toml", Ecosystem::Cargo),
    ("package-lock.json", "package.json", Ecosystem::Npm),
    ("npm-shrinkwrap.json", "package.json", Ecosystem::Npm),
    ("pnpm-lock.yaml", "package.json", Ecosystem::Npm),
    ("yarn.lock", "package.json", Ecosystem::Npm),
    ("uv.lock", "pyproject.toml", Ecosystem::PyPi),
    ("poetry.lock", "pyproject.toml", Ecosystem::PyPi),
    ("go.sum", "go.mod", Ecosystem::Go),
];

/// Globs of everything that concerns a lock.
pub const PATHS: [&str; 12] = [
    "**/Cargo.toml",
    "**/Cargo.lock",
    "**/package.json",
    "**/package-lock.json",
    "**/npm-shrinkwrap.json",
    "**/pnpm-lock.yaml",
    "**/yarn.lock",
    "**/pyproject.toml",
    "**/uv.lock",
    "**/poetry.lock",
    "**/go.mod",
    "**/go.sum",
];

/// Folders above a manifest in which its lock is looked for.
const MOST_FOLDERS: usize = 8;
/// Folders below the project in which locks are looked for.
const DEPTH: u32 = 4;

/// The package manager of a lock; none for other files.
pub fn ecosystem(path: &str) -> Option<Ecosystem> {
    KINDS.iter().find(|(lock, ..)| *lock == file_name(path)).map(|(.., ecosystem)| *ecosystem)
}

/// What is not the project's own: installed packages, and projects that tests work on.
pub fn is_foreign(path: &str) -> bool {
    const FOREIGN: &[&str] = &[
        "node_modules",
        "vendor",
        "third_party",
        "third-party",
        "testdata",
        "test-data",
        "fixtures",
        "__fixtures__",
        "fixture",
        "test",
        "tests",
        "__tests__",
        "snapshots",
        "target",
        "site-packages",
        ".venv",
        "venv",
    ];
    folder(path).split('/').any(|part| FOREIGN.contains(&part))
}

/// All locks of the project.
pub fn all(host: &impl Host) -> Vec<String> {
    let names = KINDS.map(|(lock, ..)| lock);
    crate::view::list(host, "", DEPTH, &names).into_iter().filter(|path| !is_foreign(path)).collect()
}

/// The locks that a changed file concerns: itself, or the nearest ones of its kind above a manifest.
pub fn of(host: &impl Host, path: &str) -> Vec<String> {
    if is_foreign(path) {
        return Vec::new();
    }
    if ecosystem(path).is_some() {
        return vec![path.to_string()];
    }
    let mut base = folder(path);
    for _ in 0..MOST_FOLDERS {
        let kinds = KINDS.iter().filter(|(_, manifest, _)| *manifest == file_name(path));
        let places = kinds.map(|(lock, ..)| if base.is_empty() { lock.to_string() } else { format!("{base}/{lock}") });
        let found: Vec<String> = places.filter(|lock| host.stat(lock).is_ok()).collect();
        if !found.is_empty() || base.is_empty() {
            return found;
        }
        base = folder(base);
    }
    Vec::new()
}

/// A lock left over from before its folder joined a workspace: one further up names the folder, and is the one in use.
pub fn is_orphan<H: Host>(view: &View<'_, H>, path: &str) -> bool {
    let base = folder(path);
    let above = base.match_indices('/').map(|(at, _)| &base[..at]).chain((!base.is_empty()).then_some(""));
    above.into_iter().any(|above| {
        let below = base[above.len()..].trim_start_matches('/');
        let lock = if above.is_empty() { file_name(path).to_string() } else { format!("{above}/{}", file_name(path)) };
        // As uv, npm, pnpm and Yarn write it.
        let names =
            [format!("= \"{below}\" }}"), format!("\"{below}\": {{"), format!("\n  {below}:\n"), format!("@workspace:{below}\"")];
        view.text(&lock).is_some_and(|text| names.iter().any(|name| text.contains(name)))
    })
}

/// What a lock and its manifests say; none when they can't be read, which an edit under way explains as a rule.
pub fn read<H: Host>(view: &View<'_, H>, path: &str) -> Option<Reading> {
    match ecosystem(path)? {
        Ecosystem::Cargo => cargo::read(view, path),
        Ecosystem::Npm => npm::read(view, path),
        Ecosystem::PyPi => python::read(view, path),
        Ecosystem::Go => go::read(view, path),
    }
}

/// The packages of a lock, where second majors are worth a word: the others can't hold one.
pub fn packages(path: &str, text: &str) -> Vec<Locked> {
    match ecosystem(path) {
        Some(Ecosystem::Cargo) => cargo::packages(text),
        Some(Ecosystem::Npm) => npm::packages(file_name(path), text),
        _ => Vec::new(),
    }
}
