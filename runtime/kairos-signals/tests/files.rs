//! The file watcher on the real file system.

use kairos_core::signal::Signal;
use kairos_signals::{FileConfig, FileWatch, SignalQueue, WatchMode};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

struct Project {
    _dir: tempfile::TempDir,
    root: PathBuf,
    queue: SignalQueue,
    watch: FileWatch,
    told: Vec<Signal>,
}

impl Project {
    fn new(prepare: impl FnOnce(&Path), change: impl FnOnce(&mut FileConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let mut config = FileConfig::new(dir.path());
        config.poll = Duration::from_millis(100);
        change(&mut config);
        let queue = SignalQueue::default();
        let watch = FileWatch::start(config, queue.clone()).unwrap();
        let mut project = Self { root: dir.path().into(), _dir: dir, queue, watch, told: Vec::new() };
        project.until("the start", |p| p.watch.status().mode != WatchMode::Starting);
        project
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.told.extend(self.queue.drain().signals);
            if done(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("waited in vain for {what}; told: {:?}", self.told);
    }

    fn has(&self, kind: &str, path: &str) -> bool {
        self.told.iter().any(|s| s.kind == kind && s.attribute("path") == Some(path))
    }

    fn told(&mut self, kind: &str, path: &str) {
        self.until(&format!("{kind} {path}"), |p| p.has(kind, path));
    }

    fn told_nothing_of(&self, part: &str) {
        let about: Vec<_> = self.told.iter().filter(|s| s.attribute("path").is_some_and(|p| p.contains(part))).collect();
        assert!(about.is_empty(), "{about:?}");
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    /// Everything that was done before has been told once this returns.
    fn settle(&mut self, name: &str) {
        self.write(name, "");
        self.told("file.created", name);
    }
}

#[test]
fn files_that_come_change_and_go_are_told() {
    let mut p = Project::new(|d| fs::write(d.join("old"), "1").unwrap(), |_| ());
    p.write("old", "22");
    p.write("new", "333");
    p.told("file.modified", "old");
    p.told("file.created", "new");
    assert_eq!(p.told.iter().find(|s| s.attribute("path") == Some("new")).unwrap().attribute("size"), Some("3"));
    fs::remove_file(p.root.join("old")).unwrap();
    p.told("file.removed", "old");
    fs::rename(p.root.join("new"), p.root.join("moved")).unwrap();
    p.told("file.removed", "new");
    p.told("file.created", "moved");
    // As editors save: the old file is moved away, a new one takes its name.
    p.told.clear();
    fs::rename(p.root.join("moved"), p.root.join("moved~")).unwrap();
    p.write("moved", "4");
    p.told("file.modified", "moved");
    assert!(!p.has("file.removed", "moved"));
}

#[test]
fn what_is_ignored_or_private_is_neither_told_nor_watched() {
    let mut p = Project::new(
        |d| {
            fs::create_dir_all(d.join("target/debug/deps")).unwrap();
            fs::create_dir_all(d.join(".git/objects")).unwrap();
            fs::create_dir_all(d.join("src")).unwrap();
            fs::write(d.join(".gitignore"), "target/\n*.log\n").unwrap();
        },
        |c| {
            c.ignore = vec!["*.tmp".into()];
            c.is_private = Arc::new(|p| p.ends_with(".env"));
        },
    );
    if cfg!(target_os = "linux") {
        assert_eq!(p.watch.status().watched_dirs, 2);
    }
    for path in ["target/debug/x", ".git/HEAD", "a.log", "src/b.tmp", "src/.env"] {
        p.write(path, "x");
    }
    p.settle("src/seen");
    for part in ["target", ".git", "a.log", "b.tmp", ".env"] {
        p.told_nothing_of(part);
    }
    // Rules change while we watch.
    p.write(".gitignore", "*.log\n");
    p.told("file.modified", ".gitignore");
    p.until("more watches", |p| cfg!(not(target_os = "linux")) || p.watch.status().watched_dirs == 5);
    p.write("target/debug/y", "x");
    p.told("file.created", "target/debug/y");
}

#[test]
fn new_folders_are_watched_with_all_that_is_in_them() {
    let mut p = Project::new(|_| (), |_| ());
    fs::create_dir_all(p.root.join("a/b/c")).unwrap();
    p.write("a/b/c/early", "x");
    p.told("file.created", "a/b/c/early");
    p.write("a/b/c/late", "x");
    p.told("file.created", "a/b/c/late");
    // A moved folder: its files are known by their new name.
    fs::rename(p.root.join("a"), p.root.join("z")).unwrap();
    p.told("file.created", "z/b/c/late");
    p.write("z/b/c/late", "xyz");
    p.told("file.modified", "z/b/c/late");
    fs::remove_dir_all(p.root.join("z")).unwrap();
    p.told("file.removed", "z/b/c/late");
    p.until("fewer watches", |p| p.watch.status().watched_dirs == 1);
}

#[test]
fn ten_thousand_changes_are_all_accounted_for() {
    let mut p = Project::new(
        |d| {
            for folder in 0..50 {
                fs::create_dir_all(d.join(format!("d{folder}"))).unwrap();
            }
        },
        |_| (),
    );
    for i in 0..10_000 {
        p.write(&format!("d{}/f{i}", i % 50), "x");
    }
    // How many are told one by one depends on how fast the machine writes; that none is missing doesn't.
    p.until("all of them", |p| {
        let files = p.told.iter().filter(|s| s.kind == "file.created").count();
        let rescans = p.told.iter().filter(|s| s.kind == "file.rescan");
        let counted: usize = rescans.map(|s| s.attribute("count").unwrap().parse::<usize>().unwrap()).sum();
        let overflow = p.told.iter().any(|s| s.attribute("reason") == Some("overflow"));
        overflow || counted + files >= 10_000
    });
}

#[test]
fn what_comes_at_once_is_one_rescan() {
    let outside = tempfile::tempdir().unwrap();
    for i in 0..10_000 {
        let folder = outside.path().join(format!("new/d{}", i % 50));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("f{i}")), "x").unwrap();
    }
    let mut p = Project::new(|_| (), |_| ());
    fs::rename(outside.path().join("new"), p.root.join("new")).unwrap();
    p.until("a rescan", |p| p.told.iter().any(|s| s.kind == "file.rescan"));
    p.settle("after");
    let one_by_one = p.told.iter().filter(|s| s.kind == "file.created" && s.attribute("path") != Some("after")).count();
    assert_eq!(one_by_one, 0, "{:?}", p.told.iter().map(|s| &s.kind).collect::<Vec<_>>());
}

#[test]
fn polling_stands_in_and_says_so() {
    for limit in [false, true] {
        let mut p = Project::new(
            |d| {
                fs::create_dir_all(d.join("target")).unwrap();
                fs::create_dir_all(d.join("src")).unwrap();
                fs::write(d.join(".gitignore"), "target/").unwrap();
                fs::write(d.join("src/old"), "1").unwrap();
            },
            |c| {
                c.force_poll = !limit;
                if limit {
                    c.max_watches = 1;
                }
            },
        );
        if limit && cfg!(not(target_os = "linux")) {
            continue;
        }
        let status = p.watch.status();
        assert_eq!(status.mode, WatchMode::Polling);
        assert!(!status.reason.is_empty());
        p.write("src/old", "22");
        p.write("src/new", "1");
        p.write("target/x", "1");
        p.told("file.modified", "src/old");
        p.told("file.created", "src/new");
        fs::remove_file(p.root.join("src/old")).unwrap();
        p.told("file.removed", "src/old");
        p.told_nothing_of("target");
    }
}

#[test]
fn a_root_that_goes_is_noticed_and_watched_again_when_it_is_back() {
    let mut p = Project::new(|d| fs::create_dir(d.join("sub")).unwrap(), |_| ());
    let root = p.root.clone();
    fs::remove_dir_all(&root).unwrap();
    p.until("gone", |p| p.watch.status().mode == WatchMode::Gone);
    let made = tempfile::tempdir_in(root.parent().unwrap()).unwrap();
    fs::create_dir_all(made.path().join("new/.git/info")).unwrap();
    fs::write(made.path().join("new/.git/info/exclude"), "*.skip\n").unwrap();
    fs::rename(made.path().join("new"), &root).unwrap();
    p.until("back", |p| p.watch.status().mode == WatchMode::Watching);
    p.until("a rescan", |p| p.told.iter().any(|s| s.attribute("reason") == Some("returned")));
    p.write("a.skip", "x");
    p.settle("again");
    p.told_nothing_of("skip");
}

/// A root inside a folder of its own, so that both can be moved.
fn nested() -> (tempfile::TempDir, Project) {
    let outer = tempfile::tempdir().unwrap();
    let mut p = Project::new(
        |_| (),
        |c| {
            c.root = outer.path().join("above/root");
            fs::create_dir_all(c.root.join("sub")).unwrap();
            fs::write(c.root.join(".gitignore"), "*.log\n").unwrap();
        },
    );
    p.root = outer.path().join("above/root").canonicalize().unwrap();
    (outer, p)
}

fn returned(p: &Project) -> bool {
    p.told.iter().any(|s| s.kind == "file.rescan" && s.attribute("reason") == Some("returned"))
}

#[test]
fn a_root_that_is_replaced_in_a_moment_is_looked_at_anew() {
    let (outer, mut p) = nested();
    fs::rename(&p.root, outer.path().join("old")).unwrap();
    fs::create_dir(&p.root).unwrap();
    p.write("early", "x");
    p.until("a rescan", returned);
    // The new one has rules of its own.
    p.settle("late.log");
    // The old one is nobody's business any more.
    fs::write(outer.path().join("old/sub/elsewhere"), "x").unwrap();
    p.settle("later");
    p.told_nothing_of("elsewhere");
}

#[test]
fn a_root_that_goes_away_and_comes_back_is_watched_as_before() {
    let (outer, mut p) = nested();
    fs::rename(&p.root, outer.path().join("old")).unwrap();
    fs::rename(outer.path().join("old"), &p.root).unwrap();
    p.until("a rescan", returned);
    p.settle("sub/again");
}

#[cfg(unix)]
#[test]
fn a_root_whose_folder_above_was_moved_is_noticed() {
    let (outer, mut p) = nested();
    fs::rename(outer.path().join("above"), outer.path().join("moved")).unwrap();
    p.until("gone", |p| p.watch.status().mode == WatchMode::Gone);
    fs::create_dir_all(&p.root).unwrap();
    p.until("a rescan", |p| p.watch.status().mode == WatchMode::Watching && returned(p));
    fs::write(outer.path().join("moved/root/sub/elsewhere"), "x").unwrap();
    p.settle("here");
    p.told_nothing_of("elsewhere");
}

#[cfg(unix)]
#[test]
fn a_folder_that_becomes_a_link_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let mut p = Project::new(|d| fs::create_dir_all(d.join("sub/deep")).unwrap(), |_| ());
    p.write("sub/deep/a", "x");
    p.told("file.created", "sub/deep/a");
    fs::remove_dir_all(p.root.join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path(), p.root.join("sub")).unwrap();
    p.told("file.created", "sub");
    fs::create_dir(outside.path().join("deep")).unwrap();
    fs::write(outside.path().join("deep/foreign"), "x").unwrap();
    p.settle("after");
    p.told_nothing_of("foreign");
    // And back.
    fs::remove_file(p.root.join("sub")).unwrap();
    fs::create_dir(p.root.join("sub")).unwrap();
    p.settle("sub/ours");
    p.settle("sub/theirs");
}

#[cfg(target_os = "linux")]
#[test]
fn what_comes_while_the_watch_limit_is_hit_is_not_lost() {
    let mut p = Project::new(|_| (), |c| c.max_watches = 3);
    fs::create_dir_all(p.root.join("a/b/c")).unwrap();
    p.write("a/b/c/early", "x");
    p.until("polling", |p| p.watch.status().mode == WatchMode::Polling);
    p.until("a rescan", |p| p.told.iter().any(|s| s.kind == "file.rescan"));
    p.settle("a/b/c/late");
}

#[test]
fn a_folder_that_comes_and_goes_all_the_time_ends_up_watched() {
    let mut p = Project::new(|_| (), |_| ());
    let folder = p.root.join("build");
    for round in 0..8 {
        for _ in 0..40 {
            fs::create_dir(&folder).unwrap();
            fs::remove_dir(&folder).unwrap();
        }
        fs::create_dir(&folder).unwrap();
        p.settle(&format!("build/{round}"));
        p.settle(&format!("build/{round}-again"));
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn polling_goes_back_to_events_when_there_are_watches_again() {
    let mut p = Project::new(
        |d| fs::create_dir_all(d.join("a/b/c")).unwrap(),
        |c| {
            c.max_watches = 3;
            c.retry = Duration::from_millis(300);
        },
    );
    assert_eq!(p.watch.status().mode, WatchMode::Polling);
    fs::remove_dir(p.root.join("a/b/c")).unwrap();
    p.write("meanwhile", "x");
    p.until("events", |p| p.watch.status().mode == WatchMode::Watching);
    assert_eq!((p.watch.status().watched_dirs, p.watch.status().reason), (3, String::new()));
    p.told("file.created", "meanwhile");
    p.settle("a/b/after");
    // Nothing was missed in between, so nobody has to look anew.
    assert!(!p.told.iter().any(|s| s.kind == "file.rescan"), "{:?}", p.told);
}

#[test]
fn a_change_of_gits_own_exclude_file_is_noticed_at_the_next_look() {
    let mut p = Project::new(
        |d| {
            fs::create_dir_all(d.join(".git/info")).unwrap();
            fs::create_dir(d.join("big")).unwrap();
        },
        |_| (),
    );
    p.settle("big/before");
    p.write(".git/info/exclude", "big/\n");
    p.until("fewer watches", |p| cfg!(not(target_os = "linux")) || p.watch.status().watched_dirs == 1);
    p.write("big/after", "x");
    p.settle("end");
    p.told_nothing_of("big/after");
}

#[cfg(unix)]
#[test]
fn a_root_that_becomes_read_only_or_unreadable_does_no_harm() {
    use std::os::unix::fs::PermissionsExt;
    let mut p = Project::new(|d| fs::create_dir(d.join("sub")).unwrap(), |_| ());
    let mode = |p: &Project, mode| fs::set_permissions(p.root.join("sub"), fs::Permissions::from_mode(mode)).unwrap();
    for bits in [0o555, 0o000] {
        mode(&p, bits);
        p.settle(&format!("with-{bits}"));
    }
    mode(&p, 0o755);
    p.settle("sub/again");
}
