//! `kairos-run logs`.

use crate::errors::advice;
use crate::paths::Paths;
use crate::view;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(200);
/// Bytes that are looked at for the last lines.
const TAIL: u64 = 256 * 1024;

/// Prints the end of the log, and with `follow` what is added to it.
pub fn logs(paths: &Paths, follow: bool, lines: usize) -> Result<()> {
    let path = paths.log();
    let can_not = || format!("can't read {}", path.display());
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(advice("there is no log yet", "`kairos-run start` starts the process that writes it"));
        }
        Err(e) => return Err(e).with_context(can_not),
    };
    let size = file.metadata().with_context(can_not)?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL))).with_context(can_not)?;
    let mut text = String::new();
    read(&mut file, &mut text).with_context(can_not)?;
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    view::print(&all[all.len().saturating_sub(lines)..].concat())?;
    if !follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(LOOK);
        text.clear();
        read(&mut file, &mut text).with_context(can_not)?;
        // A full file is renamed and a new one begun.
        if text.is_empty()
            && let Ok(now) = path.metadata()
            && now.ino() != file.metadata().with_context(can_not)?.ino()
        {
            file = File::open(&path).with_context(can_not)?;
            continue;
        }
        view::print(&text)?;
    }
}

fn read(file: &mut File, text: &mut String) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    text.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}
