//! The log watcher on the real file system.

use kairos_core::signal::{MAX_BODY, Signal};
use kairos_signals::{LogConfig, LogFile, LogWatch, SignalQueue};
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
        let mut config = LogConfig::new(vec![LogFile { path: dir.path().join(name), told_as: name.into() }]);
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
