//! MCP servers of others.

use super::lists::Page;
use super::text::{dim, plain, table};
use kairos_api::{McpServers, McpState};
use kairos_core::finding::one_line;

impl Page {
    /// `mcp list`.
    pub fn mcp_servers(&self, all: &McpServers) -> String {
        let mut out = String::new();
        if all.servers.is_empty() {
            out += "No MCP servers are named: neither in mcp.json beside your kairos.toml, nor in this project's .mcp.json.\n";
        } else {
            let state = |state| match state {
                McpState::Untrusted => "waits for your trust",
                McpState::Idle => "not started yet",
                McpState::Running => "running",
                McpState::Failed => "failed",
            };
            let tools = |n: usize| if n == 0 { String::new() } else { n.to_string() };
            let rows = all.servers.iter().map(|s| {
                let about = s.trouble.as_ref().unwrap_or(&s.line);
                vec![
                    plain(&s.name),
                    plain(state(s.state)),
                    plain(tools(s.tools.len())),
                    dim(one_line(&s.file)),
                    plain(one_line(about)),
                ]
            });
            out += &table(self.paint, &["SERVER", "STATE", "TOOLS", "NAMED IN", "WHAT"], &rows.collect::<Vec<_>>(), self.width);
            if let Some(first) = all.servers.iter().find(|s| s.state == McpState::Untrusted) {
                out += &self.paint.dim(&format!("\nkairos-run mcp trust {}\n", first.name));
            }
        }
        all.problems.iter().for_each(|problem| out += &format!("wrong: {}\n", one_line(problem)));
        out
    }
}
