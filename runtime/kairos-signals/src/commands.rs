//! Commands that ended in a shell. Its hook appends a record to a file; as soon as something is in it, an empty one takes its
//! place, so that nobody's commands stay on the disk. What is in it is not trusted.
//!
//! A record is `>`, exit code, milliseconds, folder, command and `<`, each followed by a NUL, after a NUL. The hook is
//! `kairos_exec::shell`.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::sleep;

/// A shell that has opened the file before it was replaced has written by then.
const LATE: Duration = Duration::from_millis(100);
/// How often it is looked at where the system can't watch it.
const POLL: Duration = Duration::from_secs(30);
/// What is beyond this in a file is not read.
const MAX_FILE: u64 = 4 << 20;
/// Commands that are told of one file: nobody types more.
const MAX_COMMANDS: usize = 1000;
/// Bytes of a command; a longer one is not told.
const MAX_RECORD: usize = 1 << 20;
/// Characters of it that are told.
const MAX_COMMAND: usize = 8192;
/// Bytes of a folder's path: the system knows no longer ones.
const MAX_FOLDER: usize = 4096;

const BEGIN: &[u8] = b"\0>\0";
const END: &[u8] = b"<";

/// A command that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedCommand {
    /// The command line as it was typed, secrets and all; at most 8,192 characters.
    pub command: String,
    /// Where it ran; absolute.
    pub folder: String,
    /// 128 + n when signal n ended it.
    pub exit_code: i32,
    /// How long it ran; 0 if the clock was set back meanwhile.
    pub duration_ms: u64,
}

/// The file that shells append to. It is there as long as this is.
pub struct CommandFile {
    path: PathBuf,
    /// Ours from the start: no file is ever opened that somebody else may have made.
    file: File,
    changes: Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl CommandFile {
    /// Makes the file, only the user's to read and write. What a killed process has left there is thrown away unread. Its
    /// folder has to be there, and the user's alone.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let (sender, changes) = channel(1);
        let name = path.file_name().map(ToOwned::to_owned);
        let named = move |e: &notify::Event| e.paths.iter().any(|p| p.file_name() == name.as_deref());
        let concerns = move |e: &notify::Event| e.need_rescan() || !e.kind.is_access() && named(e);
        // The folder, because the file is replaced.
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| concerns(&e)) {
                let _ = sender.try_send(());
            }
        })
        .and_then(|mut watcher| {
            watcher.watch(path.parent().unwrap_or(path), RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(e) = &watcher {
            tracing::debug!("{} is looked at every {POLL:?}: {e}", path.display());
        }
        Ok(Self { path: path.into(), file: make(path)?, changes, _watcher: watcher.ok() })
    }

    /// Waits for commands; those of one shell come in their order.
    pub async fn next(&mut self) -> Vec<FinishedCommand> {
        loop {
            let found = match self.take() {
                Ok(Some(old)) => {
                    sleep(LATE).await;
                    read(old)
                }
                Ok(None) => {
                    self.changed().await;
                    continue;
                }
                Err(e) => Err(e),
            };
            match found {
                Ok(commands) if commands.is_empty() => {}
                Ok(commands) => return commands,
                Err(e) => {
                    tracing::warn!("commands of shells can't be read from {}: {e}", self.path.display());
                    self.changed().await;
                }
            }
        }
    }

    async fn changed(&mut self) {
        // Nobody sends where nobody watches.
        if self.changes.recv().await.is_none() {
            sleep(POLL).await;
        }
    }

    /// The file, if there is something in it; from then on another one is in its place.
    fn take(&mut self) -> io::Result<Option<File>> {
        // It may have been removed, or something else put there.
        if self.file.metadata()?.len() == 0 && self.is_in_place() {
            return Ok(None);
        }
        Ok(Some(std::mem::replace(&mut self.file, make(&self.path)?)))
    }

    fn is_in_place(&self) -> bool {
        let there = self.path.symlink_metadata().and_then(|there| Ok((there, self.file.metadata()?)));
        there.is_ok_and(|(there, ours)| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
    }
}

impl Drop for CommandFile {
    fn drop(&mut self) {
        if self.is_in_place() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Puts a new file there, whatever is there now.
fn make(path: &Path) -> io::Result<File> {
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&new)?;
    match std::fs::rename(&new, path) {
        Ok(()) => Ok(file),
        Err(e) => {
            let _ = std::fs::remove_file(&new);
            Err(e)
        }
    }
}

fn read(file: File) -> io::Result<Vec<FinishedCommand>> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    let mut commands = records(&bytes);
    if bytes.len() as u64 > MAX_FILE || commands.len() > MAX_COMMANDS {
        tracing::warn!("more commands of shells than can be told: {MAX_COMMANDS} at once, or {} MiB", MAX_FILE >> 20);
        commands.truncate(MAX_COMMANDS);
    }
    Ok(commands)
}

/// The records that are whole; one more than are told, at most. Two shells may have written at once, or one have been killed.
fn records(mut bytes: &[u8]) -> Vec<FinishedCommand> {
    let mut found = Vec::new();
    while found.len() <= MAX_COMMANDS
        && let Some(begin) = bytes.windows(BEGIN.len()).position(|w| w == BEGIN)
    {
        // The last NUL may begin the next record, and so may any that follows: no more is skipped.
        bytes = &bytes[begin + BEGIN.len() - 1..];
        found.extend(record(&bytes[1..]));
    }
    found
}

/// What follows the begin of a record.
fn record(bytes: &[u8]) -> Option<FinishedCommand> {
    let mut fields = bytes.split(|b| *b == 0);
    let mut next = || fields.next();
    let (exit_code, duration, folder, command, end) = (next()?, next()?, next()?, next()?, next()?);
    let is_folder = folder.starts_with(b"/") && folder.len() <= MAX_FOLDER;
    if end != END || !is_folder || command.is_empty() || command.len() > MAX_RECORD {
        return None;
    }
    let number = |field| std::str::from_utf8(field).ok()?.parse::<i64>().ok();
    // No character has more than four bytes.
    let command = String::from_utf8_lossy(&command[..command.len().min(4 * MAX_COMMAND)]);
    Some(FinishedCommand {
        command: command.chars().take(MAX_COMMAND).collect(),
        folder: String::from_utf8_lossy(folder).into_owned(),
        exit_code: i32::try_from(number(exit_code)?).ok()?,
        duration_ms: u64::try_from(number(duration)?).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests;
