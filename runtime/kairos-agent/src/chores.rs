//! What a loop looks at now and then, beside its signals: files of the project that concern ourselves, power, old ticks.

use crate::now;
use crate::project_loop::{Pace, ProjectLoop};
use crate::project_plugins;
use crate::scan::Stamp;
use kairos_signals::power;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often old ticks are thrown out of the journal, and snoozed findings looked at.
const CHORES: Duration = Duration::from_secs(60);

impl ProjectLoop {
    /// Plugins that the project brings may come and go with a `git switch`. They are not watched: nobody waits for them.
    pub(crate) fn look_at_own_plugins(&mut self) {
        let now = project_plugins::glance(self.project.root());
        if now != self.own_plugins {
            self.own_plugins = now;
            self.registry.reload_in_background();
        }
    }

    /// The project's own settings may change with a `git switch`, too.
    pub(crate) fn look_at_settings(&mut self) {
        let mut changed = false;
        for (file, seen) in &mut self.settings {
            let now = stamp(file);
            changed |= now != *seen;
            *seen = now;
        }
        // A repository that is made, or goes away, changes what is watched and how.
        let has_git = self.project.root().join(".git").exists();
        if has_git != self.has_git {
            self.has_git = has_git;
            self.status().outdated = true;
            changed = true;
        }
        if changed {
            self.settings_changed.notify_one();
        }
    }

    /// On a battery ticks are rarer; what is urgent still has its tick at once.
    async fn look_at_power(&mut self) {
        let on_battery = tokio::task::spawn_blocking(power::on_battery).await.unwrap_or(false);
        let Pace { every, every_on_battery, .. } = self.pace;
        let mut status = self.status();
        status.on_battery = on_battery;
        status.every = if on_battery { every.max(every_on_battery) } else { every };
    }

    /// What need not be done at each tick.
    pub(crate) async fn chores(&mut self) {
        if Instant::now() < self.next_chores {
            return;
        }
        self.next_chores = Instant::now() + CHORES;
        if self.registry.wants_retry() {
            self.registry.reload_in_background();
        }
        let time = now();
        self.look_at_power().await;
        if let Some(watch) = &self.watch {
            tokio::task::block_in_place(|| watch.poll_git());
        }
        if let Err(e) = self.inbox.wake_snoozed(time).await {
            tracing::error!("snoozed findings can't be looked at: {e}");
        }
        if let Err(e) = self.inbox.expire_requests(time).await {
            tracing::error!("old requests can't be ended: {e}");
        }
        match self.inbox.open().await {
            Ok(open) => self.open = open,
            Err(e) => tracing::error!("open findings can't be counted: {e}"),
        }
        if let Err(e) = self.db.prune(time, self.pace.journal_keep, self.pace.journal_size).await {
            tracing::error!("the journal can't be pruned: {e}");
        }
    }
}

/// None where there is no such file.
pub(crate) fn stamp(file: &Path) -> Option<Stamp> {
    file.metadata().ok().map(|meta| Stamp::of(&meta))
}
