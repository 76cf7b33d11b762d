//! One file a command. Those that concern the running process ask it through its socket.

pub mod ask;
pub mod audit;
pub mod bench;
pub mod bench_dreams;
pub mod channels;
pub mod chat;
pub mod config;
pub mod digest;
pub mod doctor;
pub mod dream;
pub mod exec;
pub mod forget;
pub mod hook;
pub mod import;
pub mod inbox;
pub mod lifecycle;
pub mod logs;
pub mod mcp;
pub mod memory;
pub mod permission;
pub mod plugin;
pub mod proactive;
pub mod project;
pub mod schedule;
pub mod service;
mod shell_files;
pub mod shell_init;
pub mod signals;
pub mod skill;
pub mod status;
pub mod statusline;
pub mod tool;
pub mod uninstall;
mod wit;

use crate::errors::advice;
use crate::paths::Paths;
use clap::CommandFactory;
use kairos_api::{Client, ClientError};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// `kairos-run completions`: from the definitions of the command line itself.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::cli::Cli::command(), "kairos-run", &mut script);
    crate::view::print(&String::from_utf8_lossy(&script))
}

/// The running process.
async fn client(paths: &Paths) -> Result<Client, ClientError> {
    Client::connect(&paths.socket()).await
}

/// A project as the running process names it: the canonical folder, or what was typed where there is no such folder.
fn project_name(dir: &Path) -> String {
    dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf()).display().to_string()
}

/// A command line without the secrets in it: they must not get into the journal, let alone to a plugin.
pub fn redacted(command: &str) -> String {
    kairos_exec::redact::Redactor::from_env().redact(command)
}

/// Asks the user; an error if he can't be asked.
fn confirm(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(advice("nobody can be asked here", "say it with --yes"));
    }
    eprint!("\n{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
