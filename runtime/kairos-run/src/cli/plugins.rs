//! Plugins and their tools.

use super::JsonFlag;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// All plugins, also those that don't run, with the reason
    List(JsonFlag),
    /// What one plugin is, asks for, may do, and how it does
    Info {
        /// The file's name without .wasm
        name: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Allow this very file what it asks for
    #[command(
        after_help = "Examples:\n  kairos-run plugin grant todo-finder\n  kairos-run plugin grant todo-finder --only project --follow-updates"
    )]
    Grant {
        /// The file's name without .wasm
        name: String,
        /// Only this capability; may be given several times
        #[arg(long, value_name = "CAPABILITY")]
        only: Vec<String>,
        /// Later files at the same path keep the grant, as long as they ask for no more
        #[arg(long)]
        follow_updates: bool,
    },
    /// Take all grants back, at once
    Revoke {
        /// The file's name without .wasm
        name: String,
    },
    /// Let later files at the same path keep the grants, as long as they ask for no more
    Trust {
        /// The file's name without .wasm
        name: String,
    },
    /// Stop calling it
    Disable {
        /// The file's name without .wasm
        name: String,
    },
    /// Call it again; ends a quarantine, too
    Enable {
        /// The file's name without .wasm
        name: String,
    },
    /// Keep what it finds from being announced, critical findings apart
    Mute {
        /// The file's name without .wasm
        name: String,
    },
    /// Let it speak again, also one that was muted because most of what it found was dismissed
    Unmute {
        /// The file's name without .wasm
        name: String,
    },
    /// Make a component from a plugin written in Rust
    Build {
        /// The plugin's folder, with Cargo.toml
        dir: PathBuf,
    },
    /// The contract that plugins implement (WIT)
    Wit {
        /// Write the files there instead of printing them
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ToolCommand {
    /// All tools
    List(JsonFlag),
    /// Call a tool
    #[command(after_help = "Example:\n  kairos-run tool call search '{\"pattern\": \"TODO\"}'")]
    Call {
        /// As the list shows it
        name: String,
        /// The input as a JSON object; `-` reads it from standard input
        #[arg(default_value = "{}")]
        input: String,
        /// In which project, where several are watched
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
}
