//! Hooks: commands that the user wrote into his own settings. They run as his, without a sandbox, with his environment but for what
//! looks like a key: those of models among them.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bytes of either output that are kept; the rest is read and thrown away.
pub const MAX_OUTPUT: usize = 1 << 20;
/// How long its outputs are read after its end: what it leaves running may hold them open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Set in a hook's environment: who is called by one need not tell us what we do.
pub const IN_HOOK: &str = "KAIROS_RUN_HOOK";

/// How a hook ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookRun {
    /// None where it was ended: by a signal, or since its time was up.
    pub code: Option<i32>,
    /// At most [`MAX_OUTPUT`] bytes.
    pub stdout: String,
    /// The same.
    pub stderr: String,
    /// Its time was up.
    pub timed_out: bool,
}

/// Runs a hook by `sh -c` in a project's folder, with `input` on its standard input. It leads a process group, which is ended when its
/// time is up, and when nobody waits for it any more. `without`: variables of the environment that it does not get either.
///
/// # Errors
/// Where it can't be started.
pub async fn run_hook(command: &str, project: &Path, input: Vec<u8>, limit: Duration, without: &[String]) -> io::Result<HookRun> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).current_dir(project).process_group(0).kill_on_drop(true);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_none_or(|name| is_key(name) || without.iter().any(|w| w == name)) {
            shell.env_remove(name);
        }
    }
    shell.env("CLAUDE_PROJECT_DIR", project).env(IN_HOOK, "1");
    let mut child = shell.spawn()?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let mut streams = JoinSet::new();
    if let Some(mut stdin) = child.stdin.take() {
        streams.spawn(async move {
            // It need not read it.
            let _ = stdin.write_all(&input).await;
        });
    }
    let (stdout, stderr) = (Kept::default(), Kept::default());
    streams.spawn(read(child.stdout.take(), stdout.clone()));
    streams.spawn(read(child.stderr.take(), stderr.clone()));
    let ended = timeout(limit, child.wait()).await;
    let code = match &ended {
        Ok(status) => {
            // What it leaves running on purpose is its own affair.
            group.0 = None;
            let _ = timeout(LAST_WORDS, async { while streams.join_next().await.is_some() {} }).await;
            status.as_ref().ok().and_then(|status| status.code())
        }
        Err(_) => None,
    };
    Ok(HookRun { code, stdout: text(&stdout), stderr: text(&stderr), timed_out: ended.is_err() })
}

type Kept = Arc<Mutex<Vec<u8>>>;

async fn read(stream: Option<impl AsyncRead + Unpin>, kept: Kept) {
    let Some(mut stream) = stream else { return };
    let mut part = vec![0; 16 << 10];
    while let Ok(n @ 1..) = stream.read(&mut part).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_OUTPUT.saturating_sub(kept.len()).min(n);
        kept.extend_from_slice(&part[..room]);
    }
}

fn text(kept: &Kept) -> String {
    String::from_utf8_lossy(&kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Does a variable of this name hold a secret, as far as names tell?
fn is_key(name: &str) -> bool {
    let secret = ["KEY", "KEYS", "APIKEY", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASS", "CREDENTIALS"];
    name.to_ascii_uppercase().split('_').any(|part| secret.contains(&part))
}

/// A command with all that it started.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that it has just ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    async fn run(command: &str, limit: Duration) -> HookRun {
        run_hook(command, Path::new("/"), b"hello".to_vec(), limit, &[]).await.unwrap()
    }

    #[tokio::test]
    async fn it_reads_says_and_ends_as_it_likes() {
        let long = Duration::from_secs(20);
        let ran = run("cat; echo $CLAUDE_PROJECT_DIR $KAIROS_RUN_HOOK >&2; exit 2", long).await;
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(2), "hello", "/ 1\n"));
        let much = run("head -c 3000000 /dev/zero; exit 0", long).await;
        assert_eq!((much.code, much.stdout.len()), (Some(0), MAX_OUTPUT));
        // What goes on in the background is not waited for.
        let began = Instant::now();
        let left = run("sleep 10 & echo done", long).await;
        assert!(left.stdout == "done\n" && began.elapsed() < Duration::from_secs(5));
        assert_eq!(run("kill -9 $$", long).await.code, None);
    }

    #[tokio::test]
    async fn when_its_time_is_up_nothing_of_it_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("late");
        let command = format!("(sleep 1; touch {}) & sleep 30", file.display());
        let ran = run(&command, Duration::from_millis(100)).await;
        assert!(ran.timed_out && ran.code.is_none());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!file.exists());
    }

    #[test]
    fn keys_are_known_by_their_names() {
        for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "db_password", "AWS_SECRET_ACCESS_KEY"] {
            assert!(is_key(name), "{name}");
        }
        for name in ["PATH", "KEYBOARD", "SSH_AUTH_SOCK", "DISPLAY"] {
            assert!(!is_key(name), "{name}");
        }
    }
}
