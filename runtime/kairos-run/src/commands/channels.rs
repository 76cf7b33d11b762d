//! `kairos-run channels`: the ways to the user, and whether they work.

use crate::cli::ChannelsCommand;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;
use kairos_api::{ChannelOutcome, ChannelTestRequest};
use std::process::ExitCode;

/// Lists them, or tests them: a failure makes the exit code 1, and so does one that was named and is off.
pub async fn channels(paths: &Paths, command: ChannelsCommand) -> Result<ExitCode> {
    let client = super::client(paths).await?;
    let page = Page::for_stdout();
    match command {
        ChannelsCommand::List(json) => {
            let all = client.channels().await?;
            if json.json {
                view::print_json(&all)?
            } else {
                view::print(&page.channels(&all))?
            }
            Ok(ExitCode::SUCCESS)
        }
        ChannelsCommand::Test { name, json } => {
            let tests = client.test_channels(&ChannelTestRequest { name: name.clone() }).await?;
            if json.json {
                view::print_json(&tests)?
            } else {
                view::print(&page.channel_tests(&tests))?
            }
            let is_well = |outcome| outcome == ChannelOutcome::Sent || outcome == ChannelOutcome::Off && name.is_none();
            Ok(if tests.iter().all(|t| is_well(t.outcome)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
