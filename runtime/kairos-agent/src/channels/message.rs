//! What one delivery tells, for a program (JSON) and for a person (a headline and lines).

use crate::now;
use crate::registry::SELF;
use crate::think::question;
use kairos_api::{FindingChange, InboxItem};
use kairos_core::{Millis, Urgency};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Most findings in one message; its document stays below what a request may hold.
const MAX_FINDINGS: usize = 20;
/// Of the document's form. Fields are only added.
const VERSION: u32 = 1;

/// What a test message says.
pub(super) const TEST: &str = "a test of kairos-run: what it announces arrives here";

/// A finding that is to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Announced {
    pub(super) change: FindingChange,
    pub(super) item: InboxItem,
}

/// The findings that one tick announced in a project, or a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Message {
    /// Names the message, in each attempt to deliver it.
    pub(super) id: String,
    /// When it was announced.
    pub(super) at: Millis,
    pub(super) project: String,
    /// At least one; a test has none.
    pub(super) findings: Vec<Announced>,
}

impl Message {
    /// All of them, the most urgent first, in as few messages as possible.
    pub(super) fn group(project: &str, mut findings: Vec<Announced>) -> Vec<Self> {
        findings.sort_by_key(|a| std::cmp::Reverse(a.item.urgency));
        let message = |part: &[Announced]| Self { id: id(), at: now(), project: project.into(), findings: part.to_vec() };
        findings.chunks(MAX_FINDINGS).map(message).collect()
    }

    /// One that shows whether a channel works.
    pub(super) fn test() -> Self {
        Self { id: id(), at: now(), project: String::new(), findings: Vec::new() }
    }

    /// What of it a channel wants: from an urgency on, and nothing about the channel itself. None if that is nothing.
    pub(super) fn for_channel(&self, channel: &str, least: Urgency) -> Option<Self> {
        let itself = format!("{}{channel}", super::trouble::PREFIX);
        let wanted = |a: &&Announced| a.item.urgency >= least && !(a.item.plugin == SELF && a.item.key == itself);
        let findings: Vec<_> = self.findings.iter().filter(wanted).cloned().collect();
        (!findings.is_empty()).then(|| Self { findings, ..self.clone() })
    }

    /// Of the most urgent one.
    pub(super) fn urgency(&self) -> Urgency {
        self.findings.iter().map(|a| a.item.urgency).max().unwrap_or(Urgency::Low)
    }

    /// The ids of its findings.
    pub(super) fn ids(&self) -> String {
        if self.findings.is_empty() {
            return "test".into();
        }
        self.findings.iter().map(|a| a.item.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The title of a single finding, else how many there are.
    pub(super) fn headline(&self) -> String {
        match &self.findings[..] {
            [] => TEST.into(),
            [one] => one.item.title.clone(),
            many => format!("{} findings in {}", many.len(), self.project_name()),
        }
    }

    /// The project's folder, without what it lies in.
    pub(super) fn project_name(&self) -> String {
        Path::new(&self.project).file_name().map_or_else(|| self.project.clone(), |n| n.to_string_lossy().into_owned())
    }

    /// The command that shows it in full.
    pub(super) fn command(&self) -> String {
        match &self.findings[..] {
            [] => "kairos-run channels list".into(),
            [one] => show(&one.item),
            _ => "kairos-run inbox list".into(),
        }
    }

    /// As a webhook and a command get it: in each attempt the same.
    pub(super) fn document(&self) -> Vec<u8> {
        let timestamp = jiff::Timestamp::from_millisecond(i64::try_from(self.at).unwrap_or(i64::MAX)).unwrap_or_default();
        let findings: Vec<Value> = self.findings.iter().map(finding).collect();
        let kind = if findings.is_empty() { "channel.test" } else { "findings.announced" };
        let data = json!({"version": VERSION, "project": self.project, "text": self.headline(), "findings": findings});
        json!({"type": kind, "timestamp": timestamp.to_string(), "data": data}).to_string().into_bytes()
    }
}

fn finding(announced: &Announced) -> Value {
    let item = &announced.item;
    // What is asked may show whole files: that is for the user's own screen.
    let detail = if question(&item.plugin, &item.key).is_some() { "" } else { item.detail.as_str() };
    json!({
        "id": item.id,
        "change": announced.change,
        "detector": item.plugin,
        "urgency": item.urgency,
        "title": item.title,
        "detail": detail,
        "evidence": item.evidence,
        "remedy": item.remedy,
        "first_seen": item.first_seen,
        "show": show(item),
    })
}

fn show(item: &InboxItem) -> String {
    format!("kairos-run inbox show {}", item.id)
}

fn id() -> String {
    let mut random = [0u8; 12];
    let _ = getrandom::fill(&mut random);
    random.iter().fold(String::from("msg_"), |id, byte| format!("{id}{byte:02x}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kairos_api::InboxStatus;
    use kairos_core::Evidence;

    pub(in super::super) fn announced(number: u32, urgency: Urgency, title: &str) -> Announced {
        let evidence =
            vec![Evidence { kind: "file".into(), subject: "a.rs".into(), line: Some(1), excerpt: "x".repeat(400) }; 16];
        let item = InboxItem {
            id: number.to_string(),
            project: "/p/mine".into(),
            plugin: "p".into(),
            key: format!("k{number}"),
            title: title.into(),
            detail: "d".repeat(4096),
            urgency,
            evidence,
            status: InboxStatus::Open,
            remedy: Some("r".into()),
            ..empty()
        };
        Announced { change: FindingChange::New, item }
    }

    fn empty() -> InboxItem {
        serde_json::from_value(json!({
            "id": "", "project": "", "plugin": "", "key": "", "title": "", "detail": "", "urgency": "low", "evidence": [],
            "status": "open", "first_seen": 0, "last_seen": 0, "occurrences": 1, "times_reopened": 0
        }))
        .unwrap()
    }

    #[test]
    fn a_flood_becomes_few_messages_that_can_be_sent() {
        let flood = (0..45).map(|n| announced(n, Urgency::Critical, "t")).collect();
        let messages = Message::group("/p/mine", flood);
        assert_eq!(messages.iter().map(|m| m.findings.len()).collect::<Vec<_>>(), [20, 20, 5]);
        assert!(messages[0].id.starts_with("msg_") && messages[0].id != messages[1].id);
        assert!(messages[0].document().len() < kairos_net::MAX_BODY);
        assert_eq!(messages[2].headline(), "5 findings in mine");
    }

    #[test]
    fn a_channel_gets_what_it_wants_and_nothing_about_itself() {
        let mut about = announced(3, Urgency::High, "the webhook gets no findings");
        (about.item.plugin, about.item.key) = (SELF.into(), "channel:webhook".into());
        let findings = vec![announced(1, Urgency::Normal, "one"), announced(2, Urgency::Critical, "two"), about];
        let message = Message::group("/p/mine", findings).remove(0);
        let ids = |channel, least| message.for_channel(channel, least).map(|m| m.ids()).unwrap_or_default();
        assert_eq!(ids("webhook", Urgency::Low), "2 1");
        assert_eq!(ids("command", Urgency::High), "2 3");
        let one = message.for_channel("webhook", Urgency::Critical).unwrap();
        assert_eq!((one.headline(), one.command()), ("two".to_string(), "kairos-run inbox show 2".to_string()));
        assert_eq!(one.id, message.id);
        assert!(one.for_channel("desktop", Urgency::Critical).is_some());
        // A plugin can't silence a channel by its findings' keys.
        let mut other = announced(4, Urgency::High, "t");
        other.item.key = "channel:webhook".into();
        assert!(Message::group("/p", vec![other])[0].for_channel("webhook", Urgency::Low).is_some());
    }
}
