use super::*;
use kairos_plugin::testing::Fake;

const NOW: u64 = 1_800_000_000_000;

fn look_at(host: &Fake, kind: &str) -> Report {
    TodoDrift::detect(host, &[Signal::new(kind)]).unwrap()
}
fn edit(host: &Fake, path: &str) -> Report {
    TodoDrift::detect(host, &[Signal::new("file.modified").with("path", path)]).unwrap()
}
fn committed(path: &str, kind: ChangeKind) -> Change {
    Change { committed: Some(kind), ..Change::new(path, None, None) }
}
fn on_branch() -> Fake {
    let repository = Repository { branch: Some("faster".into()), head: Some("a".into()), ..Repository::default() };
    Fake::new().at(NOW).repository(repository).recorded(Version::BranchPoint, "README.md", "x")
}
fn places(report: &Report) -> Vec<String> {
    let evidence = report.findings.iter().flat_map(|finding| &finding.evidence);
    evidence.map(|place| format!("{}:{}", place.subject, place.line.unwrap_or(0))).collect()
}

#[test]
fn a_debug_print_is_told_when_it_stayed_and_ends_when_it_goes() {
    let old = "fn a() {\n    b(); // TODO: old\n}\n";
    let new = "fn a() {\n    dbg!(1);\n    // TODO: broken\n    b(); // TODO: old\n}\n";
    let mut host = on_branch()
        .recorded(Version::BranchPoint, "src/a.rs", old)
        .change(Change::new("src/a.rs", None, Some(ChangeKind::Modified)))
        .staged("src/a.rs", old)
        .file("src/a.rs", new);
    assert_eq!(look_at(&host, "git.index").wake_after, Some(0), "what is only in the work tree is being written");

    host = host.staged("src/a.rs", new);
    host.set_changes(vec![Change::new("src/a.rs", Some(ChangeKind::Modified), None)]);
    let staged = look_at(&host, "git.index");
    assert_eq!((staged.findings.len(), staged.wake_after), (0, Some(601)));
    host.set_now(NOW + 11 * MINUTE);
    let told = look_at(&host, "kairos.wake");
    assert_eq!(places(&told), ["src/a.rs:2"]);
    assert_eq!(told.findings[0].title, "faster brings along 1 dbg!");
    assert_eq!(told.findings[0].urgency, Urgency::Low);

    host.set_now(NOW + 61 * MINUTE);
    host.set_changes(vec![committed("src/a.rs", ChangeKind::Modified)]);
    assert_eq!(places(&look_at(&host, "git.head")), ["src/a.rs:2", "src/a.rs:3"]);

    // Taken out in the editor, not yet staged: the user knows.
    host.write("src/a.rs", old);
    host.set_changes(vec![Change { unstaged: Some(ChangeKind::Modified), ..committed("src/a.rs", ChangeKind::Modified) }]);
    let gone = edit(&host, "src/a.rs");
    assert_eq!((gone.findings.len(), gone.cleared), (0, vec!["branch:*".to_string()]));
    assert_eq!(edit(&host, "src/other.rs"), Report::new());
    assert!(host.state().keys().all(|key| !key.starts_with("seen:")));
}

#[test]
fn what_moved_or_was_reworded_is_not_new() {
    let host = on_branch()
        .recorded(Version::BranchPoint, "lib/a.js", "// TODO: split this file\n// FIXME: slow on large input\n")
        .recorded(Version::BranchPoint, "lib/gone.js", "function f() {\n  // HACK: works around the cache\n}\n")
        .recorded(Version::BranchPoint, "lib/was.js", "// XXX why\n")
        .file("lib/a.js", "// FIXME(anna): slow on very large input\n")
        .file("lib/b.js", "// TODO: split this file\n    // HACK: works around the cache\n")
        .file("lib/is.js", "// XXX why\n")
        .change(committed("lib/a.js", ChangeKind::Modified))
        .change(committed("lib/b.js", ChangeKind::Added))
        .change(committed("lib/gone.js", ChangeKind::Deleted))
        .change(committed("lib/is.js", ChangeKind::Renamed).renamed_from("lib/was.js"));
    let report = look_at(&host, "git.head");
    assert_eq!((report.findings.len(), report.wake_after), (0, Some(0)));
}

#[test]
fn prints_count_where_nothing_else_prints() {
    let mut host = on_branch()
        .recorded(Version::BranchPoint, "lib/old.js", "console.log('ready')\n")
        .file("lib/old.js", "console.log('ready')\nconsole.log(x)\n")
        .file("lib/new.js", "console.log(x)\n")
        .file("test/a.js", "console.log(x)\nit.only('a', f)\n")
        .file("examples/b.js", "console.log(x)\n")
        .change(committed("lib/old.js", ChangeKind::Modified))
        .change(committed("lib/new.js", ChangeKind::Added))
        .change(committed("test/a.js", ChangeKind::Added))
        .change(committed("examples/b.js", ChangeKind::Added));
    look_at(&host, "git.head");
    host.set_now(NOW + 11 * MINUTE);
    let report = look_at(&host, "kairos.wake");
    assert_eq!(places(&report), ["test/a.js:2", "lib/new.js:1"]);
    assert_eq!(report.findings[0].urgency, Urgency::Normal);
    (0..3).for_each(|n| host.write(&format!("lib/c{n}.js"), "console.log(y)\n"));
    assert_eq!(places(&look_at(&host, "kairos.wake")), ["test/a.js:2"], "others print, too");
}

#[test]
fn what_somebody_tracks_or_wishes_makes_no_finding() {
    let mut host =
        on_branch().file("a.py", "# TODO(#12): later\n# FIXME(anna): later\n").change(committed("a.py", ChangeKind::Added));
    look_at(&host, "git.head");
    host.set_now(NOW + 61 * MINUTE);
    assert!(look_at(&host, "kairos.wake").findings.is_empty());
    host.write("a.py", "# TODO(#12): later\n# XXX\n");
    look_at(&host, "git.head");
    host.set_now(NOW + 122 * MINUTE);
    let report = look_at(&host, "kairos.wake");
    assert_eq!(places(&report), ["a.py:2"]);
    host.write("a.py", "# TODO: cache\n# TODO: faster\n");
    assert!(look_at(&host, "kairos.wake").findings.is_empty(), "a wish or two");
    host.write("a.py", "# TODO: cache\n# TODO: faster\n# TODO: nicer\n");
    look_at(&host, "git.head");
    host.set_now(NOW + 183 * MINUTE);
    assert_eq!(look_at(&host, "kairos.wake").findings[0].title, "faster brings along 3 TODO");
    assert!(report.findings[0].detail.ends_with("One more names an issue, an owner or when it is due, and isn't listed."));
}

#[test]
fn silent_without_git_and_during_an_operation() {
    let repository = Repository { operation: Some("rebase".into()), ..Repository::default() };
    let host = on_branch().file("a.rs", "dbg!(1)").change(committed("a.rs", ChangeKind::Added)).repository(repository);
    assert_eq!(look_at(&host, "git.head"), Report::new().wake_after(600));
    assert_eq!(look_at(&Fake::new(), "project.opened"), Report::new());
}
