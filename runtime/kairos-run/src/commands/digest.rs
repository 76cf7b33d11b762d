//! `kairos-run digest`.

use crate::cli::JsonFlag;
use crate::paths::Paths;
use crate::view::{self, lists::Page, text};
use anyhow::Result;

const DAY: u64 = 24 * 3600 * 1000;

/// The last so many days.
pub async fn digest(paths: &Paths, days: u16, json: JsonFlag) -> Result<()> {
    let since = text::now().saturating_sub(u64::from(days) * DAY);
    let digest = super::client(paths).await?.digest(since).await?;
    if json.json { view::print_json(&digest) } else { view::print(&Page::for_stdout().digest(&digest)) }
}
