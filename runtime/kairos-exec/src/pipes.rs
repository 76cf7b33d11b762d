//! Without a terminal: stdin is inherited, stdout and stderr are copied each to its own, so that redirection works.

use crate::run::{Activity, ExecError, Target, copy, finish};
use crate::signals::Forward;
use crate::tail::Tail;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;

pub(crate) fn run(argv: &[OsString], cwd: &Path, tail: &Arc<Tail>) -> Result<ExitStatus, ExecError> {
    let target = Arc::new(Target::default());
    // INT and QUIT from the keyboard reach the command by itself: it is in our process group.
    let forward = Forward::start(Arc::clone(&target), false, || ())?;
    let mut child = Command::new(&argv[0])
        .args(&argv[1..])
        .current_dir(cwd)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| ExecError::starting(&argv[0], e))?;
    let activity = Arc::new(Activity::default());
    let (running, done) = channel();
    if let Some(out) = child.stdout.take() {
        spawn("kairos-stdout", out, rustix::stdio::stdout(), tail, &activity, &running)?;
    }
    if let Some(err) = child.stderr.take() {
        spawn("kairos-stderr", err, rustix::stdio::stderr(), tail, &activity, &running)?;
    }
    drop(running);
    let status = target.wait(&mut child)?;
    finish(&done, &activity);
    drop(forward);
    Ok(status)
}

/// Copies on a thread of its own; `running` is dropped when it is done.
pub(crate) fn spawn(
    name: &str,
    from: impl Read + Send + 'static,
    to: BorrowedFd<'_>,
    tail: &Arc<Tail>,
    activity: &Arc<Activity>,
    running: &Sender<()>,
) -> std::io::Result<()> {
    let mut to = File::from(to.as_fd().try_clone_to_owned()?);
    let (tail, activity, running) = (Arc::clone(tail), Arc::clone(activity), running.clone());
    Builder::new().name(name.into()).spawn(move || {
        copy(from, &mut to, &tail, &activity);
        drop(running);
    })?;
    Ok(())
}
