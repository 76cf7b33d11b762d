//! Tests on real folders, and on repositories that the real git made.

mod files;
mod git;
mod git_diff;
mod git_links;
mod git_versions;
mod search;

use crate::Project;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A temporary project.
pub(super) struct Sandbox {
    temp: TempDir,
    pub(super) root: PathBuf,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("project");
        std::fs::create_dir(&root).unwrap();
        Self { temp, root }
    }

    /// With a repository on the branch `main`, and one commit of `a.txt`.
    pub(super) fn with_commit() -> Self {
        let sandbox = Self::new();
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.write("a.txt", "one\n");
        sandbox.commit("first");
        sandbox
    }

    /// The folder around the project.
    pub(super) fn outside(&self) -> &Path {
        self.temp.path()
    }

    pub(super) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn link(&self, target: impl AsRef<Path>, path: &str) {
        std::os::unix::fs::symlink(target, self.root.join(path)).unwrap();
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let (ok, output) = git_in(&self.root, arguments);
        assert!(ok, "git {arguments:?}: {output}");
        output
    }

    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    pub(super) fn open(&self) -> Project {
        Project::open(&self.root, &[]).unwrap()
    }
}

/// Runs git without the configuration of whoever runs the tests.
pub(super) fn git_in(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]);
    let output = command.args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}
