//! What each plugin may do, from what the user decided.

use super::{Entry, Registry};
use crate::now;
use crate::scan::{Origin, Source};
use kairos_api::{Event, PluginChange, PluginState};
use kairos_core::{Asked, Grant, Rights};
use kairos_store::{GrantRow, StoreError};

impl Registry {
    /// Judges all entries again, after the user decided something.
    pub(crate) async fn rejudge(&self) -> Result<(), StoreError> {
        let _one = self.deciding.lock().await;
        let disabled = self.disabled_names().await?;
        let before = self.entries().clone();
        let mut changed = false;
        for (name, old) in before {
            let mut new = old.clone();
            self.judge(&name, &mut new, &disabled).await?;
            changed |= self.tell(&name, Some(&old), &new);
            // Its figures may have moved meanwhile.
            if let Some(entry) = self.entries().get_mut(&name) {
                (entry.state, entry.why, entry.granted, entry.revoked) = (new.state, new.why, new.granted, new.revoked);
            }
        }
        self.update_lent();
        if changed {
            self.touch();
        }
        Ok(())
    }

    /// Records the user's answer to what a plugin asks for.
    pub(crate) async fn put_grant(&self, entry: &Entry, grant: Grant, follow_updates: bool) -> Result<(), StoreError> {
        let Some(identity) = entry.identity() else { return Ok(()) };
        let row = GrantRow { identity, grant, asked: entry.asked(), granted_at: now(), follow_updates };
        self.user.put_grant(row).await?;
        self.rejudge().await
    }

    pub(super) async fn disabled_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.user.disabled().await?;
        names.extend(self.disabled.iter().cloned());
        Ok(names)
    }

    /// Sets an entry's grant and state from what the user decided.
    pub(super) async fn judge(&self, name: &str, entry: &mut Entry, disabled: &[String]) -> Result<(), StoreError> {
        let Some(loaded) = entry.loaded.clone() else {
            let untrusted = matches!(entry.candidate.source, Source::Untrusted { .. });
            entry.state = if untrusted { PluginState::Untrusted } else { PluginState::Refused };
            return Ok(());
        };
        let grant = self.grant_of(entry, &loaded.asked).await?;
        entry.granted = grant.clone().unwrap_or_default();
        let nothing = Rights::effective(&loaded.asked, &entry.granted) == Rights::default();
        entry.revoked = grant.is_some() && nothing && !loaded.asked.is_empty();
        let quarantine = self.user.quarantine(&loaded.plugin.hash).await?;
        let quarantine = quarantine.into_iter().find(|q| q.until.is_none_or(|until| until > now()));
        (entry.state, entry.why) = if disabled.iter().any(|d| d == name) {
            let hint = if self.disabled.iter().any(|d| d == name) {
                "take it out of `plugins.disabled` in kairos.toml".to_string()
            } else {
                format!("`kairos-run plugin enable {name}` switches it on")
            };
            (PluginState::Disabled, Some(hint))
        } else if let Some(q) = quarantine {
            (PluginState::Quarantined, Some(format!("{}; `kairos-run plugin enable {name}` lets it try again", q.reason)))
        } else if nothing && !loaded.asked.is_empty() {
            let names: Vec<_> = loaded.asked.0.iter().map(|r| r.capability.as_str()).collect();
            let text = if Grant::all_of(&loaded.asked) == Grant::default() {
                format!("asks for {}, which this version can't give", names.join(", "))
            } else {
                format!("asks for {}; `kairos-run plugin grant {name}` allows it", names.join(", "))
            };
            (PluginState::WaitingForGrant, Some(text))
        } else {
            (PluginState::Running, None)
        };
        Ok(())
    }

    /// What the user allowed; none if he was not asked yet.
    async fn grant_of(&self, entry: &Entry, asked: &Asked) -> Result<Option<Grant>, StoreError> {
        let Some(identity) = entry.identity() else { return Ok(None) };
        if let Some(row) = self.user.grant(&identity).await? {
            return Ok(Some(row.grant));
        }
        if entry.candidate.origin == Origin::Standard {
            // Only what the embedded set asks for and CI has seen: the project, its signals, and to read memory, for which only the dreams
            // and the tool `memory` ask, and to propose changes of files, each of which the user's rules judge. Network, processes, models and secrets are never granted by default.
            let mut grant = Grant::all_of(asked);
            grant.0.retain(|(capability, _)| matches!(capability.as_str(), "project" | "signals" | "memory" | "edit"));
            return Ok(Some(grant));
        }
        let followed = self.user.find_followed(&identity.origin, &identity.file_name).await?;
        Ok(followed.filter(|row| asked.is_within(&row.asked)).map(|row| row.grant))
    }

    /// Sends an event if there is a difference. True if there was one.
    pub(super) fn tell(&self, name: &str, before: Option<&Entry>, entry: &Entry) -> bool {
        let hash = |e: &Entry| e.loaded.as_ref().map(|l| l.plugin.hash.clone());
        let same_content = before.is_some_and(|b| hash(b) == hash(entry));
        let same = |b: &Entry| same_content && b.state == entry.state && b.granted == entry.granted && b.why == entry.why;
        if before.is_some_and(same) {
            return false;
        }
        let change = match entry.state {
            PluginState::Running if before.is_some_and(|b| b.state == PluginState::Running && !same_content) => {
                PluginChange::Replaced
            }
            PluginState::Running => PluginChange::Loaded,
            PluginState::WaitingForGrant | PluginState::Untrusted => PluginChange::Waiting,
            PluginState::Quarantined => PluginChange::Quarantined,
            PluginState::Refused => PluginChange::Refused,
            PluginState::Disabled | PluginState::Overridden => PluginChange::Removed,
        };
        self.events.send(Event::Plugin { name: name.into(), change, why: entry.why.clone() });
        true
    }
}
