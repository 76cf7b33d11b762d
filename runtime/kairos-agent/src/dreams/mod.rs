//! Dreams: when they begin, that there is one at a time, and what the user learns of them. What one does is in [`night`].

mod breaker;
mod lock;
mod night;
mod quiet;
mod review;
mod sleeper;
mod trigger;
mod unasked;

pub use breaker::Breaker;
pub(crate) use review::{Dreaming, is_about_them, reviewed};
pub(crate) use sleeper::Sleeper;
pub(crate) use unasked::watch;

use crate::agent::Agent;
use crate::now;
use futures_util::FutureExt;
use kairos_api::{DreamChange, DreamRequest, DreamSummary, Event};
use kairos_core::dream::Dream;
use kairos_exec::redact::Redactor;
use kairos_memory::dream::Night;
use kairos_memory::memory::{Home, Memory};
use lock::Lock;
use night::Dreamer;
use quiet::Quiet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use trigger::Reason;

/// How long what a dream writes is waited for when the process ends. It is written all or nothing, so nothing is lost by an end in between.
const GRACE: Duration = Duration::from_millis(700);

/// Why a dream came to nothing. Memory is as it was, but for what a person edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DreamError {
    #[error("a dream is under way")]
    UnderWay,
    #[error("another process dreams over this memory")]
    Elsewhere,
    #[error("there is no dream strategy `{0}` that runs")]
    NoStrategy(String),
    #[error("the strategy `{strategy}` failed: {error}; memory is as it was")]
    Strategy { strategy: String, error: String },
    #[error("`{strategy}` can't dream now: {why}")]
    Unable { strategy: String, why: String },
    #[error(transparent)]
    Memory(#[from] kairos_memory::memory::Error),
    #[error("no dream can begin: {0}")]
    Begin(#[from] std::io::Error),
    #[error("it crashed, memory is as it was; `kairos-run doctor` shows the report")]
    Crashed,
    #[error("it was stopped, memory is as it was")]
    Stopped,
}

/// What dream it is to be.
struct Wish {
    reason: Reason,
    strategies: Vec<String>,
    dry_run: bool,
    review: bool,
}

impl Agent {
    /// Dreams because the user asks. It is given up when nobody waits for it any more.
    pub(crate) async fn dream_asked(&self, sleeper: Sleeper, request: DreamRequest) -> Result<Dream, DreamError> {
        let DreamRequest { dry_run, review, strategies, .. } = request;
        self.dream_once(sleeper, Wish { reason: Reason::Asked, strategies, dry_run, review }).await
    }

    async fn dream_once(&self, sleeper: Sleeper, wish: Wish) -> Result<Dream, DreamError> {
        let one = self.dreaming.clone().try_lock_owned().map_err(|_| DreamError::UnderWay)?;
        let quiet = Quiet::new()?;
        let home = sleeper.dreaming.home().clone();
        let opened = quiet.block(move || -> Result<_, DreamError> {
            let memory = open(home)?;
            let lock = Lock::take(&memory.home().places.private)?.ok_or(DreamError::Elsewhere)?;
            Ok((Arc::new(memory), lock))
        });
        let (memory, lock) = opened.await.ok_or(DreamError::Stopped)??;
        let dreamer = Dreamer { registry: self.registry.clone(), sleeper, memory, quiet };
        let (mut answer, answered) = oneshot::channel();
        let (mut all, mut own) = (self.stopped(), dreamer.sleeper.stopped.clone());
        // A task of its own: what is being written is written to its end, whoever waits for it.
        tokio::spawn(async move {
            let result = {
                let unwanted = async {
                    tokio::select! {
                        () = said(&mut all) => {}
                        () = said(&mut own) => {}
                        () = answer.closed() => {}
                    }
                };
                dreamer.dream(wish, unwanted).await
            };
            drop((lock, one));
            let _ = answer.send(result);
        });
        answered.await.unwrap_or(Err(DreamError::Crashed))
    }

    /// Waits until no dream writes any more, within reason. For when all is to end: then none gets far that begins.
    pub(crate) async fn last_dream(&self) {
        let _ = tokio::time::timeout(GRACE, async { self.dreaming.lock().await }).await;
    }
}

impl Dreamer {
    /// The whole of a dream, with what is told and counted about it.
    async fn dream(&self, wish: Wish, unwanted: impl Future<Output = ()>) -> Result<Dream, DreamError> {
        if wish.dry_run {
            return self.night(&wish, unwanted).await.map(|night| night.plan().clone());
        }
        let private = &self.memory.home().places.private;
        let (began, before) = (now(), Breaker::load(private));
        if wish.reason != Reason::Asked {
            let mut breaker = before.clone();
            breaker.begins(began);
            breaker.save(private)?;
        }
        let under_way = self.sleeper.dreaming.begin();
        self.tell(DreamChange::Began, Some(wish.reason.to_string()), None);
        let review = wish.review || self.sleeper.config.flag("dream.review");
        let result = async { self.end(self.night(&wish, unwanted).await?, review).await };
        let result = AssertUnwindSafe(result).catch_unwind().await.unwrap_or(Err(DreamError::Crashed));
        // The user may have let dreams go on meanwhile.
        let mut breaker = Breaker::load(private);
        match (&result, wish.reason) {
            (Ok(dream), Reason::Asked) => breaker.reset(dream.time),
            (Err(_), Reason::Asked) => {}
            (Ok(_), _) => breaker.ended(Ok(())),
            (Err(DreamError::Stopped), _) => breaker.given_up(&before),
            (Err(DreamError::Unable { .. }), _) => breaker.came_to_nothing(&before),
            (Err(e), _) => breaker.ended(Err(e.to_string())),
        }
        if let Err(e) = breaker.save(private) {
            tracing::warn!("how dreams go can't be kept below {}: {e}", private.display());
        }
        match &result {
            Ok(dream) => self.tell(DreamChange::Ended, None, Some(dream.into())),
            Err(DreamError::Stopped) => self.tell(DreamChange::Stopped, None, None),
            Err(e) => self.tell(DreamChange::Failed, Some(e.to_string()), None),
        }
        drop(under_way);
        self.sleeper.review().await;
        result
    }

    async fn night(&self, wish: &Wish, unwanted: impl Future<Output = ()>) -> Result<Night, DreamError> {
        tokio::select! {
            night = self.think(&wish.strategies) => night,
            () = unwanted => Err(DreamError::Stopped),
        }
    }

    fn tell(&self, change: DreamChange, why: Option<String>, dream: Option<DreamSummary>) {
        let project = self.sleeper.title();
        self.sleeper.inbox.events.send(Event::Dream { project, change, why, dream });
    }
}

/// Until it is said that all is to end, or nobody is left to say so.
async fn said(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A memory, ready for use. Waits for the disk.
pub(crate) fn open(home: Home) -> kairos_memory::memory::Result<Memory> {
    Memory::open(home, Redactor::from_env()).map(|(memory, _)| memory)
}
