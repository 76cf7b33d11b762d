//! Untracked files that were meant to go again. Pure: names and ages in.

const DAY: u64 = 24 * 3_600_000;

/// What a file is left over from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A merge, or a patch that didn't fit.
    Merge,
    /// A review.
    Review,
    /// A patch that was sent or applied.
    Patch,
}

/// All kinds.
pub const KINDS: [Kind; 3] = [Kind::Merge, Kind::Review, Kind::Patch];
/// The files that can be left over, for the host to sort out which changes matter.
pub const GLOBS: &[&str] =
    &["**/*.orig", "**/*.rej", "**/*.patch", "**/*.diff", "**/*[Rr][Ee][Vv][Ii][Ee][Ww]*", "**/*_{BACKUP,BASE,LOCAL,REMOTE}_*"];

impl Kind {
    /// The finding's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Merge => "leftovers:merge",
            Self::Review => "leftovers:review",
            Self::Patch => "leftovers:patch",
        }
    }

    /// From this age on, in milliseconds, it is forgotten: who merges is done the next day, who reads a review takes some, and
    /// a patch may wait for its answer.
    pub fn patience(self) -> u64 {
        match self {
            Self::Merge => DAY,
            Self::Review => 3 * DAY,
            Self::Patch => 7 * DAY,
        }
    }
}

/// What an untracked file is left over from, by its path.
pub fn kind(path: &str) -> Option<Kind> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let (stem, extension) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    let within = |names: &[&str]| folder.split('/').any(|part| names.contains(&part.to_ascii_lowercase().as_str()));
    // What is tested or kept for a package manager is meant to stay.
    if within(&["test", "tests", "testdata", "fixtures", "node_modules", "vendor", ".yarn"]) || stem.is_empty() {
        return None;
    }
    let tool = ["_BACKUP_", "_BASE_", "_LOCAL_", "_REMOTE_"]
        .iter()
        .any(|mark| name.split_once(mark).is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit())));
    match extension {
        "orig" | "rej" => Some(Kind::Merge),
        _ if tool => Some(Kind::Merge),
        "patch" | "diff" => (!within(&["patches", "patch", "debian", "files", "overlays"])).then_some(Kind::Patch),
        "md" | "txt" | "markdown" | "org" | "rst" | "" => is_review(stem, folder).then_some(Kind::Review),
        _ => None,
    }
}

/// At the top a `review.md` is a note; further down only what says of what it is a review.
fn is_review(stem: &str, folder: &str) -> bool {
    const TOP: &[&str] = &["review", "reviews", "review notes", "review todo", "review findings", "review feedback"];
    const ANYWHERE: &[&str] =
        &["review comments", "review comment", "code review", "pr review", "mr review", "pr comments", "pr feedback"];
    let words: Vec<&str> = stem.split(['-', '_', ' ', '.']).filter(|word| !word.is_empty()).collect();
    let starts = |names: &[&str]| {
        names.iter().any(|name| {
            // `review-comments-42`: what follows is a number or a name.
            let name: Vec<&str> = name.split(' ').collect();
            words.starts_with(&name)
        })
    };
    let exact = TOP.contains(&words.join(" ").trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '));
    starts(ANYWHERE) || (folder.is_empty() && exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let table = [
            ("src/a.rs.orig", Some(Kind::Merge)),
            ("a.c.rej", Some(Kind::Merge)),
            ("src/a_BACKUP_4711.rs", Some(Kind::Merge)),
            ("REVIEW.md", Some(Kind::Review)),
            ("review-2.md", Some(Kind::Review)),
            ("docs/review-comments-42.md", Some(Kind::Review)),
            ("CODE_REVIEW.txt", Some(Kind::Review)),
            ("0001-fix-it.patch", Some(Kind::Patch)),
            ("out.diff", Some(Kind::Patch)),
            ("tests/fixtures/a.orig", None),
            ("patches/left-pad+1.3.0.patch", None),
            ("debian/patches/a.patch", None),
            ("content/review.md", None),
            ("reviewer.md", None),
            ("review.py", None),
            ("review-process-of-our-team.md", None),
            ("preview.md", None),
            ("src/DATA_BASE_URL.ts", None),
            (".orig", None),
            ("notes.md", None),
        ];
        for (path, expected) in table {
            assert_eq!(kind(path), expected, "{path}");
        }
    }
}
