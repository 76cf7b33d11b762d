//! From a report to the inbox and the screen.

use crate::events::Events;
use crate::govern::{self, Circumstances, Decision};
use kairos_api::{Event, FindingChange, InboxStatus, OpenFindings};
use kairos_core::{Millis, Report};
use kairos_store::{Change, ProjectDb, Status, StoreError};

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
    /// Before each id that the user sees: empty where one project is watched, else its slug and `/`.
    pub(crate) id_prefix: String,
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

    /// Brings back what was put off until now.
    pub(crate) async fn wake_snoozed(&self, now: Millis) -> Result<(), StoreError> {
        for item in self.db.due_snoozed(now).await? {
            self.surface(item.id, FindingChange::Reopened, now).await?;
        }
        Ok(())
    }

    async fn surface(&self, id: u64, change: FindingChange, now: Millis) -> Result<(), StoreError> {
        let Some(row) = self.db.get(id).await? else { return Ok(()) };
        let circumstances = Circumstances {
            urgency: row.urgency,
            announced_today: self.db.announced_since(None, midnight(now)).await?.into(),
            daily_cap: self.caps.daily,
            announced_by_detector: self.db.announced_since(Some(&row.plugin), now.saturating_sub(3_600_000)).await?.into(),
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
            id: format!("{}{}", self.id_prefix, row.id),
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
