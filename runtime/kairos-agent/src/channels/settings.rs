//! Which channels are on, from which urgency on, and where they lead.

use super::command::Command;
use super::desktop::Desktop;
use super::webhook::Webhook;
use super::worker::Channel;
use kairos_core::Urgency;
use kairos_core::config::Config;
use kairos_net::SecretPlace;
use kairos_store::UserDb;
use std::time::Duration;

/// The settings `channels.*`; a channel that is off is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) desktop: Option<Urgency>,
    pub(super) webhook: Option<WebhookSettings>,
    pub(super) command: Option<CommandSettings>,
}

/// Where to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebhookSettings {
    pub(super) least: Urgency,
    pub(super) url: String,
    pub(super) secret: SecretPlace,
    pub(super) timeout: Duration,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandSettings {
    pub(super) least: Urgency,
    /// At least the program.
    pub(super) line: Vec<String>,
    pub(super) timeout: Duration,
}

impl Settings {
    /// The channels that are on, with the least urgency of what goes through them.
    pub(super) fn channels(&self, user: &UserDb) -> Vec<(Urgency, Box<dyn Channel>)> {
        let mut all: Vec<(Urgency, Box<dyn Channel>)> = Vec::new();
        if let Some(least) = self.desktop {
            all.push((least, Box::<Desktop>::default()));
        }
        if let Some(webhook) = &self.webhook {
            all.push((webhook.least, Box::new(Webhook::new(webhook, user.clone()))));
        }
        if let Some(command) = &self.command {
            // The webhook's key is not for the command.
            let hidden = self.webhook.as_ref().and_then(|w| w.secret.variable());
            all.push((command.least, Box::new(Command::new(command, hidden))));
        }
        all
    }

    pub(super) fn of(config: &Config) -> Self {
        // `off` is no urgency.
        let least = |key| config.text(key).parse::<Urgency>().ok();
        let timeout = config.duration("channels.timeout");
        let (url, line) = (config.text("channels.webhook-url").trim().to_string(), config.list("channels.command-line"));
        let secret = SecretPlace::new(config.text("channels.webhook-secret"));
        Self {
            desktop: least("channels.desktop"),
            webhook: least("channels.webhook").filter(|_| !url.is_empty()).map(|least| WebhookSettings {
                least,
                url,
                secret,
                timeout,
            }),
            command: least("channels.command").filter(|_| !line.is_empty()).map(|least| CommandSettings { least, line, timeout }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    #[test]
    fn nothing_but_the_desktop_is_on_by_itself() {
        let mut config = Config::default();
        assert_eq!(Settings::of(&config), Settings { desktop: Some(Urgency::High), ..Settings::default() });
        config.merge("f", "channels.desktop = \"off\"\nchannels.webhook-url = \"https://a.example/x\"", Trust::User).unwrap();
        let settings = Settings::of(&config);
        assert_eq!((settings.desktop, settings.webhook.unwrap().least, settings.command), (None, Urgency::Normal, None));
        config.merge("f", "channels.webhook = \"off\"\nchannels.command-line = [\"x\"]", Trust::User).unwrap();
        let settings = Settings::of(&config);
        assert_eq!((settings.webhook, settings.command.unwrap().line), (None, vec!["x".to_string()]));
    }

    #[test]
    fn a_project_can_not_say_where_findings_go() {
        for key in [
            "desktop = \"low\"",
            "webhook-url = \"https://evil.example\"",
            "command-line = [\"x\"]",
            "webhook-secret = \"env:X\"",
        ] {
            let error = Config::default().merge("p", &format!("channels.{key}"), Trust::Project).unwrap_err();
            assert!(error.problem.contains("can't be set by a project"), "{error}");
        }
    }
}
