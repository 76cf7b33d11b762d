//! `kairos-run inbox`.

use crate::cli::InboxCommand;
use crate::paths::Paths;
use crate::view::{self, lists::Page, text};
use anyhow::Result;
use kairos_api::{InboxAction, InboxFilter, InboxStatus};
use kairos_core::finding::one_line;

/// List, read, decide.
pub async fn inbox(paths: &Paths, command: InboxCommand) -> Result<()> {
    let client = super::client(paths).await?;
    let (id, action) = match command {
        InboxCommand::List { all, status, suppressed, project, json } => {
            let status = if all { None } else { Some(status.unwrap_or(InboxStatus::Open)) };
            let filter = InboxFilter { status, project: project.as_deref().map(super::project_name), suppressed };
            let items = client.inbox_list(&filter).await?;
            return if json.json {
                view::print_json(&items)
            } else {
                view::print(&Page::for_stdout().inbox(&items, status == Some(InboxStatus::Open), suppressed))
            };
        }
        InboxCommand::Show { id, json } => {
            let item = client.inbox_get(&id).await?;
            return if json.json { view::print_json(&item) } else { view::print(&Page::for_stdout().item(&item)) };
        }
        InboxCommand::Accept { id } => (id, InboxAction::Accept),
        InboxCommand::Dismiss { id } => (id, InboxAction::Dismiss),
        InboxCommand::Snooze { id, duration } => {
            let wait = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            (id, InboxAction::Snooze { until: text::now().saturating_add(wait) })
        }
    };
    let item = client.inbox_act(&id, action).await?;
    view::print(&format!("{} {}\n  {}\n", one_line(&item.id), one_line(&item.title), Page::for_stdout().standing(&item)))
}
