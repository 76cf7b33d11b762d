//! What is forgotten is nowhere any more.

use super::*;
use crate::vault::disk::fault::{self, Fault};
use std::fs;

const SECRET: &str = "correct horse battery";

/// A history with the secret in files, a message, a tag, a branch, the stash and git's own logs.
fn with_secret(folder: &Path) -> Vault {
    let vault = vault(folder);
    let guard = vault.lock().unwrap();
    vault.write(&guard, change(&vault, &[("a.md", Some("one\n")), ("b.md", Some("kept\n"))], "Harmless")).unwrap();
    let text = format!("the password is {SECRET}\ntwo\n");
    vault
        .write(&guard, change(&vault, &[("a.md", Some(&text)), ("secret.md", Some(SECRET))], &format!("Note {SECRET}")))
        .unwrap();
    let run = |arguments: &[&str]| {
        git(folder, &[&["-c", "user.name=u", "-c", "user.email=u@h", "-c", "core.logAllRefUpdates=true"], arguments].concat())
    };
    run(&["tag", "-a", "v1", "-m", SECRET]);
    fs::write(folder.join("b.md"), SECRET).unwrap();
    run(&["stash"]);
    run(&["branch", "other"]);
    run(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    run(&["commit", "--allow-empty", "-m", SECRET]);
    run(&["gc", "-q"]);
    run(&["remote", "add", "origin", "https://example.org/x.git"]);
    vault.write(&guard, change(&vault, &[("a.md", Some("three\n")), ("secret.md", None)], "Forget")).unwrap();
    drop(guard);
    vault
}

fn forget(vault: &Vault) -> Result<Rewritten> {
    let clean = |text: &str| text.replace(SECRET, "[forgotten]");
    let map = |path: &str, bytes: &[u8]| (path != "secret.md").then(|| clean(&String::from_utf8_lossy(bytes)).into_bytes());
    vault.rewrite(&vault.lock()?, map, clean)
}

/// In any file of the folder, or any object of the store.
fn holds_secret(folder: &Path) -> bool {
    fn in_files(folder: &Path) -> bool {
        fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| match entry.file_type().unwrap().is_dir() {
            true => in_files(&entry.path()),
            false => memchr::memmem::find(&fs::read(entry.path()).unwrap(), SECRET.as_bytes()).is_some(),
        })
    }
    in_files(folder) || git(folder, &["cat-file", "--batch-all-objects", "--batch"]).contains(SECRET)
}

#[test]
fn a_secret_is_in_no_file_and_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let vault = with_secret(folder.path());
    assert!(holds_secret(folder.path()));
    let before = vault.log(99, None).unwrap();
    let rewritten = forget(&vault).unwrap();
    assert!(!holds_secret(folder.path()));
    assert_sound(&vault);
    assert_eq!(git(folder.path(), &["status", "--porcelain"]), "");
    let after = vault.log(99, None).unwrap();
    let dates = |log: &[Revision]| log.iter().map(|one| (one.time, one.author.clone())).collect::<Vec<_>>();
    assert_eq!(dates(&before), dates(&after));
    assert_eq!(vault.file_at(&after[2].id, "a.md").unwrap().unwrap(), b"the password is [forgotten]\ntwo\n");
    assert_eq!(after[2].message, "Note [forgotten]");
    // What came before the secret is as it was.
    assert_eq!((&after[3], &after[4]), (&before[3], &before[4]));
    assert!(rewritten.commits.contains(&(before[2].id.clone(), after[2].id.clone())));
    assert_eq!((rewritten.remotes, rewritten.dropped), (vec!["origin".to_owned()], vec!["refs/remotes/origin/main".to_owned()]));
    assert_eq!(git(folder.path(), &["tag", "-n"]).trim(), "v1              [forgotten]");
    let objects = || git(folder.path(), &["cat-file", "--batch-all-objects", "--batch-check"]).lines().count();
    let count = objects();
    vault.compact(&vault.lock().unwrap()).unwrap();
    assert_eq!((vault.log(99, None).unwrap(), objects()), (after, count));
}

#[test]
fn stopped_at_any_step_the_history_is_the_old_or_the_new() {
    let origin = tempfile::tempdir().unwrap();
    let old = with_secret(origin.path()).log(99, None).unwrap();
    let mut olds = 0;
    for step in 0.. {
        let folder = tempfile::tempdir().unwrap();
        copy(origin.path(), folder.path());
        fault::arm(Some((step, Fault::Kill)));
        let result = forget(&Vault { places: Places::within(folder.path()) });
        let done = fault::steps() <= step;
        fault::arm(None);
        let vault = vault(folder.path());
        let log = vault.log(99, None).unwrap();
        assert_eq!(log.len(), old.len());
        assert!(log == old || !holds_secret(folder.path()), "step {step}");
        assert!(result.is_err() || log != old);
        olds += usize::from(log == old);
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort_unstable();
        assert_eq!(names, [".git", ".kairos", "a.md", "b.md"], "step {step}");
        git(folder.path(), &["fsck", "--full", "--strict"]);
        if done {
            eprintln!("rewrite: {step} steps, {olds} old");
            break;
        }
    }
}
