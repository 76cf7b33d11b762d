//! Running a command line that nobody has read yet: confined by the system, in an environment of its own, bounded in all it uses.
//!
//! Our own binary is started as a launcher, which takes its rights away, starts the command, waits for it, and at the end kills
//! whatever it left behind, wherever that has gone. The launcher also ends everything when its input closes: so neither a future
//! that is dropped nor a crash of ours leaves a process behind.

#[cfg(target_os = "linux")]
mod fixed;
mod launch;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
mod output;
mod places;

pub use launch::launcher_main;
use output::Kept;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::process::Child;

/// What to run.
#[derive(Debug, Clone)]
pub enum What {
    /// A line for bash (for sh, where there is no bash), without anybody's start-up files.
    Line(String),
    /// A program and its arguments.
    Program(Vec<OsString>),
}

/// A command and its bounds.
#[derive(Debug, Clone)]
pub struct Command {
    /// What to run.
    pub what: What,
    /// In which folder.
    pub cwd: PathBuf,
    /// Wall-clock time; then all of it is killed.
    pub time: Duration,
    /// Bytes of output that are kept: the first half of them and the last.
    pub output: usize,
    /// Bytes of memory that each of its processes may have of its own.
    pub memory: u64,
    /// May it open connections?
    pub network: bool,
    /// Folders and files that it may change, beside a temporary folder of its own.
    pub writable: Vec<PathBuf>,
    /// What it must not change, although it lies in something writable: files and folders that are there. Where the system has no means
    /// for that it is as writable as the rest, so whoever relies on it looks afterwards.
    pub fixed: Vec<PathBuf>,
    /// What it may read beyond the system's folders, the tools in the user's home, and what is writable.
    pub readable: Vec<PathBuf>,
    /// Not to be run if the system can't confine it. `false` is for what a person has seen and agreed to.
    pub confined: bool,
}

impl Command {
    /// A line in a folder, which alone it may change: two minutes, 64 KiB of output, 4 GiB of memory, no network, confined.
    pub fn line(line: impl Into<String>, folder: &Path) -> Self {
        Self {
            what: What::Line(line.into()),
            cwd: folder.into(),
            time: Duration::from_secs(120),
            output: 64 << 10,
            memory: 4 << 30,
            network: false,
            writable: vec![folder.into()],
            fixed: Vec::new(),
            readable: Vec::new(),
            confined: true,
        }
    }
}

/// How a command was, or would be, confined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct How {
    /// By which version of Landlock's interface; 0 for not at all.
    pub landlock: u32,
    /// System calls are filtered.
    pub seccomp: bool,
    /// By the profile of macOS.
    pub seatbelt: bool,
}

impl How {
    /// Are files and network both kept from it?
    pub fn is_whole(self) -> bool {
        self.seatbelt || (self.landlock > 0 && self.seccomp)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { seatbelt: true, .. } => f.write_str("confined by sandbox-exec"),
            Self { landlock: 0, seccomp: false, .. } => f.write_str("not confined"),
            Self { landlock: 0, .. } => f.write_str("only its system calls are filtered, as Landlock is not enabled"),
            Self { landlock, seccomp: true, .. } => write!(f, "confined by Landlock {landlock} and seccomp"),
            Self { landlock, .. } => write!(f, "only its files are confined, by Landlock {landlock}, as seccomp is not there"),
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; 128 + the signal's number where a signal ended it.
    pub exit: i32,
    /// Standard output and error as they came, bytes that are no UTF-8 replaced. What was left out in the middle is said there.
    pub output: String,
    /// Bytes that were left out.
    pub truncated: u64,
    /// Its time was up.
    pub timed_out: bool,
    /// How long it took.
    pub duration: Duration,
    /// How it was confined.
    pub sandboxed: How,
}

/// Why it was not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The system has no means to.
    #[error("this system can't confine a command ({0})")]
    Unconfined(How),
    /// No such folder.
    #[error("{}: no such folder to run the command in", .0.display())]
    NoFolder(PathBuf),
    /// The launcher said so.
    #[error("the command could not be started: {0}")]
    Start(String),
    /// The system refused.
    #[error("the command could not be run: {0}")]
    System(#[from] std::io::Error),
}

/// What this system can do; looked at once.
pub fn available() -> How {
    static HOW: std::sync::OnceLock<How> = std::sync::OnceLock::new();
    *HOW.get_or_init(|| {
        #[cfg(target_os = "linux")]
        return linux::available();
        #[cfg(target_os = "macos")]
        return How { seatbelt: Path::new(macos::PROGRAM).exists(), ..How::default() };
        #[cfg(not(any(target_os = "linux", target_os = "macos")))]
        How::default()
    })
}

/// Runs a command to its end. `launcher` is our own binary with the argument with which it calls [`launcher_main`]. When the future
/// is dropped, all that was started is killed.
///
/// # Errors
/// When it was not started; a command that fails is no error.
pub async fn run(command: &Command, launcher: (&Path, &str)) -> Result<Finished, SandboxError> {
    let how = if command.confined { available() } else { How::default() };
    if command.confined && !how.is_whole() {
        return Err(SandboxError::Unconfined(how));
    }
    if !command.cwd.is_dir() {
        return Err(SandboxError::NoFolder(command.cwd.clone()));
    }
    let temporary = tempfile::Builder::new().prefix("kairos-run-").tempdir()?;
    let begin = Instant::now();
    let mut child = tokio::process::Command::new(launcher.0)
        .arg(launcher.1)
        .args(launch::arguments(command, temporary.path()))
        .current_dir(&command.cwd)
        .env_clear()
        .envs(places::environment(temporary.path()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (Some(hold), Some(mut stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(SandboxError::Start("it has no pipes".into()));
    };
    // Dropped with this future: the launcher then kills all it has started.
    let running = Running { child, hold: Some(hold) };
    let mut kept = Kept::new(command.output);
    let mut report = Vec::new();
    let wait = async {
        let copy = async {
            let mut buffer = vec![0; 16 << 10];
            while let Ok(n @ 1..) = stdout.read(&mut buffer).await {
                kept.push(&buffer[..n]);
            }
        };
        let told = async {
            let _ = (&mut stderr).take(16 << 10).read_to_end(&mut report).await;
        };
        tokio::join!(copy, told)
    };
    let timed_out = tokio::time::timeout(command.time, wait).await.is_err();
    running.end().await?;
    let duration = begin.elapsed();
    if timed_out {
        // What came meanwhile is in the pipe.
        let _ = tokio::time::timeout(Duration::from_millis(100), stderr.take(16 << 10).read_to_end(&mut report)).await;
    }
    // A folder that a command has made unreadable stays until the system clears its temporary files.
    let _ = tokio::task::spawn_blocking(move || temporary.close()).await;
    let exit = match launch::outcome(&String::from_utf8_lossy(&report)) {
        Ok(Some(exit)) => exit,
        Ok(None) => 128 + Signal::KILL.as_raw(),
        Err(problem) => return Err(SandboxError::Start(problem)),
    };
    let (output, truncated) = kept.text();
    Ok(Finished { exit, output, truncated, timed_out, duration, sandboxed: how })
}

/// The launcher, for as long as it runs.
struct Running {
    child: Child,
    /// As long as this is open, it goes on.
    hold: Option<tokio::process::ChildStdin>,
}

impl Running {
    /// Ends it, if it has not ended.
    async fn end(mut self) -> std::io::Result<()> {
        self.hold = None;
        // The launcher gives up after two seconds itself.
        if tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await.is_err()
            && let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::KILL);
            self.child.wait().await?;
        }
        Ok(())
    }
}

/// The name under which the launcher is usually called.
pub const LAUNCHER: &str = "sandbox-launch";
