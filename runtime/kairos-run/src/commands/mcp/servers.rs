//! Servers of others: which there are, and trust in those that a project names.

use crate::cli::McpCommand;
use crate::errors::advice;
use crate::view::{self, lists::Page};
use anyhow::{Result, bail};
use kairos_api::{Client, McpState, McpTrust, ProjectFilter};
use kairos_core::finding::one_line;
use std::path::Path;

pub(super) async fn servers(client: &Client, root: Option<&Path>, command: McpCommand) -> Result<()> {
    let project = root.map(|root| root.display().to_string());
    let filter = ProjectFilter { project: project.clone() };
    match command {
        McpCommand::List(json) => {
            let servers = client.mcp_servers(&filter).await?;
            if json.json { view::print_json(&servers) } else { view::print(&Page::for_stdout().mcp_servers(&servers)) }
        }
        McpCommand::Trust { name, yes } => {
            let all = client.mcp_servers(&filter).await?;
            let server = all.servers.into_iter().find(|server| server.name == name);
            let nothing = || advice(format!("no MCP server `{}` is named here", one_line(&name)), "kairos-run mcp list");
            let server = server.ok_or_else(nothing)?;
            if server.state != McpState::Untrusted {
                return view::print(&format!("{} is trusted\n", one_line(&name)));
            }
            view::print(&format!("{}, in {}:\n  {}\n", one_line(&name), one_line(&server.file), one_line(&server.line)))?;
            if !yes && !crate::commands::confirm("Let kairos-run start or reach this, as you, outside of any sandbox?")? {
                bail!("it is not trusted");
            }
            client.trust_mcp(&name, &McpTrust { project, digest: server.digest }).await?;
            view::print("trusted, as long as the file says the same of it; each call of its tools is asked for\n")
        }
        McpCommand::Distrust { name } => {
            client.distrust_mcp(&name, &filter).await?;
            view::print(&format!("{} is not started any more\n", one_line(&name)))
        }
    }
}
