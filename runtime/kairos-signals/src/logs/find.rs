//! Which log files are meant: names with wildcards, below a folder that has none.

use super::LogFile;
use std::path::{Path, PathBuf};

/// Log files of one project at most.
pub(super) const MAX_FILES: usize = 64;
/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Log files by the pattern of their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPattern {
    /// With a file's name last, in which `*` and `?` stand for what they stand for in a shell.
    pattern: PathBuf,
    /// What is told of the path: the path below this folder, else all of it.
    within: Option<PathBuf>,
}

impl LogPattern {
    /// A path in the project (such as `log/*.log`).
    ///
    /// # Errors
    /// Why it can't be one: it leaves the project, or a folder has a wildcard.
    pub fn in_project(root: &Path, pattern: &str) -> Result<Self, String> {
        let leaves = |p: &str| p == ".." || p == ".git";
        if pattern.starts_with(['/', '~']) || pattern.split(['/', '\\']).any(leaves) {
            return Err("it is no path in the project".into());
        }
        Self::checked(root.join(pattern), Some(root.into()))
    }

    /// Anywhere on this machine: for a user's own settings alone.
    ///
    /// # Errors
    /// As [`Self::in_project`], or it is not absolute.
    pub fn anywhere(pattern: &str) -> Result<Self, String> {
        if !Path::new(pattern).is_absolute() {
            return Err("it is not absolute".into());
        }
        Self::checked(pattern.into(), None)
    }

    fn checked(pattern: PathBuf, within: Option<PathBuf>) -> Result<Self, String> {
        let folder = pattern.parent().unwrap_or(Path::new(""));
        if folder.to_string_lossy().contains(['*', '?']) {
            return Err("only a file's name can have wildcards, its folders can't".into());
        }
        if pattern.file_name().is_none() || pattern.to_string_lossy().ends_with('/') {
            return Err("it names no file".into());
        }
        Ok(Self { within, pattern: real_folder(&pattern) })
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> PathBuf {
        self.pattern.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    fn file(&self, path: PathBuf) -> LogFile {
        let root = self.within.as_deref().map(|r| r.canonicalize().unwrap_or_else(|_| r.into()));
        let told = root.as_deref().and_then(|r| path.strip_prefix(r).ok()).unwrap_or(&path);
        LogFile { told_as: told.to_string_lossy().into_owned(), path, within: self.within.clone() }
    }
}

/// The file that is named, in its folder as it is called without links.
pub(super) fn real_folder(path: &Path) -> PathBuf {
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path.into(),
    }
}

/// All that are meant, by name. One without wildcards is there even if there is no such file yet.
pub(super) fn find(patterns: &[LogPattern]) -> Vec<LogFile> {
    let mut found = Vec::new();
    for pattern in patterns {
        let name = pattern.pattern.file_name().unwrap_or_default().to_string_lossy();
        if !name.contains(['*', '?']) {
            found.push(pattern.file(pattern.pattern.clone()));
            continue;
        }
        let Ok(list) = std::fs::read_dir(pattern.folder()) else { continue };
        let fits = |p: &PathBuf| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| matches(&name, n)) && !p.is_dir();
        let mut files: Vec<_> = list.flatten().take(MAX_ENTRIES).map(|e| e.path()).filter(fits).collect();
        files.sort();
        found.extend(files.into_iter().map(|path| pattern.file(path)));
    }
    found
}

/// As a shell does it, hidden files included only if the pattern says the dot.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            // The last star takes one more.
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_those_of_a_shell() {
        for (pattern, name, fits) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("*.log*", "a.log.1", true),
            ("*", ".hidden", false),
            (".h*", ".hidden", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
            ("x", "x", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        // Not in a time that explodes.
        assert!(!matches(&"*a".repeat(50), &"a".repeat(200).replace("aaaa", "aaab").repeat(2)));
    }

    #[test]
    fn a_project_names_no_file_outside_of_it() {
        let root = Path::new("/p");
        for bad in ["/etc/passwd", "../x.log", "log/../../x", "~/x.log", ".git/config", "*/x.log", "log/", ""] {
            assert!(LogPattern::in_project(root, bad).is_err(), "{bad}");
        }
        let pattern = LogPattern::in_project(root, "log/app.log").unwrap();
        assert_eq!(find(&[pattern])[0].told_as, "log/app.log");
        assert!(LogPattern::anywhere("x.log").is_err());
        assert_eq!(find(&[LogPattern::anywhere("/var/log/none.log").unwrap()])[0].told_as, "/var/log/none.log");
    }
}
