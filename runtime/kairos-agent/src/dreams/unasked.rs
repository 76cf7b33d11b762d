//! Dreams that nobody asked for: looks now and then whether one is due.

use super::trigger::{Reason, Rules, Situation};
use super::{DreamError, Sleeper, Wish};
use crate::agent::Agent;
use crate::control::ProjectHandle;
use crate::now;
use kairos_core::Millis;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked, unless the settings are about less.
const LOOK: Duration = Duration::from_secs(30);
/// How long it is not counted anew what an idle project has that is new, in milliseconds: not much can come.
const RECOUNT: Millis = 10 * 60_000;
/// The least of both.
const LEAST: Duration = Duration::from_secs(1);

/// Begins dreams when they are due, one after the other, until the agent is to end. The user's own memory comes last: it hears what the
/// others have learnt.
pub(crate) async fn watch(agent: Arc<Agent>) {
    loop {
        let mut pause = LOOK;
        for project in agent.projects() {
            project.review_dreams().await;
            // Before the first tick nothing is known of the project, or of the battery.
            if project.has_ticked() && !project.has_failed() {
                agent.look(project.sleeper(), &mut pause).await;
            }
        }
        agent.review_users_dreams().await;
        if let Some(users) = agent.users_sleeper().filter(|_| agent.projects().iter().any(|p| p.has_ticked())) {
            agent.look(users, &mut pause).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = agent.stopping() => return,
        }
    }
}

impl Agent {
    /// Dreams if it is due, and says how soon to look again at the latest.
    async fn look(&self, sleeper: Sleeper, pause: &mut Duration) {
        let rules = Rules::of(&sleeper.config);
        if let Some(after) = rules.idle_after {
            *pause = (*pause).min(Duration::from_millis(after)).max(LEAST);
        }
        if rules.auto() {
            self.dream_if_due(sleeper, &rules).await;
        }
    }

    async fn dream_if_due(&self, sleeper: Sleeper, rules: &Rules) {
        let Some(reason) = self.due(&sleeper, rules).await else { return };
        let (most, of) = (rules.least_new, sleeper.clone());
        let counted = tokio::task::spawn_blocking(move || of.count_new(most)).await;
        let later = now() + rules.idle_after.unwrap_or(RECOUNT).min(RECOUNT);
        let dreaming = sleeper.dreaming.clone();
        match counted {
            Ok(Ok(new)) if new >= most => {}
            Ok(Ok(_)) => return dreaming.too_little(reason, later),
            Ok(Err(e)) => {
                tracing::warn!("it can't be told whether there is something to dream of: {e}");
                return dreaming.too_little(reason, now() + RECOUNT);
            }
            Err(_) => return,
        }
        let title = sleeper.title();
        match self.dream_once(sleeper, Wish { reason, strategies: vec![], dry_run: false, review: false }).await {
            Ok(_) | Err(DreamError::UnderWay | DreamError::Elsewhere | DreamError::Stopped) => {}
            Err(e) => {
                tracing::warn!("the dream of {title} failed: {e}");
                dreaming.known().recount = later;
            }
        }
    }

    /// Why a dream is due, if it is. Whether somebody is at the keyboard is looked at last: that may start a program.
    async fn due(&self, sleeper: &Sleeper, rules: &Rules) -> Option<Reason> {
        let known = sleeper.dreaming.known().clone();
        let status = |p: &Arc<ProjectHandle>| p.status.lock().unwrap_or_else(|e| e.into_inner()).clone();
        let all: Vec<_> = self.projects().iter().map(status).collect();
        let now = now();
        let mut situation = Situation {
            now,
            // Who works in one project does not want the machine to be busy with another.
            quiet_since: all.iter().map(|status| status.last_activity).max().unwrap_or(now),
            begun: known.breaker.begun,
            scheduled: known.breaker.scheduled.unwrap_or(self.started),
            on_battery: all.iter().any(|status| status.on_battery),
            stopped: known.stopped().is_some(),
            waiting: !known.waiting.is_empty(),
        };
        match rules.due(situation)? {
            Reason::Idle(_) if now < known.recount => None,
            Reason::Idle(_) => {
                situation.quiet_since = situation.quiet_since.max(self.manners.last_seen().await);
                rules.due(situation)
            }
            other => Some(other),
        }
    }
}
