//! `kairos-run proactive`: what may be said, for a while.

use crate::cli::{ProactiveArgs, ProactiveWord};
use crate::errors::advice;
use crate::paths::Paths;
use crate::view::{self, lists::Page, text};
use anyhow::Result;
use kairos_api::{Proactive, ProactiveRequest};

/// Shows what may be said, or lets more or less be said for a while.
pub async fn proactive(paths: &Paths, args: ProactiveArgs) -> Result<()> {
    let ProactiveArgs { word, r#for, json } = args;
    let level = match word {
        Some(ProactiveWord::Off) => Some(Proactive::Off),
        Some(ProactiveWord::Important) => Some(Proactive::Important),
        Some(ProactiveWord::All) => Some(Proactive::All),
        Some(ProactiveWord::Resume) | None => None,
    };
    let request = match (level, r#for) {
        (Some(level), None) => {
            let level = level.as_str();
            return Err(advice(
                format!("for how long? `kairos-run proactive {level} --for 2h`"),
                format!("for good: `proactive = \"{level}\"` in your kairos.toml; `kairos-run config path` names it"),
            ));
        }
        (None, Some(_)) => {
            return Err(advice("what may be said for so long?", "`kairos-run proactive off --for 2h`, or `important`, or `all`"));
        }
        (None, None) => ProactiveRequest::default(),
        (Some(_), Some(time)) => {
            let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            ProactiveRequest { level, until: text::now().saturating_add(time) }
        }
    };
    let client = super::client(paths).await?;
    let status = if word.is_some() { client.set_proactive(&request).await? } else { client.proactive().await? };
    if json.json { view::print_json(&status) } else { view::print(&format!("{}\n", Page::for_stdout().proactive(&status))) }
}
