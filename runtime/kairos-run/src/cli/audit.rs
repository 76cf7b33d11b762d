//! What was spent and what was sent.

use super::JsonFlag;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// What models cost: questions, tokens, money
    #[command(after_help = "Examples:\n  kairos-run audit cost                 by day, the last 30\n  \
        kairos-run audit cost --by project --days 7\n\nMoney is what the price lists say; `model.prices` in kairos.toml corrects them.")]
    Cost {
        /// What is summed up
        #[arg(long, value_enum, default_value_t = CostBy::Day)]
        by: CostBy,
        /// The last so many days
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
        days: u16,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// What left this machine: when, to whom, why, how many bytes
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  kairos-run audit egress --follow\n  kairos-run audit egress show 12    the bytes that were sent, and nothing else\n\n\
            Headers are not kept: they hold your keys. Bodies are kept for a week, 64 MiB of them at most."
    )]
    Egress(EgressArgs),
}

#[derive(Debug, Args)]
pub struct EgressArgs {
    #[command(subcommand)]
    pub command: Option<EgressCommand>,
    /// Go on as requests are sent, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// So many of the last
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub lines: u32,
    #[command(flatten)]
    pub json: JsonFlag,
}

#[derive(Debug, Subcommand)]
pub enum EgressCommand {
    /// One request, with the exact bytes of its body
    Show {
        /// As `audit egress` lists it
        id: u64,
        #[command(flatten)]
        json: JsonFlag,
    },
}

/// What costs are summed up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CostBy {
    Day,
    Kind,
    Plugin,
    Project,
    Provider,
    Model,
    Occasion,
}
