//! A program of the user's, run for a message.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How a program did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// There is no such program.
    Missing,
    /// In words.
    Otherwise(String),
}

/// Runs it to its end, with `input` on its standard input; what it prints goes nowhere. It is in a process group of its own,
/// which is ended as a whole when the time is over, and in the root folder: nothing in a project is taken for a part of it.
pub(super) async fn run(mut command: Command, input: Vec<u8>, limit: Duration) -> Result<(), Failed> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failed::Missing,
        _ => Failed::Otherwise(format!("can't be started: {e}")),
    })?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // It need not read it all.
            let _ = stdin.write_all(&input).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = async {
        tokio::select! {
            status = child.wait() => status,
            () = feed => Err(ErrorKind::Other.into()),
        }
    };
    let Ok(ended) = timeout(limit, ended).await else {
        return Err(Failed::Otherwise(format!("was not done after {limit:?}")));
    };
    // What it leaves running on purpose is its own affair.
    group.0 = None;
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed::Otherwise(how(status))),
        Err(e) => Err(Failed::Otherwise(format!("can't be waited for: {e}"))),
    }
}

/// A program with all that it started. It is ended when nobody waits for it any more: its time is over, or ours.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that it has just ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn how(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was ended by a signal".into(), |code| format!("ended with {code}"))
}
