//! The end of a watcher's thread.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the end of a thread that was told to end is waited for.
const LAST: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(1);

/// Waits for the end of a thread. One that hangs in a folder that does not answer is left behind: it ends if that ever does.
pub(crate) fn end(thread: Option<JoinHandle<()>>) {
    let Some(thread) = thread else { return };
    let begin = Instant::now();
    while !thread.is_finished() {
        if begin.elapsed() > LAST {
            return;
        }
        std::thread::sleep(LOOK);
    }
    let _ = thread.join();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_hangs_is_left_behind() {
        let (release, hang) = std::sync::mpsc::channel::<()>();
        let begin = Instant::now();
        end(Some(std::thread::spawn(move || assert!(hang.recv().is_err()))));
        assert!(begin.elapsed() >= LAST);
        drop(release);
        end(Some(std::thread::spawn(|| {})));
        end(None);
        assert!(begin.elapsed() < 2 * LAST);
    }
}
