//! Findings.

use super::{JsonFlag, duration};
use clap::{Args, Subcommand, ValueEnum};
use kairos_api::InboxStatus;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Open findings, the most urgent first
    List {
        /// Also those that are resolved, accepted, dismissed or snoozed
        #[arg(long, conflicts_with = "status")]
        all: bool,
        /// Only these: open, resolved, accepted, dismissed, snoozed
        #[arg(long)]
        status: Option<InboxStatus>,
        /// Only those that were not announced, with the reason
        #[arg(long)]
        suppressed: bool,
        /// Only of this project: its folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// One finding: detail, evidence, remedy, history
    Show {
        /// As the list shows it
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// I take care of it: quiet until it is resolved; where it asks for something, yes, once
    Accept {
        /// As the list shows it
        id: String,
    },
    /// I don't want it: quiet unless it gets more urgent; where it asks for something, no
    Dismiss {
        /// As the list shows it
        id: String,
    },
    /// Not now: hidden for a while
    Snooze {
        /// As the list shows it
        id: String,
        /// Such as 30m, 4h, 2d
        #[arg(value_parser = duration)]
        duration: Duration,
    },
}

#[derive(Debug, Args)]
pub struct ProactiveArgs {
    /// What may be announced; without it, what holds now is shown
    #[arg(value_enum, value_name = "WHAT")]
    pub word: Option<ProactiveWord>,
    /// Such as 30m, 2h, 3d; at most 30 days
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub r#for: Option<Duration>,
    #[command(flatten)]
    pub json: JsonFlag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProactiveWord {
    /// Nothing
    Off,
    /// Findings of high and critical urgency
    Important,
    /// All that pass the other rules
    All,
    /// What the settings say, from now on
    Resume,
}

#[derive(Debug, Subcommand)]
pub enum ChannelsCommand {
    /// All channels, whether on or off, and where they lead
    List(JsonFlag),
    /// Send a test message through each that is on, and tell how it fared
    #[command(after_help = "Exit code: 0 if all that are on took it, 1 if one did not, or if the one you named is off.\n\
        A test is tried once, counts against no cap and is in no inbox.")]
    Test {
        /// Only this one
        #[arg(value_parser = ["terminal", "desktop", "webhook", "command"])]
        name: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
}
