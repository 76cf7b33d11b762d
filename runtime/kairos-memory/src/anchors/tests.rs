//! Anchors in real folders, and in repositories that the real git made.

use super::*;
use kairos_core::memory::{Anchor, Claim, ClaimKind, Status};
use kairos_project::Project;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

struct Sandbox(TempDir);

impl Sandbox {
    fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.git(&["init", "-q", "-b", "main"]);
        files.iter().for_each(|(path, text)| sandbox.write(path, text));
        sandbox.commit();
        sandbox
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(self.root()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]).args(arguments);
        assert!(git.status().unwrap().success(), "git {arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "a step"]);
    }

    fn open(&self) -> Project {
        Project::open(self.root(), &[]).unwrap()
    }
}

const PARSER: &str = "//! Reads things.\n\npub struct Parser;\n\nimpl Parser {\n    pub fn parse_line(&self) {}\n}\n";

fn project() -> Sandbox {
    Sandbox::new(&[
        ("src/parse.rs", PARSER),
        ("src/main.rs", "mod parse;\nfn main() { Parser.parse_line(); }\n"),
        ("tools/config.py", "import os\n\ndef load_config():\n    return os.environ\n"),
        ("a/mod.rs", "fn one() {}\n"),
        ("b/mod.rs", "fn one() {}\nfn twice_seen() {}\n"),
        ("c.rs", "fn twice_seen() {}\n"),
        ("justfile", "ci: lint\n    cargo test\nlint:\n    cargo clippy\n"),
        ("README.md", "# Things\n\nThe parser never\nallocates memory.\n"),
    ])
}

/// A path, a symbol, a quotation.
type Place<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn places(anchors: &[Anchor]) -> Vec<Place<'_>> {
    anchors.iter().map(|a| (a.path.as_str(), a.symbol.as_deref(), a.quote.as_deref())).collect()
}

fn claim(id: &str, anchors: Vec<Anchor>) -> Claim {
    Claim {
        id: id.into(),
        topic: "project".into(),
        kind: ClaimKind::Project,
        status: Status::Fact,
        text: id.into(),
        evidence: Vec::new(),
        anchors,
        recorded: 0,
        valid_from: None,
        valid_to: None,
        author: "user".into(),
        rivals: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_claim_names_and_the_project_has_is_anchored() {
    let sandbox = project();
    let project = sandbox.open();
    let cases: &[(&str, &[Place<'_>])] = &[
        ("The parser is in src/parse.rs.", &[("src/parse.rs", None, None)]),
        ("`load_config` in config.py reads the environment", &[("tools/config.py", Some("load_config"), None)]),
        ("`load_config` reads the environment", &[("tools/config.py", Some("load_config"), None)]),
        ("Run `just ci` before pushing", &[("justfile", Some("ci"), None)]),
        ("Lines go through Parser::parse_line", &[("src/parse.rs", Some("Parser::parse_line"), None)]),
        ("README.md promises \"never allocates memory\"", &[("README.md", None, Some("never allocates memory"))]),
        ("src/ holds all code", &[("src", None, None)]),
        // Several places, none, or nothing that names one.
        ("mod.rs has `one` and `twice_seen`", &[]),
        ("`missing_name` is in gone.rs, and/or \"no such words\" elsewhere", &[]),
        ("The user likes short answers and src code", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(places(&find(text, &project).await), *expected, "{text}");
    }
}

#[tokio::test]
async fn an_anchor_holds_moves_or_is_gone() {
    let sandbox = project();
    let project = sandbox.open();
    let text =
        "`parse_line` in src/parse.rs; config.py has `load_config`, README.md says \"parser never allocates\", see `just lint`";
    let anchors = find(text, &project).await;
    let [readme, lint, parse, load] = anchors.as_slice() else { panic!("{anchors:?}") };
    sandbox.write("src/parse.rs", &format!("// Longer now.\n{PARSER}"));
    sandbox.write("README.md", "The parser\nnever allocates.\n");
    for anchor in &anchors {
        assert_eq!(check(anchor, &project).await, Verdict::Holds, "{anchor:?}");
    }
    sandbox.git(&["mv", "src/parse.rs", "src/reader.rs"]);
    assert_eq!(check(parse, &project).await, Verdict::Moved("src/reader.rs".into()), "staged");
    sandbox.commit();
    assert_eq!(check(parse, &project).await, Verdict::Moved("src/reader.rs".into()), "committed");
    sandbox.write("tools/config.py", "import os\n");
    assert_eq!(check(load, &project).await, Verdict::Gone { what: Lost::Symbol });
    sandbox.write("tools/env.py", "def load_config():\n    pass\n");
    assert_eq!(check(load, &project).await, Verdict::Moved("tools/env.py".into()));
    sandbox.write("README.md", "The parser allocates.\n");
    assert_eq!(check(readme, &project).await, Verdict::Gone { what: Lost::Quote });
    std::fs::rename(sandbox.root().join("justfile"), sandbox.root().join("tools/justfile")).unwrap();
    assert_eq!(check(lint, &project).await, Verdict::Moved("tools/justfile".into()), "neither staged nor committed");
    std::fs::remove_file(sandbox.root().join("tools/justfile")).unwrap();
    assert_eq!(check(lint, &project).await, Verdict::Gone { what: Lost::Path });
}

#[tokio::test]
async fn a_project_that_is_gone_makes_nothing_stale() {
    let sandbox = project();
    let project = sandbox.open();
    let claims = [claim("one", find("see src/parse.rs", &project).await)];
    std::fs::remove_dir_all(sandbox.root()).unwrap();
    assert!(matches!(check(&claims[0].anchors[0], &project).await, Verdict::Unknown(_)));
    let checked = check_all(&claims, None, &project).await;
    assert_eq!((checked.changes, checked.left), (vec![], vec!["one".to_owned()]));
}

#[tokio::test]
async fn only_claims_whose_files_changed_are_checked() {
    let sandbox = project();
    let project = sandbox.open();
    let mut claims = Vec::new();
    for text in ["see src/parse.rs", "see c.rs", "`load_config` in config.py", "all in src/"] {
        claims.push(claim(text, find(text, &project).await));
    }
    std::fs::remove_file(sandbox.root().join("c.rs")).unwrap();
    std::fs::remove_dir_all(sandbox.root().join("src")).unwrap();
    let gone = |checked: Checked| checked.changes.into_iter().map(|change| change.claim).collect::<Vec<_>>();
    assert_eq!(gone(check_all(&claims, Some(&["c.rs".into()]), &project).await), ["see c.rs"]);
    assert_eq!(gone(check_all(&claims, Some(&["src/main.rs".into()]), &project).await), ["all in src/"]);
    assert_eq!(gone(check_all(&claims, Some(&["src".into()]), &project).await), ["see src/parse.rs", "all in src/"]);
    assert_eq!(gone(check_all(&claims, None, &project).await), ["see src/parse.rs", "see c.rs", "all in src/"]);
    // What is back holds again.
    claims[1].status = Status::Stale;
    sandbox.write("c.rs", "fn other() {}\n");
    let back = check_all(&claims, Some(&["c.rs".into()]), &project).await.changes;
    assert_eq!(back, [Change { claim: "see c.rs".into(), state: State::Holds }]);
}
