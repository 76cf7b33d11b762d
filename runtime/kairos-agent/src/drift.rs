//! Claims whose files changed are looked at at once: what the project has outgrown is stale in the very tick.

use kairos_core::Signal;
use kairos_core::memory::{Claim, Status};
use kairos_exec::redact::Redactor;
use kairos_memory::anchors::{State, check_all};
use kairos_memory::memory::{Home, Memory, Result};
use kairos_project::Project;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::now;

/// How often the same paths are gone through where not all could be looked at in the time of a tick.
const ROUNDS: usize = 4;

/// Looks after the claims of one project. Clones share it.
#[derive(Clone)]
pub(crate) struct Drift {
    home: Home,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    /// Paths that changed; none for all.
    changed: Option<Option<BTreeSet<String>>>,
    /// A look is under way, and goes on with what comes meanwhile.
    busy: bool,
}

impl Drift {
    /// For a project's memory.
    pub(crate) fn new(home: Home) -> Self {
        Self { home, waiting: Arc::default() }
    }

    /// What a tick collected. Nothing is done where nothing changed, or where nothing is remembered.
    pub(crate) fn signals(&self, signals: &[Signal], project: &Project) {
        let mut paths = BTreeSet::new();
        let mut all = false;
        for signal in signals {
            match signal.kind.as_str() {
                "file.created" | "file.modified" | "file.removed" => paths.extend(signal.attribute("path").map(str::to_owned)),
                "file.rescan" | "git.head" | "project.opened" => all = true,
                _ => {}
            }
        }
        if (paths.is_empty() && !all) || !self.home.has_claims() {
            return;
        }
        let mut waiting = self.waiting();
        waiting.changed = match waiting.changed.take() {
            _ if all => Some(None),
            Some(None) => Some(None),
            Some(Some(mut known)) => {
                known.append(&mut paths);
                Some(Some(known))
            }
            None => Some(Some(paths)),
        };
        if !std::mem::replace(&mut waiting.busy, true) {
            tokio::spawn(self.clone().go_through(project.clone()));
        }
    }

    async fn go_through(self, project: Project) {
        loop {
            let changed = {
                let mut waiting = self.waiting();
                match waiting.changed.take() {
                    Some(changed) => changed,
                    None => {
                        waiting.busy = false;
                        return;
                    }
                }
            };
            let home = self.home.clone();
            let opened = blocking(move || Memory::open(home, Redactor::from_env())).await;
            let looked = match opened {
                Ok((memory, _)) => look(&Arc::new(memory), &project, changed.map(|paths| paths.into_iter().collect())).await,
                Err(e) => Err(e),
            };
            if let Err(e) = looked {
                tracing::warn!("what is remembered could not be compared with the project: {e}");
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares claims with what they point at, all of them or those that point at one of these paths, and marks what is stale, holds again,
/// or has moved. Answers the claims that are stale.
pub(crate) async fn look(memory: &Arc<Memory>, project: &Project, paths: Option<Vec<String>>) -> Result<BTreeSet<String>> {
    let of = memory.clone();
    let claims: Vec<Claim> = blocking(move || {
        let pointing = |c: &&Claim| !c.anchors.is_empty() && c.status != Status::Retired;
        Ok(of.book()?.claims().filter(pointing).cloned().collect())
    })
    .await?;
    let mut stale: BTreeSet<String> = claims.iter().filter(|c| c.status == Status::Stale).map(|c| c.id.clone()).collect();
    let mut left = claims;
    for _ in 0..ROUNDS {
        let checked = check_all(&left, paths.as_deref(), project).await;
        for change in &checked.changes {
            if matches!(change.state, State::Stale { .. }) {
                stale.insert(change.claim.clone())
            } else {
                stale.remove(&change.claim)
            };
        }
        let of = memory.clone();
        blocking(move || of.mark(&checked.changes, now())).await?;
        left.retain(|c| checked.left.contains(&c.id));
        if left.is_empty() {
            break;
        }
    }
    Ok(stale)
}

/// Files are read and written on another thread.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}
