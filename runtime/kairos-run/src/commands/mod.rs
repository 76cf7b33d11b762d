//! One file a command. Those that concern the running process ask it through its socket.

pub mod config;
pub mod doctor;
pub mod exec;
pub mod inbox;
pub mod lifecycle;
pub mod logs;
pub mod plugin;
pub mod project;
pub mod report_command;
pub mod service;
mod shell_files;
pub mod shell_init;
pub mod status;
pub mod tool;
mod wit;

use crate::paths::Paths;
use kairos_api::{Client, ClientError};
use std::path::Path;

/// The running process.
async fn client(paths: &Paths) -> Result<Client, ClientError> {
    Client::connect(&paths.socket()).await
}

/// A project as the running process names it: the canonical folder, or what was typed where there is no such folder.
fn project_name(dir: &Path) -> String {
    dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf()).display().to_string()
}

/// A command line without the secrets in it: they must not get into the journal, let alone to a plugin.
fn redacted(command: &str) -> String {
    kairos_exec::redact::Redactor::from_env().redact(command)
}
