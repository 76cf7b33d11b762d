//! A notification on the user's desktop, by the program that each platform has for it. Where there is no desktop, or no such
//! program, nothing happens.

use super::message::Message;
use super::process::{self, Failed};
use super::worker::{Channel, Failure};
use async_trait::async_trait;
use kairos_core::Urgency;
use kairos_core::finding::one_line;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::process::Command;

/// A notification is handed over, not waited for.
const LIMIT: Duration = Duration::from_secs(5);
/// Characters of a headline, and of each line below it: what a notification shows without being opened.
const WIDTH: usize = 100;
/// Titles that are listed in one notification.
const LISTED: usize = 3;

#[derive(Default)]
pub(super) struct Desktop {
    /// That it does not work was logged.
    logged: AtomicBool,
}

#[async_trait]
impl Channel for Desktop {
    fn name(&self) -> &'static str {
        "desktop"
    }

    fn setting(&self) -> &'static str {
        "channels.desktop"
    }

    fn to(&self) -> String {
        "notifications".into()
    }

    fn missing(&self) -> Option<String> {
        notify("", "", Urgency::Low).is_none().then(|| "there is no desktop session".into())
    }

    /// Never an error: a desktop comes and goes with the user's session.
    async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        if let Err(Failure::Never(why)) = self.test(message).await
            && !self.logged.swap(true, Relaxed)
        {
            tracing::info!("no notification is shown on the desktop: {why}");
        }
        Ok(())
    }

    async fn test(&self, message: &Message) -> Result<(), Failure> {
        let Some(command) = notify(&headline(message), &body(message), message.urgency()) else { return Ok(()) };
        process::run(command, Vec::new(), LIMIT).await.map_err(|failed| {
            Failure::Never(match failed {
                Failed::Missing => "there is no program for it (notify-send is part of libnotify)".into(),
                Failed::Otherwise(why) => format!("its program {why}"),
            })
        })
    }
}

/// None without a session's message bus: then there is nobody to show it.
#[cfg(not(target_os = "macos"))]
fn notify(headline: &str, body: &str, urgency: Urgency) -> Option<Command> {
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|b| !b.is_empty());
    let mut command = Command::new("notify-send");
    let urgency = if urgency == Urgency::Critical { "critical" } else { "normal" };
    command.args(["--app-name=kairos-run", &format!("--urgency={urgency}"), "--", headline, body]);
    bus.then_some(command)
}

/// The text is handed over as arguments: as a part of the script it could say what to do.
#[cfg(target_os = "macos")]
fn notify(headline: &str, body: &str, _: Urgency) -> Option<Command> {
    let mut command = Command::new("osascript");
    for line in ["on run {headline, body}", "display notification body with title headline", "end run"] {
        command.args(["-e", line]);
    }
    command.args([headline, body]);
    Some(command)
}

fn headline(message: &Message) -> String {
    shown(&message.headline())
}

/// What else is to be said, and the command that shows the rest.
fn body(message: &Message) -> String {
    let mut lines = Vec::new();
    if message.findings.is_empty() {
        return shown(&message.command());
    }
    if message.findings.len() > 1 {
        lines.extend(message.findings.iter().take(LISTED).map(|a| shown(&a.item.title)));
        if message.findings.len() > LISTED {
            lines.push(format!("and {} more", message.findings.len() - LISTED));
        }
    } else {
        lines.push(format!("in {}", shown(&message.project_name())));
    }
    lines.push(shown(&message.command()));
    lines.join("\n")
}

/// One line of bounded length. Some desktops read markup in it, others show it as it is: letters that look alike are safe in both.
fn shown(text: &str) -> String {
    let mut safe: String = one_line(text)
        .chars()
        .map(|c| match c {
            '<' => '‹',
            '>' => '›',
            '&' => '＆',
            c => c,
        })
        .take(WIDTH + 1)
        .collect();
    if safe.chars().count() > WIDTH {
        safe.pop();
        safe.pop();
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::announced;
    use super::*;

    #[test]
    fn text_is_short_and_means_nothing_to_a_desktop() {
        let titles = ["<img src=\"file:///x\"/> & co", "two", "three", "four", "five"];
        let findings = (1..).zip(titles).map(|(n, title)| announced(n, Urgency::High, title)).collect();
        let message = Message::group("/p/mine", findings).remove(0);
        assert_eq!(headline(&message), "5 findings in mine");
        assert_eq!(body(&message), "‹img src=\"file:///x\"/› ＆ co\ntwo\nthree\nand 2 more\nkairos-run inbox list");
        let long = shown(&"ü\n\u{1b}".repeat(200));
        assert_eq!((long.chars().count(), long.chars().last()), (WIDTH, Some('…')));
        assert!(!long.contains(['\n', '\u{1b}']));
        assert_eq!(shown(&"x".repeat(WIDTH)).len(), WIDTH);
    }
}
