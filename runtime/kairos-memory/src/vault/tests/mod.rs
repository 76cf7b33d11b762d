//! What a vault promises, checked with the real git.

mod faults;
mod forgetting;
mod promises;

use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

pub(super) fn vault(folder: &Path) -> Vault {
    Vault::open(Places::within(folder)).unwrap().0
}

/// A change of these files from whatever they are now.
pub(super) fn change(vault: &Vault, files: &[(&str, Option<&str>)], message: &str) -> Write {
    let file = |(path, now): &(&str, Option<&str>)| FileChange {
        path: (*path).to_owned(),
        was: vault.read(path).unwrap().as_deref().map(Digest::of),
        now: now.map(|text| text.as_bytes().to_vec()),
    };
    Write {
        files: files.iter().map(file).collect(),
        message: message.to_owned(),
        author: Author { name: "consolidate".to_owned(), email: "dream@localhost".to_owned() },
        trailers: vec![("Dream".to_owned(), "d1".to_owned())],
        time: 1_700_000_000_000,
    }
}

/// Git itself on the vault's history, without anybody's configuration.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {text}");
    text
}

/// All files that a vault keeps.
pub(super) fn state(vault: &Vault) -> BTreeMap<String, Vec<u8>> {
    let paths = vault.places.walk().unwrap().into_iter();
    paths.map(|path| (path.clone(), vault.read(&path).unwrap().unwrap())).collect()
}

/// The files in the newest commit are those in the folder, and git finds nothing wrong.
pub(super) fn assert_sound(vault: &Vault) {
    assert_eq!(vault.status().unwrap(), []);
    let found = git(&vault.places.files, &["fsck", "--full", "--strict", "--no-dangling", "--no-progress"]);
    assert!(!found.contains("error") && !found.contains("missing") && !found.contains("corrupt"), "{found}");
}

/// A folder with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
