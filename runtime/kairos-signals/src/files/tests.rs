//! What can't be brought about from outside.

use super::*;
use kairos_core::Signal;
use notify::event::{Event, EventKind, Flag, ModifyKind, RenameMode};
use std::fs;
use std::time::Instant;

fn wait(queue: &SignalQueue, what: &str, mut found: impl FnMut(&Signal) -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if queue.drain().signals.iter().any(&mut found) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no {what}");
}

fn wait_for_rescan(queue: &SignalQueue, reason: &str) {
    wait(queue, reason, |s| s.kind == "file.rescan" && s.attribute("reason") == Some(reason));
}

fn wait_for_file(queue: &SignalQueue, path: &str) {
    wait(queue, path, |s| s.kind == "file.created" && s.attribute("path") == Some(path));
}

#[test]
fn after_lost_events_everything_is_watched_anew() {
    let dir = tempfile::tempdir().unwrap();
    let queue = SignalQueue::default();
    let watch = FileWatch::start(FileConfig::new(dir.path()), queue.clone()).unwrap();
    let folder = watch.shared.root().join("a");
    // As if it had been removed and made again, and nobody had told us of the removal.
    lock(&watch.shared.state).watched.insert(folder.clone());
    fs::create_dir(&folder).unwrap();
    watch.shared.on_event(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
    wait_for_rescan(&queue, "overflow");
    fs::write(folder.join("x"), "x").unwrap();
    wait_for_file(&queue, "a/x");
}

/// The system tells of a moved folder three times: from here, to there, and the folder itself says that it was moved. If
/// the last comes late, the new name is watched already, and seems to be the one that was moved.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_says_late_that_it_was_moved_stays_watched() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    let queue = SignalQueue::default();
    let watch = FileWatch::start(FileConfig::new(dir.path()), queue.clone()).unwrap();
    let moved = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    watch.shared.on_event(Ok(Event::new(moved).add_path(watch.shared.root().join("a"))));
    fs::write(watch.shared.root().join("first"), "x").unwrap();
    wait_for_file(&queue, "first");
    fs::write(watch.shared.root().join("a/x"), "x").unwrap();
    wait_for_file(&queue, "a/x");
}

#[test]
fn a_first_walk_that_nobody_waited_for_ends_with_a_rescan() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..500 {
        fs::create_dir(dir.path().join(format!("{i}"))).unwrap();
    }
    let queue = SignalQueue::default();
    let watch = FileWatch::start_within(Duration::ZERO, FileConfig::new(dir.path()), queue.clone()).unwrap();
    wait_for_rescan(&queue, "late");
    assert_eq!(watch.status().mode, WatchMode::Watching);
    let queue = SignalQueue::default();
    drop(FileWatch::start_within(Duration::from_secs(30), FileConfig::new(dir.path()), queue.clone()).unwrap());
    assert!(queue.is_empty());
}

#[cfg(unix)]
#[test]
fn a_new_folder_that_is_a_link_by_now_is_not_entered() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("foreign"), "x").unwrap();
    let queue = SignalQueue::default();
    let watch = FileWatch::start(FileConfig::new(dir.path()), queue.clone()).unwrap();
    let link = watch.shared.root().join("link");
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    lock(&watch.shared.state).pending.new_folder(link, Instant::now());
    watch.shared.changed.notify_all();
    fs::write(watch.shared.root().join("after"), "x").unwrap();
    wait(&queue, "after", |s| {
        assert!(s.attribute("path").is_none_or(|p| !p.contains("foreign")));
        s.attribute("path") == Some("after")
    });
}
