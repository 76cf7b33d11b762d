//! What the channels are, and a message through each to see whether it arrives. It counts against no cap, waits in no queue,
//! is tried once, and is in no inbox.

use super::message::{Message, TEST};
use super::settings::Settings;
use super::trouble;
use super::worker::Failure;
use crate::events::Events;
use futures_util::future::join_all;
use kairos_api::{ApiError, ApiResult, ChannelInfo, ChannelOutcome, ChannelTest, Event};
use kairos_core::config::Config;
use kairos_core::finding::one_line;
use kairos_store::UserDb;

/// The live views: they need no setting and no worker, but are a way to the user as the others are.
const TERMINAL: &str = "terminal";
/// The others.
const NAMES: [&str; 3] = ["desktop", "webhook", "command"];

/// All channels, also those that are off. `config` is the user's.
pub(crate) fn list(config: &Config, events: &Events, user: &UserDb) -> Vec<ChannelInfo> {
    let on = Settings::of(config).channels(user);
    let info = |name: &str| match on.iter().find(|(_, channel)| channel.name() == name) {
        Some((least, channel)) => {
            ChannelInfo { name: name.into(), least: Some(*least), to: one_line(&channel.to()), off: channel.missing() }
        }
        None => ChannelInfo { name: name.into(), least: None, to: String::new(), off: Some(switch(name, config)) },
    };
    std::iter::once(terminal(events)).chain(NAMES.into_iter().map(info)).collect()
}

fn terminal(events: &Events) -> ChannelInfo {
    let looking = events.looking();
    let to = if looking == 1 { "a live view".into() } else { format!("{looking} live views") };
    let off = (looking == 0).then(|| "nobody looks on; `kairos-run` in a terminal does".into());
    ChannelInfo { name: TERMINAL.into(), least: None, to, off }
}

/// Which setting keeps a channel off.
fn switch(name: &str, config: &Config) -> String {
    let (key, is_set) = match name {
        "webhook" => ("channels.webhook-url", !config.text("channels.webhook-url").trim().is_empty()),
        "command" => ("channels.command-line", !config.list("channels.command-line").is_empty()),
        _ => ("", true),
    };
    if is_set { format!("`channels.{name}` is \"off\"") } else { format!("`{key}` is not set") }
}

/// Sends a message through each channel that is on, or through the one of that name.
pub(crate) async fn test(config: &Config, events: &Events, user: &UserDb, only: Option<&str>) -> ApiResult<Vec<ChannelTest>> {
    let on = Settings::of(config).channels(user);
    let wanted: Vec<_> = list(config, events, user).into_iter().filter(|i| only.is_none_or(|name| i.name == name)).collect();
    if wanted.is_empty() {
        let error = format!("there is no channel `{}`", one_line(only.unwrap_or_default()));
        return Err(ApiError::not_found(error).with_hint(format!("there are {TERMINAL}, {}", NAMES.join(", "))));
    }
    let tests = wanted.into_iter().map(async |info| {
        let (outcome, what, remedy) = match (info.off, on.iter().find(|(_, channel)| channel.name() == info.name)) {
            (Some(why), _) => (ChannelOutcome::Off, why, None),
            (None, Some((_, channel))) => match channel.test(&Message::test()).await {
                Ok(()) => (ChannelOutcome::Sent, format!("to {}", info.to), None),
                Err(Failure::Later { why, .. } | Failure::Never(why)) => {
                    (ChannelOutcome::Failed, one_line(&why), Some(trouble::remedy(channel.setting())))
                }
            },
            (None, None) => {
                events.send(Event::Test { text: TEST.into() });
                (ChannelOutcome::Sent, format!("to {}", info.to), None)
            }
        };
        ChannelTest { name: info.name, outcome, what, remedy }
    });
    Ok(join_all(tests).await)
}
