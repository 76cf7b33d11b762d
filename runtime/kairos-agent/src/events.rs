//! The stream of events to whoever looks on. Bounded: a slow reader loses events, and is told how many.

use kairos_api::Event;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};

/// Events that wait for a reader at most.
pub const MAX_EVENTS: usize = 4096;
/// How long the last event waits for a reader who has fallen behind.
const LAST: Duration = Duration::from_millis(500);

/// The sending end; clones share it. Without a reader an event costs nothing.
#[derive(Clone, Default)]
pub struct Events {
    readers: Arc<Mutex<Vec<Reader>>>,
}

struct Reader {
    sender: mpsc::Sender<Event>,
    /// It shows events to the user.
    looks_on: bool,
    lost: u64,
}

impl Events {
    /// A first reader with it, who shows the user what comes.
    pub fn channel() -> (Self, mpsc::Receiver<Event>) {
        let events = Self::default();
        let receiver = events.look_on();
        (events, receiver)
    }

    /// One more reader, who shows the user what comes from now on.
    pub fn look_on(&self) -> mpsc::Receiver<Event> {
        self.add(true)
    }

    /// How many show events to the user.
    pub(crate) fn looking(&self) -> usize {
        self.readers().iter().filter(|r| r.looks_on && !r.sender.is_closed()).count()
    }

    /// One more reader, who sees what comes from now on.
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        self.add(false)
    }

    fn add(&self, looks_on: bool) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel(MAX_EVENTS);
        self.readers().push(Reader { sender, looks_on, lost: 0 });
        receiver
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.readers.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Sends, or counts as lost; never waits.
    pub(crate) fn send(&self, event: Event) {
        self.readers().retain_mut(|reader| {
            if reader.lost > 0 && reader.sender.try_send(Event::Dropped { count: reader.lost }).is_ok() {
                reader.lost = 0;
            }
            match reader.sender.try_send(event.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    reader.lost += 1;
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
    }

    /// The last event: waits for room, so that it arrives where somebody still reads. No reader gets one after it.
    pub(crate) async fn send_last(&self, event: Event) {
        let readers = std::mem::take(&mut *self.readers());
        let sends = readers.iter().map(|reader| tokio::time::timeout(LAST, reader.sender.send(event.clone())));
        futures_util::future::join_all(sends).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost_and_holds_up_nobody() {
        let (events, mut slow) = Events::channel();
        let mut quick = events.subscribe();
        drop(events.subscribe());
        for number in 0..MAX_EVENTS + 3 {
            events.send(Event::Stopped { reason: number.to_string() });
            assert!(matches!(quick.recv().await, Some(Event::Stopped { reason }) if reason == number.to_string()));
        }
        assert_eq!(events.readers().len(), 2);
        for _ in 0..MAX_EVENTS {
            slow.recv().await.unwrap();
        }
        events.send(Event::Stopped { reason: "after".into() });
        assert_eq!(slow.recv().await, Some(Event::Dropped { count: 3 }));
        events.send_last(Event::Stopped { reason: "end".into() }).await;
        drop(slow.recv().await);
        assert_eq!(slow.recv().await, Some(Event::Stopped { reason: "end".into() }));
        assert_eq!(slow.recv().await, None);
    }
}
