//! Brings announced findings to the user where no live view is looked at: desktop, webhook, command.
//!
//! What reaches this module was announced: whether it deserves it was decided before. The findings that one tick announced in
//! a project go out as one message a channel. Each channel has a worker with a bounded queue, so that a slow one holds up
//! nobody; what waits for a webhook is kept for a day and across restarts, and delivered at least once, each time under the same
//! id. A channel that fails says so once, as a finding in the inbox, until a delivery works again.

mod check;
mod command;
mod desktop;
mod message;
mod process;
mod queue;
mod settings;
mod trouble;
mod webhook;
mod worker;

use crate::events::Events;
pub(crate) use check::{list, test};
use kairos_api::Event;
use kairos_core::config::Config;
use kairos_store::UserDb;
use message::{Announced, Message};
use settings::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
pub(crate) use trouble::Inboxes;
use worker::Worker;

/// How long findings wait for the end of their tick. What is announced outside of one (after a snooze) goes out then.
const GROUPING: Duration = Duration::from_secs(1);
/// How long the end waits for deliveries under way.
const LAST: Duration = Duration::from_secs(1);

/// The running channels.
pub(crate) struct Channels {
    orders: mpsc::Sender<Order>,
}

enum Order {
    Use(Box<Settings>),
    Finish(oneshot::Sender<()>),
}

impl Channels {
    /// Delivers what is announced from now on. `config` is the user's: a project can't set where findings go.
    pub(crate) fn start(config: &Config, events: &Events, user: UserDb, inboxes: Arc<dyn Inboxes>) -> Self {
        let (orders, received) = mpsc::channel(4);
        let dispatcher = Dispatcher::new(user, inboxes);
        tokio::spawn(dispatcher.run(Settings::of(config), events.subscribe(), received));
        Self { orders }
    }

    /// Takes over settings that may have changed.
    pub(crate) async fn reconfigure(&self, config: &Config) {
        // An error means that it has ended.
        let _ = self.orders.send(Order::Use(Box::new(Settings::of(config)))).await;
    }

    /// Delivers what was announced so far, as far as that takes no longer than a second.
    pub(crate) async fn finish(&self) {
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Finish(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Groups findings, and hands them to the workers.
struct Dispatcher {
    user: UserDb,
    inboxes: Arc<dyn Inboxes>,
    settings: Settings,
    workers: Vec<Worker>,
    /// By project.
    waiting: BTreeMap<String, Vec<Announced>>,
    due: Option<Instant>,
    /// Projects whose inbox holds no trouble of an earlier run or of earlier settings any more.
    tidy: BTreeSet<String>,
}

impl Dispatcher {
    fn new(user: UserDb, inboxes: Arc<dyn Inboxes>) -> Self {
        Self {
            user,
            inboxes,
            settings: Settings::default(),
            workers: Vec::new(),
            waiting: BTreeMap::new(),
            due: None,
            tidy: BTreeSet::new(),
        }
    }

    /// Starts the workers that these settings ask for, once those of earlier ones have ended: what waits for them must not
    /// be delivered by both.
    async fn apply(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        finish(std::mem::take(&mut self.workers)).await;
        self.tidy.clear();
        for (least, channel) in settings.channels(&self.user) {
            self.workers.push(Worker::start(channel, least, self.inboxes.clone(), &self.user));
        }
        self.settings = settings;
    }

    async fn run(mut self, settings: Settings, mut events: mpsc::Receiver<Event>, mut orders: mpsc::Receiver<Order>) {
        self.apply(settings).await;
        let done = loop {
            let due = self.due;
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.hear(event).await,
                    None => break None,
                },
                order = orders.recv() => match order {
                    Some(Order::Use(settings)) => self.apply(*settings).await,
                    Some(Order::Finish(done)) => break Some(done),
                    None => break None,
                },
                () = async { match due { Some(due) => sleep_until(due).await, None => std::future::pending().await } } => self.send_all().await,
            }
        };
        while let Ok(event) = events.try_recv() {
            self.hear(event).await;
        }
        self.send_all().await;
        finish(self.workers).await;
        if let Some(done) = done {
            // Nobody may wait any more.
            let _ = done.send(());
        }
    }

    async fn hear(&mut self, event: Event) {
        match event {
            Event::Finding { change, item, announced: true, .. } if !self.workers.is_empty() => {
                self.due.get_or_insert_with(|| Instant::now() + GROUPING);
                self.waiting.entry(item.project.clone()).or_default().push(Announced { change, item: *item });
            }
            Event::Tick { project, .. } => {
                // Before anything is sent: new trouble must not be forgotten with the old.
                if self.tidy.insert(project.clone()) {
                    trouble::forget(&*self.inboxes, &project).await;
                    self.workers.iter().for_each(Worker::wake);
                }
                self.send(&project).await;
            }
            _ => {}
        }
    }

    async fn send(&mut self, project: &str) {
        let Some(findings) = self.waiting.remove(project) else { return };
        for message in Message::group(project, findings) {
            for worker in &self.workers {
                worker.give(&message).await;
            }
        }
        if self.waiting.is_empty() {
            self.due = None;
        }
    }

    async fn send_all(&mut self) {
        while let Some(project) = self.waiting.keys().next().cloned() {
            self.send(&project).await;
        }
        self.due = None;
    }
}

/// Ends all of them at the same time.
async fn finish(workers: Vec<Worker>) {
    let ends: Vec<_> = workers.into_iter().map(|w| w.finish(LAST)).collect();
    futures_util::future::join_all(ends).await;
}

#[cfg(test)]
mod tests;
