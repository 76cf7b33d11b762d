//! What is true in a tree of the history, told by git, grep and ctags, and by nothing of the checker.

use super::DriftError;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Definitions of which a claim may speak, in the words of ctags.
const DEFINITIONS: &[&str] = &[
    "function",
    "func",
    "method",
    "member",
    "class",
    "struct",
    "enum",
    "interface",
    "trait",
    "macro",
    "type",
    "typedef",
    "const",
    "constant",
    "target",
];
/// Tags that are not definitions of a name that stands for itself.
const OTHER_TAGS: &[&str] = &["field", "local", "parameter", "unknown", "implementation", "package", "packageName"];
/// Text in which ctags finds headings.
const PROSE: &[&str] = &["md", "rst", "html", "xml", "json", "css", "svg", "txt", "tex", "1"];

/// Tags of a tree: path, name, kinds.
type Tags = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A commit that is or was checked out.
pub(super) struct Tree<'a> {
    pub(super) clone: &'a Clone,
    pub(super) commit: String,
    pub(super) files: BTreeSet<String>,
    pub(super) tags: Tags,
}

impl Tree<'_> {
    pub(super) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.files.contains(path) || self.files.range(below.clone()..).next().is_some_and(|file| file.starts_with(&below))
    }

    pub(super) fn defines(&self, path: &str, name: &str) -> bool {
        self.tags.get(path).is_some_and(|names| names.contains_key(name))
    }

    pub(super) fn is_claimed(&self, path: &str, name: &str) -> bool {
        let kinds = self.tags.get(path).and_then(|names| names.get(name));
        name.len() >= 3
            && !name.to_ascii_lowercase().starts_with("anonymous")
            && kinds.is_some_and(|kinds| kinds.iter().any(|kind| DEFINITIONS.contains(&kind.as_str())))
    }

    pub(super) fn has_words(&self, path: &str, quote: &str) -> bool {
        let words: Vec<String> = quote.split_whitespace().map(|word| format!(r"\Q{word}\E")).collect();
        let mut grep = Command::new("grep");
        grep.current_dir(&self.clone.root).args(["-Pzqae", &words.join(r"\s+"), "--", path]);
        grep.status().is_ok_and(|status| status.success())
    }

    /// The names that every file and folder may have come to by renames: by those of all commits that went into this one, then by
    /// those along the first parents, where a merge shows what its branch did in one. A branch may move a file and then change it
    /// beyond recognition, or make a copy and remove the original later: each way of looking sees what the other doesn't.
    pub(super) fn renames_since(&self, before: &Tree<'_>) -> Result<HashMap<String, Vec<String>>, DriftError> {
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for way in [&["--topo-order"][..], &["--first-parent", "--diff-merges=first-parent"][..]] {
            for (old, new) in self.renamed(before, way)? {
                names.entry(old).or_default().push(new);
            }
        }
        Ok(names)
    }

    fn renamed(&self, before: &Tree<'_>, way: &[&str]) -> Result<HashMap<String, String>, DriftError> {
        let range = format!("{}..{}", before.commit, self.commit);
        let log = ["-M", "-l3000", "--diff-filter=R", "--reverse", "--name-status", "--format=", &range];
        let log = self.clone.git(&[&["log"][..], way, &log].concat())?;
        let mut last: HashMap<String, String> = before.files.iter().map(|file| (file.clone(), file.clone())).collect();
        for line in log.lines() {
            let mut parts = line.split('\t').skip(1);
            if let (Some(from), Some(to)) = (parts.next(), parts.next()) {
                last.values_mut().filter(|name| *name == from).for_each(|name| *name = to.to_owned());
            }
        }
        let mut folders: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (old, new) in &last {
            for (at, _) in old.match_indices('/') {
                if let Some(folder) = new.strip_suffix(&old[at..]) {
                    *folders.entry((old[..at].to_owned(), folder.to_owned())).or_default() += 1;
                }
            }
        }
        let mut most: Vec<_> = folders.into_iter().collect();
        most.sort_by_key(|(_, files)| *files);
        last.extend(most.into_iter().map(|(names, _)| names));
        last.retain(|old, new| old != new);
        Ok(last)
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.clone.root.join(path)).ok()
    }

    /// Sentences of the documentation that have something of code in them. A list of changes tells of the past.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for path in self.files.iter().filter(|path| path.ends_with(".md") || path.ends_with(".rst") || path.ends_with(".adoc")) {
            let lower = path.to_ascii_lowercase();
            if ["change", "history", "release", "news"].iter().any(|word| lower.contains(word)) {
                continue;
            }
            for paragraph in self.read(path).unwrap_or_default().split("\n\n") {
                let flat = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
                let parts = flat.split_inclusive(". ").filter(|part| (20..=400).contains(&part.len()));
                sentences.extend(parts.filter(|part| part.contains(['`', '/', '_'])).map(str::to_owned));
            }
        }
        sentences
    }
}

/// The clone in which commits are checked out.
pub(super) struct Clone {
    pub(super) root: PathBuf,
}

impl Clone {
    pub(super) fn make(repository: &Path, folder: &Path) -> Result<Self, DriftError> {
        let clone = Self { root: folder.to_owned() };
        let from = repository.canonicalize()?;
        clone.git(&["clone", "-q", "--shared", "--no-checkout", &from.to_string_lossy(), "."])?;
        Ok(clone)
    }

    pub(super) fn git(&self, arguments: &[&str]) -> Result<String, DriftError> {
        self.program("git", &[&["-c", "core.quotePath=false", "-c", "core.hooksPath=/dev/null"], arguments].concat())
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Result<String, DriftError> {
        let failed = |message: String| DriftError::Program { program: format!("{name} {}", arguments.join(" ")), message };
        let mut command = Command::new(name);
        command.current_dir(&self.root).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let output = command.args(arguments).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub(super) fn at(&self, commit: &str) -> Result<Tree<'_>, DriftError> {
        self.git(&["checkout", "-q", "-f", "--detach", commit])?;
        self.git(&["clean", "-fdxq"])?;
        let files = self.git(&["ls-tree", "-r", "--name-only", commit])?.lines().map(str::to_owned).collect();
        let mut tags = Tags::new();
        // Files that ctags doesn't know are silently left out.
        for line in self.program("ctags", &["-R", "--excmd=number", "--fields=K", "--exclude=.git", "-f", "-", "."])?.lines() {
            let mut parts = line.split('\t');
            let (Some(name), Some(path), Some(kind)) = (parts.next(), parts.next(), parts.nth(1)) else { continue };
            let path = path.strip_prefix("./").unwrap_or(path);
            let prose = PROSE.contains(&path.rsplit('.').next().unwrap_or_default());
            if !prose && !OTHER_TAGS.contains(&kind) {
                tags.entry(path.to_owned()).or_default().entry(name.to_owned()).or_default().insert(kind.to_owned());
            }
        }
        Ok(Tree { clone: self, commit: commit.to_owned(), files, tags })
    }
}
