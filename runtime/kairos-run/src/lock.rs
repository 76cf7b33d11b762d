//! One process at a time.

use crate::errors::advice;
use crate::paths::Paths;
use anyhow::{Context, Result};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a lock that nobody answers for is waited for, and how often it is tried.
const CLEARED: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Held while the process runs: one process a user (or a `KAIROS_HOME`) owns the data. The system frees it however the process ends.
pub struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Takes the lock, or says which process has it.
    pub fn take(paths: &Paths) -> Result<Self> {
        let path = paths.lock();
        let can_not = || format!("can't lock {}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&paths.run).with_context(can_not)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(can_not)?;
        match lock(&file, paths) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = pid(&mut file).map_or_else(|| "unknown".into(), |p| p.to_string());
                return Err(advice(
                    format!("another kairos-run is running (process {pid})"),
                    "`kairos-run status` shows what it watches, `kairos-run stop` ends it; set KAIROS_HOME to run a second one",
                ));
            }
            Err(TryLockError::Error(e)) => return Err(e).with_context(can_not),
        }
        file.set_len(0).with_context(can_not)?;
        file.rewind().with_context(can_not)?;
        writeln!(file, "{}", std::process::id()).with_context(can_not)?;
        Ok(Self(file))
    }

    /// The process that holds the lock, if one does; `Some(None)` where it can't be told which.
    pub fn holder(paths: &Paths) -> Result<Option<Option<u32>>> {
        let path = paths.lock();
        let can_not = || format!("can't look at {}", path.display());
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).with_context(can_not),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(pid(&mut file))),
            Err(TryLockError::Error(e)) => Err(e).with_context(can_not),
        }
    }
}

/// A process that was killed holds the lock until the system has cleared it away, which takes a moment; then nobody answers any more.
fn lock(file: &File, paths: &Paths) -> Result<(), TryLockError> {
    let end = Instant::now() + CLEARED;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < end && !answers(paths) => std::thread::sleep(LOOK),
            other => return other,
        }
    }
}

fn answers(paths: &Paths) -> bool {
    kairos_api::socket_path(&paths.socket()).is_ok_and(|socket| UnixStream::connect(socket).is_ok())
}

fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let p = |name: &str| dir.path().join(name);
        let paths = Paths { config: p("c"), data: p("d"), cache: p("e"), run: p("run") };
        let first = Lock::take(&paths).unwrap();
        let error = crate::errors::explain(&Lock::take(&paths).err().unwrap());
        assert!(error.contains(&format!("process {}", std::process::id())) && error.contains("hint:"), "{error}");
        assert_eq!(Lock::holder(&paths).unwrap(), Some(Some(std::process::id())));
        drop(first);
        assert_eq!(Lock::holder(&paths).unwrap(), None);
        assert!(Lock::take(&paths).is_ok());
    }
}
