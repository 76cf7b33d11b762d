//! Dreams that nobody asked for: looks now and then whether one is due.

use super::trigger::{Reason, Rules, Situation};
use super::{DreamError, Wish, open};
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

/// Begins dreams when they are due, one after the other, until the agent is to end.
pub(crate) async fn watch(agent: Arc<Agent>) {
    loop {
        let mut pause = LOOK;
        for project in agent.projects() {
            project.review_dreams().await;
            let rules = Rules::of(&project.options.config);
            if let Some(after) = rules.idle_after {
                pause = pause.min(Duration::from_millis(after)).max(LEAST);
            }
            // Before the first tick nothing is known of the project, or of the battery.
            let looks = project.status.lock().unwrap_or_else(|e| e.into_inner()).ticks > 0 && !project.has_failed();
            if looks && rules.auto() {
                agent.dream_if_due(project, &rules).await;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = agent.stopping() => return,
        }
    }
}

impl Agent {
    async fn dream_if_due(&self, project: Arc<ProjectHandle>, rules: &Rules) {
        let Some(reason) = self.due(&project, rules).await else { return };
        let home = project.dreaming.home().clone();
        let most = rules.least_new;
        let counted = tokio::task::spawn_blocking(move || open(home).and_then(|memory| memory.count_new(most))).await;
        let later = now() + rules.idle_after.unwrap_or(RECOUNT).min(RECOUNT);
        match counted {
            Ok(Ok(new)) if new >= most => {}
            Ok(Ok(_)) => return project.dreaming.too_little(reason, later),
            Ok(Err(e)) => {
                tracing::warn!("it can't be told whether there is something to dream of: {e}");
                return project.dreaming.too_little(reason, now() + RECOUNT);
            }
            Err(_) => return,
        }
        match self.dream_once(project.clone(), Wish { reason, strategies: vec![], dry_run: false, review: false }).await {
            Ok(_) | Err(DreamError::UnderWay | DreamError::Elsewhere | DreamError::Stopped) => {}
            Err(e) => {
                tracing::warn!("the dream of {} failed: {e}", project.inbox.project);
                project.dreaming.known().recount = later;
            }
        }
    }

    /// Why a dream of a project is due, if it is. Whether somebody is at the keyboard is looked at last: that may start a program.
    async fn due(&self, project: &ProjectHandle, rules: &Rules) -> Option<Reason> {
        let known = project.dreaming.known().clone();
        let all = self.projects();
        let status = |p: &ProjectHandle| p.status.lock().unwrap_or_else(|e| e.into_inner()).clone();
        let now = now();
        let mut situation = Situation {
            now,
            // Who works in one project does not want the machine to be busy with another.
            quiet_since: all.iter().map(|p| status(p).last_activity).max().unwrap_or(now),
            begun: known.breaker.begun,
            scheduled: known.breaker.scheduled.unwrap_or(self.started),
            on_battery: status(project).on_battery,
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
