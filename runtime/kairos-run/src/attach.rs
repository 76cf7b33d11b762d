//! Looking on at a process that runs already.

use crate::paths::Paths;
use crate::run::{shown_while, terminated};
use crate::view::Mode;
use anyhow::Result;
use kairos_agent::ProjectOptions;
use kairos_api::{Client, Event, FindingChange, InboxFilter, InboxStatus};
use std::pin::pin;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Findings that were open before, which are shown at once. `inbox list` has all of them.
const SHOWN: usize = 10;

/// Shows what happens until Ctrl-C, which ends the showing alone. Projects that are not watched yet are added.
pub async fn attach(paths: &Paths, projects: Vec<ProjectOptions>, mode: Mode) -> Result<()> {
    let client = Client::connect(&paths.socket()).await?;
    let events = client.events().await?;
    let before = client.status().await?;
    for project in &projects {
        let root = project.root.display().to_string();
        if !before.projects.iter().any(|p| p.path == root) {
            client.project_add(&root).await?;
            eprintln!("added {root}");
        }
    }
    let status = client.status().await?;
    let paused = status.projects.iter().filter(|p| p.paused_until.is_some());
    let paused: Vec<Event> = paused.map(|p| Event::Pause { project: p.path.clone(), until: p.paused_until }).collect();
    let mut first = vec![Event::Started {
        version: status.version,
        plugins: status.plugins,
        every_ms: status.projects.iter().map(|p| p.every_ms).min().unwrap_or_default(),
        projects: status.projects.into_iter().map(|p| p.path).collect(),
    }];
    first.extend(paused);
    let open = InboxFilter { status: Some(InboxStatus::Open), ..InboxFilter::default() };
    first.extend(client.inbox_list(&open).await?.into_iter().take(SHOWN).map(|item| Event::Finding {
        change: FindingChange::New,
        announced: item.decision.as_deref() == Some("announced"),
        why: "open already".into(),
        group: None,
        item: Box::new(item),
    }));
    let (sender, shown) = channel(64);
    shown_while(shown, mode, async |mut gone| {
        let mut terminated = pin!(terminated()?);
        // The view ends when this is dropped with its sender.
        tokio::select! {
            () = hand_on(first, events, sender) => {}
            _ = &mut terminated => {}
            () = &mut gone => {}
        }
        Ok(())
    })
    .await
}

/// These first, then what comes.
async fn hand_on(first: Vec<Event>, mut events: Receiver<Event>, sender: Sender<Event>) {
    for event in first {
        if sender.send(event).await.is_err() {
            return;
        }
    }
    while let Some(event) = events.recv().await {
        if sender.send(event).await.is_err() {
            return;
        }
    }
}
