//! The pet: draws while somebody looks.

use crate::agent::Agent;
use crate::now;
use kairos_api::Event;
use kairos_core::PluginKind;
use kairos_core::ports::StateStore;
use kairos_host::{Access, Action, Buddy, BuddyState, CallError, decide};
use std::sync::Arc;
use std::time::Duration;

/// Time between two frames.
const FRAME: Duration = Duration::from_secs(1);

impl Agent {
    /// Sends a [`Event::Buddy`] a second, by the first Buddy that runs, until dropped. Only a live view asks for it: a
    /// pet that nobody sees must cost nothing.
    pub async fn animate(self: Arc<Self>) {
        let mut state = BuddyState::default();
        let (mut buddy, mut hash, mut strikes, mut open) = (None, String::new(), 0, 0);
        loop {
            tokio::time::sleep(FRAME).await;
            let running =
                self.registry.running().into_iter().find(|r| r.plugin.kinds.contains(&PluginKind::Buddy) && !r.is_projects_own());
            let Some(running) = running else { continue };
            if hash != running.plugin.hash {
                let Some(project) = self.projects().into_iter().next() else { return };
                let store: Arc<dyn StateStore> = Arc::new(project.inbox.db.clone());
                let access = Access::new(&running.name, Arc::new(project.view.clone()), store, &running.rights);
                // Kept for as long as it draws, or a revocation would not find it.
                let lent = self.registry.lend(&running.name, &running.plugin.hash, access.clone());
                buddy = Buddy::new(&self.registry.host, running.plugin.clone(), access).map(|buddy| (buddy, lent));
                hash = running.plugin.hash.clone();
                strikes = 0;
            }
            let Some((buddy, _lent)) = &mut buddy else { continue };
            self.observe(&mut state, &mut open).await;
            let outcome = buddy.draw(&state).await;
            let fault = match &outcome.result {
                Err(CallError::Fault(fault)) => Some(fault.clone()),
                _ => None,
            };
            self.registry.count(&running.name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
            match (outcome.result, fault) {
                (Ok(drawing), _) => {
                    strikes = 0;
                    self.events.send(Event::Buddy { lines: drawing.lines, mood: drawing.mood });
                }
                (Err(_), Some(fault)) => {
                    strikes += 1;
                    match decide(fault.kind, PluginKind::Buddy, strikes) {
                        Action::BackOff(time) => tokio::time::sleep(time).await,
                        Action::Quarantine(time) => {
                            self.registry.quarantine(&running.name, &hash, PluginKind::Buddy, strikes, &fault, time).await;
                        }
                        Action::Retry | Action::Discard => {}
                    }
                }
                (Err(e), None) => tracing::debug!("the pet does not draw: {e}"),
            }
        }
    }

    async fn observe(&self, state: &mut BuddyState, before: &mut u32) {
        let mut sum = [0u32; 4];
        let mut last = 0;
        for p in self.projects() {
            if let Ok(open) = p.inbox.open().await {
                for (total, n) in sum.iter_mut().zip([open.low, open.normal, open.high, open.critical]) {
                    *total += n;
                }
            }
            last = last.max(p.status.lock().unwrap_or_else(|e| e.into_inner()).last_activity);
        }
        let open: u32 = sum.iter().sum();
        [state.low, state.normal, state.high, state.critical] = sum;
        state.frame += 1;
        state.news = open.saturating_sub(*before);
        state.relieved = open < *before;
        state.idle_seconds = (now().saturating_sub(last) / 1000).try_into().unwrap_or(u32::MAX);
        state.hour = jiff::Zoned::now().hour().unsigned_abs();
        *before = open;
    }
}
