//! The log watcher on the real file system.

use kairos_core::signal::{MAX_BODY, Signal};
use kairos_signals::{LogConfig, LogFile, LogPattern, LogWatch, SignalQueue};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Logs {
    dir: tempfile::TempDir,
    queue: SignalQueue,
    _watch: LogWatch,
    told: Vec<Signal>,
}

impl Logs {
    fn new(name: &str, prepare: impl FnOnce(&Path), change: impl FnOnce(&mut LogConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let mut config = LogConfig::new(vec![LogFile { path: dir.path().join(name), told_as: name.into(), within: None }]);
        config.poll = Duration::from_secs(3600);
        change(&mut config);
        let queue = SignalQueue::default();
        let watch = LogWatch::start(config, queue.clone()).unwrap();
        Self { dir, queue, _watch: watch, told: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until a line is told; answers all that was told until then.
    fn until(&mut self, line: &str) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            self.told.extend(self.queue.drain().signals);
            let lines: Vec<String> = self.told.iter().flat_map(|s| s.body.lines().map(String::from)).collect();
            if lines.iter().any(|l| l == line) {
                return lines;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("waited in vain for {line}; told: {:?}", self.told);
    }

    fn sum_of(&self, attribute: &str) -> usize {
        self.told.iter().filter_map(|s| s.attribute(attribute)?.parse::<usize>().ok()).sum()
    }

    fn sum(&self, attribute: &str) -> usize {
        self.told.iter().map(|s| s.attribute(attribute).unwrap().parse::<usize>().unwrap()).sum()
    }
}

fn with_log(dir: &Path) {
    fs::write(dir.join("app.log"), "old\n").unwrap();
}

#[test]
fn new_lines_are_told_through_every_rotation() {
    let mut logs = Logs::new("app.log", with_log, |c| {
        c.clean = Arc::new(|text| text.replace("hunter2", "[redacted]"));
    });
    logs.append("app.log", "one\npassword hunter2\n");
    assert_eq!(logs.until("password [redacted]"), ["one", "password [redacted]"]);
    assert_eq!(logs.told[0].kind, "log.lines");
    assert_eq!(logs.told[0].attribute("path"), Some("app.log"));
    fs::rename(logs.path("app.log"), logs.path("app.log.1")).unwrap();
    logs.append("app.log.1", "two\n");
    logs.append("app.log", "three\n");
    logs.until("three");
    fs::copy(logs.path("app.log"), logs.path("app.log.2")).unwrap();
    fs::write(logs.path("app.log"), "").unwrap();
    logs.append("app.log", "four\n");
    logs.until("four");
    fs::remove_file(logs.path("app.log")).unwrap();
    logs.append("app.log", "five\n");
    let lines = logs.until("five");
    assert_eq!(lines, ["one", "password [redacted]", "two", "three", "four", "five"]);
    assert_eq!((logs.sum("lines"), logs.sum("dropped")), (6, 0));
    assert_eq!(logs.told.iter().filter(|s| s.attribute("rotated") == Some("true")).count(), 3, "{:?}", logs.told);
}

#[test]
fn a_burst_is_bounded_and_counted() {
    let mut logs = Logs::new("app.log", with_log, |_| ());
    let mut file = OpenOptions::new().append(true).open(logs.path("app.log")).unwrap();
    for n in 0..100_000 {
        writeln!(file, "line {n}").unwrap();
    }
    let lines = logs.until("line 99999").len();
    assert_eq!(logs.sum("lines"), 100_000);
    assert_eq!(logs.sum("dropped") + lines, 100_000);
    assert!(logs.told.iter().all(|s| s.body.len() <= MAX_BODY));
    assert!(logs.told.len() < 30, "{}", logs.told.len());
}

#[test]
fn a_last_line_without_an_end_is_told_after_a_while() {
    let mut logs = Logs::new("app.log", with_log, |_| ());
    logs.append("app.log", "panicked at");
    assert_eq!(logs.until("panicked at"), ["panicked at"]);
}

#[test]
fn a_folder_that_is_not_there_is_looked_for() {
    let mut logs = Logs::new("log/app.log", |_| (), |c| c.poll = Duration::from_millis(100));
    fs::create_dir(logs.path("log")).unwrap();
    logs.append("log/app.log", "one\n");
    logs.until("one");
    // Once it is there, events say that it was replaced.
    fs::rename(logs.path("log"), logs.path("old")).unwrap();
    fs::create_dir(logs.path("log")).unwrap();
    logs.append("log/app.log", "two\n");
    assert_eq!(logs.until("two"), ["one", "two"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_may_lead_elsewhere_later() {
    use std::os::unix::fs::symlink;
    let mut logs = Logs::new(
        "current",
        |dir| {
            fs::create_dir(dir.join("days")).unwrap();
            fs::write(dir.join("days/monday"), "").unwrap();
            symlink("days/monday", dir.join("current")).unwrap();
        },
        |_| (),
    );
    logs.append("days/monday", "one\n");
    logs.until("one");
    fs::write(logs.path("days/tuesday"), "two\n").unwrap();
    symlink("days/tuesday", logs.path("next")).unwrap();
    fs::rename(logs.path("next"), logs.path("current")).unwrap();
    logs.until("two");
    logs.append("days/tuesday", "three\n");
    assert_eq!(logs.until("three"), ["one", "two", "three"]);
}

/// Logs by pattern in a project.
fn project(patterns: &[&str], prepare: impl FnOnce(&Path)) -> Logs {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let mut config = LogConfig::new(Vec::new());
    config.patterns = patterns.iter().map(|p| LogPattern::in_project(dir.path(), p).unwrap()).collect();
    config.is_private = Arc::new(|path| path.ends_with(".env"));
    config.poll = Duration::from_millis(200);
    let queue = SignalQueue::default();
    let watch = LogWatch::start(config, queue.clone()).unwrap();
    Logs { dir, queue, _watch: watch, told: Vec::new() }
}

#[test]
fn a_pattern_means_those_that_come_later_too() {
    let mut logs = project(&["log/*.log*", "one.txt"], |dir| {
        fs::create_dir(dir.join("log")).unwrap();
        fs::write(dir.join("log/a.log"), "old\n").unwrap();
    });
    logs.append("log/a.log", "one\n");
    logs.until("one");
    logs.append("log/b.log", "two\n");
    logs.until("two");
    logs.append("one.txt", "three\n");
    logs.until("three");
    // Moved aside to a name that the pattern means, too: what is in it was told.
    fs::rename(logs.path("log/a.log"), logs.path("log/a.log.1")).unwrap();
    logs.append("log/a.log", "four\n");
    let lines = logs.until("four");
    assert_eq!(lines, ["one", "two", "three", "four"]);
    let paths: Vec<_> = logs.told.iter().map(|s| s.attribute("path").unwrap()).collect();
    assert_eq!(paths, ["log/a.log", "log/b.log", "one.txt", "log/a.log"]);
}

#[cfg(unix)]
#[test]
fn a_link_of_a_project_leads_neither_out_of_it_nor_to_a_private_file() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("diary"), "").unwrap();
    let mut logs = project(&["log/*.log"], |dir| {
        fs::create_dir(dir.join("log")).unwrap();
        fs::write(dir.join(".env"), "").unwrap();
        symlink(outside.path().join("diary"), dir.join("log/out.log")).unwrap();
        symlink("../.env", dir.join("log/private.log")).unwrap();
        symlink("../inside", dir.join("log/in.log")).unwrap();
    });
    fs::write(outside.path().join("diary"), "foreign\n").unwrap();
    logs.append(".env", "private\n");
    logs.append("inside", "seen\n");
    logs.append("log/a.log", "last\n");
    let mut lines = logs.until("last");
    lines.extend(logs.until("seen"));
    assert!(lines.iter().all(|l| l == "last" || l == "seen"), "{lines:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn ten_gigabytes_without_a_line_end_are_skipped_and_counted() {
    let mut logs = Logs::new("app.log", with_log, |_| ());
    let file = OpenOptions::new().append(true).open(logs.path("app.log")).unwrap();
    // Not written, so that the disk bears it: zeros, as binary as can be.
    file.set_len(10 << 30).unwrap();
    logs.append("app.log", "\nsense\n");
    let lines = logs.until("sense");
    assert!(lines.len() <= 2 && lines.iter().all(|l| l.len() < 5000), "{}", lines.len());
    assert!(logs.sum_of("skipped") > 9 << 30);
    assert!(logs.told.iter().all(|s| s.body.len() <= MAX_BODY && !s.body.contains('\0')));
}
