//! From a report to the inbox and the screen.

use crate::events::Events;
use crate::govern::{self, Circumstances, Decision};
use kairos_api::{Event, FindingChange, InboxStatus, OpenFindings};
use kairos_core::{Millis, Report};
use kairos_store::{Change, ProjectDb, Status, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What governs what is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) daily: u64,
    pub(crate) detector_rate: u64,
}

/// One project's inbox, with its voice.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) db: ProjectDb,
    pub(crate) project: String,
    /// The project's name among our data.
    pub(crate) slug: String,
    /// Several projects are watched: then an id that the user sees has its project's slug and `/` before it.
    pub(crate) several: Arc<AtomicBool>,
    pub(crate) events: Events,
    pub(crate) caps: Caps,
}

impl Inbox {
    /// Takes a checked report in: clears, stores, governs, announces.
    pub(crate) async fn take(&self, plugin: &str, report: Report, now: Millis) -> Result<(), StoreError> {
        if report.cleared.is_empty() && report.findings.is_empty() {
            return Ok(());
        }
        let applied = self.db.apply_report(plugin, report, now).await?;
        for item in applied.resolved {
            let reason = item.resolved_reason.clone().unwrap_or_default();
            self.events.send(Event::Resolved { item: Box::new(self.item(item)), reason });
        }
        for seen in applied.seen {
            let change = match seen.change {
                Change::New => FindingChange::New,
                Change::Reopened => FindingChange::Reopened,
                Change::Again if seen.rose => FindingChange::Reopened,
                Change::Again | Change::Quiet => continue,
                Change::Refused => {
                    tracing::warn!(plugin, "has too many open findings; a new one is not taken");
                    continue;
                }
            };
            self.surface(seen.id, change, now).await?;
        }
        Ok(())
    }

    /// Ends all findings of a plugin that is no longer there.
    pub(crate) async fn withdraw(&self, plugin: &str, now: Millis, reason: &str) -> Result<(), StoreError> {
        for item in self.db.resolve_all_of(plugin, now, reason).await? {
            self.events.send(Event::Resolved { item: Box::new(self.item(item)), reason: reason.into() });
        }
        Ok(())
    }

    /// Brings back what was put off until now, and tells what was taken in but not told before a crash or a full disk.
    pub(crate) async fn wake_snoozed(&self, now: Millis) -> Result<(), StoreError> {
        let awake: Vec<u64> = self.db.due_snoozed(now).await?.iter().map(|i| i.id).collect();
        for item in self.db.undecided().await? {
            let is_back = awake.contains(&item.id) || item.announced_at.is_some() || item.times_reopened > 0;
            self.surface(item.id, if is_back { FindingChange::Reopened } else { FindingChange::New }, now).await?;
        }
        Ok(())
    }

    async fn surface(&self, id: u64, change: FindingChange, now: Millis) -> Result<(), StoreError> {
        // The user may have been quicker.
        let Some(row) = self.db.get(id).await?.filter(|row| row.status == Status::Open) else { return Ok(()) };
        let circumstances = Circumstances {
            urgency: row.urgency,
            announced_today: self.db.announced_since(None, midnight(now), now).await?.into(),
            daily_cap: self.caps.daily,
            announced_by_detector: self.db.announced_since(Some(&row.plugin), now.saturating_sub(3_600_000), now).await?.into(),
            detector_rate: self.caps.detector_rate,
        };
        let (announced, why) = match govern::decide(&circumstances) {
            Decision::Announce => (true, "announced".to_string()),
            Decision::Keep(reason) => (false, reason),
        };
        self.db.set_decision(id, &why, announced.then_some(now)).await?;
        let Some(row) = self.db.get(id).await? else { return Ok(()) };
        self.events.send(Event::Finding { change, item: Box::new(self.item(row)), announced, why });
        Ok(())
    }

    /// Open findings by urgency.
    pub(crate) async fn open(&self) -> Result<OpenFindings, StoreError> {
        let open = self.db.open_counts().await?;
        Ok(OpenFindings { low: open.low, normal: open.normal, high: open.high, critical: open.critical })
    }

    /// As the API shows it.
    pub(crate) fn item(&self, row: kairos_store::InboxItem) -> kairos_api::InboxItem {
        kairos_api::InboxItem {
            id: if self.several.load(Relaxed) { format!("{}/{}", self.slug, row.id) } else { row.id.to_string() },
            project: self.project.clone(),
            plugin: row.plugin,
            key: row.key,
            title: row.title,
            detail: row.detail,
            urgency: row.urgency,
            evidence: row.evidence,
            remedy: row.remedy,
            status: match row.status {
                Status::Open => InboxStatus::Open,
                Status::Snoozed => InboxStatus::Snoozed,
                Status::Accepted => InboxStatus::Accepted,
                Status::Dismissed => InboxStatus::Dismissed,
                Status::Resolved => InboxStatus::Resolved,
            },
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            occurrences: row.occurrences,
            times_reopened: row.times_reopened,
            snoozed_until: row.snoozed_until,
            resolved_at: row.resolved_at,
            resolved_reason: row.resolved_reason,
            decision: row.decision,
        }
    }
}

/// The beginning of the local day.
fn midnight(now: Millis) -> Millis {
    jiff::Timestamp::from_millisecond(now as i64)
        .ok()
        .and_then(|t| t.to_zoned(jiff::tz::TimeZone::system()).start_of_day().ok())
        .map_or(now.saturating_sub(86_400_000), |z| z.timestamp().as_millisecond().max(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::{Evidence, Finding, Urgency};

    fn report(keys: std::ops::Range<u32>, urgency: Urgency) -> Report {
        let evidence = vec![Evidence { kind: "file".into(), subject: "a.rs".into(), line: None, excerpt: String::new() }];
        let finding = |n| Finding {
            key: format!("k{n}"),
            title: "t".into(),
            detail: String::new(),
            urgency,
            evidence: evidence.clone(),
            remedy: None,
        };
        Report { findings: keys.map(finding).collect(), ..Report::default() }
    }

    /// What was told since the last look: the key, what became of it, and whether it was announced.
    fn told(events: &mut tokio::sync::mpsc::Receiver<Event>) -> Vec<(String, FindingChange, bool)> {
        let all = std::iter::from_fn(|| events.try_recv().ok());
        all.filter_map(|e| {
            if let Event::Finding { change, item, announced, .. } = e { Some((item.key, change, announced)) } else { None }
        })
        .collect()
    }

    async fn open(dir: &std::path::Path) -> (Inbox, tokio::sync::mpsc::Receiver<Event>) {
        let (events, receiver) = Events::channel();
        let caps = Caps { daily: 3, detector_rate: 2 };
        let db = ProjectDb::open(dir.join("state.db")).await.unwrap();
        (Inbox { db, project: "/p".into(), slug: "p".into(), several: Arc::default(), events, caps }, receiver)
    }

    const NOW: Millis = 1_750_000_000_000;

    #[tokio::test]
    async fn what_a_crash_kept_from_being_told_is_told_later_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let (inbox, mut events) = open(dir.path()).await;
        // Taken in, and then the power went.
        inbox.db.apply_report("p", report(0..1, Urgency::High), NOW).await.unwrap();
        inbox.db.close().await;
        let (inbox, mut after) = open(dir.path()).await;
        inbox.take("p", report(0..1, Urgency::High), NOW + 1).await.unwrap();
        assert_eq!(told(&mut after), [], "known already");
        inbox.wake_snoozed(NOW + 2).await.unwrap();
        assert_eq!(told(&mut after), [("k0".into(), FindingChange::New, true)]);
        inbox.db.snooze(1, NOW + 10).await.unwrap();
        for (later, expected) in [(9, 0), (10, 1), (11, 0)] {
            inbox.wake_snoozed(NOW + later).await.unwrap();
            let told = told(&mut after);
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|t| t.1 == FindingChange::Reopened));
        }
        assert_eq!(told(&mut events), []);
    }

    #[tokio::test]
    async fn caps_hold_and_what_is_held_back_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let (inbox, mut events) = open(dir.path()).await;
        let announced = |events: &mut _| told(events).iter().filter(|t| t.2).count();
        inbox.take("p", report(0..5, Urgency::Normal), NOW).await.unwrap();
        assert_eq!(announced(&mut events), 2, "the detector's rate");
        inbox.take("q", report(0..5, Urgency::High), NOW + 1).await.unwrap();
        assert_eq!(announced(&mut events), 1, "the daily cap");
        inbox.take("r", report(0..5, Urgency::Critical), NOW + 2).await.unwrap();
        assert_eq!(announced(&mut events), 5, "harm is about to happen");
        let rows = inbox.db.list(kairos_store::Filter::default()).await.unwrap();
        assert!(
            rows.iter().all(|r| r.decision.is_some() && (r.decision.as_deref() == Some("announced")) == r.announced_at.is_some())
        );
        // Two days later; also when the clock had been two days ahead and was set right.
        for later in [2 * 86_400_000, 0] {
            let clock = NOW - 86_400_000 + later;
            inbox.take("s", report(later as u32..later as u32 + 1, Urgency::Normal), clock).await.unwrap();
            assert_eq!(announced(&mut events), 1);
        }
    }
}
