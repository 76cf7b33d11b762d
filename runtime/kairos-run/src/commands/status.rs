//! `kairos-run status`.

use crate::cli::JsonFlag;
use crate::paths::Paths;
use crate::view::{self, lists::Page};
use anyhow::Result;

/// How the running process is.
pub async fn status(paths: &Paths, flag: JsonFlag) -> Result<()> {
    let status = super::client(paths).await?.status().await?;
    if flag.json { view::print_json(&status) } else { view::print(&Page::for_stdout().status(&status)) }
}
