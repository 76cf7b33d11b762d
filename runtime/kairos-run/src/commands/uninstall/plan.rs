//! What is ours to remove.
//!
//! A folder that the system named after us is ours with all that is in it. In a `KAIROS_HOME`, whose folders have names that
//! anybody may use, everything has to be known to be ours, or nothing is removed. Links are removed, never followed.

use crate::errors::advice;
use crate::paths::Paths;
use crate::view::text;
use anyhow::Result;
use std::fs::{Metadata, read_dir, remove_dir, remove_dir_all, remove_file};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What may be in the folders of a `KAIROS_HOME`; `*` at the end stands for any rest.
const HOME: &[&str] = &["kairos.toml", "data", "cache", "run", "skills"];
const DATA: &[&str] = &["state.db*", "projects", "plugins", "logs", "crashes", "run", "user"];
const CACHE: &[&str] = &["components"];
const RUN: &[&str] = &["lock", "control.sock*", "commands*", "hooks*"];
/// Foreign things that are named before it gets boring.
const NAMED: usize = 10;

/// What goes, in this order.
#[derive(Debug, Default)]
pub struct Plan {
    items: Vec<Item>,
    /// Folders that go if nothing is left in them.
    emptied: Vec<PathBuf>,
}

#[derive(Debug)]
struct Item {
    what: &'static str,
    path: PathBuf,
    note: String,
}

impl Plan {
    /// What is there and ours. An error if what is there is not all ours.
    pub fn make(paths: &Paths, purge: bool) -> Result<Self> {
        if let Some(home) = home(paths) {
            let foreign = foreign(home, paths, purge);
            if !foreign.is_empty() {
                let more = foreign.len().saturating_sub(NAMED);
                let mut list: Vec<_> = foreign.iter().take(NAMED).map(|p| format!("\n  {}", p.display())).collect();
                if more > 0 {
                    list.push(format!("\n  and {more} more"));
                }
                return Err(advice(
                    format!("{} holds what kairos-run did not make, so nothing is removed:{}", home.display(), list.concat()),
                    "move it away and try again, or remove by hand what you don't need",
                ));
            }
        }
        let mut plan = Self::default();
        plan.add("cache", &paths.cache, String::new());
        if purge {
            plan.add("settings", &paths.config, String::new());
            plan.emptied.extend(paths.config.parent().map(Path::to_path_buf));
            plan.add("data", &paths.data, own_plugins(paths));
            plan.add("run", &paths.run, String::new());
            // Where the path of the socket was too long.
            if let Ok(socket) = kairos_api::socket_path(&paths.socket())
                && socket != paths.socket()
                && let Some(folder) = socket.parent()
            {
                plan.add("socket", folder, String::new());
            }
        }
        Ok(plan)
    }

    fn add(&mut self, what: &'static str, path: &Path, note: String) {
        let Ok(found) = path.symlink_metadata() else { return };
        let note = if found.is_symlink() { ", a link: what it leads to stays".to_string() } else { note };
        self.items.push(Item { what, path: path.to_path_buf(), note });
    }

    /// One line each.
    pub fn shown(&self) -> String {
        self.items.iter().map(|Item { what, path, note }| format!("  {what:<9} {}{note}\n", path.display())).collect()
    }

    /// Removes everything; what could not be removed, and why.
    pub fn carry_out(&self) -> Vec<String> {
        let mut failed = Vec::new();
        for Item { path, .. } in &self.items {
            let done = path.symlink_metadata().and_then(|found| remove(path, &found));
            match done {
                Err(e) if e.kind() != ErrorKind::NotFound => failed.push(format!("{}: {e}", path.display())),
                _ => {}
            }
        }
        for folder in &self.emptied {
            // One that something else is in, or that is a link, stays.
            let _ = remove_dir(folder);
        }
        failed
    }
}

/// The standard library's `remove_dir_all` removes links inside, and follows none, whoever puts one there meanwhile.
fn remove(path: &Path, found: &Metadata) -> io::Result<()> {
    if found.is_dir() { remove_dir_all(path) } else { remove_file(path) }
}

/// The `KAIROS_HOME`, where everything is in one.
fn home(paths: &Paths) -> Option<&Path> {
    let home = paths.config.parent()?;
    [&paths.data, &paths.cache, &paths.run].iter().all(|p| p.parent() == Some(home)).then_some(home)
}

/// What is in the folders that would go and is not known to be ours.
fn foreign(home: &Path, paths: &Paths, purge: bool) -> Vec<PathBuf> {
    let mut all = unknown(&paths.cache, CACHE);
    if purge {
        all.extend(unknown(home, HOME));
        all.extend(unknown(&paths.data, DATA));
        all.extend(unknown(&paths.run, RUN));
        all.extend(entries(&paths.project("")).into_iter().filter(|p| !is_slug(p)));
    }
    all.sort();
    all
}

fn unknown(folder: &Path, known: &[&str]) -> Vec<PathBuf> {
    let is_known = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        known.iter().any(|k| k.strip_suffix('*').map_or(name == *k, |begin| name.starts_with(begin)))
    };
    entries(folder).into_iter().filter(|p| !is_known(p)).collect()
}

/// What is in a folder; nothing where a link leads to it, because that is not followed.
fn entries(folder: &Path) -> Vec<PathBuf> {
    if folder.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
        return Vec::new();
    }
    read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect()
}

/// As `paths::slug` makes them: a name, and eight hexadecimal digits.
fn is_slug(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once('-').is_some_and(|(_, hash)| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Plugins that the user has put there are his own work.
fn own_plugins(paths: &Paths) -> String {
    match entries(&paths.plugins()).len() as u64 {
        0 => String::new(),
        n => format!(", with {} of yours", text::count(n, "plugin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};
    use std::os::unix::fs::symlink;

    fn world() -> (tempfile::TempDir, Paths) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        for folder in ["data/projects/x-0123abcd", "data/plugins", "cache/components", "run"] {
            create_dir_all(home.join(folder)).unwrap();
        }
        for file in ["kairos.toml", "data/state.db", "data/state.db-wal", "run/lock"] {
            write(home.join(file), "").unwrap();
        }
        let paths =
            Paths { config: home.join("kairos.toml"), data: home.join("data"), cache: home.join("cache"), run: home.join("run") };
        (dir, paths)
    }

    #[test]
    fn a_purge_leaves_nothing_and_the_rest_leaves_the_data() {
        let (dir, paths) = world();
        assert!(Plan::make(&paths, false).unwrap().carry_out().is_empty());
        assert!(!paths.cache.exists() && paths.user_db().exists());
        write(paths.plugins().join("mine.wasm"), "").unwrap();
        let plan = Plan::make(&paths, true).unwrap();
        assert!(plan.shown().contains("with 1 plugin of yours"), "{}", plan.shown());
        assert!(plan.carry_out().is_empty());
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_home_with_something_else_in_it_is_left_whole() {
        for foreign in ["notes.txt", "skill", "data/projects/thesis", "data/photos", "cache/firefox", "run/x"] {
            let (_dir, paths) = world();
            let file = home(&paths).unwrap().join(foreign);
            write(&file, "").unwrap();
            let error = Plan::make(&paths, true).unwrap_err().to_string();
            assert!(error.contains(file.to_str().unwrap()), "{error}");
            assert!(paths.user_db().exists());
        }
    }

    #[test]
    fn what_links_lead_to_stays() {
        let (dir, paths) = world();
        let mine = dir.path().join("mine");
        create_dir_all(mine.join("deep")).unwrap();
        symlink(&mine, paths.data.join("crashes")).unwrap();
        symlink(&mine, paths.project("x-0123abcd").join("link")).unwrap();
        remove_dir_all(&paths.cache).unwrap();
        symlink(&mine, &paths.cache).unwrap();
        let plan = Plan::make(&paths, true).unwrap();
        assert!(plan.shown().contains("a link: what it leads to stays"), "{}", plan.shown());
        assert!(plan.carry_out().is_empty());
        assert!(mine.join("deep").exists() && !home(&paths).unwrap().exists());
    }

    #[test]
    fn a_folder_named_after_us_goes_with_all_that_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let p = |name: &str| dir.path().join(name).join("kairos-run");
        let paths = Paths { config: p("config").join("kairos.toml"), data: p("data"), cache: p("cache"), run: p("run") };
        for folder in [&paths.data, &paths.cache, &paths.run, &p("config")] {
            create_dir_all(folder).unwrap();
        }
        write(&paths.config, "").unwrap();
        write(paths.data.join("of-a-later-version"), "").unwrap();
        assert!(Plan::make(&paths, true).unwrap().carry_out().is_empty());
        assert!(["config", "data", "cache", "run"].iter().all(|name| !p(name).exists() && dir.path().join(name).exists()));
    }
}
