use super::*;
use crate::scan_tests::{WORD, noise};
use kairos_plugin::testing::Fake;

fn token() -> String {
    format!("ghp_{}", noise(36, WORD))
}
fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Change {
    Change { path: path.into(), staged, unstaged }
}
fn run(host: &Fake, signal: Signal) -> Report {
    Secrets::detect(host, &[signal]).unwrap()
}
fn urgencies(report: &Report) -> Vec<Urgency> {
    report.findings.iter().map(|finding| finding.urgency).collect()
}
fn modified(path: &str) -> Signal {
    Signal::new("file.modified").with("path", path)
}

#[test]
fn a_token_from_first_save_to_commit() {
    let text = format!("// setup\nlet t = \"{}\";\n", token());
    let mut host = Fake::new()
        .change(change("src/a.rs", None, Some(ChangeKind::Untracked)))
        .file("src/a.rs", &text)
        .staged("src/a.rs", &text);
    let saved = run(&host, modified("src/a.rs"));
    assert_eq!(urgencies(&saved), [Urgency::High]);
    assert_eq!(saved.cleared, ["file:src/a.rs:*"]);

    host.set_changes(vec![change("src/a.rs", Some(ChangeKind::Added), None)]);
    let staged = run(&host, Signal::new("git.index"));
    assert_eq!(urgencies(&staged), [Urgency::Critical]);
    assert_eq!(staged.findings[0].key, saved.findings[0].key);

    host.set_changes(Vec::new());
    let committed = run(&host, Signal::new("git.head"));
    assert_eq!(urgencies(&committed), [Urgency::High]);
    assert!(committed.findings[0].title.contains("was committed"));

    for report in [saved, staged, committed] {
        let all = format!("{report:?}");
        let secret = token();
        assert!(!(4..secret.len() - 5).any(|at| all.contains(&secret[at..at + 5])), "{all}");
        assert!(all.contains("ghp_…"));
    }
    host.write("src/a.rs", "// setup\nlet t = env(\"T\");\n");
    assert!(urgencies(&run(&host, modified("src/a.rs"))).is_empty());
    assert!(urgencies(&run(&host, Signal::new("git.head"))).is_empty());
}

#[test]
fn a_guess_is_made_in_new_files_and_rarely_in_old_ones() {
    let text = format!("db_password = \"{}\"\n", ["Zr4!t", "q9Lw"].concat());
    let mut host = Fake::new().change(change("app.py", None, Some(ChangeKind::Untracked))).file("app.py", &text);
    let report = run(&host, modified("app.py"));
    assert_eq!(urgencies(&report), [Urgency::Normal]);
    assert_eq!(report.findings[0].evidence[0].excerpt, "value of `db_password`: …");
    host.set_changes(vec![change("app.py", None, Some(ChangeKind::Modified))]);
    assert!(urgencies(&run(&host, modified("app.py"))).is_empty());
}

#[test]
fn private_files_are_known_by_name_once_staged() {
    let host = Fake::new().denied(".env").denied("id_rsa").change(change(".env", Some(ChangeKind::Added), None));
    let report = run(&host, Signal::new("git.index"));
    assert_eq!((report.findings[0].key.as_str(), report.findings[0].urgency), ("file:.env:name", Urgency::High));
    let host = host.change(change("id_rsa", None, Some(ChangeKind::Untracked)));
    assert_eq!(run(&host, Signal::new("git.index")).findings.len(), 1);
}

#[test]
fn nothing_is_said_of_what_was_there_or_is_made_up() {
    let text = format!("token = \"{}\"\n", token());
    let host = Fake::new()
        .change(change("Cargo.lock", Some(ChangeKind::Modified), None))
        .change(change("README.md", None, Some(ChangeKind::Modified)))
        .file("Cargo.lock", &text)
        .staged("Cargo.lock", &text)
        .file("src/old.rs", &text)
        .file("README.md", "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE");
    assert!(run(&host, Signal::new("project.opened")).findings.is_empty());
    for path in ["src/old.rs", "Cargo.lock", "README.md", "none.rs"] {
        assert!(run(&host, modified(path)).findings.is_empty(), "{path}");
    }
    let test = Fake::new().change(change("tests/a.rs", None, Some(ChangeKind::Modified))).file("tests/a.rs", &text);
    assert_eq!(urgencies(&run(&test, modified("tests/a.rs"))), [Urgency::Low]);
}

#[test]
fn without_git_changed_files_are_looked_at() {
    let host = Fake::new().file("a.sh", format!("curl -u {}", token()));
    assert!(run(&host, Signal::new("project.opened")).findings.is_empty());
    assert_eq!(urgencies(&run(&host, modified("a.sh"))), [Urgency::High]);
}

#[test]
fn a_finding_stays_when_much_else_is_staged() {
    let mut host = Fake::new().change(change("z.py", None, Some(ChangeKind::Modified))).file("z.py", token());
    assert_eq!(run(&host, modified("z.py")).findings.len(), 1);
    let mut changes: Vec<Change> = (0..300).map(|n| change(&format!("a{n:03}.txt"), Some(ChangeKind::Added), None)).collect();
    changes.push(change("z.py", None, Some(ChangeKind::Modified)));
    for change in &changes[..300] {
        host = host.staged(&change.path, "word ".repeat(20_000));
    }
    changes.push(change("zz.py", Some(ChangeKind::Added), None));
    host = host.staged("zz.py", format!("{}b", token()));
    host.set_changes(changes);
    assert_eq!(run(&host, Signal::new("git.index")).findings.len(), 1);
    // Among very much, what has just changed is looked at first.
    let signals = [Signal::new("git.index"), modified("zz.py")];
    assert_eq!(Secrets::detect(&host, &signals).unwrap().findings.len(), 2);
}
