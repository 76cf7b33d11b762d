//! Running one command under observation.

use crate::redact::Redactor;
use crate::tail::{Lines, Tail};
use crate::{pipes, pty};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Once the command has ended, output of processes that it left behind is copied until it pauses for so long,
const LEFT_BEHIND_QUIET: Duration = Duration::from_millis(300);
/// and at most for so long.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Its exit code; 128 + the signal's number where a signal ended it, as shells say it.
    pub exit_code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// From start to end.
    pub duration: Duration,
    /// The end of its output, at most [`crate::MAX_TAIL`] bytes: without control codes, secrets redacted. Of stdout and
    /// stderr together, whole lines as they came.
    pub tail: String,
}

/// Why a command did not run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is no command line.
    #[error("there is no command to run; write it after `--`, as in `kairos-run exec -- make test`")]
    Empty,
    /// No such program.
    #[error("{0}: command not found; check its spelling and your PATH")]
    NotFound(String),
    /// Not a program, or not allowed.
    #[error("{0}: can't be run; check that it is a program and that you may run it (chmod +x)")]
    NotExecutable(String),
    /// The folder to run in is not there.
    #[error("{}: no such folder to run the command in", .0.display())]
    NoFolder(PathBuf),
    /// The system refused.
    #[error("the command could not be run: {0}")]
    System(#[from] io::Error),
}

impl ExecError {
    /// The code to exit with, as shells do: 127 not found, 126 not executable, 2 no command, else 125.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Empty => 2,
            Self::NotFound(_) => 127,
            Self::NotExecutable(_) => 126,
            Self::NoFolder(_) | Self::System(_) => 125,
        }
    }

    pub(crate) fn starting(program: &OsStr, error: io::Error) -> Self {
        let name = program.to_string_lossy().into_owned();
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound(name),
            ErrorKind::PermissionDenied => Self::NotExecutable(name),
            _ => Self::System(error),
        }
    }
}

/// Runs a command in a folder, as if it ran by itself, and says what it did. The environment is ours.
///
/// With a terminal on stdin, stdout and stderr, in the foreground, it runs in a PTY: our terminal is raw for as long, and
/// restored whatever happens; window sizes follow. Otherwise stdin is inherited, stdout and stderr are copied each to its
/// own. Signals sent to us (TERM, HUP; with a PTY also INT, QUIT) are passed on, and their handlers stay installed in this
/// process afterwards. Blocks; starts threads of its own, so it may be called within an async runtime on a blocking thread.
///
/// # Errors
/// When the command could not be started; see [`ExecError::exit_code`].
pub fn run_observed(argv: &[OsString], cwd: &Path) -> Result<Observed, ExecError> {
    let program = argv.first().filter(|p| !p.is_empty()).ok_or(ExecError::Empty)?;
    if !cwd.is_dir() {
        return Err(ExecError::NoFolder(cwd.into()));
    }
    find(program, cwd)?;
    let start = Instant::now();
    let tail = Arc::new(Tail::default());
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal() && in_foreground();
    let status = if terminal { pty::run(argv, cwd, &tail)? } else { pipes::run(argv, cwd, &tail)? };
    let duration = start.elapsed();
    let redactor = Redactor::from_env();
    let signal = status.signal();
    Ok(Observed {
        exit_code: status.code().or(signal.map(|s| 128 + s)).unwrap_or(1),
        signal,
        duration,
        tail: tail.text(|text| redactor.redact(text)),
    })
}

/// In the background, touching the terminal would stop us.
fn in_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Is there such a program? Asked before anything is set up, so that both ways of running give the same answer.
fn find(program: &OsStr, cwd: &Path) -> Result<(), ExecError> {
    let is_program = |p: &Path| p.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    let name = program.to_string_lossy().into_owned();
    let candidates: Vec<PathBuf> = if name.contains('/') {
        vec![cwd.join(program)]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/bin:/usr/bin".into());
        std::env::split_paths(&path).map(|folder| cwd.join(folder).join(program)).collect()
    };
    if candidates.iter().any(|c| is_program(c)) {
        Ok(())
    } else if candidates.iter().any(|c| c.exists()) {
        Err(ExecError::NotExecutable(name))
    } else {
        Err(ExecError::NotFound(name))
    }
}

/// The process that signals are passed on to, for as long as it surely is that process.
#[derive(Default)]
pub(crate) struct Target(Mutex<Option<Pid>>);

impl Target {
    fn set(&self, pid: Option<Pid>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    pub fn send(&self, signal: Signal) {
        if let Some(pid) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the end of the child. Its number is not given back to the system before it is forgotten here.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        self.set(pid);
        if let Some(pid) = pid {
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {}
        }
        self.set(None);
        child.wait()
    }
}

/// What copying threads do right now.
#[derive(Default)]
pub(crate) struct Activity {
    chunks: AtomicU64,
    writing: AtomicUsize,
}

/// Copies until the end of `from`, or until nobody reads `to` any more.
pub(crate) fn copy(mut from: impl Read, to: &mut File, tail: &Tail, activity: &Activity) {
    let mut lines = Lines::new(tail);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                activity.writing.fetch_add(1, Ordering::SeqCst);
                lines.push(&buffer[..n]);
                let written = write_all(to, &buffer[..n]);
                activity.chunks.fetch_add(1, Ordering::SeqCst);
                activity.writing.fetch_sub(1, Ordering::SeqCst);
                if written.is_err() {
                    return;
                }
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // A PTY whose other end is closed says EIO.
            Err(_) => return,
        }
    }
}

/// Someone else may have made our output non-blocking.
fn write_all(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(to, PollFlags::OUT)], None);
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Waits for the copying threads after the command's end: each drops its sender. What is still being written is waited for.
pub(crate) fn finish(done: &Receiver<()>, activity: &Activity) {
    let end = Instant::now() + LEFT_BEHIND;
    let mut before = activity.chunks.load(Ordering::SeqCst);
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(LEFT_BEHIND_QUIET) {
        let now = activity.chunks.load(Ordering::SeqCst);
        let busy = activity.writing.load(Ordering::SeqCst) > 0;
        if !busy && (now == before || Instant::now() > end) {
            return;
        }
        before = now;
    }
}
