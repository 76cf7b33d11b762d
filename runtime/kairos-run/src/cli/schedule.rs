//! Schedules.

use super::{AboutArgs, JsonFlag};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// All of them, the next first
    #[command(
        after_help = "They stand in your kairos.toml, for one project or for all:\n\n  [projects.\"/home/me/code/mine\"]\n  \
        heartbeat.schedules = [\"0 9 * * mon-fri Is main green?\", \"@weekly Which TODOs are older than a month?\"]\n\n\
        Minute, hour, day of the month, month, day of the week, as in a crontab, in your time zone. What came while this machine\n\
        slept comes once, afterwards."
    )]
    List {
        #[command(flatten)]
        about: AboutArgs,
        #[command(flatten)]
        json: JsonFlag,
    },
}
