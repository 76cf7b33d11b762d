//! Where nothing happens, nothing wakes up.
#![cfg(target_os = "linux")]

use kairos_core::ports::GitSnapshot;
use kairos_signals::{FileConfig, FileWatch, GitConfig, GitWatch, LogConfig, LogFile, LogWatch, SignalQueue};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

/// How often each thread but this one went to sleep so far.
fn sleeps() -> BTreeMap<String, String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let status = tasks.filter_map(|t| fs::read_to_string(t.path().join("status")).ok());
    let line = |s: &str, name: &str| s.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default().trim().to_string();
    let all = status.map(|s| (format!("{} {}", line(&s, "Name:"), line(&s, "Pid:")), line(&s, "voluntary_ctxt_switches:")));
    all.filter(|(name, _)| name.starts_with("kairos-") || name.starts_with("notify")).collect()
}

#[test]
fn watchers_sleep_while_nothing_happens() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("project");
    fs::create_dir_all(root.join(".git/refs")).unwrap();
    let log = dir.path().join("app.log");
    fs::write(&log, "x\n").unwrap();
    let queue = SignalQueue::default();
    let git_dir = root.join(".git");
    let snapshot = Arc::new(|| Some(GitSnapshot::default()));
    let _files = FileWatch::start(FileConfig::new(&root), queue.clone()).unwrap();
    let _git = GitWatch::start(GitConfig { common_dir: git_dir.clone(), git_dir, snapshot }, queue.clone()).unwrap();
    let _logs =
        LogWatch::start(LogConfig::new(vec![LogFile { path: log, told_as: "app.log".into(), within: None }]), queue).unwrap();
    // What the start has set going may take a while on a busy machine; what polls is never quiet.
    let quiet = (0..5).any(|_| {
        let before = sleeps();
        std::thread::sleep(Duration::from_secs(2));
        sleeps() == before
    });
    assert!(quiet && sleeps().len() >= 6, "{:?}", sleeps());
}
