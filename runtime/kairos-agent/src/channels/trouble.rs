//! A channel that fails is told once, in the inbox of the project whose finding it failed to deliver.

use crate::agent::Agent;
use crate::now;
use crate::registry::SELF;
use async_trait::async_trait;
use kairos_core::{Evidence, Finding, Report, Urgency};
use std::sync::Weak;

/// Begins the key of every such finding; the channel's name follows.
pub(super) const PREFIX: &str = "channel:";

/// The inboxes of all projects.
#[async_trait]
pub(crate) trait Inboxes: Send + Sync {
    /// Takes in what we say ourselves about a project, by its folder. A project that is gone hears nothing.
    async fn take(&self, project: &str, report: Report);
}

#[async_trait]
impl Inboxes for Weak<Agent> {
    async fn take(&self, project: &str, report: Report) {
        let Some(project) = self.upgrade().and_then(|agent| agent.projects().into_iter().find(|p| p.inbox.project == project))
        else {
            return;
        };
        let taken = match report.validate() {
            Ok(report) => project.inbox.take(SELF, report, now()).await.map(drop).map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        };
        if let Err(e) = taken {
            tracing::warn!("trouble with a channel can't be told: {e}");
        }
    }
}

/// Tells it.
pub(super) async fn tell(inboxes: &dyn Inboxes, project: &str, channel: &str, setting: &str, why: &str) {
    let report = Report { findings: vec![finding(channel, setting, why)], ..Report::default() };
    inboxes.take(project, report).await;
}

/// It works again.
pub(super) async fn clear(inboxes: &dyn Inboxes, project: &str, channel: &str) {
    inboxes.take(project, Report { cleared: vec![format!("{PREFIX}{channel}")], ..Report::default() }).await;
}

/// What an earlier run, or other settings, had to say is not known to hold.
pub(super) async fn forget(inboxes: &dyn Inboxes, project: &str) {
    inboxes.take(project, Report { cleared: vec![format!("{PREFIX}*")], ..Report::default() }).await;
}

fn finding(channel: &str, setting: &str, why: &str) -> Finding {
    let title = format!("the {channel} gets no findings: {why}");
    Finding {
        key: format!("{PREFIX}{channel}"),
        title: title.chars().take(120).collect(),
        detail: "Nothing is lost: all findings are in the inbox. This is said once, until a delivery works again.".into(),
        urgency: Urgency::High,
        evidence: vec![Evidence {
            kind: "setting".into(),
            subject: setting.into(),
            line: None,
            // At most four bytes a character.
            excerpt: why.chars().take(100).collect(),
        }],
        remedy: Some(remedy(setting)),
    }
}

/// What to do about a channel that fails.
pub(super) fn remedy(setting: &str) -> String {
    format!("check `{setting}` in your settings; `kairos-run config path` names the file")
}
