//! Which paths are watched at all: `.gitignore` and `.ignore` at every level, the repository's own exclude file, and globs
//! from the settings. One matcher serves the walk, the events and the polling, so that they never disagree.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Files whose change means that the rules have changed.
pub(crate) fn is_rule_file(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == ".gitignore" || n == ".ignore")
}

/// Tells one state of a file from another; none if it is not there.
type Stamp = Option<(Option<SystemTime>, u64)>;

fn stamp(file: &Path) -> Stamp {
    file.metadata().ok().map(|m| (m.modified().ok(), m.len()))
}

/// The ignore rules of one project.
pub(crate) struct Rules {
    root: PathBuf,
    /// From the settings; they win.
    extra: Gitignore,
    /// Of a repository around the root, nearest first; then its exclude file and the user's.
    outer: Vec<Gitignore>,
    /// The files that these come from, or would, as they were when they were read.
    outer_files: Vec<(PathBuf, Stamp)>,
    /// By folder; most have none.
    folders: HashMap<PathBuf, Option<Arc<[Gitignore]>>>,
}

impl Rules {
    pub fn new(root: &Path, globs: &[String]) -> Self {
        let mut extra = GitignoreBuilder::new(root);
        for glob in globs {
            if let Err(e) = extra.add_line(None, glob) {
                tracing::warn!(%glob, "a glob in files.ignore is not understood and is left out: {e}");
            }
        }
        let mut rules = Self {
            root: root.into(),
            extra: extra.build().unwrap_or_else(|_| Gitignore::empty()),
            outer: Vec::new(),
            outer_files: Vec::new(),
            folders: HashMap::new(),
        };
        rules.load_outer();
        rules
    }

    /// Reads everything anew when next needed.
    pub fn forget(&mut self) {
        self.folders.clear();
        self.load_outer();
    }

    fn load_outer(&mut self) {
        self.outer.clear();
        self.outer_files.clear();
        let top = self.root.ancestors().find(|a| a.join(".git").exists());
        if let Some(top) = top.map(Path::to_path_buf) {
            for folder in self.root.clone().ancestors().skip(1).take_while(|a| a.starts_with(&top)) {
                self.load_outer_files(folder, &[".ignore", ".gitignore"]);
            }
            self.load_outer_files(&top, &[".git/info/exclude"]);
        }
        let (global, _) = Gitignore::global();
        if let Some(file) = ignore::gitignore::gitconfig_excludes_path() {
            let stamp = stamp(&file);
            self.outer_files.push((file, stamp));
        }
        if !global.is_empty() {
            self.outer.push(global);
        }
    }

    fn load_outer_files(&mut self, folder: &Path, names: &[&str]) {
        for file in names.iter().map(|n| folder.join(n)) {
            let stamp = stamp(&file);
            self.outer_files.push((file, stamp));
        }
        self.outer.extend(load(folder, names));
    }

    /// Has a file outside of the root, or in `.git`, changed? Then everything is read anew. No event tells of these.
    pub fn outer_changed(&mut self) -> bool {
        let changed = self.outer_files.iter().any(|(file, seen)| stamp(file) != *seen);
        if changed {
            self.forget();
        }
        changed
    }

    /// The path below the root with `/`; none for the root itself, for what lies outside, and for names that are not UTF-8.
    pub fn relative(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.root).ok()?.to_str()?;
        (!below.is_empty()).then(|| if cfg!(windows) { below.replace('\\', "/") } else { below.into() })
    }

    /// Is a path, or a folder above it, ignored? `.git` always is.
    pub fn is_ignored(&mut self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return true };
        let mut at = self.root.clone();
        let mut parts = below.components().peekable();
        while let Some(part) = parts.next() {
            at.push(part);
            if self.is_ignored_here(&at, is_folder || parts.peek().is_some()) {
                return true;
            }
        }
        false
    }

    /// The same, where the folder that holds the path is known not to be ignored.
    pub fn is_ignored_here(&mut self, path: &Path, is_folder: bool) -> bool {
        if path.file_name() == Some(OsStr::new(".git")) {
            return true;
        }
        let verdict = self.extra.matched(path, is_folder);
        if !verdict.is_none() {
            return verdict.is_ignore();
        }
        let folders: Vec<PathBuf> =
            path.ancestors().skip(1).take_while(|a| a.starts_with(&self.root)).map(Path::to_path_buf).collect();
        for folder in folders {
            for matcher in self.of(folder).iter().flat_map(|m| m.iter()) {
                let verdict = matcher.matched(path, is_folder);
                if !verdict.is_none() {
                    return verdict.is_ignore();
                }
            }
        }
        self.outer.iter().map(|m| m.matched(path, is_folder)).find(|v| !v.is_none()).is_some_and(|v| v.is_ignore())
    }

    fn of(&mut self, folder: PathBuf) -> Option<Arc<[Gitignore]>> {
        if let Some(known) = self.folders.get(&folder) {
            return known.clone();
        }
        // A folder that comes and goes must not make this grow for ever.
        if self.folders.len() >= 100_000 {
            self.folders.clear();
        }
        let found = load(&folder, &[".ignore", ".gitignore"]);
        let found: Option<Arc<[Gitignore]>> = if found.is_empty() { None } else { Some(found.into()) };
        self.folders.insert(folder, found.clone());
        found
    }
}

/// The matchers of a folder, in order of rank. A line that is no glob is left out, as git does.
fn load(folder: &Path, names: &[&str]) -> Vec<Gitignore> {
    names
        .iter()
        .filter_map(|name| {
            let file = folder.join(name);
            if !file.is_file() {
                return None;
            }
            let mut builder = GitignoreBuilder::new(folder);
            builder.add(file);
            builder.build().ok().filter(|m| !m.is_empty())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn rules_of_all_levels_count() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("sub/deep")).unwrap();
        fs::write(root.join(".gitignore"), "target/\n*.log\n").unwrap();
        fs::write(root.join("sub/.gitignore"), "!keep.log\n/only-here\n").unwrap();
        let mut rules = Rules::new(root, &["*.tmp".into(), "[".into()]);
        for (path, folder, ignored) in [
            ("target", true, true),
            ("target", false, false),
            ("target/debug/x", false, true),
            ("a.log", false, true),
            ("sub/keep.log", false, false),
            ("sub/deep/keep.log", false, false),
            ("sub/only-here", false, true),
            ("only-here", false, false),
            ("sub/x.tmp", false, true),
            (".git", true, true),
            ("sub/.git/HEAD", false, true),
            ("src/main.rs", false, false),
        ] {
            assert_eq!(rules.is_ignored(&root.join(path), folder), ignored, "{path}");
        }
        assert!(rules.is_ignored(Path::new("/elsewhere"), false));
        fs::write(root.join(".gitignore"), "").unwrap();
        rules.forget();
        assert!(!rules.is_ignored(&root.join("a.log"), false));
    }
}
