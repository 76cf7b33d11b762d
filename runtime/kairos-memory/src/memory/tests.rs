use super::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod lodged;

const NOW: Millis = 1_750_000_000_000;

pub(crate) fn memory(folder: &Path) -> Memory {
    Memory::open(Home::within(folder), Redactor::default()).unwrap().0
}

pub(crate) fn says(text: &str) -> Statement {
    Statement { text: text.into(), kind: ClaimKind::Project, topic: None, anchors: vec![], session: "t".into() }
}

pub(crate) fn by_id(id: &str) -> Forget {
    Forget { ids: vec![id.into()], containing: None }
}

/// Every file below a folder, with its bytes.
pub(crate) fn all_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path())
            } else {
                drop(files.insert(entry.path(), std::fs::read(entry.path()).unwrap()))
            }
        }
    }
    files
}

#[test]
fn what_is_stated_is_a_fact_with_its_why() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    let claim = memory.add(says("Tests run with `make t`."), NOW).unwrap();
    let claim = memory.edit(&claim.id, "Tests run with `make test`.", "t", NOW + 1000).unwrap();
    let why = memory.why(&claim.id).unwrap();
    assert_eq!((claim.status, why.evidence.len(), why.gone.len()), (Status::Fact, 2, 0));
    let said: Vec<&str> = why.history.iter().map(|t| t.revision.message.as_str()).collect();
    assert_eq!(said, ["Reword: Tests run with `make test`.", "Remember: Tests run with `make t`."]);
    memory.retire(std::slice::from_ref(&claim.id), NOW + 2000).unwrap();
    assert_eq!(memory.claim(&claim.id).unwrap().status, Status::Retired);
    assert!(memory.add(says(""), NOW).is_err() && memory.claim("nothing1").is_err());
}

#[test]
fn an_editor_and_a_daemon_work_on_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    let id = memory.add(says("Tests run with `make t`."), NOW).unwrap().id;
    let file = dir.path().join("memory/project.md");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("make t", "make test") + "- Written by hand.\n").unwrap();
    let taken = memory.absorb(NOW + 1000).unwrap();
    assert_eq!(taken.len(), 2);
    assert_eq!(memory.claim(&id).unwrap().text, "Tests run with `make test`.");
    assert!(memory.absorb(NOW + 2000).unwrap().is_empty());
    std::fs::write(&file, "").unwrap();
    memory.add(says("Another."), NOW + 3000).unwrap();
    let gone = memory.claim(&id).unwrap();
    assert_eq!((gone.status, gone.text.as_str()), (Status::Retired, "Tests run with `make test`."));
}

#[test]
fn what_is_forgotten_is_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    let id = memory.add(says("The code name is Bluebird \"seven\"."), NOW).unwrap().id;
    memory.edit(&id, "The code name was Bluebird.", "t", NOW + 1000).unwrap();
    let other = memory.add(says("Tests run with `make t`."), NOW + 2000).unwrap();
    let search =
        |text: &str| memory.search(&crate::recall::search::Search { text: text.into(), ..Default::default() }, NOW).unwrap();
    let found = |text: &str| search(text).iter().filter(|hit| hit.text.to_lowercase().contains(text)).count();
    assert_eq!(found("bluebird"), 3, "the claim and what bears it out");
    let dry = memory.forget(&by_id(&id), true, NOW + 3000).unwrap();
    assert_eq!((dry.claims.len(), dry.observations.len()), (1, 2));
    assert!(memory.claim(&id).is_ok());
    memory.forget(&by_id(&id), false, NOW + 3000).unwrap();
    assert_eq!(found("bluebird"), 0);
    let git = dir.path().join("memory/.git");
    let all = std::process::Command::new("git")
        .arg("-C")
        .arg(&git)
        .args(["cat-file", "--batch", "--batch-all-objects"])
        .output()
        .unwrap();
    assert!(all.status.success() && !String::from_utf8_lossy(&all.stdout).contains("Bluebird"));
    for (path, bytes) in all_files(dir.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("Bluebird"), "{}", path.display());
    }
    assert!(memory.why(&other.id).unwrap().history.len() == 1 && memory.claim(&id).is_err());
}

#[test]
fn a_clock_that_goes_backwards_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    const YEAR: Millis = 365 * 86_400_000;
    let id = memory.add(says("Tests run with `make t`."), NOW).unwrap().id;
    memory.edit(&id, "Tests run with `make test`.", "t", NOW - 6 * YEAR).unwrap();
    let file = dir.path().join("memory/project.md");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "- Written by hand.\n").unwrap();
    assert_eq!(memory.absorb(NOW - 3 * YEAR).unwrap().len(), 1);
    memory.add(says("The clock was at zero."), 0).unwrap();
    let why = memory.why(&id).unwrap();
    assert_eq!((why.claim.text.as_str(), why.evidence.len(), why.history.len()), ("Tests run with `make test`.", 2, 2));
    assert_eq!(memory.log(10).unwrap().len(), 5, "with the one that began the history");
    assert!(memory.verify(NOW).unwrap().problems.is_empty());
    // What claims rest on stays, however old the clock made it.
    let bounds = crate::transcript::Bounds { keep: Some(std::time::Duration::from_secs(86_400)), size: Some(1) };
    assert!(memory.keep_within(bounds, NOW + YEAR, false).unwrap().is_empty());
    assert_eq!(memory.why(&id).unwrap().evidence.len(), 2);
}

#[test]
fn a_forgetting_that_was_stopped_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(dir.path());
    let id = memory.add(says("The code name is Bluebird."), NOW).unwrap().id;
    let claim = memory.claim(&id).unwrap();
    // Stopped after the claim was taken out of the files, before anything else.
    let note = Forget { ids: vec![id.clone(), claim.evidence[0].clone()], containing: None };
    memory.vault().note(".forgetting", Some(&serde_json::to_vec(&note).unwrap())).unwrap();
    memory.change(NOW, "Forget", |book| book.erase(&id).map(|_| ((), vec![]))).unwrap();
    assert!(memory.verify(NOW).unwrap().problems[0].contains("a forgetting was stopped"));
    let other = memory.add(says("Something else altogether."), NOW + 1).unwrap().id;
    memory.forget(&by_id(&other), false, NOW + 2).unwrap();
    assert!(memory.verify(NOW).unwrap().problems.is_empty());
    let git = dir.path().join("memory/.git");
    let objects = ["cat-file", "--batch", "--batch-all-objects"];
    let all = std::process::Command::new("git").arg("-C").arg(&git).args(objects).output().unwrap();
    assert!(all.status.success() && !String::from_utf8_lossy(&all.stdout).contains("Bluebird"));
    for (path, bytes) in all_files(dir.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("Bluebird"), "{}", path.display());
    }
}
