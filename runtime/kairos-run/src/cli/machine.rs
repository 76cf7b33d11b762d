//! What it is on this machine: settings, the service, shells.

use super::JsonFlag;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// All settings with their values, and where each comes from
    Show {
        /// With the settings of this project [default: the current folder]
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Which files and folders are used
    Path(JsonFlag),
    /// Write a commented kairos.toml for you, or with --project for a project
    Init {
        /// Write it into this project's folder instead
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Let the system start it; one that runs already hands over its projects
    #[command(after_help = "It belongs to you alone and needs no root. What fails again and again is left down by systemd,\n\
        and tried once a minute by launchd. Where the program moves, or a new version replaces it,\n\
        install again.")]
    Install,
    /// Stop it, and remove what `install` made
    Uninstall,
    /// Is it installed, does it run, and for this very program?
    Status(JsonFlag),
}

/// Who shows the status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineFormat {
    Plain,
    Tmux,
    Json,
}

/// The shells that have a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}
