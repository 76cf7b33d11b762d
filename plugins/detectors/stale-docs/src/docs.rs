//! Which files are documentation, and what in a line of it is code. Pure.

/// Where the host searches for documentation.
pub const GLOBS: &[&str] = &[
    "**/*.md",
    "**/*.markdown",
    "**/*.mdx",
    "**/*.rst",
    "**/*.adoc",
    "**/*.asciidoc",
    "docs/**/*.txt",
    "doc/**/*.txt",
    "**/README*",
    "**/Readme*",
    "**/CONTRIBUTING*",
    "**/HACKING*",
    "**/INSTALL*",
];

/// Does this path hold documentation of how things are now? What tells of the past names what is gone on purpose, and other
/// people's documentation is theirs.
pub fn is_doc(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let text = matches!(extension, "md" | "markdown" | "mdx" | "rst" | "adoc" | "asciidoc");
    let in_docs = extension == "txt" && matches!(folder.split('/').next(), Some("docs" | "doc"));
    const PAST: &[&str] = &["change", "history", "news", "release", "upgrad", "migrat", "whatsnew", "roadmap", "todo"];
    const OTHERS: &[&str] = &[
        "node_modules",
        "vendor",
        "third_party",
        "third-party",
        "site-packages",
        "adr",
        "adrs",
        "decisions",
        "rfcs",
        "rfc",
        "archive",
        "changelog",
        "changelogs",
        "releases",
        "blog",
        "posts",
        "fixtures",
        "testdata",
        "test",
        "tests",
        "__tests__",
        "spec",
        ".changeset",
    ];
    (text || in_docs || is_guide(stem))
        && !PAST.iter().any(|past| stem.contains(past))
        && !folder.split('/').any(|part| OTHERS.contains(&part))
}

fn is_guide(stem: &str) -> bool {
    ["readme", "contributing", "hacking", "install", "development", "developing", "maintainers", "building"].contains(&stem)
}

/// A document in which a bare name means a file of this project: other documents show made-up ones.
pub fn is_about_the_project(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    is_guide(name.split('.').next().unwrap_or(name)) && matches!(folder, "" | "docs" | "doc" | ".github")
}

/// A line of a document.
pub struct Line<'a> {
    /// From 1.
    pub number: u32,
    pub text: &'a str,
    /// The whole line is code: within a fence, indented, or after a prompt.
    pub code: bool,
    /// What a command printed, behind its prompt: it was so when it was run.
    pub output: bool,
}

/// All lines of a document.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut fence: Option<&str> = None;
    let mut prompted = false;
    let mut all = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let trimmed = text.trim_start();
        let mark = ["```", "~~~", "----"].into_iter().find(|mark| trimmed.starts_with(mark));
        let mut code = fence.is_some() || text.starts_with("    ") || text.starts_with('\t') || trimmed.starts_with("$ ");
        match (fence, mark) {
            (Some(open), Some(mark)) if open == mark => (fence, code) = (None, false),
            // A row of dashes is a listing in AsciiDoc and a rule or a heading anywhere else.
            (None, Some(mark)) if mark != "----" => (fence, code) = (Some(mark), false),
            _ => {}
        }
        let prompt = code && ["$ ", "> ", "% ", "# ", "❯ ", "➜ "].iter().any(|prompt| trimmed.starts_with(prompt));
        prompted = code && (prompted || prompt);
        all.push(Line { number: index as u32 + 1, text, code, output: prompted && !prompt });
    }
    all
}

impl Line<'_> {
    /// Is this part of the line code? `at` is a byte in it.
    pub fn is_code_at(&self, at: usize) -> bool {
        self.code || self.text[..at].matches('`').count() % 2 == 1 || self.text[..at].ends_with("``")
    }

    /// A line that says what became of something is not stale.
    pub fn tells_of_the_past(&self) -> bool {
        const WORDS: &[&str] = &[
            "removed",
            "deleted",
            "renamed",
            "moved",
            "formerly",
            "previously",
            "no longer",
            "deprecat",
            "used to ",
            "instead of",
            "replace",
            "dropped",
            "legacy",
            "older",
            "earlier",
            "upgrad",
            "migrat",
            "obsolete",
            "was called",
            "no more",
        ];
        let lower = self.text.to_lowercase();
        WORDS.iter().any(|word| lower.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_today() {
        for path in ["README.md", "docs/guide/install.rst", "docs/usage.txt", "CONTRIBUTING", "pkg/a/README.md"] {
            assert!(is_doc(path), "{path}");
        }
        let others = [
            "CHANGELOG.md",
            "History.md",
            "docs/changes.rst",
            "docs/upgrading.md",
            "vendor/a/README.md",
            "docs/adr/0001.md",
            "src/a.txt",
            "tests/x.md",
        ];
        for path in others {
            assert!(!is_doc(path), "{path}");
        }
    }

    #[test]
    fn code_is_known() {
        let text = "run `make a` or make b\n```sh\nmake c\n```\nmake d\n    make e\n$ make f\n";
        let code: Vec<bool> = lines(text).iter().map(|line| line.is_code_at(line.text.find("make").unwrap_or(0))).collect();
        assert_eq!(code, [true, false, true, false, false, true, true]);
        let output: Vec<bool> = lines("```\na\n$ b\nc\n```\nd\n").iter().map(|line| line.output).collect();
        assert_eq!(output, [false, false, false, true, false, false]);
    }
}
