//! `kairos-run status`.

use super::service::Manager;
use crate::cli::JsonFlag;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;

/// How the running process is.
pub async fn status(paths: &Paths, flag: JsonFlag) -> Result<()> {
    let status = super::client(paths).await?.status().await?;
    if flag.json {
        return view::print_json(&status);
    }
    view::print(&Page::for_stdout().status(&status))?;
    if status.started_by.is_none() && Manager::in_charge(paths).is_some() {
        view::print("\nIt was not started by the service that is installed; `kairos-run restart` hands it over.\n")?;
    }
    Ok(())
}
