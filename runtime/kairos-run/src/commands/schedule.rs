//! `kairos-run schedule`.

use crate::cli::ScheduleCommand;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;
use kairos_api::ProjectFilter;

/// Lists them.
pub async fn schedule(paths: &Paths, command: ScheduleCommand) -> Result<()> {
    let ScheduleCommand::List { about, json } = command;
    let filter = ProjectFilter { project: super::ask::about(about) };
    let all = super::client(paths).await?.schedules(&filter).await?;
    if json.json { view::print_json(&all) } else { view::print(&Page::for_stdout().schedules(&all)) }
}
