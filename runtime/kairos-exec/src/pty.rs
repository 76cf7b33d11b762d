//! With a terminal: the command gets one of its own, and everything passes through unchanged.

use crate::pipes::spawn;
use crate::run::{Activity, ExecError, Target, finish};
use crate::signals::Forward;
use crate::tail::Tail;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::ffi::OsString;
use std::io::{self, PipeReader, Write};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::Builder;

/// Our terminal in raw mode, until dropped: on errors and panics too. Signals can't end us meanwhile, see [`Forward`].
struct Raw(Termios);

impl Raw {
    fn enter(settings: &Termios) -> io::Result<Self> {
        let mut raw = settings.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(settings.clone()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.0);
    }
}

fn size() -> PtySize {
    tcgetwinsize(rustix::stdio::stdout()).map_or_else(
        |_| PtySize::default(),
        |s| PtySize { rows: s.ws_row, cols: s.ws_col, pixel_width: s.ws_xpixel, pixel_height: s.ws_ypixel },
    )
}

pub(crate) fn run(argv: &[OsString], cwd: &Path, tail: &Arc<Tail>) -> Result<ExitStatus, ExecError> {
    let settings = tcgetattr(rustix::stdio::stdin()).map_err(io::Error::from)?;
    let pair = native_pty_system().openpty(size()).map_err(io::Error::other)?;
    if let Some(name) = pair.master.tty_name() {
        // The user's own keys (erase, interrupt, …) hold in there too.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        if let Ok(slave) = rustix::fs::open(name, flags, Mode::empty()) {
            let _ = tcsetattr(slave, OptionalActions::Now, &settings);
        }
    }
    let mut command = CommandBuilder::from_argv(argv.to_vec());
    command.cwd(cwd);
    let reader = pair.master.try_clone_reader().map_err(io::Error::other)?;
    let writer = pair.master.take_writer().map_err(io::Error::other)?;
    let target = Arc::new(Target::default());
    let master = pair.master;
    let forward = Forward::start(Arc::clone(&target), true, move || drop(master.resize(size())))?;
    let raw = Raw::enter(&settings)?;
    let mut child = pair.slave.spawn_command(command).map_err(|e| match e.downcast::<io::Error>() {
        Ok(e) => ExecError::starting(&argv[0], e),
        Err(e) => ExecError::System(io::Error::other(e)),
    })?;
    // Ours must be closed, or the end of output is never seen.
    drop(pair.slave);
    let activity = Arc::new(Activity::default());
    let (running, done) = channel();
    spawn("kairos-terminal", reader, rustix::stdio::stdout(), tail, &activity, &running)?;
    drop(running);
    let (ended, end) = io::pipe()?;
    // Not joined: it may wait for a command that does not read, and ends with our process at the latest.
    Builder::new().name("kairos-keyboard".into()).spawn(move || keyboard(writer, &ended))?;
    let child: &mut dyn portable_pty::Child = child.as_mut();
    let status = match child.downcast_mut::<Child>() {
        Some(child) => target.wait(child)?,
        None => return Err(ExecError::System(io::Error::other("the terminal's child is of an unknown kind"))),
    };
    finish(&done, &activity);
    // Not before the output's end: the writer ends its input with a line break, whose echo would show.
    drop(end);
    drop(raw);
    drop(forward);
    Ok(status)
}

/// Passes the keyboard on until the other end of `ended` is closed.
fn keyboard(mut to: Box<dyn Write + Send>, ended: &PipeReader) {
    let stdin = rustix::stdio::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut both = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        match poll(&mut both, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        if !both[1].revents().is_empty() {
            return;
        }
        match rustix::io::read(stdin, &mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                if to.write_all(&buffer[..n]).and_then(|()| to.flush()).is_err() {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}
