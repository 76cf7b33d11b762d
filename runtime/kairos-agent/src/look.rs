//! Looks at folders that may not answer: in a network folder whose server is gone, asking for a file's size waits for ever, and
//! nothing can end it. So a look has a thread of its own and is waited for within reason; while one still hangs, no other of
//! its kind is begun there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long a look is waited for. A disk that has to spin up answers within this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The looks that hang, by folder and kind.
static HANGING: Mutex<BTreeMap<(PathBuf, &'static str), AbortHandle>> = Mutex::new(BTreeMap::new());

/// A look did not come back, or one before still has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its folder does not answer; it is watched again when it does")]
pub struct NoAnswer;

/// Looks, on a thread that may block. `kind` is what is looked at in this folder.
pub(crate) async fn look<T: Send + 'static>(
    folder: &Path,
    kind: &'static str,
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    look_within(PATIENCE, folder, kind, look).await
}

/// As [`look`], for who can wait for longer or less long.
pub(crate) async fn look_within<T: Send + 'static>(
    patience: Duration,
    folder: &Path,
    kind: &'static str,
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    let hanging = || HANGING.lock().unwrap_or_else(|e| e.into_inner());
    hanging().retain(|_, look| !look.is_finished());
    if hanging().contains_key(&(folder.to_path_buf(), kind)) {
        return Err(NoAnswer);
    }
    let job = tokio::task::spawn_blocking(look);
    let handle = job.abort_handle();
    match tokio::time::timeout(patience, job).await {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(e)) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        // The runtime is about to end.
        Ok(Err(_)) => Err(NoAnswer),
        Err(_) => {
            hanging().insert((folder.to_path_buf(), kind), handle);
            Err(NoAnswer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    #[tokio::test]
    async fn one_that_hangs_is_the_only_one_of_its_kind_until_it_ends() {
        let folder = Path::new("/one/that/hangs");
        let (release, hang) = channel::<()>();
        let hangs = look_within(Duration::from_millis(20), folder, "files", move || hang.recv().is_ok());
        assert_eq!(hangs.await, Err(NoAnswer));
        let begin = Instant::now();
        assert_eq!(look(folder, "files", || 1).await, Err(NoAnswer), "no thread more");
        assert_eq!(look(folder, "plugins", || 2).await, Ok(2));
        assert_eq!(look(Path::new("/another"), "files", || 3).await, Ok(3));
        assert!(begin.elapsed() < PATIENCE);
        drop(release);
        while look(folder, "files", || 4).await.is_err() {
            assert!(begin.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
