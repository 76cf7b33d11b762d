//! One channel's queue, and what happens when a delivery fails.

use super::message::Message;
use super::queue::{self, Entrance, Exit};
use super::trouble::{self, Inboxes};
use async_trait::async_trait;
use kairos_core::Urgency;
use kairos_store::UserDb;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Attempts for one message: with the waits between them, most of a day.
const ATTEMPTS: u32 = 150;
/// Failed attempts in a row after which the user is told.
const PATIENCE: u32 = 3;
/// The first wait; each is twice the one before it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait of our own.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// The longest wait that the other side may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// A way to reach the user.
#[async_trait]
pub(super) trait Channel: Send + Sync + 'static {
    /// For the user.
    fn name(&self) -> &'static str;
    /// The setting that says where it leads.
    fn setting(&self) -> &'static str;
    /// Where it leads, without what could be a secret.
    fn to(&self) -> String;
    /// Why nobody is at its end now, where that can be told.
    fn missing(&self) -> Option<String> {
        None
    }
    /// May a message wait for it, across restarts? Where one failure is the end, there is nothing to wait for.
    fn keeps(&self) -> bool {
        false
    }
    /// Tries it once.
    async fn deliver(&self, message: &Message) -> Result<(), Failure>;
    /// Tries it with a test message, of which also that is told which else is only logged.
    async fn test(&self, message: &Message) -> Result<(), Failure> {
        self.deliver(message).await
    }
}

/// Why a message did not arrive, in words that follow the channel's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It may later; not before `after`, if the other side said so.
    Later { why: String, after: Option<Duration> },
    /// It won't.
    Never(String),
}

/// How the attempts ended without a delivery.
enum End {
    /// It won't arrive.
    Failed(String),
    /// It might have, but we end.
    Interrupted(String),
}

/// A channel at work.
pub(super) struct Worker {
    name: &'static str,
    least: Urgency,
    queue: Entrance,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    pub(super) fn start(channel: Box<dyn Channel>, least: Urgency, inboxes: Arc<dyn Inboxes>, user: &UserDb) -> Self {
        let (queue, messages) = if channel.keeps() { queue::kept(user) } else { queue::memory() };
        let (closing, closed) = watch::channel(false);
        let name = channel.name();
        let work = Work { channel, inboxes, closed, told_in: None, undelivered: 0 };
        Self { name, least, queue, closing, task: tokio::spawn(work.run(messages)) }
    }

    /// Queues what of it the channel wants. Waits for no room: what finds none is told in the log, and is in the inbox.
    pub(super) async fn give(&self, message: &Message) {
        if let Some(message) = message.for_channel(self.name, self.least)
            && let Err(e) = self.queue.put(message).await
        {
            tracing::warn!("not all goes to the {}: {e}", self.name);
        }
    }

    /// Lets it deliver what waits since an earlier run.
    pub(super) fn wake(&self) {
        self.queue.wake();
    }

    /// Delivers what is queued, each message once, as far as that is done within the limit.
    pub(super) async fn finish(self, limit: Duration) {
        let _ = self.closing.send(true);
        drop(self.queue);
        let mut task = self.task;
        if timeout(limit, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the {} did not get all messages before the end", self.name);
        }
    }
}

struct Work {
    channel: Box<dyn Channel>,
    inboxes: Arc<dyn Inboxes>,
    closed: watch::Receiver<bool>,
    /// The project in whose inbox trouble was told.
    told_in: Option<String>,
    /// Messages since the last one that arrived.
    undelivered: u64,
}

impl Work {
    async fn run(mut self, mut messages: Exit) {
        while let Some(message) = messages.next().await {
            match self.deliver(&message).await {
                Ok(()) => {
                    messages.done(&message).await;
                    self.well().await;
                }
                Err(End::Interrupted(why)) if messages.keeps() => {
                    tracing::info!("the {} gets {} after the next start: {why}", self.channel.name(), message.ids());
                    return;
                }
                Err(End::Interrupted(why) | End::Failed(why)) => {
                    messages.done(&message).await;
                    self.undelivered += 1;
                    let (name, count) = (self.channel.name(), self.undelivered);
                    tracing::warn!("the {name} did not get {}: {why} ({count} in a row)", message.ids());
                    self.ill(&message, &why).await;
                }
            }
        }
    }

    /// Tries until it arrives, or won't, or we end.
    async fn deliver(&mut self, message: &Message) -> Result<(), End> {
        for attempt in 1.. {
            let (why, after) = match self.channel.deliver(message).await {
                Ok(()) => return Ok(()),
                Err(Failure::Never(why)) => return Err(End::Failed(why)),
                Err(Failure::Later { why, after }) => (why, after),
            };
            if attempt >= ATTEMPTS {
                return Err(End::Failed(why));
            }
            if *self.closed.borrow() {
                return Err(End::Interrupted(why));
            }
            if attempt == PATIENCE {
                self.ill(message, &why).await;
            }
            tracing::debug!("the {} did not get {}, attempt {attempt}: {why}", self.channel.name(), message.ids());
            tokio::select! {
                () = tokio::time::sleep(wait(attempt, after)) => {}
                _ = self.closed.wait_for(|closed| *closed) => return Err(End::Interrupted(why)),
            }
        }
        Ok(())
    }

    async fn ill(&mut self, message: &Message, why: &str) {
        if self.told_in.is_none() {
            self.told_in = Some(message.project.clone());
            trouble::tell(&*self.inboxes, &message.project, self.channel.name(), self.channel.setting(), why).await;
        }
    }

    async fn well(&mut self) {
        self.undelivered = 0;
        if let Some(project) = self.told_in.take() {
            trouble::clear(&*self.inboxes, &project, self.channel.name()).await;
        }
    }
}

/// Twice as long each time, up to a quarter less by chance, so that many senders don't come back at once; and not before the
/// other side wants.
fn wait(attempt: u32, asked: Option<Duration>) -> Duration {
    let mut random = [0u8; 1];
    let _ = getrandom::fill(&mut random);
    let own = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    own.mul_f64(1.0 - 0.25 * f64::from(random[0]) / 255.0).max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_hear_the_other_side_within_reason() {
        let longest: Duration = (1..ATTEMPTS).map(|attempt| wait(attempt, None)).sum();
        assert!((17 * 3600..24 * 3600).contains(&longest.as_secs()), "{longest:?}");
        for (attempt, most) in [(1, 1), (4, 8), (10, 512), (15, 600), (u32::MAX, 600)] {
            let most = Duration::from_secs(most);
            let wait = wait(attempt, None);
            assert!(wait <= most && wait >= most.mul_f64(0.74), "{attempt}: {wait:?}");
        }
        assert_eq!(wait(1, Some(Duration::from_secs(30))), Duration::from_secs(30));
        assert_eq!(wait(1, Some(Duration::MAX)), LONGEST_ASKED);
        assert!(wait(15, Some(Duration::ZERO)) > Duration::from_secs(400), "not sooner than we would");
    }
}
