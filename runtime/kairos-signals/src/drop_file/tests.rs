use super::*;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[tokio::test]
async fn the_file_is_replaced_once_something_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("commands");
    std::fs::write(&path, "left by a killed process").unwrap();
    let mut file = DropFile::create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // A shell that opens it now and writes when it is replaced already.
    let mut late = OpenOptions::new().append(true).open(&path).unwrap();
    append(&path, b"one ");
    let writer = tokio::spawn(async move {
        sleep(LATE / 4).await;
        late.write_all(b"late").unwrap();
    });
    assert_eq!(file.next().await, b"one late");
    writer.await.unwrap();
    assert_eq!(path.metadata().unwrap().len(), 0);
    append(&path, b"two");
    assert_eq!(file.next().await, b"two");
    drop(file);
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn what_others_put_in_its_place_is_neither_read_nor_harmed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, others) = (dir.path().join("commands"), dir.path().join("others"));
    std::fs::write(&others, "not for us").unwrap();
    symlink(&others, &path).unwrap();
    let mut file = DropFile::create(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    symlink(&others, &path).unwrap();
    symlink(&others, path.with_extension("new")).unwrap();
    let found = tokio::spawn(async move { (file.next().await, file) });
    let is_back = || path.symlink_metadata().is_ok_and(|m| m.is_file());
    while !is_back() {
        sleep(LATE / 10).await;
    }
    append(&path, b"ours");
    assert_eq!(found.await.unwrap().0, b"ours");
    assert_eq!(std::fs::read(&others).unwrap(), b"not for us");
}
