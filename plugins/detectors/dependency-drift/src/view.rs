//! Reading a project's manifests and locks, as they stand or as they were committed.

use crate::model::{file_name, folder, join};
use kairos_plugin::prelude::*;
use std::cell::Cell;

/// Longer locks are not read: parsing one would cost more than a call may take.
const MOST_BYTES: u64 = 2 << 20;
/// Pages of 1,000 entries that are listed to find files.
const MOST_PAGES: usize = 10;

/// One state of the project's files.
pub struct View<'a, H> {
    pub host: &'a H,
    /// The last commit instead of the work tree.
    pub committed: bool,
    /// Bytes that were read.
    pub read: &'a Cell<usize>,
}

impl<H: Host> View<'_, H> {
    /// None when it is not there, may not be read, is too long or not text.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = match self.committed {
            true => self.host.read_all_at(Version::Head, path, MOST_BYTES),
            false => self.host.read_all(path, MOST_BYTES),
        };
        let bytes = bytes.ok()?;
        self.read.set(self.read.get() + bytes.len());
        String::from_utf8(bytes).ok()
    }

    /// The files of that name in the folders that a workspace's pattern means (`crates/*`), as paths.
    pub fn members(&self, base: &str, pattern: &str, name: &str) -> Vec<String> {
        let Some(pattern) = join(base, pattern) else { return Vec::new() };
        if !pattern.contains(['*', '?', '[', '{']) {
            return vec![if pattern.is_empty() { name.to_string() } else { format!("{pattern}/{name}") }];
        }
        let parts: Vec<&str> = pattern.split('/').collect();
        let fixed = parts.iter().take_while(|part| !part.contains(['*', '?', '[', '{'])).count();
        let depth = if parts.contains(&"**") { 0 } else { (parts.len() - fixed + 1) as u32 };
        let fixed = parts[..fixed].join("/");
        let found = list(self.host, &fixed, depth, &[name]);
        found.into_iter().filter(|path| fits(&parts, &folder(path).split('/').collect::<Vec<_>>())).collect()
    }
}

/// Paths of the files below a folder that have one of these names.
pub fn list(host: &impl Host, base: &str, depth: u32, names: &[&str]) -> Vec<String> {
    let files = host.files(base, depth).take(MOST_PAGES * 1000).map_while(Result::ok);
    files.filter(|info| info.kind == FileKind::File && names.contains(&file_name(&info.path))).map(|info| info.path).collect()
}

/// Whether a folder's parts fit a pattern's parts; `**` stands for any number of them.
fn fits(pattern: &[&str], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), None) => fits(rest, parts),
        (Some((&"**", rest)), Some((_, others))) => fits(rest, parts) || fits(pattern, others),
        (Some((part, rest)), Some((other, others))) => part_fits(part, other) && fits(rest, others),
        _ => false,
    }
}

fn part_fits(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((before, after)) => {
            let Some(rest) = part.strip_prefix(before) else { return false };
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| part_fits(after, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_a_workspace() {
        let case =
            |pattern: &str, path: &str| fits(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>());
        assert!(case("crates/*", "crates/a") && case("a-*/b", "a-x/b") && case("**", "a/b") && case("p/**/c", "p/c"));
        assert!(!case("crates/*", "crates/a/fuzz") && !case("crates/*", "other/a") && !case("a*b", "ac"));
    }
}
