//! The loop of one project: wait, tick, wait.

use crate::backlog::Delivered;
use crate::chores::Glance;
use crate::drift::Drift;
use crate::events::Events;
use crate::inbox::Inbox;
use crate::look::NoAnswer;
use crate::matching::Matcher;
use crate::now;
use crate::recollection::Recollection;
use crate::recorder::Recorder;
use crate::registry::{Registry, SELF};
use crate::slots::{Slot, wants};
use crate::think::Thinker;
use crate::upkeep::Upkeep;
use kairos_api::{Event, OpenFindings};
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::{Millis, Signal};
use kairos_project::Project;
use kairos_signals::{Idle, SignalQueue, Watch, WatchMode};
use kairos_store::{ProjectDb, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// Ids of signals are reserved in blocks, so that numbering one costs no write.
const ID_BLOCK: u32 = 1000;
/// An urgent signal seldom comes alone: what comes within this time shares its tick.
const SETTLE: Duration = Duration::from_millis(30);
/// How long a tick may go on when the loop is to end. What it would have done is done after the next start.
const GRACE: Duration = Duration::from_millis(700);
/// How long the watchers' end is waited for.
const WATCH_END: Duration = Duration::from_millis(300);
/// A clock that was set back by so many milliseconds or more would make wakes come late by as much.
const CLOCK_BACK: Millis = 60_000;

/// What the loop tells about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoopStatus {
    pub(crate) ticks: u64,
    pub(crate) every: Duration,
    pub(crate) on_battery: bool,
    pub(crate) last_tick: Option<Millis>,
    pub(crate) next_tick: Option<Millis>,
    pub(crate) dropped: u64,
    pub(crate) watch: kairos_api::Watch,
    /// Log files that are watched.
    pub(crate) logs: Vec<String>,
    pub(crate) last_activity: Millis,
    /// Where git keeps its state; none where there is no repository.
    pub(crate) git_dir: Option<PathBuf>,
    /// It has to be opened anew.
    pub(crate) outdated: bool,
    /// Why the loop has ended before its time.
    pub(crate) error: Option<String>,
}

/// Settings of a project's loop.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    pub(crate) every: Duration,
    pub(crate) every_on_battery: Duration,
    pub(crate) tick_cpu: Duration,
    pub(crate) idle_after: Duration,
    pub(crate) journal_keep: Duration,
    pub(crate) journal_size: u64,
    /// Ticks after which the loop ends; none for ever.
    pub(crate) ticks: Option<u64>,
}

/// Everything that one project's ticks need.
pub(crate) struct ProjectLoop {
    pub(crate) pace: Pace,
    pub(crate) registry: Arc<Registry>,
    pub(crate) project: Project,
    pub(crate) db: ProjectDb,
    pub(crate) inbox: Inbox,
    pub(crate) queue: SignalQueue,
    pub(crate) recorder: Recorder,
    pub(crate) recollection: Recollection,
    pub(crate) thinker: Thinker,
    pub(crate) drift: Drift,
    pub(crate) upkeep: Vec<Upkeep>,
    /// None once the loop ends.
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) events: Events,
    pub(crate) status: Arc<Mutex<LoopStatus>>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) matcher: Matcher,
    pub(crate) generation: Option<u64>,
    pub(crate) idle: Idle,
    pub(crate) ids: std::ops::Range<u64>,
    pub(crate) next_wake: Option<Millis>,
    /// As of the last tick that changed anything.
    pub(crate) open: OpenFindings,
    /// The slot that is called first; behind it go those that had their turn.
    pub(crate) first: usize,
    pub(crate) next_chores: Instant,
    /// What concerns ourselves in the project, when it was last looked at.
    pub(crate) glance: Glance,
    /// The project's folder answered when it was last looked at.
    pub(crate) answers: bool,
    /// Plugins that this project does without.
    pub(crate) disabled: Vec<String>,
    /// Where it may have settings of its own, and who wants to know of a change.
    pub(crate) settings: Vec<PathBuf>,
    pub(crate) settings_changed: Arc<Notify>,
}

/// What a loop is made of.
pub(crate) struct Parts {
    pub(crate) pace: Pace,
    pub(crate) registry: Arc<Registry>,
    pub(crate) project: Project,
    pub(crate) inbox: Inbox,
    pub(crate) queue: SignalQueue,
    pub(crate) recorder: Recorder,
    pub(crate) recollection: Recollection,
    pub(crate) thinker: Thinker,
    pub(crate) drift: Drift,
    pub(crate) upkeep: Vec<Upkeep>,
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) glance: Glance,
    pub(crate) status: Arc<Mutex<LoopStatus>>,
    pub(crate) disabled: Vec<String>,
    pub(crate) settings: Vec<PathBuf>,
    pub(crate) settings_changed: Arc<Notify>,
}

impl ProjectLoop {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            pace,
            registry,
            project,
            inbox,
            queue,
            recorder,
            recollection,
            thinker,
            drift,
            upkeep,
            watch,
            glance,
            status,
            disabled,
            settings,
            settings_changed,
        } = parts;
        Self {
            idle: Idle::new(pace.idle_after, now()),
            db: inbox.db.clone(),
            events: inbox.events.clone(),
            pace,
            registry,
            project,
            inbox,
            queue,
            recorder,
            recollection,
            thinker,
            drift,
            upkeep,
            watch,
            status,
            slots: Vec::new(),
            matcher: Matcher::default(),
            generation: None,
            ids: 0..0,
            next_wake: None,
            open: OpenFindings::default(),
            first: 0,
            next_chores: Instant::now(),
            glance,
            answers: true,
            disabled,
            settings,
            settings_changed,
        }
    }

    /// Ticks until the ticks are used up, or everybody or this one alone is to stop.
    pub(crate) async fn run(mut self, mut all: watch::Receiver<bool>, mut own: watch::Receiver<bool>) -> Result<(), StoreError> {
        self.recall_signals().await?;
        self.queue.push(self.opened());
        self.thinker.begin().await?;
        self.next_wake = self.db.next_wake().await?;
        self.open = self.inbox.open().await?;
        let (mut reason, mut failing) = ("start", false);
        loop {
            self.status().next_tick = None;
            self.look_at_pause().await;
            let at_once = matches!(reason, "urgent signal" | "plugins changed");
            let answers = tokio::select! {
                answers = self.look_around(at_once) => answers,
                _ = all.changed() => break,
                _ = own.changed() => break,
            };
            let tick = async {
                if answers {
                    return self.tick(reason).await;
                }
                self.status().ticks += 1;
                Ok(())
            };
            let ticked = tokio::select! {
                ticked = tick => ticked,
                () = grace_is_over(&mut all, &mut own) => break,
            };
            match ticked {
                Ok(()) if failing => {
                    failing = false;
                    // What was said meanwhile is lost.
                    self.queue.push(self.opened());
                }
                Ok(()) => {}
                Err(e) if e.is_passing() => {
                    if !failing {
                        tracing::error!("a tick could not be kept, the next one tries again: {e}");
                    }
                    failing = true;
                    self.status().ticks += 1;
                }
                Err(e) => return Err(e),
            }
            self.chores().await;
            if self.pace.ticks.is_some_and(|n| self.status().ticks >= n) || *all.borrow() || *own.borrow() {
                break;
            }
            let wait = self.wait();
            let (before, expected) = (now(), now() + wait.as_millis() as u64);
            self.status().next_tick = Some(expected);
            let seen = self.generation.unwrap_or(0);
            reason = tokio::select! {
                () = tokio::time::sleep(wait) => "interval",
                // Where nothing can be looked at, what is urgent has to wait.
                () = self.queue.urgent(), if answers => "urgent signal",
                () = self.registry.changed(seen), if answers => "plugins changed",
                _ = all.changed() => break,
                _ = own.changed() => break,
            };
            // Time that passed while nobody ran. The ticks that were missed are not made up for: this one sees all of it.
            let away = now().saturating_sub(expected);
            if away > self.status().every.as_millis() as u64 {
                reason = "the machine slept";
                self.queue.push(Signal::new("system.resumed", "system", now()).with("seconds", away / 1000));
            } else if now() + CLOCK_BACK < before {
                reason = "the clock was set back";
                self.db.move_wakes_back(before - now()).await?;
                self.next_wake = self.db.next_wake().await?;
            }
            if reason == "urgent signal" || reason == "plugins changed" {
                tokio::time::sleep(SETTLE).await;
            }
        }
        if !*all.borrow() && !*own.borrow() {
            // Its ticks are used up, and who wanted so many wants what comes of them.
            self.thinker.finish().await;
        }
        self.thinker.stop();
        let watch = self.watch.take();
        // One may hang in the project's folder.
        let _ = tokio::time::timeout(WATCH_END, tokio::task::spawn_blocking(move || drop(watch))).await;
        Ok(())
    }

    pub(crate) fn status(&self) -> std::sync::MutexGuard<'_, LoopStatus> {
        self.status.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The signal that makes everybody look at the project as it stands.
    pub(crate) fn opened(&self) -> Signal {
        Signal::new("project.opened", SELF, now()).with("git", self.status().git_dir.is_some())
    }

    /// Until the next tick: the interval give or take a tenth, so that several programs don't beat in step.
    fn wait(&self) -> Duration {
        let mut random = [0u8; 1];
        let _ = getrandom::fill(&mut random);
        self.status().every.mul_f64(0.9 + 0.2 * f64::from(random[0]) / 255.0)
    }

    /// Numbers a signal.
    pub(crate) async fn number(&mut self, mut signal: Signal) -> Result<Delivered, StoreError> {
        if self.ids.is_empty() {
            let first = self.db.reserve_signal_ids(ID_BLOCK).await?;
            self.ids = first..first + u64::from(ID_BLOCK);
        }
        signal.id = self.ids.next().unwrap_or(0);
        Ok(Delivered::new(signal))
    }

    /// Brings the detectors in line with the registry. Costs nothing while it has not changed.
    pub(crate) async fn sync_plugins(&mut self) -> Result<(), StoreError> {
        let generation = self.registry.generation();
        if self.generation == Some(generation) {
            return Ok(());
        }
        let first = self.generation.is_none();
        let running: Vec<_> = self
            .registry
            .running()
            .into_iter()
            .filter(|r| r.is_for(self.project.root()) && !self.disabled.contains(&r.name))
            .collect();
        let mut old: std::collections::BTreeMap<String, Slot> = self.slots.drain(..).map(|s| (s.name.clone(), s)).collect();
        for r in &running {
            let kept = old.remove(&r.name).filter(|s| s.hash == r.plugin.hash);
            let (slot, told) = match kept {
                Some(mut slot) => {
                    let told = slot.rights != r.rights;
                    slot.set_rights(&r.rights);
                    (Some(slot), told)
                }
                None => {
                    let view: Arc<dyn ProjectView> = Arc::new(self.project.clone());
                    let state: Arc<dyn StateStore> = Arc::new(self.db.clone());
                    (Slot::new(&self.registry, r, view, state, self.recollection.for_ticks()), true)
                }
            };
            let Some(mut slot) = slot else { continue };
            if told && wants(&slot.interests, "kairos.loaded") {
                let loaded = self.number(Signal::new("kairos.loaded", SELF, now())).await?;
                slot.backlog.give(&loaded);
            }
            if told && !first && slot.rights.allows_signal("project.opened") && wants(&slot.interests, "project.opened") {
                // It comes late: let it look at the project as it stands, as those that were here at the start did.
                let opened = self.number(self.opened()).await?;
                slot.backlog.give(&opened);
            }
            self.slots.push(slot);
        }
        self.matcher = Matcher::new(self.slots.iter().map(|s| (&s.interests[..], &s.rights)));
        self.generation = Some(generation);
        self.tidy_inbox().await
    }

    /// Tells how files are watched, when that has changed.
    pub(crate) fn tell_watch(&self) {
        let Some(watch) = &self.watch else { return };
        let shown = match watch.status() {
            _ if !self.answers => {
                kairos_api::Watch { mode: "hung".into(), reason: Some(NoAnswer.to_string()), ..kairos_api::Watch::default() }
            }
            None => kairos_api::Watch { mode: "off".into(), ..kairos_api::Watch::default() },
            Some(status) => kairos_api::Watch {
                mode: match status.mode {
                    WatchMode::Starting => "starting",
                    WatchMode::Watching => "native",
                    WatchMode::Polling => "polling",
                    WatchMode::Gone => "gone",
                }
                .into(),
                reason: Some(status.reason).filter(|r| !r.is_empty()),
                watched_dirs: status.watched_dirs as u64,
            },
        };
        let logs = watch.log_files().iter().map(|f| f.display().to_string()).collect();
        let mut own = self.status();
        if own.watch.mode != shown.mode || own.watch.reason != shown.reason {
            let (mode, reason) = (shown.mode.clone(), shown.reason.clone());
            // Watching by events from the start is no news.
            let news = (mode != "off" && !matches!(own.watch.mode.as_str(), "" | "starting")) || reason.is_some();
            if news && mode != "starting" {
                self.events.send(Event::Watch { project: self.inbox.project.clone(), mode, reason });
            }
        }
        own.watch = shown;
        own.logs = logs;
    }
}

/// When the loop is to end, and has had the time to finish what it does.
async fn grace_is_over(all: &mut watch::Receiver<bool>, own: &mut watch::Receiver<bool>) {
    tokio::select! {
        _ = all.changed() => {}
        _ = own.changed() => {}
    }
    tokio::time::sleep(GRACE).await;
}
