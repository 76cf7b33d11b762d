//! The plugins that are part of the program. CI builds them again from `plugins/` and compares.

use kairos_agent::Embedded;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        vec![$(Embedded {
            name: $name,
            bytes: include_bytes!(concat!("../../../plugins/prebuilt/", $name, ".wasm")),
        }),*]
    };
}

/// All of them. A file of the same name in a plugins directory overrides one; `plugins.disabled` leaves it out.
pub fn set() -> Vec<Embedded> {
    embedded![
        "merge-conflicts",
        "secrets",
        "command-failures",
        "git-hygiene",
        "flaky-tests",
        "thrash",
        "forgotten",
        "todo-drift",
        "stale-docs",
        "dependency-drift",
        "log-watch",
        "read-file",
        "search",
        "list-files",
        "git",
        "edit-file",
        "shell",
        "web-fetch",
        "memory",
        "consolidate",
        "forget",
        "reflect",
        "buddy-pip",
    ]
}
