//! The calls one by one.

use super::*;
use std::fs;

#[test]
fn git_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let guard = vault.lock().unwrap();
    let first = change(&vault, &[("MEMORY.md", Some("- [A](a.md)\n")), (".kairos/claims.jsonl", Some("{}\n"))], "Add a claim");
    let revision = vault.write(&guard, first).unwrap();
    assert_sound(&vault);
    assert_eq!(git(folder.path(), &["status", "--porcelain"]), "");
    assert_eq!(
        git(folder.path(), &["log", "-1", "--format=%H %an %ct %(trailers:key=Dream,valueonly)"]).trim(),
        format!("{} consolidate 1700000000 d1", revision.id)
    );
    assert_eq!(git(folder.path(), &["show", "HEAD:.kairos/claims.jsonl"]), "{}\n");
    assert_eq!(vault.log(1, None).unwrap(), std::slice::from_ref(&revision));
    assert_eq!(vault.changes(&revision.id).unwrap().len(), 2);
    let second = vault.write(&guard, change(&vault, &[("MEMORY.md", None)], "Remove")).unwrap();
    assert_eq!(vault.log(9, Some("MEMORY.md")).unwrap().len(), 2);
    assert_eq!(vault.log(9, Some(".kairos/claims.jsonl")).unwrap().len(), 1);
    assert_eq!(vault.file_at(&revision.id, "MEMORY.md").unwrap().unwrap(), b"- [A](a.md)\n");
    assert_eq!(vault.file_at(&second.id, "MEMORY.md").unwrap(), None);
    assert!(matches!(vault.file_at("HEAD", "MEMORY.md"), Err(Error::NoRevision { .. })));
}

#[test]
fn a_batch_is_a_pack_that_git_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let guard = vault.lock().unwrap();
    let mut lines: Vec<String> = (0..500).map(|n| format!("{{\"id\":{n},\"text\":\"something that is believed\"}}\n")).collect();
    let mut was = None;
    let mut states = Vec::new();
    let writes = (0..200).map(|n: usize| {
        let at = n * 7919 % lines.len();
        match n % 3 {
            0 => lines[at] = format!("changed in {n}\n"),
            1 => drop(lines.remove(at)),
            _ => lines.insert(at, format!("inserted in {n}\n")),
        }
        let now = lines.concat().into_bytes();
        states.push(now.clone());
        let file = FileChange { path: ".kairos/claims.jsonl".to_owned(), was, now: Some(now.clone()) };
        was = Some(Digest::of(&now));
        Write { files: vec![file], ..change(&vault, &[], &format!("Step {n}")) }
    });
    let revisions = vault.write_all(&guard, writes).unwrap();
    assert_sound(&vault);
    git(folder.path(), &["fsck", "--full", "--strict"]);
    for (revision, state) in revisions.iter().zip(&states) {
        assert_eq!(vault.file_at(&revision.id, ".kairos/claims.jsonl").unwrap().as_ref(), Some(state));
    }
    assert_eq!(git(folder.path(), &["show", &format!("{}:.kairos/claims.jsonl", revisions[123].id)]).as_bytes(), states[123]);
    assert_eq!(git(folder.path(), &["rev-list", "--count", "HEAD"]).trim(), "201");
}

#[test]
fn what_was_changed_underneath_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let guard = vault.lock().unwrap();
    vault.write(&guard, change(&vault, &[("a.md", Some("one\n")), ("b.md", Some("two\n"))], "Start")).unwrap();
    let late = change(&vault, &[("b.md", Some("x\n")), ("a.md", Some("three\n"))], "Too late");
    fs::write(folder.path().join("a.md"), "by hand\n").unwrap();
    let head = vault.head().unwrap();
    assert!(matches!(vault.write(&guard, late), Err(Error::Changed { path, .. }) if path == "a.md"));
    assert_eq!((vault.read("b.md").unwrap().unwrap(), vault.head().unwrap()), (b"two\n".to_vec(), head));
    assert_eq!(vault.status().unwrap(), [("a.md".to_owned(), Edit::Modified)]);
    let user = Author { name: "Someone <x>".to_owned(), email: "a@b".to_owned() };
    let revision = vault.record(&guard, &["a.md".to_owned(), "b.md".to_owned()], "Edited by hand", user, 5_000).unwrap().unwrap();
    assert_eq!(vault.changes(&revision.id).unwrap()[0].after.as_deref(), Some(&b"by hand\n"[..]));
    assert_eq!(
        vault.record(&guard, &["a.md".to_owned()], "", Author { name: String::new(), email: String::new() }, 0).unwrap(),
        None
    );
    assert_sound(&vault);
}

#[test]
fn an_edit_after_a_stopped_change_stays() {
    use crate::vault::disk::fault::{self, Fault};
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    for step in 0.. {
        let next =
            change(&vault, &[("a.md", Some(&format!("ours {step}\n"))), ("b.md", Some(&format!("ours {step}\n")))], "Ours");
        let guard = vault.lock().unwrap();
        fault::arm(Some((step, Fault::Kill)));
        let result = vault.write(&guard, next);
        fault::arm(None);
        drop(guard);
        let intended = folder.path().join(".kairos/intent").exists();
        fs::write(folder.path().join("a.md"), format!("theirs {step}\n")).unwrap();
        let recovery = vault.lock().unwrap().recovery().clone();
        assert_eq!(vault.read("a.md").unwrap().unwrap(), format!("theirs {step}\n").as_bytes());
        assert_eq!(recovery.notes.contains(&Note::Kept("a.md".to_owned())), intended, "step {step}: {recovery:?}");
        if result.is_ok() {
            break;
        }
    }
}

#[test]
fn no_path_leads_out() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder.path().join("memory"));
    fs::create_dir(folder.path().join("outside")).unwrap();
    std::os::unix::fs::symlink("../outside", folder.path().join("memory/link")).unwrap();
    std::os::unix::fs::symlink("../outside/x", folder.path().join("memory/x.md")).unwrap();
    fs::create_dir(folder.path().join("memory/folder")).unwrap();
    let wrong = [
        "../a",
        "/a",
        "a/../b",
        "a//b",
        "",
        "link/a",
        "x.md",
        ".git/config",
        ".kairos/intent",
        ".kairos/lock",
        ".kairos",
        "folder",
        ".kairos/../a",
        "a/.git/hooks/x",
        "a\\b",
        ".",
    ];
    for path in wrong {
        let write = Write {
            files: vec![FileChange { path: path.to_owned(), was: None, now: Some(b"x".to_vec()) }],
            ..change(&vault, &[], "")
        };
        let result = vault.write(&vault.lock().unwrap(), write);
        assert!(matches!(result, Err(Error::Path { .. })), "{path}: {result:?}");
    }
    assert_eq!(fs::read_dir(folder.path().join("outside")).unwrap().count(), 0);
}

#[test]
fn a_history_that_is_gone_or_damaged_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    {
        let vault = vault(folder.path());
        vault.write(&vault.lock().unwrap(), change(&vault, &[("a.md", Some("one\n"))], "Start")).unwrap();
    }
    fs::remove_dir_all(folder.path().join(".git")).unwrap();
    let (vault, recovery) = Vault::open(Places::within(folder.path())).unwrap();
    assert_eq!(recovery.notes, [Note::HistoryBegun(1)]);
    assert_sound(&vault);
    let object = git(folder.path(), &["rev-parse", "HEAD:a.md"]);
    let packs = folder.path().join(".git/objects/pack");
    for entry in fs::read_dir(packs).unwrap().map(Result::unwrap) {
        fs::write(entry.path(), b"damaged").unwrap();
    }
    let (vault, recovery) = Vault::open(Places::within(folder.path())).unwrap();
    assert!(
        matches!(&recovery.notes[..], [Note::HistoryDamaged(aside), Note::HistoryBegun(1)] if aside.is_dir()),
        "{recovery:?}"
    );
    assert_sound(&vault);
    assert_eq!(git(folder.path(), &["rev-parse", "HEAD:a.md"]), object);
}

#[test]
fn places_may_lie_apart_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("theirs")).unwrap();
    fs::write(at("theirs/MEMORY.md"), "- theirs\n").unwrap();
    fs::set_permissions(at("theirs/MEMORY.md"), fs::Permissions::from_mode(0o640)).unwrap();
    let places = Places { files: at("theirs"), index: None, private: at("ours/private"), git: at("ours/history") };
    let (vault, recovery) = Vault::open(places).unwrap();
    assert_eq!(recovery.notes, [Note::HistoryBegun(0)], "what is theirs is not copied");
    vault
        .write(
            &vault.lock().unwrap(),
            change(&vault, &[("MEMORY.md", Some("- both\n")), (".kairos/claims.jsonl", Some("{}\n"))], "Both"),
        )
        .unwrap();
    assert_eq!(fs::metadata(at("theirs/MEMORY.md")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(at("theirs")).unwrap().count(), 1);
    assert_eq!(git(&at("ours/history"), &["show", "HEAD:.kairos/claims.jsonl"]), "{}\n");
    git(&at("ours/history"), &["fsck", "--strict"]);
    assert_eq!(vault.status().unwrap(), []);
}

#[test]
fn two_writers_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let vault = &vault;
            scope.spawn(move || {
                for n in 0..5 {
                    let guard = vault.lock().unwrap();
                    let text = vault.read("a.md").unwrap().unwrap_or_default();
                    let text = format!("{}{writer} {n}\n", String::from_utf8(text).unwrap());
                    vault.write(&guard, change(vault, &[("a.md", Some(&text))], "Line")).unwrap();
                }
            });
        }
    });
    assert_eq!(vault.read("a.md").unwrap().unwrap().split(|byte| *byte == b'\n').count(), 21);
    assert_eq!(vault.log(99, None).unwrap().len(), 21);
    assert_sound(&vault);
}

/// Figures for whoever asks: `cargo test --release -p kairos-memory vault::tests::timing -- --ignored --nocapture`.
#[test]
#[ignore = "prints times"]
fn timing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let guard = vault.lock().unwrap();
    let ledger = |n: usize| {
        (0..2000)
            .map(|at| {
                format!(
                    "{{\"id\":\"c{at:07}\",\"text\":\"something that is believed and takes its place\",\"n\":{}}}\n",
                    if at == n % 2000 { n } else { 0 }
                )
            })
            .collect::<String>()
    };
    let mut single = Vec::new();
    for n in 0..20 {
        let text = ledger(n);
        let write = change(&vault, &[("a.md", Some(&format!("- one {n}\n"))), (".kairos/claims.jsonl", Some(&text))], "One");
        let begun = std::time::Instant::now();
        vault.write(&guard, write).unwrap();
        single.push(begun.elapsed());
    }
    single.sort();
    eprintln!("one write of two files, {} KiB: median {:?}, max {:?}", ledger(0).len() / 1024, single[10], single[19]);
    for count in [100, 1000] {
        let mut was = vault.read(".kairos/claims.jsonl").unwrap().as_deref().map(Digest::of);
        let writes = (0..count).map(|n| {
            let now = ledger(n + 7).into_bytes();
            let file = FileChange { path: ".kairos/claims.jsonl".to_owned(), was, now: Some(now) };
            was = file.now.as_deref().map(Digest::of);
            Write { files: vec![file], ..change(&vault, &[], "Many") }
        });
        let begun = std::time::Instant::now();
        vault.write_all(&guard, writes).unwrap();
        eprintln!("{count} commits at once: {:?}", begun.elapsed());
    }
    let begun = std::time::Instant::now();
    vault.status().unwrap();
    eprintln!("status: {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    vault.log(1000, Some("a.md")).unwrap();
    eprintln!("log of one file in 1,121 commits: {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    vault.compact(&guard).unwrap();
    eprintln!("compact: {:?}", begun.elapsed());
    drop(guard);
    let begun = std::time::Instant::now();
    Vault::open(vault.places().clone()).unwrap();
    eprintln!("open: {:?}", begun.elapsed());
    eprintln!("{}", git(folder.path(), &["count-objects", "-v"]));
}
