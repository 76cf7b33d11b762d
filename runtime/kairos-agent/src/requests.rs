//! What the runtime itself has to say about plugins, as findings: who waits for a grant, and what a project brings.

use crate::inbox::{REQUESTS, UNANSWERED};
use crate::now;
use crate::project_loop::ProjectLoop;
use crate::registry::SELF;
use kairos_api::PluginState;
use kairos_core::{Evidence, Finding, Report, Urgency};
use kairos_store::{Status, StoreError};
use std::collections::BTreeSet;

impl ProjectLoop {
    /// Findings of plugins that are gone leave the inbox; requests of plugins that wait enter it.
    pub(crate) async fn tidy_inbox(&mut self) -> Result<(), StoreError> {
        let time = now();
        let (mut present, mut waiting, mut untrusted) = (BTreeSet::from([SELF.to_string()]), Vec::new(), Vec::new());
        let root = self.project.root().to_path_buf();
        for (name, entry) in
            self.registry.entries().iter().filter(|(_, e)| e.candidate.origin.project().is_none_or(|p| p == root))
        {
            match entry.state {
                // A plugin in quarantine or with a broken update may come back, and its findings may still hold.
                _ if self.disabled.contains(name) => {}
                PluginState::Running | PluginState::Quarantined | PluginState::Refused => {
                    present.insert(name.clone());
                }
                PluginState::WaitingForGrant if !entry.revoked => waiting.push(request(name, entry)),
                PluginState::WaitingForGrant => {}
                PluginState::Untrusted => untrusted.push(entry.candidate.file_name.clone()),
                PluginState::Disabled | PluginState::Overridden => {}
            }
        }
        let filter = kairos_store::Filter {
            status: vec![Status::Open, Status::Snoozed, Status::Accepted, Status::Dismissed],
            ..Default::default()
        };
        // Who was not answered for a month asks no more, until its file changes.
        let asked =
            self.db.list(kairos_store::Filter { status: vec![Status::Resolved], plugin: Some(SELF.into()), limit: 0 }).await?;
        waiting.retain(|f| !asked.iter().any(|old| old.key == f.key && old.resolved_reason.as_deref() == Some(UNANSWERED)));
        let gone: BTreeSet<_> =
            self.db.list(filter).await?.into_iter().map(|i| i.plugin).filter(|p| !present.contains(p)).collect();
        for plugin in gone {
            self.inbox.withdraw(&plugin, time, "the plugin is no longer running").await?;
        }
        waiting.extend(trust_request(&untrusted));
        let report = Report { cleared: vec![format!("{REQUESTS}*"), "trust:*".into()], findings: waiting, wake_after: None };
        self.inbox.take(SELF, report, time).await.map(drop)
    }
}

/// The finding that says that a project brings plugins, and that they are not loaded.
fn trust_request(files: &[String]) -> Option<Finding> {
    if files.is_empty() {
        return None;
    }
    let (count, them) = if files.len() == 1 { ("a plugin".into(), "it") } else { (format!("{} plugins", files.len()), "them") };
    let excerpt = kairos_core::finding::one_line(&files.join(", "));
    Some(Finding {
        key: "trust:plugins".into(),
        title: format!("this project brings {count}, not loaded until you trust {them}"),
        detail: "Plugins in a project's .kairos/plugins come from whoever wrote the project. They run in their sandbox, in this \
                 project alone, and have to be granted what they ask for. When a file changes, all of them wait again."
            .into(),
        urgency: Urgency::Normal,
        evidence: vec![Evidence {
            kind: "file".into(),
            subject: ".kairos/plugins".into(),
            line: None,
            excerpt: excerpt[..excerpt.floor_char_boundary(400)].into(),
        }],
        remedy: Some("kairos-run project trust".into()),
    })
}

/// The finding by which a plugin's request waits in the inbox.
fn request(name: &str, entry: &crate::registry::Entry) -> Finding {
    let asked = entry.asked();
    let lines: Vec<_> = asked.0.iter().map(|r| format!("{} ({}): {}", r.capability, r.scope.join(", "), r.reason)).collect();
    let mut detail = lines.join("\n");
    detail.truncate(detail.floor_char_boundary(4000));
    let mut title = format!(
        "plugin {name} waits for a grant: {}",
        asked.0.iter().map(|r| r.capability.as_str()).collect::<Vec<_>>().join(", ")
    );
    title = title.chars().take(120).collect();
    Finding {
        // A new file asks anew.
        key: format!("{REQUESTS}{name}:{}", entry.loaded.as_ref().map_or("", |l| &l.plugin.hash[..8.min(l.plugin.hash.len())])),
        title,
        detail,
        urgency: Urgency::Normal,
        evidence: vec![Evidence {
            kind: "plugin".into(),
            subject: format!("{} from {}", entry.candidate.file_name, entry.candidate.origin.text()),
            line: None,
            excerpt: String::new(),
        }],
        remedy: Some(format!("kairos-run plugin grant {name}")),
    }
}
