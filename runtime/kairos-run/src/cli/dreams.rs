//! Dreams.

use super::JsonFlag;
use super::memory::WhoseArgs;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct DreamArgs {
    #[command(flatten)]
    pub whose: WhoseArgs,
    #[command(subcommand)]
    pub command: DreamCommand,
}

#[derive(Debug, Subcommand)]
pub enum DreamCommand {
    /// Let the strategies propose what to change, and do what passes the checks
    Now {
        /// Only show what would come of it
        #[arg(long)]
        dry_run: bool,
        /// Leave what passes for you to accept
        #[arg(long)]
        review: bool,
        /// Ask this plugin; may be given several times [default: those that are set]
        #[arg(long, value_name = "NAME")]
        strategy: Vec<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Dreams, newest first
    List(JsonFlag),
    /// Dreams with their changes, one commit an operation, and what undid them, newest first
    Log {
        /// Dreams, at most
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// What a dream did and did not do: each operation, why, and on which evidence
    Show {
        /// As the list shows it [default: the newest]
        id: Option<String>,
        /// Also what was refused
        #[arg(long)]
        refused: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Use these strategies from the next dream on; without one, those of the settings
    Use {
        /// Plugins, in their order
        name: Vec<String>,
    },
    /// Do what waits, as your decision
    Accept(StepsArgs),
    /// Let be what waits
    Reject(StepsArgs),
    /// Undo what was done; what was changed since is left, and shown
    Revert {
        #[command(flatten)]
        steps: StepsArgs,
        /// Where a claim was changed since, undo the dream's part of it
        #[arg(long)]
        merge: bool,
    },
}

#[derive(Debug, Args)]
pub struct StepsArgs {
    /// As the list shows it
    pub id: String,
    /// Only this operation, as `dream show` numbers it; may be given several times
    #[arg(long = "op", value_name = "N")]
    pub operations: Vec<usize>,
    #[command(flatten)]
    pub json: JsonFlag,
}

impl StepsArgs {
    /// The operations that are named; none for all.
    pub fn chosen(&self) -> Option<&[usize]> {
        Some(self.operations.as_slice()).filter(|all| !all.is_empty())
    }
}
