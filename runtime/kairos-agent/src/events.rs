//! The stream of events to whoever looks on. Bounded: a slow reader loses events, and is told how many.

use kairos_api::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::sync::mpsc;

/// Events that wait at most.
pub const MAX_EVENTS: usize = 4096;

/// The sending end; clones share it.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::Sender<Event>,
    lost: Arc<AtomicU64>,
}

impl Events {
    /// Both ends.
    pub fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(MAX_EVENTS);
        (Self { sender, lost: Arc::default() }, receiver)
    }

    /// Sends, or counts as lost; never waits.
    pub(crate) fn send(&self, event: Event) {
        let lost = self.lost.swap(0, Relaxed);
        if lost > 0 && self.sender.try_send(Event::Dropped { count: lost }).is_err() {
            self.lost.fetch_add(lost, Relaxed);
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(event) {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// The last event: waits for room, so that it arrives if anyone still reads.
    pub(crate) async fn send_last(&self, event: Event) {
        let _ = self.sender.send(event).await;
    }
}
