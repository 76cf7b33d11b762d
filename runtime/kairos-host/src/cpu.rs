//! CPU time of a call that may be polled on several threads.
//!
//! A wall clock would punish a guest for a busy machine. So each poll notes the thread's CPU clock, and what the polls
//! used is added up; the epoch callback, which runs inside a poll, can ask how much it is by now.

use rustix::time::{ClockId, clock_gettime};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

/// CPU time of the calling thread, in nanoseconds.
fn thread_cpu() -> u64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// What a call has used so far.
#[derive(Debug, Default)]
pub(crate) struct CpuClock {
    /// By finished polls, in nanoseconds.
    used: AtomicU64,
    /// The thread's clock when the present poll began.
    since: AtomicU64,
}

impl CpuClock {
    /// Forgets what was used. Doesn't look at the clock, which is a system call: the next poll does.
    pub(crate) fn reset(&self) {
        self.used.store(0, Relaxed);
    }

    /// From within a poll: used by now.
    pub(crate) fn so_far(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed) + thread_cpu().saturating_sub(self.since.load(Relaxed)))
    }

    /// After the last poll.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed))
    }
}

/// Runs a future and keeps a [`CpuClock`] for it.
pub(crate) struct Metered<'a, F> {
    pub(crate) future: Pin<&'a mut F>,
    pub(crate) clock: Arc<CpuClock>,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let start = thread_cpu();
        self.clock.since.store(start, Relaxed);
        let result = self.future.as_mut().poll(cx);
        self.clock.used.fetch_add(thread_cpu().saturating_sub(start), Relaxed);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test]
    async fn waiting_costs_nothing_and_work_does() {
        let clock = Arc::new(CpuClock::default());
        let future = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let mut x = 1u64;
            while clock.so_far() < Duration::from_millis(5) {
                x = std::hint::black_box(x.wrapping_mul(3));
            }
        };
        Metered { future: pin!(future), clock: clock.clone() }.await;
        assert!(clock.total() >= Duration::from_millis(5));
        assert!(clock.total() < Duration::from_millis(50), "{:?}", clock.total());
    }
}
