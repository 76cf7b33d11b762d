//! Stopped at every step, or failed at every step: what opens is the old state or the new one.

use super::*;
use crate::vault::disk::fault::{self, Fault};
use std::fs;
use std::io::ErrorKind;

fn prepared(folder: &Path) {
    let vault = vault(folder);
    let files = [
        ("MEMORY.md", Some("- [A](a.md)\n")),
        ("a.md", Some("one\n")),
        ("b.md", Some("two\n")),
        (".kairos/claims.jsonl", Some("{}\n")),
    ];
    vault.write(&vault.lock().unwrap(), change(&vault, &files, "Start")).unwrap();
}

const NEXT: [(&str, Option<&str>); 4] =
    [("MEMORY.md", Some("- [C](c/d.md)\n")), ("a.md", Some("one and a half\n")), ("b.md", None), ("c/d.md", Some("new\n"))];

fn write(vault: &Vault, batch: bool) -> Result<()> {
    let guard = vault.lock()?;
    let mut writes = vec![change(vault, &NEXT, "Next")];
    if batch {
        let file = FileChange { path: "e.md".to_owned(), was: None, now: Some(b"last\n".to_vec()) };
        writes.push(Write { files: vec![file], ..change(vault, &[], "Last") });
    }
    vault.write_all(&guard, writes).map(drop)
}

fn at_every_step(fault: Fault, batch: bool) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let (origin, tried) = (folder.path().join("origin"), folder.path().join("tried"));
    prepared(&origin);
    let old = state(&vault(&origin));
    copy(&origin, &tried);
    fault::arm(None);
    let complete = Vault { places: Places::within(&tried) };
    write(&complete, batch).unwrap();
    let steps = fault::steps();
    let new = state(&complete);
    assert_ne!(old, new);
    let (mut olds, mut news) = (0, 0);
    for step in 0..steps {
        fs::remove_dir_all(&tried).unwrap();
        copy(&origin, &tried);
        fault::arm(Some((step, fault)));
        let result = write(&Vault { places: Places::within(&tried) }, batch);
        fault::arm(None);
        let (vault, recovery) = Vault::open(Places::within(&tried)).unwrap();
        let found = state(&vault);
        assert!(found == old || found == new, "step {step}: {result:?}, {recovery:?}");
        if result.is_ok() || matches!(result, Err(Error::Unfinished { .. })) && fault != Fault::Kill {
            assert_eq!(found, new, "step {step}: {result:?}");
        } else if fault != Fault::Kill {
            assert_eq!(found, old, "step {step}: {result:?}");
        }
        assert_eq!(vault.log(9, None).unwrap().len(), if found == old { 2 } else { 3 + usize::from(batch) }, "step {step}");
        assert_sound(&vault);
        let left = vault.places.walk().unwrap().len() + fs::read_dir(tried.join(".kairos")).unwrap().count();
        assert_eq!(left, found.len() + 2, "step {step} left something behind");
        if found == old { olds += 1 } else { news += 1 }
    }
    eprintln!("{fault:?}, batch {batch}: {steps} steps, {olds} old, {news} new");
    steps
}

#[test]
fn killed_at_any_step_it_opens_old_or_new() {
    assert!(at_every_step(Fault::Kill, false) > 40);
    assert!(at_every_step(Fault::Kill, true) > 20);
}

#[test]
fn a_full_or_failing_disk_at_any_step_leaves_the_old_state() {
    at_every_step(Fault::Fail(ErrorKind::StorageFull), false);
    at_every_step(Fault::Fail(ErrorKind::Other), true);
}

#[test]
fn recovery_itself_can_be_stopped_at_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let (origin, stopped, tried) = (folder.path().join("origin"), folder.path().join("stopped"), folder.path().join("tried"));
    prepared(&origin);
    let old = state(&vault(&origin));
    copy(&origin, &stopped);
    fault::arm(None);
    write(&Vault { places: Places::within(&stopped) }, false).unwrap();
    let (steps, new) = (fault::steps(), state(&Vault { places: Places::within(&stopped) }));
    for step in (steps / 2..steps).step_by(3) {
        fs::remove_dir_all(&stopped).unwrap();
        copy(&origin, &stopped);
        fault::arm(Some((step, Fault::Kill)));
        let _ = write(&Vault { places: Places::within(&stopped) }, false);
        for again in 0.. {
            let _ = fs::remove_dir_all(&tried);
            copy(&stopped, &tried);
            fault::arm(Some((again, Fault::Kill)));
            let opened = Vault::open(Places::within(&tried));
            let done = fault::steps() <= again;
            fault::arm(None);
            drop(opened);
            let vault = vault(&tried);
            let found = state(&vault);
            assert!(found == old || found == new, "steps {step} and {again}");
            assert_eq!(vault.log(9, None).unwrap().len(), if found == old { 2 } else { 3 });
            if done {
                assert_sound(&vault);
                break;
            }
        }
    }
}

#[test]
fn a_vault_that_is_made_can_be_stopped_at_any_step() {
    for step in 0.. {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.md"), "mine\n").unwrap();
        fault::arm(Some((step, Fault::Kill)));
        let _ = Vault::open(Places::within(folder.path()));
        let done = fault::steps() <= step;
        fault::arm(None);
        let vault = vault(folder.path());
        assert_eq!(vault.log(9, None).unwrap().len(), 1, "step {step}");
        assert_sound(&vault);
        if done {
            break;
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    /// Any writes, each stopped anywhere or not at all: the folder is always one of the states that were asked for, and the history
    /// has a commit for each that came about.
    #[test]
    fn random_writes_stopped_anywhere(
        steps in proptest::collection::vec((proptest::collection::vec((0..4usize, proptest::option::of("[a-c\n]{0,6}")), 1..4), 0..160usize), 1..6)
    ) {
        const NAMES: [&str; 4] = ["MEMORY.md", "a.md", "deep/b.md", ".kairos/claims.jsonl"];
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault(folder.path());
        let mut commits = 1;
        for (files, stop) in &steps {
            let files: BTreeMap<_, _> = files.iter().map(|(name, text)| (NAMES[*name], text.as_deref())).collect();
            let files: Vec<_> = files.into_iter().collect();
            let old = state(&vault);
            let mut new = old.clone();
            for (path, text) in &files {
                match text {
                    Some(text) => drop(new.insert((*path).to_owned(), text.as_bytes().to_vec())),
                    None => drop(new.remove(*path)),
                }
            }
            let write = change(&vault, &files, "Random");
            fault::arm(Some((*stop, Fault::Kill)));
            let result = vault.lock().and_then(|guard| vault.write(&guard, write));
            fault::arm(None);
            vault = Vault::open(Places::within(folder.path())).unwrap().0;
            let found = state(&vault);
            proptest::prop_assert!(found == old || found == new);
            proptest::prop_assert!(result.is_err() || found == new);
            let now = vault.log(99, None).unwrap().len();
            proptest::prop_assert!(now == commits || now == commits + 1);
            proptest::prop_assert!(now == commits + 1 || found == old);
            commits = now;
        }
        assert_sound(&vault);
    }
}
