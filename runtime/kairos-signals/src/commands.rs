//! Commands that ended in a shell. Its hook appends a record to a file. What is in it is not trusted.
//!
//! A record is `>`, exit code, milliseconds, folder, command and `<`, each followed by a NUL, after a NUL. The hook is
//! `kairos_exec::shell`.

use crate::drop_file::DropFile;
use std::io;
use std::path::Path;

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
pub struct CommandFile(DropFile);

impl CommandFile {
    /// Makes the file; see [`DropFile::create`].
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        DropFile::create(path).map(Self)
    }

    /// Waits for commands; those of one shell come in their order.
    pub async fn next(&mut self) -> Vec<FinishedCommand> {
        loop {
            let commands = told(&self.0.next().await);
            if !commands.is_empty() {
                return commands;
            }
        }
    }
}

fn told(bytes: &[u8]) -> Vec<FinishedCommand> {
    let mut commands = records(bytes);
    if commands.len() > MAX_COMMANDS {
        tracing::warn!("more commands of shells than can be told: {MAX_COMMANDS} at once");
        commands.truncate(MAX_COMMANDS);
    }
    commands
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
