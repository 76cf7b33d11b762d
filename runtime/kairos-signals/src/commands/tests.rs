use super::*;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

fn written(command: &str) -> Vec<u8> {
    format!("\0>\x001\x0012\0/a\0{command}\0<\0").into_bytes()
}

fn told(bytes: &[u8]) -> Vec<String> {
    records(bytes).into_iter().map(|c| c.command).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_record_is_read_whatever_the_command_is() {
    let all = ["ls", ">", "<", "a\n b\t\u{1b}'", "é\u{1f600}"];
    let bytes = all.map(written).concat();
    assert_eq!(told(&bytes), all);
    let expected = FinishedCommand { command: "ls".into(), folder: "/a".into(), exit_code: 1, duration_ms: 12 };
    assert_eq!(records(&bytes)[0], expected);
    assert_eq!(told(b"\0>\x001\x002\0/a\0l\xff\0<\0"), ["l\u{fffd}"]);
    assert_eq!(records(b"\0>\x001\0-2\0/a\0ls\0<\0")[0].duration_ms, 0, "a clock that was set back");
}

#[test]
fn a_torn_record_takes_no_other_with_it() {
    let (first, second) = (written("first"), written("second"));
    for cut in 0..first.len() {
        for from in [0, cut] {
            let torn = [&first[from..cut], &second].concat();
            let told = told(&torn);
            assert_eq!(told.last().unwrap(), "second", "{cut}");
            // Only the last NUL is not needed.
            assert!(told.len() == 1 || cut == first.len() - 1, "{cut}: {told:?}");
        }
        let between = [&first[..cut], &second, &first[cut..]].concat();
        assert!(told(&between).contains(&"second".into()), "{cut}");
    }
}

#[test]
fn garbage_takes_no_record_with_it() {
    let mut seed = 1_u32;
    for _ in 0..20_000 {
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        let length = random(40);
        let garbage: Vec<u8> = (0..length).map(|_| b"\0\0\0\0>><//12-a\n\xff"[random(15) as usize]).collect();
        let bytes = [&garbage, &written("ls")[..], &garbage].concat();
        assert!(told(&bytes).contains(&"ls".into()), "{garbage:?}");
    }
    for bad in
        ["", "x\x002\0/a\0ls", "1\0x\0/a\0ls", "1\x002\0a\0ls", "1\x002\0/a\0", "99999999999\x002\0/a\0ls", "1\x002\0/a\0l\0s"]
    {
        assert!(told(format!("\0>\0{bad}\0<\0").as_bytes()).is_empty(), "{bad:?}");
    }
}

#[test]
fn what_is_too_large_is_cut_or_left_out() {
    let long = "é".repeat(MAX_COMMAND + 1);
    assert_eq!(told(&written(&long))[0].chars().count(), MAX_COMMAND);
    assert!(told(&written(&"x".repeat(MAX_RECORD + 1))).is_empty());
    assert!(told(format!("\0>\x001\x002\0/{}\0ls\0<\0", "x".repeat(MAX_FOLDER)).as_bytes()).is_empty());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&written("ls").repeat(MAX_FILE as usize / 16)).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    assert_eq!(read(file).unwrap().len(), MAX_COMMANDS);
}

#[tokio::test]
async fn the_file_is_replaced_once_something_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("commands");
    std::fs::write(&path, written("left by a killed process")).unwrap();
    let mut file = CommandFile::create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // A shell that opens it now and writes when it is replaced already.
    let mut late = OpenOptions::new().append(true).open(&path).unwrap();
    append(&path, &written("one"));
    let writer = tokio::spawn(async move {
        sleep(LATE / 4).await;
        late.write_all(&written("late")).unwrap();
    });
    assert_eq!(file.next().await.into_iter().map(|c| c.command).collect::<Vec<_>>(), ["one", "late"]);
    writer.await.unwrap();
    assert_eq!(path.metadata().unwrap().len(), 0);
    append(&path, &written("two"));
    assert_eq!(file.next().await[0].command, "two");
    drop(file);
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn what_others_put_in_its_place_is_neither_read_nor_harmed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, others) = (dir.path().join("commands"), dir.path().join("others"));
    std::fs::write(&others, written("not for us")).unwrap();
    symlink(&others, &path).unwrap();
    let mut file = CommandFile::create(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    symlink(&others, &path).unwrap();
    symlink(&others, path.with_extension("new")).unwrap();
    let found = tokio::spawn(async move { (file.next().await, file) });
    let is_back = || path.symlink_metadata().is_ok_and(|m| m.is_file());
    while !is_back() {
        sleep(LATE / 10).await;
    }
    append(&path, &written("ours"));
    assert_eq!(found.await.unwrap().0[0].command, "ours");
    assert_eq!(std::fs::read(&others).unwrap(), written("not for us"));
}
