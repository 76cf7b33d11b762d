//! What is one for all projects: the user's attention, and whether he is there to give any.

use super::settings::Settings;
use super::{Circumstances, Decision, Proactive, Rule, decide};
use kairos_api::ProactiveStatus;
use kairos_core::{Millis, Urgency};
use kairos_signals::presence::{self, Signs};
use kairos_store::{Note, StoreError, UserDb};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};

/// How long what was seen of the user is believed.
const LOOK: Duration = Duration::from_secs(10);
/// How long it may take to look; who can't be seen by then counts as here.
const PATIENCE: Duration = Duration::from_secs(2);
/// Under which name it is kept what may be said for a while, and how long that may be. For longer there is the setting.
const PROACTIVE: &str = "proactive";
pub(crate) const LONGEST_WHILE: Millis = 30 * 86_400_000;
/// The time over which `surfacing.detector-rate` counts.
const HOUR: Millis = 3_600_000;

/// Counts what is said, over all projects.
pub(crate) struct Manners {
    pub(crate) user: UserDb,
    /// Held from counting until what was decided is counted, or two projects would both take the last free place.
    turn: Mutex<()>,
    looked: Mutex<Option<(Instant, Signs)>>,
    /// When the user last did something that we know of ourselves.
    seen: AtomicU64,
}

/// Decides about findings, one after the other.
pub(crate) struct Turn<'a> {
    manners: &'a Manners,
    settings: &'a Settings,
    now: Millis,
    proactive: Proactive,
    quiet: bool,
    away: bool,
    today: u64,
    muted: Vec<String>,
    by_detector: BTreeMap<String, u64>,
    _turn: MutexGuard<'a, ()>,
}

impl Manners {
    /// Whoever starts us is here.
    pub(crate) fn new(user: UserDb, now: Millis) -> Self {
        Self { user, turn: Mutex::default(), looked: Mutex::default(), seen: AtomicU64::new(now) }
    }

    /// The user did something then.
    pub(crate) fn saw(&self, at: Millis) {
        self.seen.fetch_max(at, Relaxed);
    }

    /// Is the user away? Looks at most every ten seconds.
    pub(crate) async fn is_away(&self, settings: &Settings, now: Millis) -> bool {
        if settings.away_after.is_zero() {
            return false;
        }
        self.signs().await.is_away(self.seen.load(Relaxed), settings.away_after, now)
    }

    /// When the user was last seen to do something, here or at a keyboard. Looks at most every ten seconds.
    pub(crate) async fn last_seen(&self) -> Millis {
        self.seen.load(Relaxed).max(self.signs().await.last_input.unwrap_or(0))
    }

    async fn signs(&self) -> Signs {
        let mut looked = self.looked.lock().await;
        match *looked {
            Some((when, signs)) if when.elapsed() < LOOK => signs,
            _ => {
                let look = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(presence::look)).await;
                let signs = look.ok().and_then(Result::ok).unwrap_or_default();
                *looked = Some((Instant::now(), signs));
                signs
            }
        }
    }

    /// What may be said now, where the settings say that.
    pub(crate) async fn proactive(&self, setting: Proactive, now: Millis) -> Result<ProactiveStatus, StoreError> {
        let set = self.user.temporary(PROACTIVE, now).await?;
        // A clock that was far ahead when it was set must not keep us quiet for years.
        let set = set.filter(|(_, until)| *until <= now.saturating_add(LONGEST_WHILE));
        let known = set.and_then(|(level, until)| Some((level.parse().ok()?, until)));
        Ok(match known {
            Some((level, until)) => ProactiveStatus { level, until: Some(until), setting },
            None => ProactiveStatus { level: setting, until: None, setting },
        })
    }

    /// Lets that be said until then; or what the settings say, from now on.
    pub(crate) async fn set_proactive(&self, set: Option<(Proactive, Millis)>) -> Result<(), StoreError> {
        self.user.set_temporary(PROACTIVE, set.map(|(level, until)| (level.as_str().into(), until))).await
    }

    /// Begins to decide; the next one has to wait until the turn is over.
    pub(crate) async fn turn<'a>(&'a self, settings: &'a Settings, now: Millis) -> Result<Turn<'a>, StoreError> {
        let turn = self.turn.lock().await;
        Ok(Turn {
            quiet: settings.is_quiet(now),
            away: self.is_away(settings, now).await,
            proactive: self.proactive(settings.proactive, now).await?.level,
            today: self.user.announced(None, settings.day_began(now), now).await?,
            muted: self.user.muted().await?.into_iter().map(|(plugin, _)| plugin).collect(),
            by_detector: BTreeMap::new(),
            manners: self,
            settings,
            now,
            _turn: turn,
        })
    }
}

impl Turn<'_> {
    /// What keeps a finding of a plugin from being announced, with the reason for the user; none if it is announced.
    pub(crate) async fn decide(&mut self, plugin: &str, urgency: Urgency) -> Result<Option<(Rule, String)>, StoreError> {
        let announced_by_detector = match self.by_detector.get(plugin) {
            Some(count) => *count,
            None => {
                let count = self.manners.user.announced(Some(plugin), self.now.saturating_sub(HOUR), self.now).await?;
                self.by_detector.insert(plugin.into(), count);
                count
            }
        };
        let circumstances = Circumstances {
            urgency,
            proactive: self.proactive,
            muted: self.muted.iter().any(|m| m == plugin),
            quiet: self.quiet,
            away: self.away,
            announced_today: self.today,
            daily_cap: self.settings.daily_cap,
            announced_by_detector,
            detector_rate: self.settings.detector_rate,
        };
        Ok(match decide(&circumstances) {
            Decision::Announce => None,
            Decision::Keep(rule) => Some((rule, rule.why(&circumstances, plugin))),
        })
    }

    /// One message is sent, by these plugins.
    pub(crate) fn spend<'p>(&mut self, plugins: impl Iterator<Item = &'p str>) {
        self.today += 1;
        let mut plugins: Vec<_> = plugins.collect();
        plugins.sort_unstable();
        plugins.dedup();
        for plugin in plugins {
            *self.by_detector.entry(plugin.into()).or_default() += 1;
        }
    }

    /// Counts what was decided together; what is announced of it is one message.
    pub(crate) async fn note(&self, notes: Vec<Note>) -> Result<(), StoreError> {
        if notes.is_empty() { Ok(()) } else { self.manners.user.note(self.now, notes).await }
    }
}
