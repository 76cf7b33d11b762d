//! The room that all our own data may take together.
#![allow(missing_docs)]

mod support;

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use support::{Background, World, text, wait_until};

#[test]
fn over_the_quota_goes_what_can_be_spared_and_nothing_else() {
    let world = World::with_git();
    let _background = Background(&world);
    // A first run fills the cache, and leaves a finding and its grants behind.
    world.settings("every = \"1s\"\n");
    world.write("b.rs", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n");
    world.ok(&["start"]);
    let inbox = || world.ok(&["inbox", "list"]);
    wait_until("there is a finding", || inbox().contains("b.rs"));
    assert!(text(&world.run(&["doctor"]).stdout).contains("of compiled plugins"), "the sum is shown in any case");
    world.ok(&["stop"]);

    // What an older version, a bad week and a bug could have left.
    let old = |path: &str| -> PathBuf {
        let file = world.home().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, vec![7; 2 << 20]).unwrap();
        let then = SystemTime::now() - Duration::from_secs(86_400);
        File::options().write(true).open(&file).unwrap().set_modified(then).unwrap();
        file
    };
    let spared = [old("cache/components/0000-0000.cwasm"), old("data/crashes/2026-01-01T00-00-00Z.txt")];
    let log = old("data/logs/kairos-run.log.4");
    let own = old("data/plugins/notes.txt");
    world.settings("every = \"1s\"\nlimits.disk = \"1MiB\"\n");
    world.ok(&["start"]);
    wait_until("it is told", || world.ok(&["status"]).contains("limits.disk"));
    assert!(spared.iter().all(|file| !file.exists()));
    assert_eq!((log.metadata().unwrap().len(), own.metadata().unwrap().len()), (0, 2 << 20));
    let components = || fs::read_dir(world.home().join("cache/components")).unwrap().count();
    assert!(components() > 10, "those in use stay");
    assert!(inbox().contains("b.rs"));
    let doctor = text(&world.run(&["doctor"]).stdout);
    assert!(doctor.contains("set `limits.disk` higher"), "{doctor}");
    assert_eq!(world.ok(&["logs", "--lines", "1000"]).matches("no more of it can be spared").count(), 1);
    world.ok(&["stop"]);

    // With room enough nothing is said, and nothing had to be compiled again.
    world.settings("every = \"1s\"\n");
    world.ok(&["start"]);
    assert!(!world.ok(&["status"]).contains("limits.disk"));
    wait_until("it ticks", || inbox().contains("b.rs"));
}
