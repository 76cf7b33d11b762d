//! The threads of a dream: apart from those of the ticks, and behind what the user is doing.

use std::io;
use tokio::runtime::{Builder, Runtime};

/// Added to the niceness of a dream's threads.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Ends with the dream. What blocks on one of its threads is left behind, and finishes by itself.
pub(super) struct Quiet(Option<Runtime>);

impl Quiet {
    pub(super) fn new() -> io::Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("dream")
            .on_thread_start(|| {
                // Elsewhere than on Linux it is the whole process that would be nicer.
                #[cfg(target_os = "linux")]
                let _ = rustix::process::nice(NICER);
            })
            .enable_all()
            .build()?;
        Ok(Self(Some(threads)))
    }

    /// Does something that takes turns with nothing but itself.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        done(self.0.as_ref()?.spawn(work)).await
    }

    /// Does something that computes, or waits for the disk.
    pub(super) async fn block<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        done(self.0.as_ref()?.spawn_blocking(work)).await
    }
}

/// None where the threads are ending.
async fn done<T>(task: tokio::task::JoinHandle<T>) -> Option<T> {
    match task.await {
        Ok(done) => Some(done),
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(_) => None,
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
