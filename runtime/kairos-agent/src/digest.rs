//! What was said in a time, what became of it, and what it cost.

use crate::agent::Agent;
use crate::now;
use kairos_api::{Digest, PluginDigest};
use kairos_core::Millis;
use kairos_store::{StoreError, TICKS, What};
use std::collections::BTreeMap;

impl Agent {
    /// From the books of the user and of the projects that are watched. Costs are known to the hour.
    pub(crate) async fn digest_since(&self, since: Millis) -> Result<Digest, StoreError> {
        let (user, until) = (&self.manners.user, now());
        let mut digest = Digest { since, until, messages: user.announced(None, since, until).await?, ..Digest::default() };
        let mut plugins: BTreeMap<String, PluginDigest> = BTreeMap::new();
        for count in user.attention(since, until).await? {
            let plugin = plugins.entry(count.plugin).or_default();
            match count.what {
                What::Announced => plugin.announced += count.findings,
                What::Kept => *plugin.kept.entry(count.why).or_default() += count.findings,
                What::Accepted => plugin.accepted += count.findings,
                What::Dismissed => plugin.dismissed += count.findings,
                What::Snoozed => plugin.snoozed += count.findings,
            }
        }
        let mut micros: BTreeMap<String, u64> = BTreeMap::new();
        let mut ticks_us = 0;
        for project in self.projects().iter().filter(|p| !p.has_failed()) {
            for usage in project.inbox.db.usage(since).await? {
                if usage.plugin == TICKS {
                    digest.ticks += usage.calls;
                    ticks_us += usage.time_us;
                } else {
                    plugins.entry(usage.plugin.clone()).or_default().calls += usage.calls;
                    *micros.entry(usage.plugin).or_default() += usage.time_us;
                }
            }
        }
        digest.ticks_ms = ticks_us / 1000;
        let muted = user.muted().await?;
        digest.plugins = plugins
            .into_iter()
            .map(|(name, plugin)| PluginDigest {
                cpu_ms: micros.get(&name).copied().unwrap_or_default().div_ceil(1000),
                muted: muted.iter().any(|(muted, _)| *muted == name),
                plugin: name,
                ..plugin
            })
            .collect();
        Ok(digest)
    }
}
