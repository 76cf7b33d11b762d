//! Hooks of other agents.

use clap::{Args, ValueEnum};

/// Agents that have hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HookAgent {
    /// Claude Code
    Claude,
}

#[derive(Debug, Args)]
pub struct HookArgs {
    /// Put this command into the agent's settings; what changes is shown first
    #[arg(long, value_name = "AGENT")]
    pub install: Option<HookAgent>,
    /// Take it out again
    #[arg(long, value_name = "AGENT", conflicts_with = "install")]
    pub uninstall: Option<HookAgent>,
    /// In your own settings, for all folders; this is the default
    #[arg(long, conflicts_with = "project")]
    pub user: bool,
    /// In the current folder's settings that are yours alone (.claude/settings.local.json)
    #[arg(long)]
    pub project: bool,
    /// Don't ask
    #[arg(short, long)]
    pub yes: bool,
}
