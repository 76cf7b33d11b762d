//! What a conflict in a file means, given what git says about the file. Pure.

use crate::markers::{Block, Prose};

/// What is known about one file at the moment of looking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// The project is a git repository; without one every file counts as changed.
    pub git: bool,
    /// The file differs from HEAD, in the index or in the work tree, or is untracked.
    pub changed: bool,
    /// Git has an unmerged entry for it.
    pub unmerged: bool,
    /// The version in the index has markers.
    pub staged: bool,
    /// A merge, rebase, cherry-pick, revert, ... is under way.
    pub operation: bool,
    /// It was reported before and the markers are still there.
    pub reported: bool,
}

/// How pressing a conflict is; the words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A conflict in what looks like test data.
    Low,
    /// The user is in the middle of resolving it.
    Normal,
    /// Markers where nobody may be looking for them.
    High,
    /// Markers that the next commit would record.
    Critical,
}

/// What is said about one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How pressing.
    pub weight: Weight,
    /// Which of the cases it is.
    pub case: Case,
}

/// The cases that differ in what the user should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Unmerged, with markers.
    Unresolved,
    /// Unmerged, without markers: resolved and not yet added, or a deletion against a change, or a binary file.
    UnmergedWithoutMarkers,
    /// The index holds markers.
    AboutToBeCommitted,
    /// HEAD holds markers.
    Committed,
    /// Only the work tree holds markers.
    LeftInFile,
}

/// Decides about one file. `None`: nothing to say. `blocks` are those of the work tree or, failing that, of the index.
pub fn judge(path: &str, blocks: &[Block], situation: Situation) -> Option<Verdict> {
    let say = |weight, case| Some(Verdict { weight, case });
    let calm = if situation.operation { Weight::Normal } else { Weight::High };
    if situation.unmerged {
        let case = if blocks.is_empty() { Case::UnmergedWithoutMarkers } else { Case::Unresolved };
        return say(calm, case);
    }
    if keeps_diffs(path) || blocks.iter().all(|block| block.fenced) {
        return None;
    }
    // A file that nobody has touched is as its authors want it: a test of a merge tool, most often.
    if situation.git && !situation.changed {
        return if situation.reported { say(Weight::High, Case::Committed) } else { None };
    }
    let case = if situation.staged { Case::AboutToBeCommitted } else { Case::LeftInFile };
    if is_test_data(path) {
        return say(Weight::Low, case);
    }
    // The rest of a conflict may, in a rare file, be something else.
    let whole = blocks.iter().any(|block| block.whole && !block.fenced);
    say(
        match (situation.staged, whole) {
            (true, true) => Weight::Critical,
            (true, false) | (false, true) => Weight::High,
            (false, false) => Weight::Normal,
        },
        case,
    )
}

/// How the file's format quotes code.
pub fn prose(path: &str) -> Prose {
    match extension(path).as_str() {
        "md" | "markdown" | "mdx" | "mkd" | "qmd" | "rmd" => Prose::Markdown,
        "adoc" | "asciidoc" => Prose::AsciiDoc,
        _ => Prose::None,
    }
}

/// Formats whose content isn't text that git merges line by line: not worth reading.
pub fn is_binary_name(path: &str) -> bool {
    const BINARY: &[&str] = &[
        "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "tif", "tiff", "avif", "woff", "woff2", "ttf", "otf", "eot", "pdf",
        "zip", "gz", "xz", "zst", "bz2", "7z", "tar", "jar", "war", "class", "exe", "dll", "so", "dylib", "a", "o", "rlib",
        "wasm", "pyc", "mp3", "mp4", "mov", "avi", "webm", "ogg", "flac", "wav", "sqlite", "db", "bin",
    ];
    BINARY.contains(&extension(path).as_str())
}

/// Files that hold pieces of other files by their nature.
fn keeps_diffs(path: &str) -> bool {
    matches!(extension(path).as_str(), "patch" | "diff" | "rej" | "orig")
}

fn is_test_data(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|part| {
        matches!(
            part,
            "fixtures" | "fixture" | "testdata" | "test-data" | "test_data" | "snapshots" | "__snapshots__" | "__fixtures__"
        )
    })
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: Situation =
        Situation { git: true, changed: true, unmerged: false, staged: false, operation: false, reported: false };

    fn block(fenced: bool) -> Vec<Block> {
        vec![Block { line: 3, opening: "<<<<<<<".into(), fenced, whole: true }]
    }
    fn weight(path: &str, blocks: &[Block], situation: Situation) -> Option<(Weight, Case)> {
        judge(path, blocks, situation).map(|verdict| (verdict.weight, verdict.case))
    }

    #[test]
    fn weight_follows_how_near_the_harm_is() {
        let merging = Situation { operation: true, ..CHANGED };
        let table = [
            (CHANGED, Weight::High, Case::LeftInFile),
            (Situation { staged: true, ..CHANGED }, Weight::Critical, Case::AboutToBeCommitted),
            (Situation { unmerged: true, ..merging }, Weight::Normal, Case::Unresolved),
            (Situation { unmerged: true, ..CHANGED }, Weight::High, Case::Unresolved),
            (Situation { staged: true, ..merging }, Weight::Critical, Case::AboutToBeCommitted),
            (Situation { git: false, changed: false, ..CHANGED }, Weight::High, Case::LeftInFile),
            (Situation { changed: false, reported: true, ..CHANGED }, Weight::High, Case::Committed),
        ];
        for (situation, expected, case) in table {
            assert_eq!(weight("src/a.rs", &block(false), situation), Some((expected, case)), "{situation:?}");
        }
    }

    #[test]
    fn examples_and_untouched_files_are_left_alone() {
        assert_eq!(weight("README.md", &block(true), CHANGED), None);
        assert_eq!(weight("fix.patch", &block(false), CHANGED), None);
        assert_eq!(weight("tests/merge_test.py", &block(false), Situation { changed: false, ..CHANGED }), None);
        assert_eq!(weight("a.rs", &[], CHANGED), None);
        let data = weight("tests/fixtures/conflict.txt", &block(false), CHANGED);
        assert_eq!(data, Some((Weight::Low, Case::LeftInFile)));
    }

    #[test]
    fn the_rest_of_a_conflict_weighs_less() {
        let rest = vec![Block { whole: false, ..block(false).remove(0) }];
        assert_eq!(weight("a.js", &rest, CHANGED), Some((Weight::Normal, Case::LeftInFile)));
        assert_eq!(weight("a.js", &rest, Situation { staged: true, ..CHANGED }), Some((Weight::High, Case::AboutToBeCommitted)));
    }

    #[test]
    fn what_git_calls_unmerged_is_told_whatever_it_looks_like() {
        let merging = Situation { operation: true, unmerged: true, ..CHANGED };
        assert_eq!(weight("README.md", &block(true), merging), Some((Weight::Normal, Case::Unresolved)));
        assert_eq!(weight("logo.png", &[], merging), Some((Weight::Normal, Case::UnmergedWithoutMarkers)));
        assert_eq!(weight("tests/fixtures/a", &block(false), merging), Some((Weight::Normal, Case::Unresolved)));
    }
}
