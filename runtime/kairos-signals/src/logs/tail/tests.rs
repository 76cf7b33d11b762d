use super::*;
use std::fs::{self, OpenOptions};
use std::io::Write;

fn anything() -> Guard {
    Guard { within: None, is_private: std::sync::Arc::new(|_| false) }
}

struct Log {
    dir: tempfile::TempDir,
    tail: Tail,
}

impl Log {
    /// A file with a line that nobody is told of.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        fs::write(&path, "old\n").unwrap();
        Self { tail: Tail::new(path, anything()), dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    fn look(&mut self) -> News {
        let mut news = News::default();
        self.tail.look(&mut news);
        news
    }

    /// Looks; the lines, and whether there was a rotation.
    fn told(&mut self) -> (Vec<String>, bool) {
        let news = self.look();
        assert_eq!(news.lines, news.kept.len() as u64);
        (news.kept.into(), news.rotated)
    }
}

fn lines(lines: &[&str], rotated: bool) -> (Vec<String>, bool) {
    (lines.iter().map(ToString::to_string).collect(), rotated)
}

#[test]
fn lines_are_told_when_they_end() {
    let mut log = Log::new();
    assert_eq!(log.told(), lines(&[], false));
    log.append("app.log", "one\r\ntwo\n\nthr");
    assert_eq!(log.told(), lines(&["one", "two", ""], false));
    log.append("app.log", b"ee \xff\xfe\n");
    assert_eq!(log.told(), lines(&["three \u{fffd}\u{fffd}"], false));
    log.append("app.log", "no end");
    assert_eq!(log.told(), lines(&[], false));
    assert!(log.tail.has_part());
    let mut news = News::default();
    log.tail.end_part(&mut news);
    assert_eq!(news.kept, ["no end"]);
    log.append("app.log", " yet\n");
    assert_eq!(log.told(), lines(&[" yet"], false));
}

#[test]
fn a_file_that_is_moved_and_made_again_is_read_to_its_end_first() {
    let mut log = Log::new();
    log.append("app.log", "one\n");
    fs::rename(log.path("app.log"), log.path("app.log.1")).unwrap();
    log.append("app.log.1", "two\n");
    assert_eq!(log.told(), lines(&["one", "two"], false));
    log.append("app.log.1", "three\nlast words");
    log.append("app.log", "four\n");
    assert_eq!(log.told(), lines(&["three", "last words", "four"], true));
    log.append("app.log", "five\n");
    assert_eq!(log.told(), lines(&["five"], false));
}

#[test]
fn a_file_that_is_copied_and_emptied_begins_anew() {
    let mut log = Log::new();
    log.append("app.log", "one\npart");
    assert_eq!(log.told(), lines(&["one"], false));
    fs::write(log.path("app.log"), "").unwrap();
    assert_eq!(log.told(), lines(&["part"], true));
    log.append("app.log", "two\n");
    assert_eq!(log.told(), lines(&["two"], false));
    // Emptied, and already longer than it was.
    fs::write(log.path("app.log"), "three\nfour\nfive\n").unwrap();
    assert_eq!(log.told(), lines(&["three", "four", "five"], true));
}

#[test]
fn a_deleted_file_is_let_go_and_its_successor_read_from_the_beginning() {
    let mut log = Log::new();
    log.append("app.log", "one\n");
    fs::remove_file(log.path("app.log")).unwrap();
    assert_eq!(log.told(), lines(&["one"], false));
    assert!(log.tail.open.is_none(), "it would take up space");
    assert_eq!(log.told(), lines(&[], false));
    log.append("app.log", "two\n");
    assert_eq!(log.told(), lines(&["two"], true));
}

#[test]
fn a_file_that_comes_later_is_read_from_the_beginning() {
    let mut log = Log::new();
    log.tail = Tail::new(log.path("later.log"), anything());
    assert_eq!(log.told(), lines(&[], false));
    fs::create_dir(log.path("later.log")).unwrap();
    assert_eq!(log.told(), lines(&[], false));
    fs::remove_dir(log.path("later.log")).unwrap();
    log.append("later.log", "first\n");
    assert_eq!(log.told(), lines(&["first"], false));
}

#[test]
fn a_long_line_is_cut_and_the_next_is_whole() {
    let mut log = Log::new();
    log.append("app.log", "x".repeat(700_000));
    assert_eq!(log.told(), lines(&[], false));
    log.append("app.log", format!("{}\nshort\n", "y".repeat(300_000)));
    let news = log.look();
    assert_eq!((news.lines, news.kept[1].as_str()), (2, "short"));
    assert_eq!(news.kept[0], format!("{}{CUT}", "x".repeat(MAX_LINE)));
    assert!(log.tail.part.capacity() <= 2 * MAX_LINE);
}

#[test]
fn of_a_burst_the_end_is_kept_and_all_is_counted() {
    let mut log = Log::new();
    let text: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    log.append("app.log", text);
    let news = log.look();
    assert_eq!(news.lines, 100_000);
    assert_eq!(news.kept.back().map(String::as_str), Some("line 99999"));
    let size: usize = news.kept.iter().map(|l| l.len() + 1).sum();
    assert!(size <= MAX_BODY && size > MAX_BODY - 20, "{size}");
}

#[test]
fn what_is_too_much_to_read_is_skipped_and_said() {
    let mut log = Log::new();
    log.tail.max_read = 10;
    log.append("app.log", "0123456789 first\nsecond\n");
    let news = log.look();
    assert_eq!((news.skipped, news.lines), (14, 2));
    assert_eq!(news.kept, ["st", "second"]);
    log.append("app.log", "third\n");
    assert_eq!(log.told(), lines(&["third"], false));
    // Sparse, ten gigabytes.
    log.tail.max_read = 1 << 20;
    OpenOptions::new().write(true).open(log.path("app.log")).unwrap().set_len(10 << 30).unwrap();
    log.append("app.log", "\nend\n");
    let news = log.look();
    assert!(news.skipped > 9 << 30);
    assert_eq!(news.kept.back().map(String::as_str), Some("end"));
}
