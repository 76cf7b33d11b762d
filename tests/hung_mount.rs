//! A project on a disk that stops to answer: a FUSE file system whose process is halted, which hangs as a network disk does when
//! its server is gone. Needs `bindfs`; without it, or where nothing can be mounted, there is nothing to test.
#![allow(missing_docs)]
#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Background, CONFLICT, World, text, wait_until};

/// A folder that shows another one, as long as its process runs.
struct Mount {
    server: Child,
    at: PathBuf,
}

impl Mount {
    fn new(source: &Path, at: &Path) -> Option<Self> {
        std::fs::create_dir_all(source).unwrap();
        std::fs::create_dir_all(at).unwrap();
        let server = Command::new("bindfs")
            .args(["-f", "--no-allow-other"])
            .args([source, at])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut mount = Self { server, at: at.into() };
        let mounts = || std::fs::read_to_string("/proc/self/mounts").unwrap();
        while !mounts().contains(&*at.to_string_lossy()) {
            if mount.server.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(mount)
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.server.id().to_string()]).status().unwrap().success());
    }

    fn hang(&self) {
        self.signal("-STOP");
    }

    fn answer(&self) {
        self.signal("-CONT");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        self.answer();
        let _ = Command::new("fusermount3").arg("-uz").arg(&self.at).stderr(Stdio::null()).status();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A project's part of `status`, which has to come soon.
fn status(world: &World, path: &Path) -> Value {
    let begin = Instant::now();
    let all = world.json(&["status"]);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    let is_it = |p: &&Value| p["path"] == *path.to_string_lossy();
    all["projects"].as_array().unwrap().iter().find(is_it).cloned().unwrap_or_default()
}

#[test]
fn a_disk_that_hangs_holds_up_its_own_project_alone() {
    let world = World::with_git();
    let (source, far) = (world.dir.path().join("source"), world.dir.path().join("far"));
    let Some(mount) = Mount::new(&source, &far) else {
        eprintln!("not tested: it takes bindfs, and the right to mount");
        return;
    };
    assert!(Command::new("git").args(["init", "-q"]).current_dir(&far).status().unwrap().success());
    world.settings("every = \"1s\"\n");
    let near = world.project();
    let _background = Background(&world);
    world.ok(&["start", ".", &far.to_string_lossy()]);
    let mode = |name: &str| status(&world, &far)["watch"]["mode"] == name;
    wait_until("both are watched", || mode("native") && status(&world, &far)["tick"].as_u64() > Some(1));

    mount.hang();
    wait_until("it is known to hang", || mode("hung"));
    assert!(world.ok(&["status"]).contains("its folder does not answer"));
    let ticks = || status(&world, &near)["tick"].as_u64().unwrap();
    let before = ticks();
    wait_until("the other's ticks go on", || ticks() > before + 3);
    world.write("b.rs", CONFLICT);
    let titles = || world.ok(&["inbox", "list"]);
    wait_until("the other's finding is there", || titles().contains("b.rs"));
    let doctor = text(&world.run(&["doctor"]).stdout);
    assert!(doctor.contains("does not answer"), "{doctor}");
    let log = || world.ok(&["logs", "--lines", "1000"]);
    assert_eq!(log().matches("its folder does not answer").count(), 1, "{}", log());

    mount.answer();
    wait_until("it is watched again", || mode("native"));
    std::fs::write(far.join("c.rs"), CONFLICT).unwrap();
    wait_until("its finding is there", || titles().contains("c.rs"));
    assert!(!log().contains("quarantine"), "{}", log());

    mount.hang();
    wait_until("it is known to hang again", || mode("hung"));
    let begin = Instant::now();
    world.ok(&["stop"]);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());

    // A start finds it as it is.
    world.ok(&["start"]);
    wait_until("it is known at the start", || {
        status(&world, &far)["error"].as_str().is_some_and(|e| e.contains("does not answer")) && ticks() > 1
    });
    let begin = Instant::now();
    world.ok(&["stop"]);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}
