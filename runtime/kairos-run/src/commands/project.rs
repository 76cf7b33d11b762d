//! `kairos-run project`.

use crate::cli::ProjectCommand;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::{Result, bail};
use kairos_api::{PluginState, TrustRequest};
use kairos_core::finding::one_line;

/// Which projects are watched, and trust in the plugins that they bring.
pub async fn project(paths: &Paths, command: ProjectCommand) -> Result<()> {
    let client = super::client(paths).await?;
    let page = Page::for_stdout();
    match command {
        ProjectCommand::Add { dir } => {
            let project = client.project_add(&super::project_name(&dir)).await?;
            view::print(&format!("watching {}\n", one_line(&project.path)))
        }
        ProjectCommand::Remove { dir } => {
            let name = super::project_name(&dir);
            client.project_remove(&name).await?;
            view::print(&format!("no longer watching {}; `kairos-run project add` takes it up again\n", one_line(&name)))
        }
        ProjectCommand::List(json) => {
            let projects = client.project_list().await?;
            if json.json { view::print_json(&projects) } else { view::print(&page.projects(&projects)) }
        }
        ProjectCommand::Trust { dir, yes, json } => {
            let name = super::project_name(&dir);
            let offer = client.project_trust(&name).await?;
            if offer.files.is_empty() {
                return Err(advice(
                    format!("{} brings no plugins", offer.project),
                    "they would be .wasm files in its folder .kairos/plugins",
                ));
            }
            if !json.json {
                view::print(&page.project_files(&offer))?;
            }
            if !offer.trusted && !yes && !super::confirm("Let kairos-run load these files, sandboxed, in this project?")? {
                bail!("nothing was trusted");
            }
            let plugins = client.trust_project(&name, &TrustRequest { digest: offer.digest }).await?;
            if json.json {
                return view::print_json(&plugins);
            }
            view::print(&format!("\nTrusted, as long as no file changes.\n\n{}", page.plugins(&plugins)))?;
            if plugins.iter().any(|p| p.state == PluginState::Untrusted) {
                view::print("They are being compiled; `kairos-run plugin list` shows how they are.\n")?;
            }
            Ok(())
        }
        ProjectCommand::Distrust { dir } => {
            let offer = client.distrust_project(&super::project_name(&dir)).await?;
            view::print(&format!("Plugins of {} are not loaded.\n", one_line(&offer.project)))
        }
    }
}
