//! A file into which programs of the user drop what they have to tell, since nobody waits for a file. As soon as something is in
//! it, an empty one takes its place, so that nothing of it stays on the disk. What is in it is not trusted.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::sleep;

/// Who has opened the file before it was replaced has written by then.
const LATE: Duration = Duration::from_millis(100);
/// How often it is looked at where the system can't watch it.
const POLL: Duration = Duration::from_secs(30);
/// Bytes of a file that are read; what is beyond is not.
pub const MAX_DROP: u64 = 4 << 20;

/// The file that is appended to. It is there as long as this is.
pub struct DropFile {
    path: PathBuf,
    /// Ours from the start: no file is ever opened that somebody else may have made.
    file: File,
    changes: Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl DropFile {
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

    /// Waits until something is in it; at most [`MAX_DROP`] bytes of that, in the order in which it came.
    pub async fn next(&mut self) -> Vec<u8> {
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
                Ok(bytes) if bytes.is_empty() => {}
                Ok(mut bytes) => {
                    if bytes.len() as u64 > MAX_DROP {
                        tracing::warn!("{}: more than {} MiB at once, the rest is not read", self.path.display(), MAX_DROP >> 20);
                        bytes.truncate(MAX_DROP as usize);
                    }
                    return bytes;
                }
                Err(e) => {
                    tracing::warn!("{} can't be read: {e}", self.path.display());
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

impl Drop for DropFile {
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

fn read(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_DROP + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
