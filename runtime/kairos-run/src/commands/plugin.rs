//! `kairos-run plugin`.

use crate::cli::PluginCommand;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists};
use anyhow::Result;
use kairos_api::{GrantRequest, PluginInfo};
use kairos_core::finding::one_line;
use kairos_guest::{BuildOptions, Toolchain};
use std::path::Path;

/// What runs, what it may do, and how one is made.
pub async fn plugin(paths: &Paths, command: PluginCommand) -> Result<()> {
    let page = lists::Page::for_stdout();
    let changed = match command {
        PluginCommand::Build { dir } => return build(&dir),
        PluginCommand::Wit { out } => return super::wit::wit(out.as_deref()),
        PluginCommand::List(json) => {
            let plugins = super::client(paths).await?.plugin_list().await?;
            return if json.json { view::print_json(&plugins) } else { view::print(&page.plugins(&plugins)) };
        }
        PluginCommand::Info { name, json } => {
            let plugin = super::client(paths).await?.plugin_info(&name).await?;
            return if json.json { view::print_json(&plugin) } else { view::print(&page.plugin(&plugin)) };
        }
        PluginCommand::Grant { name, only, follow_updates } => {
            let grant = GrantRequest { capabilities: (!only.is_empty()).then_some(only), follow_updates };
            super::client(paths).await?.plugin_grant(&name, &grant).await?
        }
        PluginCommand::Revoke { name } => super::client(paths).await?.plugin_revoke(&name).await?,
        PluginCommand::Trust { name } => super::client(paths).await?.plugin_trust(&name).await?,
        PluginCommand::Disable { name } => super::client(paths).await?.plugin_disable(&name).await?,
        PluginCommand::Mute { name } => super::client(paths).await?.plugin_mute(&name).await?,
        PluginCommand::Unmute { name } => super::client(paths).await?.plugin_unmute(&name).await?,
        PluginCommand::Enable { name } => super::client(paths).await?.plugin_enable(&name).await?,
    };
    view::print(&summary(&changed))
}

fn summary(p: &PluginInfo) -> String {
    let why = p.why.as_deref().map(|w| format!(": {}", one_line(w))).unwrap_or_default();
    let muted = if p.muted_since.is_some() { ", muted" } else { "" };
    format!("{} is {}{muted}{why}\n  granted: {}\n", one_line(&p.name), p.state.as_str(), lists::granted(&p.granted))
}

fn build(dir: &Path) -> Result<()> {
    let toolchain = Toolchain::find_or_install(&mut |step| eprintln!("{step}")).map_err(|m| advice(m.reason, m.remedy))?;
    let built = toolchain.build(dir, &BuildOptions::default())?;
    for plugin in built {
        view::print(&format!("{}\n", plugin.file.display()))?;
    }
    Ok(())
}
