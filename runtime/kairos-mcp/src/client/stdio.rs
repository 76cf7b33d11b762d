//! A server that is a process of ours.

use super::{ServerError, connection::Child};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

/// What each process needs. Nothing else of our environment reaches a server: keys of models are in there.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SHELL",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];
/// Bytes of a line of its standard error; and of what is kept of the last one.
const MAX_LINE: u64 = 4096;
const MAX_SAID: usize = 200;

/// Starts it in a process group of its own, in that folder.
pub(super) fn start(
    command: &str,
    args: &[String],
    env: &[(String, String)],
    folder: &Path,
) -> Result<(Child, ChildStdout, ChildStdin), ServerError> {
    let mut process = Command::new(command);
    process.args(args).current_dir(folder).env_clear().process_group(0).kill_on_drop(true);
    process.envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    process.envs(env.iter().map(|(name, value)| (name, value)));
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |e| ServerError::Start(command.to_owned(), e);
    let mut child = process.spawn().map_err(failed)?;
    let piped = || failed(std::io::Error::other("its standard streams are missing"));
    let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(piped());
    };
    let said = Arc::<Mutex<String>>::default();
    tokio::spawn(listen(errors, said.clone()));
    Ok((Child { process: child, said }, output, input))
}

/// Keeps the last line that it wrote to its standard error: often the reason why it ended.
async fn listen(errors: ChildStderr, said: Arc<Mutex<String>>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut errors).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.is_empty() {
            tracing::debug!("an MCP server says: {text}");
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            *said = text.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect();
        }
    }
}
