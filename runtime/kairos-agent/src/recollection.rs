//! Looks up for plugins what is remembered: on a thread of its own, one look-up of a memory at a time, and not for longer than the
//! caller can wait. A look-up that takes longer goes on, so that an index that has to be made is there for a later one; until it has
//! ended, others are told so at once.

use crate::now;
use async_trait::async_trait;
use kairos_core::memory::Observation;
use kairos_core::ports::{ClaimView, PortResult};
use kairos_core::recall::{Hit, Owner, Question, Recall};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::redact::Redactor;
use kairos_memory::book::BookError;
use kairos_memory::memory::{Error, Home, Memory, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long a tool may wait: a person waits for it.
const FOR_TOOLS: Duration = Duration::from_secs(5);
/// How long a detector may wait: a whole tick waits for it. Some fifty searches of a large memory.
const FOR_TICKS: Duration = Duration::from_millis(400);

/// The memories that the plugins of one project may look into.
#[derive(Clone)]
pub(crate) struct Recollection {
    project: Arc<Place>,
    user: Arc<Place>,
}

impl Recollection {
    /// The project's memory, and the user's own.
    pub(crate) fn new(project: Home, user: Home) -> Self {
        Self { project: Arc::new(Place::new(project)), user: Arc::new(Place::new(user)) }
    }

    /// For a tool.
    pub(crate) fn for_tools(&self) -> Arc<dyn Recall> {
        Arc::new(Patient { of: self.clone(), patience: FOR_TOOLS })
    }

    /// For a detector.
    pub(crate) fn for_ticks(&self) -> Arc<dyn Recall> {
        Arc::new(Patient { of: self.clone(), patience: FOR_TICKS })
    }
}

/// One memory, opened when it is first asked.
struct Place {
    home: Home,
    memory: Mutex<Option<Arc<Memory>>>,
    /// Held by the look-up that is under way.
    gate: Arc<tokio::sync::Mutex<()>>,
    /// When that began.
    began: Mutex<Option<Instant>>,
}

impl Place {
    fn new(home: Home) -> Self {
        Self { home, memory: Mutex::default(), gate: Arc::default(), began: Mutex::default() }
    }

    /// None where nothing was ever remembered: looking makes no files.
    fn open(&self) -> Result<Option<Arc<Memory>>> {
        if !self.home.places.files.exists() && !self.home.transcripts.exists() {
            return Ok(None);
        }
        let mut kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Some(Arc::new(Memory::open(self.home.clone(), Redactor::from_env())?.0));
        }
        Ok(kept.clone())
    }

    /// None where nothing was ever remembered.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        patience: Duration,
        work: impl FnOnce(&Memory) -> Result<T> + Send + 'static,
    ) -> PortResult<Option<T>> {
        let late = || PortError::new(ErrorCode::Unavailable, "looking it up takes too long now; ask again in a later call");
        let began = *self.began();
        if began.is_some_and(|began| began.elapsed() >= patience) {
            return Err(late());
        }
        let looked_up = async {
            let gate = self.gate.clone().lock_owned().await;
            let place = self.clone();
            let task = tokio::task::spawn_blocking(move || {
                let _one = gate;
                *place.began() = Some(Instant::now());
                let done = place.open().and_then(|memory| memory.map(|memory| work(&memory)).transpose());
                *place.began() = None;
                done
            });
            task.await
        };
        match timeout(patience, looked_up).await {
            Ok(Ok(done)) => done.map_err(told),
            Ok(Err(bug)) => {
                *self.began() = None;
                tracing::error!("looking up what is remembered failed: {bug}");
                Err(PortError::new(ErrorCode::Other, "looking it up failed"))
            }
            Err(_) => Err(late()),
        }
    }

    fn began(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.began.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing of where memory lies is for a plugin to know: the log has it.
#[allow(clippy::needless_pass_by_value)]
fn told(error: Error) -> PortError {
    if let Error::Book(BookError::NoClaim(id)) = &error {
        return PortError::new(ErrorCode::NotFound, format!("there is no claim {id}"));
    }
    tracing::warn!("what is remembered can't be looked up: {error}");
    PortError::new(ErrorCode::Unavailable, "memory can't be read; `kairos-run memory verify` tells the user why")
}

/// A recollection for one who waits so long.
struct Patient {
    of: Recollection,
    patience: Duration,
}

impl Patient {
    fn place(&self, owner: Owner) -> &Arc<Place> {
        match owner {
            Owner::Project => &self.of.project,
            Owner::User => &self.of.user,
        }
    }
}

#[async_trait]
impl Recall for Patient {
    async fn search(&self, question: Question) -> PortResult<Vec<Hit>> {
        let place = self.place(question.owner);
        let today = Some(jiff::Zoned::now().date());
        let hits = place.ask(self.patience, move |memory| memory.recall(&question, today, now())).await?;
        Ok(hits.unwrap_or_default())
    }

    async fn claim(&self, owner: Owner, id: &str) -> PortResult<ClaimView> {
        let wanted = id.to_owned();
        let found = self.place(owner).ask(self.patience, move |memory| memory.claim_view(&wanted)).await?;
        found.ok_or_else(|| PortError::new(ErrorCode::NotFound, format!("there is no claim {id}")))
    }

    async fn observation(&self, id: &str) -> PortResult<Observation> {
        let wanted = [id.to_owned()];
        let got = self.of.project.ask(self.patience, move |memory| Ok(memory.transcripts().get(&wanted)?)).await?;
        let found = got.and_then(|got| got.found.into_iter().next());
        found.ok_or_else(|| PortError::new(ErrorCode::NotFound, format!("there is no observation {id}, or it was forgotten")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn place(dir: &Path) -> Arc<Place> {
        Arc::new(Place::new(Home::within(dir)))
    }

    #[tokio::test]
    async fn looking_where_nothing_is_makes_no_files() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(place(dir.path()).ask(FOR_TOOLS, |_| Ok(1)).await, Ok(None));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }

    #[tokio::test]
    async fn who_is_late_goes_on_and_holds_up_nobody() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("memory")).unwrap();
        let place = place(dir.path());
        let short = Duration::from_millis(200);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let slow = place.ask(short, move |_| Ok(wait.recv().is_ok())).await;
        assert_eq!(slow.unwrap_err().code, ErrorCode::Unavailable);
        let before = Instant::now();
        assert_eq!(place.ask(short, |_| Ok(())).await.unwrap_err().code, ErrorCode::Unavailable);
        assert!(before.elapsed() < short, "it was not waited for again");
        go.send(()).unwrap();
        assert_eq!(place.ask(FOR_TOOLS, |_| Ok(2)).await, Ok(Some(2)));
    }
}
