//! What lies in the plugins directories: names, stamps, and which file wins.

use kairos_core::plugin::is_plugin_name;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where a plugin comes from. Grants belong to an origin: what overrides a plugin inherits nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Embedded in the program.
    Standard,
    /// A directory of the user's.
    Directory(PathBuf),
    /// A project that brings plugins of its own.
    Project(Place),
}

/// A project, as far as plugins are concerned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its folder, canonical.
    pub root: PathBuf,
    /// Its name among our data.
    pub slug: String,
}

impl Origin {
    /// As it stands in the database and on the screen.
    pub fn text(&self) -> String {
        match self {
            Self::Standard => "standard".into(),
            Self::Directory(dir) => dir.display().to_string(),
            Self::Project(place) => place.plugins().display().to_string(),
        }
    }

    /// The file of that name there; none for what is embedded.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Standard => None,
            Self::Directory(dir) => Some(dir.join(name)),
            Self::Project(place) => Some(place.plugins().join(name)),
        }
    }

    /// The project in which alone the plugin runs; none for all of them.
    pub(crate) fn project(&self) -> Option<&Path> {
        match self {
            Self::Project(place) => Some(&place.root),
            _ => None,
        }
    }
}

/// A plugin that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// As a file would be called, without `.wasm`.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
}

/// A file that may be a plugin.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) origin: Origin,
    /// As it is called in its directory.
    pub(crate) file_name: String,
    pub(crate) source: Source,
    /// The directory whose file of the same name is used instead of this one.
    pub(crate) overridden_by: Option<Origin>,
}

impl Candidate {
    /// Bytes of its file.
    pub(crate) fn size(&self) -> u64 {
        match &self.source {
            Source::Embedded(bytes) => bytes.len() as u64,
            Source::File { stamp, .. } => stamp.size,
            // It is not going to be read.
            Source::Untrusted { .. } | Source::Unusable(_) => 0,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Embedded(&'static [u8]),
    File {
        path: PathBuf,
        stamp: Stamp,
        /// What its content must hash to; none where the user put it there himself.
        hash: Option<String>,
    },
    /// It comes with a project whose files the user doesn't trust, so it is not loaded.
    Untrusted {
        stamp: Stamp,
        hash: String,
    },
    /// It is there and can't be used; the text says why.
    Unusable(String),
}

/// Changes whenever the content may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    modified: Option<SystemTime>,
    /// Device and number; zeros where the system has none.
    pub(crate) inode: (u64, u64),
}

impl Stamp {
    pub(crate) fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            (meta.dev(), meta.ino())
        };
        #[cfg(not(unix))]
        let inode = (0, 0);
        Self { size: meta.len(), modified: meta.modified().ok(), inode }
    }
}

/// All candidates by name, in the order of precedence: embedded first, then the directories; the last of a name is used.
pub(crate) fn scan(embedded: &[Embedded], dirs: &[PathBuf]) -> BTreeMap<String, Vec<Candidate>> {
    let mut all: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for e in embedded {
        let candidate = Candidate {
            origin: Origin::Standard,
            file_name: format!("{}.wasm", e.name),
            source: Source::Embedded(e.bytes),
            overridden_by: None,
        };
        all.entry(e.name.into()).or_default().push(candidate);
    }
    for dir in dirs {
        for (name, mut candidate) in directory(dir, &Origin::Directory(dir.clone())) {
            let others = all.entry(name).or_default();
            // Two files of one directory that come to the same name (`a_b.wasm`, `a-b.wasm`): the first is used.
            if let Some(twin) = others.iter().find(|c| c.origin == candidate.origin) {
                candidate.source = Source::Unusable(format!("has the same name as {}; rename one of them", twin.file_name));
                others.insert(0, candidate);
            } else {
                others.push(candidate);
            }
        }
    }
    for candidates in all.values_mut() {
        if let Some((winner, others)) = candidates.split_last_mut() {
            for other in others {
                other.overridden_by = Some(winner.origin.clone());
            }
        }
    }
    all
}

/// The files of a directory that may be plugins, sorted, with the names that follow from theirs.
pub(crate) fn directory(dir: &Path, origin: &Origin) -> Vec<(String, Candidate)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = file_name.strip_suffix(".wasm").filter(|s| !s.starts_with('.')) else { continue };
        // Cargo writes underscores where a crate's name has hyphens.
        let name = stem.to_lowercase().replace('_', "-");
        let path = entry.path();
        let source = if !is_plugin_name(&name) {
            Source::Unusable("rename it: a plugin's file name has letters, digits and hyphens, 1 to 64 of them".into())
        } else {
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_file() => Source::File { stamp: Stamp::of(&meta), path, hash: None },
                Ok(_) => Source::Unusable("not a regular file".into()),
                Err(e) => Source::Unusable(format!("can't be read: {e}")),
            }
        };
        let name = if is_plugin_name(&name) { name } else { file_name.chars().filter(|c| !c.is_control()).take(64).collect() };
        found.push((name, Candidate { origin: origin.clone(), file_name, source, overridden_by: None }));
    }
    found.sort_by(|a, b| a.1.file_name.cmp(&b.1.file_name));
    found
}

/// The content of a plugin's file. It never reads more than `max` bytes: a file may grow while it is read.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("can't be read: {e}"))?;
    let size = file.metadata().map_or(0, |m| m.len());
    if size > max {
        return Err(format!("has {size} bytes, `limits.component` allows {max}"));
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(|e| format!("can't be read: {e}"))?;
    if bytes.len() as u64 > max {
        return Err(format!("has more than {max} bytes, which is what `limits.component` allows"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_directories_override_and_oddities_are_named() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        std::fs::create_dir_all(&a).unwrap();
        std::fs::create_dir_all(&b).unwrap();
        std::fs::write(a.join("one_two.wasm"), "x").unwrap();
        std::fs::write(a.join("one-two.wasm"), "x").unwrap();
        std::fs::write(a.join("secrets.wasm"), "x").unwrap();
        std::fs::write(b.join("secrets.wasm"), "x").unwrap();
        std::fs::write(b.join("notes.txt"), "x").unwrap();
        std::fs::write(b.join("bad name.wasm"), "x").unwrap();
        std::fs::create_dir(b.join("dir.wasm")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("loop.wasm", b.join("loop.wasm")).unwrap();
        let embedded = [Embedded { name: "secrets", bytes: b"y" }];
        let all = scan(&embedded, &[a, b.clone(), root.path().join("none")]);
        let used: Vec<_> = all["secrets"].iter().map(|c| c.overridden_by.is_none()).collect();
        assert_eq!(used, [false, false, true]);
        assert_eq!(all["secrets"][2].origin, Origin::Directory(b));
        let unusable = |n: &str| all[n].iter().filter(|c| matches!(c.source, Source::Unusable(_))).count();
        assert_eq!(unusable("one-two"), 1);
        assert_eq!(unusable("bad name.wasm"), 1);
        assert_eq!(unusable("dir"), 1);
        #[cfg(unix)]
        assert_eq!(unusable("loop"), 1);
        assert!(!all.contains_key("notes"));
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        assert_eq!(read(file.path(), 5).unwrap(), b"12345");
        assert!(read(file.path(), 4).unwrap_err().contains("5 bytes"));
    }
}
