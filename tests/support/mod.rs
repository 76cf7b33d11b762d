//! Drives the real binary as a user does.
#![allow(dead_code)] // each test file uses its part

pub mod model;
pub mod web;
pub mod webhook;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Far more than anything takes: reaching it means that it will not come.
const PATIENCE: Duration = Duration::from_secs(120);

pub const BINARY: &str = env!("CARGO_BIN_EXE_kairos-run");

/// A file in which merge-conflicts finds something.
pub const CONFLICT: &str = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n";

/// The folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A component of the committed set.
pub fn prebuilt(name: &str) -> Vec<u8> {
    std::fs::read(repository().join("plugins/prebuilt").join(format!("{name}.wasm"))).unwrap()
}

/// A user with a home of his own and a project.
pub struct World {
    pub dir: tempfile::TempDir,
    /// Variables of the environment.
    pub env: Vec<(&'static str, String)>,
}

impl World {
    pub fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap(), env: Vec::new() };
        std::fs::create_dir(world.project()).unwrap();
        world
    }

    /// With a git repository that has one commit.
    pub fn with_git() -> Self {
        let world = Self::new();
        world.git(&["init", "-q", "-b", "main"]);
        world.write("a.txt", "one\n");
        world.git(&["add", "."]);
        world.git(&["commit", "-q", "-m", "first"]);
        world
    }

    pub fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The user's plugins directory, made if need be.
    pub fn plugins(&self) -> PathBuf {
        let dir = self.home().join("data/plugins");
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn git(&self, arguments: &[&str]) -> Output {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.project())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git is installed");
        assert!(output.status.success() || arguments[0] == "merge", "git {arguments:?}: {}", text(&output.stderr));
        output
    }

    /// The user's own settings.
    pub fn settings(&self, toml: &str) {
        std::fs::create_dir_all(self.home()).unwrap();
        std::fs::write(self.home().join("kairos.toml"), toml).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.current_dir(self.project()).env("KAIROS_HOME", self.home()).env("NO_COLOR", "1").stdin(Stdio::null());
        // Whoever runs the tests must not see notifications of theirs.
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").envs(self.env.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Starts it in the background, again, and waits until it has looked at the project.
    pub fn start_again(&self) {
        self.ok(&["start"]);
        wait_until("the first look is over", || self.json(&["status"])["projects"][0]["tick"].as_u64() > Some(0));
    }

    /// Runs a command with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {printed}"))
    }

    /// Starts watching, with `--json`, and waits until it does.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut running = self.spawn(&[&["--json", "--every", "1s"], arguments].concat());
        running.wait_for("started", |e| e["event"] == "started");
        running
    }

    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let mut child = self.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, events) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Running { child, events, seen: Vec::new() }
    }
}

/// A running process and what it has said.
pub struct Running {
    pub child: Child,
    events: Receiver<Value>,
    pub seen: Vec<Value>,
}

impl Running {
    /// The first event, from now on, that fits.
    pub fn wait_for(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if fits(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let said: Vec<_> = self.seen.iter().filter(|e| e["event"] != "tick").map(ToString::to_string).collect();
                    panic!("waited in vain for {what}; it said:\n{}\n{}", said.join("\n"), self.errors());
                }
            }
        }
    }

    /// A finding of that plugin whose title holds `part`.
    pub fn finding(&mut self, plugin: &str, part: &str) -> Value {
        let fits = |e: &Value| {
            e["event"] == "finding"
                && e["item"]["plugin"] == plugin
                && e["item"]["title"].as_str().is_some_and(|t| t.contains(part))
        };
        self.wait_for(&format!("a finding of {plugin} with `{part}`"), fits)["item"].clone()
    }

    pub fn resolved(&mut self, plugin: &str) -> Value {
        self.wait_for(&format!("a finding of {plugin} to be resolved"), |e| {
            e["event"] == "resolved" && e["item"]["plugin"] == plugin
        })
    }

    pub fn plugin(&mut self, name: &str, change: &str) -> Value {
        self.wait_for(&format!("{name} to be {change}"), |e| e["event"] == "plugin" && e["name"] == name && e["change"] == change)
    }

    /// Waits for whole ticks that begin after now.
    pub fn ticks(&mut self, count: usize) {
        for _ in 0..=count {
            self.wait_for("a tick", |e| e["event"] == "tick");
        }
    }

    fn errors(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
        }
        said
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Ctrl-C; answers the exit code.
    pub fn stop(mut self) -> i32 {
        self.signal("INT");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the process in the background whatever becomes of the test.
pub struct Background<'a>(pub &'a World);

impl<'a> Background<'a> {
    pub fn start(world: &'a World) -> Self {
        world.ok(&["start"]);
        Self(world)
    }

    /// Without a word.
    pub fn kill(&self) {
        let pid = self.0.json(&["status"])["pid"].to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        wait_until("it is gone", || !self.0.run(&["status"]).status.success());
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        self.0.run(&["stop"]);
    }
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
