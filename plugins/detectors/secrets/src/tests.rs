use super::*;
use crate::scan_tests::{WORD, noise};
use kairos_plugin::testing::Fake;

fn token() -> String {
    format!("ghp_{}", noise(36, WORD))
}
fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> Change {
    Change::new(path, staged, unstaged)
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

/// A settings file as it stands in many a repository, with a key that was committed long ago.
fn settings() -> String {
    format!(
        "import os\n\nDEBUG = False\nALLOWED_HOSTS = [\"shop.acme.io\"]\n\n# TODO: move to the vault\nGITHUB_TOKEN = \"{}\"\n\
         DATABASE = {{\n    \"HOST\": os.environ[\"DB_HOST\"],\n    \"NAME\": \"shop\",\n}}\n",
        token()
    )
}

fn stripe() -> String {
    format!("sk_live_{}", noise(24, WORD))
}

/// The file in HEAD, and edited to `now` in the work tree.
fn edited(path: &str, head: &str, now: &str) -> Fake {
    let change = change(path, None, Some(ChangeKind::Modified));
    Fake::new().change(change).recorded(Version::Head, path, head).file(path, now)
}

fn titles(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.title.as_str()).collect()
}

#[test]
fn an_old_key_is_no_news_wherever_its_line_goes() {
    let old = settings();
    let moved: String = old.lines().rev().map(|line| format!("{line}\n")).collect();
    for now in [
        old.replace("DEBUG = False", "DEBUG = True"),
        moved,
        old.replace("GITHUB_TOKEN =", "TOKEN: str ="),
        old.replace("GITHUB_TOKEN = ", "    GITHUB_TOKEN = "),
        format!("{old}AGAIN = \"{}\"\n", token()),
    ] {
        let host = edited("shop/settings.py", &old, &now);
        for signal in [modified("shop/settings.py"), Signal::new("project.opened"), Signal::new("git.index")] {
            assert!(run(&host, signal).findings.is_empty(), "{now}");
        }
    }
}

#[test]
fn a_key_beside_an_old_one_is_told_alone() {
    let old = settings();
    let now = old.replace("DATABASE =", &format!("STRIPE_KEY = \"{}\"\nDATABASE =", stripe()));
    let report = run(&edited("shop/settings.py", &old, &now), modified("shop/settings.py"));
    assert_eq!(titles(&report), ["Stripe live key in shop/settings.py, line 8"]);
    // On the same line, too; and the one that takes the place of the old.
    let now = old.replace("\"\nDATABASE", &format!("\"  # was {}\nDATABASE", stripe()));
    let report = run(&edited("shop/settings.py", &old, &now), modified("shop/settings.py"));
    assert_eq!(titles(&report), ["Stripe live key in shop/settings.py, line 7"]);
    let now = old.replace(&token(), &stripe());
    let report = run(&edited("shop/settings.py", &old, &now), Signal::new("project.opened"));
    assert_eq!(titles(&report), ["Stripe live key in shop/settings.py, line 7"]);
    // Staged with one new key, and another only in the file.
    let (staged, now) = (format!("{old}A = \"{}\"\n", stripe()), format!("{old}A = \"{}\"\nB = \"{}b\"\n", stripe(), token()));
    let mut host = edited("shop/settings.py", &old, &now).staged("shop/settings.py", &staged);
    host.set_changes(vec![change("shop/settings.py", Some(ChangeKind::Modified), Some(ChangeKind::Modified))]);
    let report = run(&host, Signal::new("git.index"));
    assert_eq!(urgencies(&report), [Urgency::Critical, Urgency::High]);
}

#[test]
fn a_second_private_key_is_new_though_it_begins_as_the_first() {
    let pem = |seed: usize| {
        let body: String = (0..6).map(|line| format!("{}\n", noise(63 - seed - line, WORD))).collect();
        format!("-----{} RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n", "BEGIN")
    };
    let old = format!("# keys of the staging machines\n{}", pem(0));
    assert!(run(&edited("deploy/keys.txt", &old, &format!("\n{old}# end\n")), modified("deploy/keys.txt")).findings.is_empty());
    let report = run(&edited("deploy/keys.txt", &old, &format!("{old}{}", pem(9))), modified("deploy/keys.txt"));
    assert_eq!(titles(&report), ["private key in deploy/keys.txt, line 10"]);
}

#[test]
fn what_was_told_stays_open_once_head_has_it() {
    let with_key = settings();
    let mut host = edited("shop/settings.py", "import os\n", &with_key);
    let told = run(&host, modified("shop/settings.py"));
    assert_eq!(urgencies(&told), [Urgency::High]);
    // Committed; then the file is edited elsewhere, staged, and edited again.
    host.record(Version::Head, "shop/settings.py", &with_key);
    host.set_changes(Vec::new());
    assert!(titles(&run(&host, Signal::new("git.head")))[0].contains("was committed"));
    let edited = with_key.replace("DEBUG = False", "DEBUG = True");
    host.write("shop/settings.py", &edited);
    for staged in [None, Some(ChangeKind::Modified)] {
        host.record(Version::Index, "shop/settings.py", &edited);
        host.set_changes(vec![change("shop/settings.py", staged, Some(ChangeKind::Modified))]);
        let report = run(&host, modified("shop/settings.py"));
        assert_eq!((report.findings.len(), &report.findings[0].key), (1, &told.findings[0].key));
        assert!(titles(&report)[0].contains("was committed"), "{staged:?}");
    }
    // Renamed, and seen as such.
    host.remove("shop/settings.py");
    host.write("shop/conf.py", &edited);
    host.record(Version::Index, "shop/conf.py", &edited);
    host.set_changes(vec![change("shop/conf.py", Some(ChangeKind::Renamed), None).renamed_from("shop/settings.py")]);
    let signals = [Signal::new("file.removed").with("path", "shop/settings.py"), modified("shop/conf.py")];
    assert_eq!(titles(&Secrets::detect(&host, &signals).unwrap()), ["GitHub token was committed in shop/conf.py, line 7"]);
    // Gone from the file: solved, as far as this can see.
    host.write("shop/conf.py", "import os\n");
    host.record(Version::Index, "shop/conf.py", "import os\n");
    assert!(run(&host, modified("shop/conf.py")).findings.is_empty());
    host.set_changes(Vec::new());
    assert!(run(&host, Signal::new("git.head")).findings.is_empty());
}

#[test]
fn a_moved_file_brings_no_news_but_what_was_added_to_it() {
    let old = settings();
    let with_new = format!("{old}STRIPE = \"{}\"\n", stripe());
    let moves = [
        vec![change("conf.py", Some(ChangeKind::Renamed), None).renamed_from("shop/settings.py")],
        // By hand, not staged yet; and so changed that git doesn't call it renamed.
        vec![change("conf.py", None, Some(ChangeKind::Untracked)), change("shop/settings.py", None, Some(ChangeKind::Deleted))],
        vec![change("conf.py", Some(ChangeKind::Added), None), change("shop/settings.py", Some(ChangeKind::Deleted), None)],
    ];
    for changes in moves {
        for (now, expected) in [(&old, 0), (&with_new, 1)] {
            let mut host = Fake::new()
                .repository(Repository::default())
                .recorded(Version::Head, "shop/settings.py", &old)
                .staged("conf.py", now)
                .file("conf.py", now);
            host.set_changes(changes.clone());
            assert_eq!(run(&host, modified("conf.py")).findings.len(), expected, "{changes:?}");
            assert_eq!(run(&host, Signal::new("git.index")).findings.len(), expected, "{changes:?}");
        }
    }
}

#[test]
fn where_head_can_not_tell_all_is_new() {
    let text = settings();
    // No commit yet.
    let host = Fake::new().change(change("a.py", Some(ChangeKind::Added), None)).staged("a.py", &text).file("a.py", &text);
    assert_eq!(urgencies(&run(&host, Signal::new("project.opened"))), [Urgency::Critical]);
    // HEAD has it, in a version that is too long to be read.
    let long = format!("{text}{}", "# data\n".repeat(200_000));
    assert_eq!(urgencies(&run(&edited("a.py", &long, &text), modified("a.py"))), [Urgency::High]);
    // Too long itself: not read.
    assert!(run(&edited("a.py", "", &long), modified("a.py")).findings.is_empty());
}

#[test]
fn head_is_read_only_for_files_that_hold_something() {
    let host =
        edited("a.py", "x = 1\n", "x = 2\n").change(change("b.py", None, Some(ChangeKind::Modified))).file("b.py", token());
    run(&host, Signal::new("project.opened"));
    assert_eq!(host.reads(), ["a.py", "b.py", "b.py"]);
}

#[test]
fn many_old_keys_hide_no_new_one() {
    let key = |n: usize| format!("  \"ghp_{}\",\n", noise(36 + n, WORD));
    let old: String = (0..60).map(key).collect();
    let now = format!("{}{}", old.split_inclusive('\n').skip(5).collect::<String>(), key(100));
    let report = run(&edited("keys.json", &old, &now), modified("keys.json"));
    assert_eq!(titles(&report), ["GitHub token in keys.json, line 56"]);
}
