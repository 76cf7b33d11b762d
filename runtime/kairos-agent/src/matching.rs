//! Which detector gets which signal.
//!
//! A thousand detectors with globs against a hundred signals would be a hundred thousand glob matches a tick. So the globs
//! of all detectors that want a kind are one set, matched once a signal; the set for a kind is built when that kind is
//! first seen.

use globset::{Glob, GlobSet, GlobSetBuilder};
use kairos_core::signal::kind_matches;
use kairos_core::{Interest, Rights, Signal};
use std::collections::HashMap;

/// The interests of all loaded detectors, by index.
#[derive(Default)]
pub(crate) struct Matcher {
    wants: Vec<Vec<Want>>,
    by_kind: HashMap<String, ForKind>,
}

struct Want {
    kind: String,
    paths: Vec<String>,
}

#[derive(Default)]
struct ForKind {
    always: Vec<usize>,
    globs: GlobSet,
    owners: Vec<usize>,
}

/// Kinds that are cached at most; a flood of invented kinds must not fill the memory.
const MAX_KINDS: usize = 256;
/// Bytes of one detector's globs for one kind. They share one set with all others', and its size is limited; who asks for
/// more gets every signal of that kind instead.
const MAX_GLOBS: usize = 16 * 1024;

impl Matcher {
    /// Detectors in the order in which they are numbered: what each asks for, and what it may have.
    pub(crate) fn new<'a>(detectors: impl Iterator<Item = (&'a [Interest], &'a Rights)>) -> Self {
        let wants = detectors
            .map(|(interests, rights)| {
                let granted = |i: &&Interest| i.is_free() || rights.signals.contains(&i.kind);
                interests.iter().filter(granted).map(|i| Want { kind: i.kind.clone(), paths: i.paths.clone() }).collect()
            })
            .collect();
        Self { wants, by_kind: HashMap::new() }
    }

    /// The detectors that want this signal, in ascending order, each once.
    pub(crate) fn detectors(&mut self, signal: &Signal) -> Vec<usize> {
        if !self.by_kind.contains_key(&signal.kind) {
            if self.by_kind.len() >= MAX_KINDS {
                self.by_kind.clear();
            }
            let entry = self.for_kind(&signal.kind);
            self.by_kind.insert(signal.kind.clone(), entry);
        }
        let Some(entry) = self.by_kind.get(&signal.kind) else { return Vec::new() };
        let mut found = entry.always.clone();
        if let Some(path) = signal.attribute("path") {
            found.extend(entry.globs.matches(path).into_iter().map(|i| entry.owners[i]));
        } else {
            // A signal without a path concerns all who want its kind.
            found.extend(&entry.owners);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn for_kind(&self, kind: &str) -> ForKind {
        let mut entry = ForKind::default();
        let mut globs = GlobSetBuilder::new();
        for (detector, wants) in self.wants.iter().enumerate() {
            let wants: Vec<_> = wants.iter().filter(|w| kind_matches(&w.kind, kind)).collect();
            let text: usize = wants.iter().flat_map(|w| &w.paths).map(String::len).sum();
            if text > MAX_GLOBS || wants.iter().any(|w| w.paths.is_empty()) {
                entry.always.push(detector);
                continue;
            }
            for glob in wants.iter().flat_map(|w| &w.paths).filter_map(|p| Glob::new(p).ok()) {
                globs.add(glob);
                entry.owners.push(detector);
            }
        }
        entry.globs = globs.build().unwrap_or_else(|e| {
            tracing::warn!(kind, "the detectors' globs are too many to match; each gets all signals of this kind: {e}");
            entry.always.append(&mut entry.owners);
            GlobSet::empty()
        });
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interest(kind: &str, paths: &[&str]) -> Interest {
        Interest { kind: kind.into(), paths: paths.iter().map(|p| p.to_string()).collect(), reason: String::new() }
    }

    #[test]
    fn a_detector_gets_what_it_wants_and_may_have() {
        let all = Rights { signals: vec!["file.*".into(), "git.head".into()], project: vec![], ..Rights::default() };
        let none = Rights::default();
        let rust = [interest("file.*", &["**/*.rs"]), interest("file.*", &["src/**"])];
        let files = [interest("file.*", &[]), interest("kairos.loaded", &[])];
        let git = [interest("git.head", &[])];
        let mut m = Matcher::new([(&rust[..], &all), (&files[..], &all), (&git[..], &all), (&files[..], &none)].into_iter());
        let file = |path: &str| Signal::new("file.modified", "files", 0).with("path", path);
        assert_eq!(m.detectors(&file("src/a.rs")), [0, 1]);
        assert_eq!(m.detectors(&file("b.md")), [1]);
        assert_eq!(m.detectors(&Signal::new("file.rescan", "files", 0)), [0, 1]);
        assert_eq!(m.detectors(&Signal::new("git.head", "git", 0)), [2]);
        assert_eq!(m.detectors(&Signal::new("kairos.loaded", "kairos", 0)), [1, 3]);
        assert!(m.detectors(&Signal::new("idle.started", "idle", 0)).is_empty());
    }

    #[test]
    fn one_detectors_globs_are_not_the_others_trouble() {
        let all = Rights { signals: vec!["file.*".into()], project: vec![], ..Rights::default() };
        let modest = [interest("file.*", &["src/**/*.rs"])];
        // As much as the contract lets it ask for.
        let long: Vec<String> = (0..64 * 64).map(|n| format!("{n}{}", "[!a-f]*?".repeat(31))).collect();
        let ask = |globs: &[String]| interest("file.*", &globs.iter().map(String::as_str).collect::<Vec<_>>());
        let greedy: Vec<_> = long.chunks(64).map(ask).collect();
        let many: Vec<_> = long.chunks(50).map(|c| vec![ask(c)]).collect();
        let file = |path: &str| Signal::new("file.modified", "files", 0).with("path", path);
        let mut m = Matcher::new([(&modest[..], &all), (&greedy[..], &all)].into_iter());
        assert_eq!(m.detectors(&file("src/a/b.rs")), [0, 1]);
        assert_eq!(m.detectors(&file("b.md")), [1]);
        // Many that each ask for a little less: too much is better than nothing.
        let mut m = Matcher::new(many.iter().map(Vec::as_slice).chain([&modest[..]]).map(|i| (i, &all)));
        assert_eq!(m.detectors(&file("b.md")).len(), many.len() + 1);
    }
}
