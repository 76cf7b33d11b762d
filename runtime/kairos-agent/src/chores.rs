//! What a loop looks at beside its signals: files of the project that concern ourselves at each tick; now and then git as a
//! whole, power, old ticks.

use crate::look::{PATIENCE, look_within};
use crate::now;
use crate::project_loop::{Pace, ProjectLoop};
use crate::project_plugins;
use crate::scan::Stamp;
use crate::upkeep::Upkeep;
use kairos_signals::power;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How often old ticks are thrown out of the journal, and snoozed findings looked at.
const CHORES: Duration = Duration::from_secs(60);

/// How long a tick waits for git to finish at most. A lock that stays longer was left behind by a crash.
const GIT_WRITES: Duration = Duration::from_secs(2);
const LOCK_LOOK: Duration = Duration::from_millis(30);

/// Files of the project that concern ourselves, as one look finds them. They are not watched: nobody waits for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glance {
    /// What lies in the project's plugins folder.
    plugins: Vec<(String, Option<Stamp>)>,
    /// The files where it may have settings of its own.
    settings: Vec<Option<Stamp>>,
    /// Has its own folder a `.git`?
    has_git: bool,
    /// Which folder it is: another may have taken its name.
    folder: Option<(u64, u64)>,
}

impl Glance {
    /// Looks. Blocks, for ever in a folder that hangs.
    pub(crate) fn at(root: &Path, settings: &[PathBuf]) -> Self {
        let stamp = |file: &Path| file.metadata().ok().map(|meta| Stamp::of(&meta));
        Self {
            plugins: project_plugins::glance(root),
            settings: settings.iter().map(|file| stamp(file)).collect(),
            has_git: root.join(".git").exists(),
            folder: stamp(root).map(|s| s.inode),
        }
    }
}

/// Waits while git holds the lock of its index, within reason: who looks meanwhile sees half of a rebase.
fn wait_for_git(git_dir: &Path) {
    let (lock, end) = (git_dir.join("index.lock"), Instant::now() + GIT_WRITES);
    while lock.exists() && Instant::now() < end {
        std::thread::sleep(LOCK_LOOK);
    }
}

impl ProjectLoop {
    /// Looks at the project's folder, all at once and on another thread. False if it does not answer by the time of the next
    /// tick. `at_once`: somebody may be writing there.
    pub(crate) async fn look_around(&mut self, at_once: bool) -> bool {
        let folder = self.project.root().to_path_buf();
        let (project, settings, watch) = (self.project.clone(), self.settings.clone(), self.watch.clone());
        let (git_dir, chores) = (self.status().git_dir.clone(), self.chores_are_due());
        let upkeep = self.upkeep.clone();
        let longest = self.status().every.max(PATIENCE);
        let looked = look_within(longest, &folder, "project", move || {
            if let Some(git_dir) = git_dir.filter(|_| at_once) {
                wait_for_git(&git_dir);
            }
            upkeep.iter().for_each(Upkeep::look);
            let read = watch.as_ref().and_then(|watch| watch.look());
            if let Some(watch) = watch.filter(|_| chores) {
                watch.poll_git();
            }
            (Glance::at(project.root(), &settings), read, chores.then(|| project.git_dir()))
        });
        let mut looked = pin!(looked);
        let answered = self.answers;
        let looked = match timeout(PATIENCE, &mut looked).await {
            Ok(looked) => looked,
            Err(_) => {
                self.answers = false;
                self.tell_watch();
                looked.await
            }
        };
        self.answers = looked.is_ok();
        let Ok((now, read, git_dir)) = looked else {
            self.tell_watch();
            return false;
        };
        if let Some(git_dir) = git_dir {
            self.status().git_dir = git_dir;
        }
        if !answered {
            // What was told to nobody meanwhile is lost.
            self.look_anew(1, "returned");
        }
        self.ci_was_read(read).await;
        self.compare(now);
        true
    }

    /// Plugins and settings of the project may come and go with a `git switch`.
    fn compare(&mut self, mut now: Glance) {
        // A folder that is gone for now is still the same.
        now.folder = now.folder.or(self.glance.folder);
        let old = std::mem::replace(&mut self.glance, now);
        if old.plugins != self.glance.plugins {
            self.registry.reload_in_background();
        }
        // A repository that is made, or goes away, changes what is watched and how; through a folder that was replaced only the
        // old one can be read.
        let outdated = (old.has_git, old.folder) != (self.glance.has_git, self.glance.folder);
        if outdated {
            self.status().outdated = true;
        }
        if outdated || old.settings != self.glance.settings {
            self.settings_changed.notify_one();
        }
    }

    fn chores_are_due(&self) -> bool {
        Instant::now() >= self.next_chores
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
        if !self.chores_are_due() {
            return;
        }
        self.next_chores = Instant::now() + CHORES;
        if self.registry.wants_retry() {
            self.registry.reload_in_background();
        }
        let time = now();
        self.look_at_power().await;
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
