use super::*;
use kairos_plugin::testing::Fake;

const NOW: u64 = 1_800_000_000_000;

fn look_at(host: &Fake, kind: &str) -> Report {
    StaleDocs::detect(host, &[Signal::new(kind)]).unwrap()
}
fn edit(host: &Fake, path: &str) -> Report {
    StaleDocs::detect(host, &[Signal::new("file.modified").with("path", path)]).unwrap()
}
fn committed(path: &str, kind: ChangeKind) -> Change {
    Change { committed: Some(kind), ..Change::new(path, None, None) }
}
fn on_branch() -> Fake {
    Fake::new().at(NOW).repository(Repository { branch: Some("faster".into()), ..Repository::default() })
}
fn later(host: &mut Fake) -> Report {
    let first = look_at(host, "git.head");
    assert!(first.findings.is_empty(), "not while it is being written");
    host.set_now(NOW + RIPENS);
    look_at(host, "kairos.wake")
}
fn told(report: &Report) -> Vec<(&str, Vec<String>)> {
    let place = |place: &Evidence| format!("{}:{}", place.subject, place.line.unwrap_or(0));
    report.findings.iter().map(|finding| (finding.key.as_str(), finding.evidence.iter().map(place).collect())).collect()
}

#[test]
fn a_renamed_file_is_told_until_the_document_is_right() {
    let mut host = on_branch()
        .recorded(Version::BranchPoint, "src/old.rs", "x")
        .file("src/new.rs", "x")
        .file("README.md", "# a\n\nThe core is `src/old.rs`.\n")
        .file("docs/a.md", "[core](../src/old.rs)\nsrc/old.rs was renamed\n")
        .file("CHANGELOG.md", "- src/old.rs\n")
        .change(committed("src/new.rs", ChangeKind::Renamed).renamed_from("src/old.rs"));
    let report = later(&mut host);
    assert_eq!(told(&report), [("gone:file:src/old.rs", vec!["README.md:3".to_string(), "docs/a.md:1".to_string()])]);
    assert_eq!(report.findings[0].title, "README.md names src/old.rs, which is src/new.rs now");
    assert_eq!(report.findings[0].urgency, Urgency::Normal);

    // Merged: git has nothing to say of it any more, the documents are as wrong as before.
    host.set_changes(Vec::new());
    assert_eq!(look_at(&host, "git.head").findings.len(), 1);
    assert_eq!(edit(&host, "src/new.rs"), Report::new());
    host.write("README.md", "# a\n");
    assert_eq!(told(&edit(&host, "README.md")), [("gone:file:src/old.rs", vec!["docs/a.md:1".to_string()])]);
    host.write("docs/a.md", "");
    let right = edit(&host, "docs/a.md");
    assert_eq!((right.findings.len(), right.cleared, right.wake_after), (0, vec!["gone:*".to_string()], Some(0)));
}

#[test]
fn commands_and_flags_are_told_when_nothing_defines_them() {
    let mut host = on_branch()
        .recorded(Version::BranchPoint, "package.json", r#"{"scripts": {"lint": "x", "unit": "y", "test": "z"}}"#)
        .file("package.json", r#"{"scripts": {"test": "z"}}"#)
        .file("packages/a/package.json", r#"{"scripts": {"unit": "y"}}"#)
        .recorded(Version::BranchPoint, "Makefile", "docs: a\nall: b\n")
        .file("Makefile", "all: b\n")
        .recorded(
            Version::BranchPoint,
            "cli.py",
            "p.add_argument('--fast')\np.add_argument('--slow')\np.add_argument('--by-name')\n",
        )
        .file("cli.py", "p.add_argument('--quick')\n")
        .file("other.py", "OPTIONS = ['--slow']\n")
        .file("derived.rs", "#[arg(long)]\nby_name: bool,\n")
        .file(
            "README.md",
            "`npm run lint`, `yarn unit`\n\n    make docs\n\nWe make docs. `a --fast`, `a --slow`, `a --by-name`\n",
        )
        .change(committed("package.json", ChangeKind::Modified))
        .change(committed("Makefile", ChangeKind::Modified))
        .change(committed("cli.py", ChangeKind::Modified));
    let one = |line: &str| vec![line.to_string()];
    let expected =
        [("gone:npm:lint", one("README.md:1")), ("gone:make:docs", one("README.md:3")), ("gone:flag:--fast", one("README.md:5"))];
    assert_eq!(told(&later(&mut host)), expected);
    // It comes back.
    host.write("Makefile", "all: b\ndocs: a\n");
    assert_eq!(edit(&host, "Makefile").findings.len(), 2);
}

#[test]
fn many_paths_at_once_are_one_finding() {
    let mut host = on_branch().file("docs/map.md", "a/1.c, a/2.c, a/3.c and a/4.c\n");
    host.set_changes((1..=4).map(|n| committed(&format!("a/{n}.c"), ChangeKind::Deleted)).collect());
    let report = later(&mut host);
    assert_eq!(told(&report)[0].0, "gone:paths");
    assert_eq!((report.findings.len(), report.findings[0].evidence.len()), (1, 4));
}

#[test]
fn silent_about_what_was_never_there_or_may_mean_another() {
    let mut host = on_branch()
        .file("docs/tutorial.md", "make `app/routes.py` and `app.py`; run `make deploy`, `x --turbo`\n")
        .file("docs/src/a.rs", "here")
        .file("docs/guide.md", "`src/a.rs`\n")
        .file("README.md", "see `pkg/mod.py`\n")
        .change(committed("src/a.rs", ChangeKind::Deleted))
        .change(committed("app.py", ChangeKind::Deleted))
        .change(committed("src/pkg/mod.py", ChangeKind::Renamed).renamed_from("pkg/mod.py"))
        // Only in the work tree: the user is at it.
        .file("CONTRIBUTING.md", "`b/c.rs`\n")
        .change(Change::new("b/c.rs", None, Some(ChangeKind::Deleted)));
    let report = later(&mut host);
    assert_eq!((told(&report), report.wake_after), (vec![], Some(0)));
    assert_eq!(look_at(&Fake::new(), "project.opened"), Report::new());
}
