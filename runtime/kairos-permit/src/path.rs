//! Paths without tricks, and patterns of paths as ignore files write them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::{Component, Path, PathBuf};

/// An absolute path without `.` and `..`, by its text alone. `base` is one already.
pub(crate) fn normal(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::with_capacity(base.as_os_str().len() + path.as_os_str().len() + 1);
    out.push(if path.has_root() { Path::new("/") } else { base });
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::ParentDir => _ = out.pop(),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    out
}

/// Where a path leads, links followed as far as it exists.
pub(crate) fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut at = path;
    loop {
        if let Ok(found) = at.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| path.join(name));
        }
        // A link to what is not there yet leads there all the same.
        if let Ok(target) = at.read_link()
            && let Some(parent) = at.parent()
            && missing.len() < 64
        {
            let target = normal(parent, &target);
            let parent = target.parent().map_or_else(|| target.clone(), real);
            let there = target.file_name().map_or(parent.clone(), |name| parent.join(name));
            return missing.iter().rev().fold(there, |path, name| path.join(name));
        }
        match (at.parent(), at.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                at = parent;
            }
            _ => return path.to_path_buf(),
        }
    }
}

/// Where the paths of one verdict lead: folders that several of them share are looked up once.
#[derive(Default)]
pub(crate) struct Links {
    /// None: it is where it says.
    folders: Vec<(PathBuf, Option<PathBuf>)>,
}

impl Links {
    /// As [`real`], of an absolute and normal path; none where that is the path itself.
    pub fn follow(&mut self, path: &Path) -> Option<PathBuf> {
        // Other systems may know a name by another spelling than the one that was asked for.
        let (Some(folder), Some(name), true) = (path.parent(), path.file_name(), cfg!(target_os = "linux")) else {
            return elsewhere(path);
        };
        if path.read_link().is_ok() {
            return elsewhere(path);
        }
        // What is no link, or is not there, is in its folder.
        let known = self.folders.iter().find(|(known, _)| known.as_os_str() == folder.as_os_str());
        let leads = match known {
            Some((_, leads)) => leads.as_deref(),
            None => {
                self.folders.push((folder.into(), elsewhere(folder)));
                self.folders.last().and_then(|(_, leads)| leads.as_deref())
            }
        };
        leads.map(|folder| folder.join(name))
    }
}

fn elsewhere(path: &Path) -> Option<PathBuf> {
    Some(real(path)).filter(|real| real != path)
}

/// Where the patterns of a file begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roots<'a> {
    /// `./`, `/`, or nothing before a pattern.
    pub project: &'a Path,
    /// `~/`.
    pub home: &'a Path,
}

/// A pattern as globs over absolute paths: what it names, and all below.
pub(crate) fn globs(pattern: &str, roots: Roots<'_>) -> [String; 2] {
    let under = |root: &Path| globset::escape(root.to_string_lossy().trim_end_matches('/'));
    let (base, rest) = if let Some(rest) = pattern.strip_prefix("//") {
        (String::new(), rest)
    } else if let Some(rest) = pattern.strip_prefix("~/") {
        (under(roots.home), rest)
    } else if pattern == "~" {
        (under(roots.home), "**")
    } else if let Some(rest) = pattern.strip_prefix("./").or_else(|| pattern.strip_prefix('/')) {
        (under(roots.project), rest)
    } else if pattern.trim_end_matches('/').contains('/') {
        (under(roots.project), pattern)
    } else {
        // A name alone is found in any folder, as in an ignore file.
        (under(roots.project) + "/**", pattern)
    };
    let rest = tidy(rest);
    let whole = if rest.is_empty() { base.clone() } else { format!("{base}/{rest}") };
    let below = format!("{whole}/**");
    [whole, below]
}

/// Without `.`, and with `..` resolved as far as no wildcard stands before it.
fn tidy(pattern: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = out.pop(),
            part => out.push(part),
        }
    }
    out.join("/")
}

/// Many patterns, each known by a number.
#[derive(Debug, Default)]
pub(crate) struct PathSet {
    set: GlobSet,
    owner: Vec<usize>,
    /// A rule without a pattern: it matches every path.
    all: Option<usize>,
}

impl PathSet {
    /// The number of a pattern that matches this normal path.
    pub fn find(&self, path: &Path) -> Option<usize> {
        self.all.or_else(|| if self.owner.is_empty() { None } else { self.set.matches(path).first().map(|at| self.owner[*at]) })
    }

    pub fn is_empty(&self) -> bool {
        self.owner.is_empty() && self.all.is_none()
    }
}

/// Collects patterns for a [`PathSet`].
pub(crate) struct PathSetBuilder {
    globs: GlobSetBuilder,
    done: PathSet,
    any_case: bool,
}

impl PathSetBuilder {
    /// `any_case`: `Secrets` also matches `secrets`, as some file systems would.
    pub fn new(any_case: bool) -> Self {
        Self { globs: GlobSetBuilder::new(), done: PathSet::default(), any_case }
    }

    /// No pattern for all paths. On error nothing was added.
    pub fn add(&mut self, number: usize, pattern: Option<&str>, roots: Roots<'_>) -> Result<(), String> {
        let Some(pattern) = pattern.filter(|p| !matches!(*p, "" | "*" | "**")) else {
            // In an ignore file `*` is everything below it; outside the project only a bare tool name reaches.
            if pattern.is_some() {
                return self.add(number, Some("./**"), roots);
            }
            self.done.all.get_or_insert(number);
            return Ok(());
        };
        let build = |glob: &String| {
            let built = GlobBuilder::new(glob).literal_separator(true).case_insensitive(self.any_case).build();
            built.map_err(|e| e.kind().to_string())
        };
        let built = globs(pattern, roots).iter().map(build).collect::<Result<Vec<_>, _>>()?;
        for glob in built {
            self.globs.add(glob);
            self.done.owner.push(number);
        }
        Ok(())
    }

    pub fn build(mut self) -> PathSet {
        match self.globs.build() {
            Ok(set) => self.done.set = set,
            // Each glob was built before; should they not fit together, none of an allowing set is used, and all of a forbidding one.
            Err(_) => {
                self.done.all = self.done.owner.first().copied().filter(|_| self.any_case).or(self.done.all);
                self.done.owner.clear();
            }
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(patterns: &[&str], any_case: bool) -> PathSet {
        let mut builder = PathSetBuilder::new(any_case);
        let roots = Roots { project: Path::new("/p[1]"), home: Path::new("/home/u") };
        for (n, pattern) in patterns.iter().enumerate() {
            builder.add(n, Some(pattern), roots).unwrap();
        }
        builder.build()
    }

    #[test]
    fn patterns_are_those_of_ignore_files() {
        let table = [
            ("./secrets/**", "/p[1]/secrets/a/b", true),
            ("./secrets/**", "/p[1]/x/secrets/a", false),
            ("src/**", "/p[1]/src/main.rs", true),
            ("/src/*.rs", "/p[1]/src/main.rs", true),
            ("/src/*.rs", "/p[1]/src/a/main.rs", false),
            ("*.env", "/p[1]/a/b/x.env", true),
            ("*.env", "/home/u/x.env", false),
            ("build", "/p[1]/a/build/x", true),
            ("build/", "/p[1]/a/build/x", true),
            ("~/.zshrc", "/home/u/.zshrc", true),
            ("//etc/*", "/etc/passwd", true),
            ("*", "/p[1]/deep/down", true),
            ("**", "/etc/passwd", false),
            ("./a/../b", "/p[1]/b", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(set(&[pattern], false).find(Path::new(path)).is_some(), expected, "{pattern} {path}");
        }
        assert!(set(&["./Secrets/**"], true).find(Path::new("/p[1]/sECRETS/a")).is_some());
        assert!(set(&["./Secrets/**"], false).find(Path::new("/p[1]/secrets/a")).is_none());
    }

    #[test]
    fn paths_have_no_way_out_by_their_text() {
        assert_eq!(normal(Path::new("/p"), Path::new("./a/../../etc//passwd")), Path::new("/etc/passwd"));
        assert_eq!(normal(Path::new("/p"), Path::new("../../../..")), Path::new("/"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_where_it_leads_also_when_nothing_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink("/etc", root.join("etc")).unwrap();
        std::os::unix::fs::symlink("/nowhere/x", root.join("dangling")).unwrap();
        assert_eq!(real(&root.join("etc/new-file")), Path::new("/etc/new-file"));
        assert_eq!(real(&root.join("dangling")), Path::new("/nowhere/x"));
        assert_eq!(real(&root.join("a/b")), root.join("a/b"));
    }
}
