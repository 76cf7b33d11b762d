//! A folder to measure in.

use super::BenchError;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An empty folder among the temporary ones, gone when it is dropped.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, BenchError> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kairos-bench-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| BenchError::Scratch(path.clone(), e))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is the temporary folder's to clear away.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
