//! From a report to the inbox and the screen.

use crate::events::Events;
use crate::govern::manners::Manners;
use crate::govern::settings::Settings;
use crate::govern::{Rule, feedback};
use crate::recorder::Recorder;
use crate::registry::{MODEL, SELF};
use kairos_api::{Event, FindingChange, FindingGroup, InboxStatus, OpenFindings};
use kairos_core::{Millis, Report, Urgency};
use kairos_store::{Change, Decided, InboxItem, Note, ProjectDb, Status, StoreError, What};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// How long a plugin's request for a grant waits. Who has not answered within a month has no use for the plugin.
const REQUEST: Millis = 30 * 86_400_000;
/// Begins the key of every such request.
pub(crate) const REQUESTS: &str = "grant:";
/// Why such a request ended.
pub(crate) const UNANSWERED: &str = "nobody answered within 30 days; `kairos-run plugin list` still shows it";

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
    pub(crate) settings: Arc<Settings>,
    pub(crate) manners: Arc<Manners>,
    /// Some finding waits for the end of quiet hours, or for the user; true also where that is not known yet.
    pub(crate) waiting: Arc<AtomicBool>,
    pub(crate) recorder: Recorder,
}

impl Inbox {
    /// Takes a checked report in: clears, stores, governs, announces. Answers the findings that are news.
    pub(crate) async fn take(&self, plugin: &str, report: Report, now: Millis) -> Result<Vec<(u64, Urgency)>, StoreError> {
        if report.cleared.is_empty() && report.findings.is_empty() {
            return Ok(Vec::new());
        }
        let urgencies: Vec<Urgency> = report.findings.iter().map(|f| f.urgency).collect();
        let applied = self.db.apply_report(plugin, report, now).await?;
        // What a model said of a finding ends with it.
        let over = applied.resolved.iter().map(|item| about(item.id) + "*").collect();
        for item in applied.resolved {
            let reason = item.resolved_reason.clone().unwrap_or_default();
            self.resolved(item, reason, now);
        }
        if plugin != MODEL {
            Box::pin(self.take(MODEL, Report { cleared: over, ..Report::default() }, now)).await?;
        }
        let mut news = Vec::new();
        let mut ids = Vec::new();
        for (seen, urgency) in applied.seen.into_iter().zip(urgencies) {
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
            news.push((seen.id, change));
            ids.push((seen.id, urgency));
        }
        self.surface(news, |count| format!("{plugin}: {count} findings"), now).await?;
        Ok(ids)
    }

    /// Ends all findings of a plugin that is no longer there.
    pub(crate) async fn withdraw(&self, plugin: &str, now: Millis, reason: &str) -> Result<(), StoreError> {
        for item in self.db.resolve_all_of(plugin, now, reason).await? {
            self.resolved(item, reason.into(), now);
        }
        Ok(())
    }

    /// Brings back what was put off until now, and tells what was taken in but not told before a crash or a full disk.
    pub(crate) async fn wake_snoozed(&self, now: Millis) -> Result<(), StoreError> {
        let awake: Vec<u64> = self.db.due_snoozed(now).await?.iter().map(|i| i.id).collect();
        let mut by_plugin: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for item in self.db.undecided().await? {
            let change = if awake.contains(&item.id) { FindingChange::Reopened } else { told_before(&item) };
            by_plugin.entry(item.plugin).or_default().push((item.id, change));
        }
        for (plugin, news) in by_plugin {
            self.surface(news, |count| format!("{plugin}: {count} findings"), now).await?;
        }
        Ok(())
    }

    /// Says what waited for the end of quiet hours, or for the user, when its time has come: as one message.
    pub(crate) async fn release(&self, now: Millis) -> Result<(), StoreError> {
        if !self.waiting.load(Relaxed) {
            return Ok(());
        }
        let rules = Rule::ALL.into_iter().filter(|r| r.waits()).map(Rule::as_str).collect::<Vec<_>>();
        let rows = self.db.kept_by(&rules).await?;
        if rows.is_empty() {
            self.waiting.store(false, Relaxed);
            return Ok(());
        }
        let quiet = self.settings.is_quiet(now);
        let away = !quiet && self.manners.is_away(&self.settings, now).await;
        let is_over = |row: &&InboxItem| match row.kept_by.as_deref() {
            Some(rule) if rule == Rule::Away.as_str() => !quiet && !away,
            _ => !quiet,
        };
        let over = rows.iter().filter(is_over).map(|row| (row.id, told_before(row))).collect();
        self.surface(over, |count| format!("{count} findings that waited for you"), now).await
    }

    /// Resolves requests for a grant that nobody has answered for too long. They are not made again for the same file.
    pub(crate) async fn expire_requests(&self, now: Millis) -> Result<(), StoreError> {
        for item in self.db.expire(SELF, REQUESTS, now.saturating_sub(REQUEST), now, UNANSWERED).await? {
            self.resolved(item, UNANSWERED.into(), now);
        }
        Ok(())
    }

    /// Counts the user's answer to a finding; a detector that he does not want is muted, and he is told how to undo it.
    pub(crate) async fn answered(&self, plugin: &str, id: u64, what: What, now: Millis) -> Result<(), StoreError> {
        self.manners.user.note(now, vec![self.note(plugin, id, what, "")]).await?;
        if what != What::Dismissed || plugin == SELF {
            return Ok(());
        }
        let user = &self.manners.user;
        let dismissals = user.dismissals(plugin, feedback::ANSWERS).await?;
        if !feedback::is_unwanted(&dismissals) || user.muted().await?.iter().any(|(muted, _)| muted == plugin) {
            return Ok(());
        }
        user.mute(plugin, now).await?;
        let told = Report { findings: vec![feedback::finding(plugin, &dismissals, now)], ..Report::default() };
        self.take(SELF, told, now).await.map(drop)
    }

    fn note(&self, plugin: &str, finding: u64, what: What, why: &str) -> Note {
        Note { project: self.project.clone(), plugin: plugin.into(), finding, what, why: why.into() }
    }

    /// Decides about findings that are news, and tells them. What is announced of them is one message, but for critical ones:
    /// each of those stands for itself. `title` names so many findings in one message.
    async fn surface(
        &self,
        news: Vec<(u64, FindingChange)>,
        title: impl Fn(usize) -> String,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (id, change) in news {
            // The user may have been quicker.
            rows.extend(self.db.get(id).await?.filter(|row| row.status == Status::Open).map(|row| (row, change)));
        }
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.urgency));
        let mut turn = self.manners.turn(&self.settings, now).await?;
        let (mut messages, mut together, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for (row, change) in rows {
            match turn.decide(&row.plugin, row.urgency).await? {
                Some((rule, why)) => kept.push((row, change, rule, why)),
                None if row.urgency == Urgency::Critical => {
                    turn.spend([row.plugin.as_str()].into_iter());
                    messages.push(vec![(row, change)]);
                }
                None => together.push((row, change)),
            }
        }
        if !together.is_empty() {
            messages.push(together);
        }
        // Counted first: after a crash between the two something may be said twice, but never more than the caps allow.
        for message in &messages {
            turn.note(message.iter().map(|(row, _)| self.note(&row.plugin, row.id, What::Announced, "")).collect()).await?;
        }
        turn.note(kept.iter().map(|(row, _, rule, _)| self.note(&row.plugin, row.id, What::Kept, rule.as_str())).collect())
            .await?;
        let said = messages.iter().flatten().map(|(row, _)| Decided { id: row.id, decision: ANNOUNCED.into(), kept_by: None });
        let silent = kept.iter().map(|(row, _, rule, why)| Decided {
            id: row.id,
            decision: why.clone(),
            kept_by: Some(rule.as_str().into()),
        });
        self.db.decide(said.chain(silent).collect(), now).await?;
        drop(turn);
        if kept.iter().any(|(_, _, rule, _)| rule.waits()) {
            self.waiting.store(true, Relaxed);
        }
        for message in messages {
            let size = message.len();
            for (place, (row, change)) in (1..).zip(message) {
                let group = (size > 1).then(|| FindingGroup { title: title(size), size: size as u32, place });
                self.tell(row, change, None, ANNOUNCED.into(), group, now);
            }
        }
        for (row, change, rule, why) in kept {
            self.tell(row, change, Some(rule), why, None, now);
        }
        Ok(())
    }

    fn tell(
        &self,
        row: InboxItem,
        change: FindingChange,
        kept: Option<Rule>,
        why: String,
        group: Option<FindingGroup>,
        now: Millis,
    ) {
        let row = InboxItem { decision: Some(why.clone()), kept_by: kept.map(|rule| rule.as_str().into()), ..row };
        let item = Box::new(self.item(row));
        self.recorder.finding(&item, if change == FindingChange::New { "new" } else { "reopened" }, "", now);
        self.events.send(Event::Finding { change, item, announced: kept.is_none(), why, group });
    }

    fn resolved(&self, row: InboxItem, reason: String, now: Millis) {
        let item = Box::new(self.item(row));
        self.recorder.finding(&item, "resolved", &reason, now);
        self.events.send(Event::Resolved { item, reason });
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
            kept_by: row.kept_by,
        }
    }
}

/// Begins the key of what a model says of this finding.
pub(crate) fn about(finding: u64) -> String {
    format!("f{finding}/")
}

/// The decision about a finding that was announced.
const ANNOUNCED: &str = "announced";

/// How a finding that is told now has come.
fn told_before(item: &InboxItem) -> FindingChange {
    if item.announced_at.is_some() || item.times_reopened > 0 { FindingChange::Reopened } else { FindingChange::New }
}

#[cfg(test)]
mod tests;
