//! `kairos-run permission`.

use crate::cli::PermissionCommand;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;
use kairos_api::{Client, Permission, PermissionAnswer, ProjectFilter};

/// Lists, shows, answers, takes back.
pub async fn permission(paths: &Paths, command: PermissionCommand) -> Result<()> {
    let client = super::client(paths).await?;
    match command {
        PermissionCommand::List { project, json } => {
            let filter = ProjectFilter { project: project.as_deref().map(super::project_name) };
            let all = client.permissions(&filter).await?;
            if json.json { view::print_json(&all) } else { view::print(&Page::for_stdout().permissions(&all)) }
        }
        PermissionCommand::Show { id, json } => {
            let one = find(&client, &id).await?;
            if json.json { view::print_json(&one) } else { view::print(&Page::for_stdout().permission(&one)) }
        }
        PermissionCommand::Allow { id, scope } => {
            client.permit(&id, PermissionAnswer { allow: true, scope }).await?;
            view::print(&format!("{id}: allowed ({scope})\n"))
        }
        PermissionCommand::Deny { id } => {
            client.permit(&id, PermissionAnswer::default()).await?;
            view::print(&format!("{id}: refused\n"))
        }
        PermissionCommand::Forget { id } => {
            client.forget_permission(&id).await?;
            view::print(&format!("{id}: forgotten\n"))
        }
    }
}

async fn find(client: &Client, id: &str) -> Result<Permission> {
    let all = client.permissions(&ProjectFilter::default()).await?;
    let found = all.into_iter().find(|p| p.id == id);
    found.ok_or_else(|| advice(format!("there is nothing of the id {id}"), "kairos-run permission list"))
}
