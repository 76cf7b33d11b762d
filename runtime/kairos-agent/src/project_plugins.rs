//! Plugins that come with a project, in its `.kairos/plugins`.
//!
//! Whoever wrote the project wrote them. So none is loaded, or even asked what it is, before the user has trusted these exact
//! files: a digest of all their names and contents. One file more, less or other, and all of them wait again. They run in
//! their project alone, and under names of their own (`name@project`), so that they override nothing.

use crate::scan::{self, Candidate, Origin, Place, Source, Stamp};
use kairos_host::cache::content_hash;
use std::path::{Path, PathBuf};

/// Most plugins that a project may bring. Each is read whole before the user is asked.
const MAX_FILES: usize = 32;

impl Place {
    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join(".kairos").join("plugins")
    }
}

/// What a project brings.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Of all names and contents, in hexadecimal.
    pub(crate) digest: String,
    /// By the name that each would run under; none of them trusted yet.
    pub(crate) plugins: Vec<(String, Candidate)>,
}

/// Reads what a project brings; none where it brings nothing. `known` may answer the hash of a file that was read before.
pub(crate) fn look(place: &Place, max_component: u64, known: impl Fn(&str, Stamp) -> Option<String>) -> Option<Offer> {
    let dir = own_folder(&place.root)?;
    let mut plugins = Vec::new();
    let mut contents = String::new();
    for (name, mut candidate) in scan::directory(&dir, &Origin::Project(place.clone())) {
        let name = format!("{name}@{}", place.slug);
        if let Source::File { path, stamp, .. } = &candidate.source {
            let read = || {
                if plugins.len() >= MAX_FILES {
                    return Err(format!("a project may bring at most {MAX_FILES} plugins"));
                }
                // What a link leads to may change with no file of the project changing.
                if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
                    return Err("a link; a project's plugins are regular files".into());
                }
                known(&name, *stamp).map_or_else(|| scan::read(path, max_component).map(|b| content_hash(&b)), Ok)
            };
            candidate.source = match read() {
                Ok(hash) => {
                    contents += &format!("{hash} {}\n", candidate.file_name);
                    Source::Untrusted { stamp: *stamp, hash }
                }
                Err(why) => Source::Unusable(why),
            };
        }
        plugins.push((name, candidate));
    }
    (!plugins.is_empty()).then(|| Offer { digest: content_hash(contents.as_bytes()), plugins })
}

impl Offer {
    /// The candidates, after the user said that he trusts these very contents.
    pub(crate) fn trusted(self) -> Vec<(String, Candidate)> {
        let trust = |(name, mut c): (String, Candidate)| {
            if let Source::Untrusted { stamp, hash } = c.source {
                let path = c.origin.file(&c.file_name).unwrap_or_default();
                c.source = Source::File { path, stamp, hash: Some(hash) };
            }
            (name, c)
        };
        self.plugins.into_iter().map(trust).collect()
    }
}

/// Changes whenever the files may have changed. Where there is no such folder, which is nearly always, it costs one look.
pub(crate) fn glance(root: &Path) -> Vec<(String, Option<Stamp>)> {
    let Some(dir) = own_folder(root) else { return Vec::new() };
    let entries = dir.read_dir().into_iter().flatten().flatten().take(10 * MAX_FILES);
    let stamp = |e: std::fs::DirEntry| (e.file_name().to_string_lossy().into_owned(), e.metadata().ok().map(|m| Stamp::of(&m)));
    let mut all: Vec<_> = entries.map(stamp).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// The folder, unless a link leads there: that could be any folder of the user's.
fn own_folder(root: &Path) -> Option<PathBuf> {
    let kairos = root.join(".kairos");
    let plugins = kairos.join("plugins");
    let is_dir = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    (is_dir(&kairos) && is_dir(&plugins)).then_some(plugins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_names_exactly_these_files() {
        let root = tempfile::tempdir().unwrap();
        let place = Place { root: root.path().into(), slug: "p-1".into() };
        let digest = || look(&place, 100, |_, _| None).map(|o| o.digest);
        assert!(digest().is_none() && glance(root.path()).is_empty());
        let dir = place.plugins();
        std::fs::create_dir_all(&dir).unwrap();
        assert!(digest().is_none());
        std::fs::write(dir.join("a.wasm"), "one").unwrap();
        let one = digest().unwrap();
        let seen = glance(root.path());
        std::fs::write(dir.join("notes.txt"), "not a plugin").unwrap();
        assert_eq!(digest().unwrap(), one);
        std::fs::write(dir.join("b.wasm"), "two").unwrap();
        let two = digest().unwrap();
        assert_ne!(two, one);
        assert_ne!(glance(root.path()), seen);
        std::fs::rename(dir.join("b.wasm"), dir.join("c.wasm")).unwrap();
        assert_ne!(digest().unwrap(), two);
        std::fs::remove_file(dir.join("c.wasm")).unwrap();
        assert_eq!(digest().unwrap(), one);
        std::fs::write(dir.join("a.wasm"), "eno").unwrap();
        assert_ne!(digest().unwrap(), one);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_reached_through_a_link() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("a.wasm"), "x").unwrap();
        let place = Place { root: root.path().into(), slug: "p-1".into() };
        std::fs::create_dir(root.path().join(".kairos")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), place.plugins()).unwrap();
        assert!(look(&place, 100, |_, _| None).is_none());
        std::fs::remove_file(place.plugins()).unwrap();
        std::fs::create_dir(place.plugins()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("a.wasm"), place.plugins().join("a.wasm")).unwrap();
        let offer = look(&place, 100, |_, _| None).unwrap();
        assert!(matches!(&offer.plugins[0], (name, c) if name == "a@p-1" && matches!(c.source, Source::Unusable(_))));
        let trusted = offer.trusted();
        assert!(matches!(trusted[0].1.source, Source::Unusable(_)));
    }
}
