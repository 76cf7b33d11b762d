//! What is due without anything having happened: open items of the user's checklist, and what he wants at set times.

use crate::registry::MODEL;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::quiet::Hours;
use kairos_core::schedule::Schedule;
use kairos_project::Project;
use kairos_store::ProjectDb;
use kairos_turn::checklist;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// The user's checklist, in the project's folder.
const HEARTBEAT: &str = "HEARTBEAT.md";
/// Most bytes of it that are read.
const MAX_CHECKLIST: u32 = 25 << 10;
/// Where it is kept what was last due when.
const KEY: &str = "due";

/// When a model is woken by the clock, by the settings.
pub(super) struct Due {
    /// Time between two looks at the checklist; zero: it is never looked at.
    every: Millis,
    /// The parts of the day in which it is; none: all day.
    hours: Vec<Hours>,
    schedules: Vec<Schedule>,
    zone: TimeZone,
    db: ProjectDb,
    view: Project,
    /// Read when it is first needed.
    known: Mutex<Option<Known>>,
}

struct Known {
    last: Last,
    /// Before then nothing is due.
    until: Millis,
}

/// When what was last due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    checklist: Millis,
    /// By the line as the user has it. What he changes begins anew.
    schedules: BTreeMap<String, Since>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Since {
    /// It was due then, or seen for the first time.
    at: Millis,
    /// It has been due.
    came: bool,
}

/// What is due now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Items {
    /// Of the checklist, which is a file of the project: words of whoever wrote it.
    pub(super) checklist: Vec<String>,
    /// The user's own wishes.
    pub(super) wishes: Vec<String>,
}

impl Items {
    pub(super) fn is_empty(&self) -> bool {
        self.checklist.is_empty() && self.wishes.is_empty()
    }

    /// These too. A checklist that was looked at again is the newer one; a wish stays until it was thought about.
    pub(super) fn add(&mut self, later: Self) {
        if !later.checklist.is_empty() {
            self.checklist = later.checklist;
        }
        for wish in later.wishes {
            if !self.wishes.contains(&wish) {
                self.wishes.push(wish);
            }
        }
    }
}

/// A schedule, and when it comes next; for whoever lists them.
pub(crate) struct Planned {
    pub(crate) schedule: Schedule,
    /// When it was last due.
    pub(crate) last: Option<Millis>,
    pub(crate) next: Option<Millis>,
}

impl Due {
    pub(super) fn of(config: &Config, zone: TimeZone, db: ProjectDb, view: Project) -> Self {
        Self {
            every: config.duration("heartbeat.every").as_millis() as u64,
            hours: config.list("heartbeat.hours").iter().filter_map(|h| h.parse().ok()).collect(),
            schedules: config.list("heartbeat.schedules").iter().filter_map(|s| s.parse().ok()).collect(),
            zone,
            db,
            view,
            known: Mutex::default(),
        }
    }

    /// Can anything ever be due?
    pub(super) fn is_possible(&self) -> bool {
        self.every > 0 || !self.schedules.is_empty()
    }

    /// What is due now, and is not the next time it is asked for.
    pub(super) async fn at(&self, time: Millis) -> Items {
        let mut items = Items::default();
        if !self.is_possible() {
            return items;
        }
        let mut known = self.known.lock().await;
        let before = match known.take() {
            Some(quiet) if time < quiet.until => {
                *known = Some(quiet);
                return items;
            }
            Some(known) => known.last,
            None => self.load().await,
        };
        let mut last = before.clone();
        last.schedules.retain(|line, _| self.schedules.iter().any(|s| s.line() == *line));
        let mut until = Millis::MAX;
        for schedule in &self.schedules {
            // What is new waits for its time.
            let since = last.schedules.entry(schedule.line()).or_insert(Since { at: time, came: false });
            let mut next = schedule.after(since.at, &self.zone);
            if next.is_some_and(|next| next <= time) {
                items.wishes.push(schedule.wish.clone());
                *since = Since { at: time, came: true };
                next = schedule.after(time, &self.zone);
            }
            until = until.min(next.unwrap_or(Millis::MAX));
        }
        let minute = local_minute(time, &self.zone);
        if self.every > 0 && time >= last.checklist.saturating_add(self.every) && self.is_in_hours(minute) {
            last.checklist = time;
            if let Ok(text) = self.view.read(HEARTBEAT, 0, MAX_CHECKLIST).await {
                items.checklist = checklist(&String::from_utf8_lossy(&text));
            }
        }
        if self.every > 0 {
            until = until.min(last.checklist.saturating_add(self.every));
        }
        if last != before {
            self.keep(&last).await;
        }
        *known = Some(Known { last, until });
        items
    }

    /// The schedules, with when they were and will be.
    pub(super) async fn planned(&self, time: Millis) -> Vec<Planned> {
        let last = match &*self.known.lock().await {
            Some(known) => known.last.clone(),
            None => self.load().await,
        };
        let planned = |schedule: &Schedule| {
            let since = last.schedules.get(&schedule.line()).copied();
            let next = schedule.after(since.map_or(time, |since| since.at), &self.zone);
            Planned { schedule: schedule.clone(), last: since.filter(|since| since.came).map(|since| since.at), next }
        };
        self.schedules.iter().map(planned).collect()
    }

    fn is_in_hours(&self, minute: u16) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.holds(minute))
    }

    async fn load(&self) -> Last {
        let kept = self.db.load(MODEL).await.unwrap_or_default().into_iter().find(|(key, _)| key == KEY);
        kept.and_then(|(_, value)| serde_json::from_slice(&value).ok()).unwrap_or_default()
    }

    async fn keep(&self, last: &Last) {
        let Ok(value) = serde_json::to_vec(last) else { return };
        if let Err(e) = self.db.apply(MODEL, vec![(KEY.into(), Some(value))]).await {
            tracing::warn!("what was due can't be kept, and may be due again after a restart: {e}");
        }
    }
}

/// Minute of the day where the user is.
fn local_minute(time: Millis, zone: &TimeZone) -> u16 {
    let at = Timestamp::from_millisecond(time as i64).unwrap_or_default().to_zoned(zone.clone());
    at.hour() as u16 * 60 + at.minute() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    const HOUR: Millis = 3_600_000;
    /// 2026-11-20 00:00, a Friday.
    const DAY: Millis = 1_795_132_800_000;

    async fn due(dir: &std::path::Path, toml: &str) -> Due {
        let mut config = Config::default();
        config.merge("kairos.toml", toml, Trust::User).unwrap();
        let db = ProjectDb::open(dir.join("state.db")).await.unwrap();
        Due::of(&config, TimeZone::UTC, db, Project::open(dir, &[]).unwrap())
    }

    #[tokio::test]
    async fn a_schedule_comes_once_and_once_for_what_was_slept_through() {
        let dir = tempfile::tempdir().unwrap();
        let toml = "heartbeat.schedules = [\"0 9 * * mon-fri Is main green?\", \"@hourly Look\"]";
        let schedules = due(dir.path(), toml).await;
        assert!(schedules.is_possible());
        let at = async |due: &Due, hours: u64, minutes: u64| due.at(DAY + hours * HOUR + minutes * 60_000).await.wishes;
        assert!(at(&schedules, 8, 30).await.is_empty(), "what is new waits for its time");
        let planned = schedules.planned(DAY + 8 * HOUR + 30 * 60_000).await;
        assert_eq!(planned.iter().map(|p| p.next.unwrap() - DAY).collect::<Vec<_>>(), [9 * HOUR, 9 * HOUR]);
        assert_eq!(at(&schedules, 9, 1).await, ["Is main green?", "Look"]);
        assert!(at(&schedules, 9, 2).await.is_empty());
        drop(schedules);
        // From Friday to Monday nothing ran.
        let later = due(dir.path(), toml).await;
        assert_eq!(at(&later, 3 * 24 + 10, 30).await, ["Is main green?", "Look"], "each once");
        assert!(at(&later, 3 * 24 + 10, 31).await.is_empty());
        assert_eq!(at(&later, 3 * 24 + 11, 0).await, ["Look"]);
    }

    #[tokio::test]
    async fn the_checklist_is_looked_at_now_and_then_at_set_hours() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(HEARTBEAT), "- [ ] is CI green?").unwrap();
        let due = due(dir.path(), "heartbeat.every = \"30m\"\nheartbeat.hours = [\"08:00-20:00\"]").await;
        let at = async |minutes: u64| !due.at(DAY + minutes * 60_000).await.is_empty();
        let asked = [at(0).await, at(8 * 60).await, at(8 * 60 + 29).await, at(8 * 60 + 30).await, at(21 * 60).await];
        assert_eq!(asked, [false, true, false, true, false]);
    }

    #[tokio::test]
    async fn without_a_wish_of_the_users_nothing_is_ever_due() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(HEARTBEAT), "- [ ] is CI green?").unwrap();
        let due = due(dir.path(), "").await;
        assert!(!due.is_possible() && due.at(DAY).await.is_empty());
    }
}
