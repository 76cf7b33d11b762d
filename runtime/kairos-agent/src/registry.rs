//! Which plugins there are, and what each may do.
//!
//! A plugin is known by its file's name, which the user chooses, and never by what it calls itself: so no plugin can take
//! another's state, findings or grants. A grant belongs to origin, file name and content; what overrides or replaces a
//! file inherits nothing, unless the user trusts updates of that path and the new file asks for no more.

use crate::events::Events;
use crate::figures::Figures;
use crate::now;
use crate::scan::{self, Candidate, Embedded, Origin, Source};
use kairos_api::{Event, PluginChange, PluginState};
use kairos_core::{Asked, Grant, PluginKind, Rights};
use kairos_host::{Action, Described, Fault, Host, LoadError, Plugin, decide};
use kairos_store::{GrantRow, Identity, Quarantine, StoreError, UserDb};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// The name under which the runtime itself puts findings in the inbox; no file may take it.
pub(crate) const SELF: &str = "kairos";

/// All plugins. Shared by the projects.
pub struct Registry {
    pub(crate) host: Host,
    pub(crate) user: UserDb,
    embedded: Vec<Embedded>,
    dirs: Vec<PathBuf>,
    disabled: Vec<String>,
    max_component: u64,
    max_plugins: usize,
    events: Events,
    entries: Mutex<BTreeMap<String, Entry>>,
    /// Raised whenever what runs, or may run, has changed.
    generation: AtomicU64,
    changed: Notify,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

/// What is set once.
pub(crate) struct RegistryOptions {
    pub(crate) embedded: Vec<Embedded>,
    pub(crate) dirs: Vec<PathBuf>,
    pub(crate) disabled: Vec<String>,
    pub(crate) max_component: u64,
    pub(crate) max_plugins: usize,
}

/// A plugin by name, with those that it overrides.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) candidate: Candidate,
    pub(crate) overridden: Vec<Candidate>,
    pub(crate) loaded: Option<Loaded>,
    pub(crate) state: PluginState,
    pub(crate) why: Option<String>,
    pub(crate) granted: Grant,
    pub(crate) figures: Figures,
    /// The user took its grant back: it waits, and doesn't ask again.
    pub(crate) revoked: bool,
    /// Faults of its tools without a success between them.
    tool_strikes: u32,
}

/// A plugin that could be asked what it is.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) described: Arc<Described>,
    pub(crate) asked: Asked,
}

/// A plugin that is called.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) described: Arc<Described>,
    pub(crate) rights: Rights,
}

impl Entry {
    pub(crate) fn asked(&self) -> Asked {
        self.loaded.as_ref().map(|l| l.asked.clone()).unwrap_or_default()
    }

    fn identity(&self) -> Option<Identity> {
        self.loaded.as_ref().map(|l| Identity {
            origin: self.candidate.origin.text(),
            file_name: self.candidate.file_name.clone(),
            content_hash: l.plugin.hash.clone(),
        })
    }
}

impl Registry {
    pub(crate) fn new(host: Host, user: UserDb, events: Events, options: RegistryOptions) -> Self {
        let RegistryOptions { embedded, dirs, disabled, max_component, max_plugins } = options;
        Self {
            host,
            user,
            embedded,
            dirs,
            disabled,
            max_component,
            max_plugins,
            events,
            entries: Mutex::default(),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            reloading: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(SeqCst)
    }

    /// Waits until the generation is another than `seen`.
    pub(crate) async fn changed(&self, seen: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.generation() != seen {
                return;
            }
            changed.await;
        }
    }

    fn touch(&self) {
        self.generation.fetch_add(1, SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What is called, by name.
    pub(crate) fn running(&self) -> Vec<Running> {
        let running = |(name, e): (&String, &Entry)| {
            let l = e.loaded.as_ref().filter(|_| e.state == PluginState::Running)?;
            Some(Running {
                name: name.clone(),
                plugin: l.plugin.clone(),
                described: l.described.clone(),
                rights: Rights::effective(&l.asked, &e.granted),
            })
        };
        self.entries().iter().filter_map(running).collect()
    }

    /// Looks at the directories again: loads what is new, replaces what changed, drops what is gone.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        let _one = self.reloading.lock().await;
        let mut found = scan::scan(&self.embedded, &self.dirs);
        let disabled = self.disabled_names().await?;
        let old = self.entries().clone();
        let mut next = BTreeMap::new();
        let mut fresh = Vec::new();
        for (name, mut candidates) in std::mem::take(&mut found) {
            let Some(winner) = candidates.pop() else { continue };
            match old.get(&name) {
                Some(e) if e.candidate.origin == winner.origin && e.candidate.source == winner.source => {
                    next.insert(name, Entry { candidate: winner, overridden: candidates, ..e.clone() });
                }
                _ => fresh.push((name, winner, candidates)),
            }
        }
        let total = fresh.len() as u32;
        let mut compiled = false;
        for (done, (name, winner, overridden)) in fresh.into_iter().enumerate() {
            let before = old.get(&name);
            let full = next.len() >= self.max_plugins;
            let loaded = if full {
                Err(format!("`limits.plugins` allows {} plugins", self.max_plugins))
            } else {
                self.load(&name, &winner, (done as u32, total), &mut compiled).await
            };
            let (loaded, why) = match loaded {
                Ok(loaded) => (Some(loaded), None),
                Err(why) => (None, Some(why)),
            };
            let entry = Entry {
                candidate: winner,
                overridden,
                loaded,
                state: PluginState::Refused,
                why,
                granted: Grant::default(),
                figures: before.map(|e| e.figures.clone()).unwrap_or_default(),
                revoked: false,
                tool_strikes: 0,
            };
            next.insert(name, entry);
        }
        if compiled {
            self.events.send(Event::Compiling { plugin: String::new(), done: total, total });
        }
        for (name, entry) in &mut next {
            self.judge(name, entry, &disabled).await?;
        }
        let changed = self.tell(&old, &next);
        *self.entries() = next;
        if changed {
            self.touch();
        }
        Ok(())
    }

    async fn disabled_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.user.disabled().await?;
        names.extend(self.disabled.iter().cloned());
        Ok(names)
    }

    /// Compiles and asks what it is; an error is a sentence for the user.
    async fn load(
        &self,
        name: &str,
        candidate: &Candidate,
        (done, total): (u32, u32),
        compiled: &mut bool,
    ) -> Result<Loaded, String> {
        if name == SELF {
            return Err("rename it: the name `kairos` is the runtime's own".into());
        }
        let read;
        let bytes: &[u8] = match &candidate.source {
            Source::Embedded(bytes) => bytes,
            Source::Unusable(why) => return Err(why.clone()),
            Source::File { path, .. } => {
                let (path, max) = (path.clone(), self.max_component);
                read = tokio::task::spawn_blocking(move || scan::read(&path, max)).await.map_err(|e| e.to_string())??;
                &read
            }
        };
        let hash = kairos_host::cache::content_hash(bytes);
        if !self.host.is_cached(&hash) {
            *compiled = true;
            self.events.send(Event::Compiling { plugin: name.into(), done, total });
        }
        let plugin = self.host.load(bytes).await.map_err(|e| e.to_string())?;
        let described = self.describe(&plugin).await.map_err(|e| e.to_string())?;
        let asked = described.asked();
        Ok(Loaded { plugin: Arc::new(plugin), described: Arc::new(described), asked })
    }

    /// The cached answer of `describe`, else a new one. An answer is cached for this version of the program: another
    /// may ask for more.
    async fn describe(&self, plugin: &Plugin) -> Result<Described, LoadError> {
        let version = env!("CARGO_PKG_VERSION");
        let cached = self.user.description(&plugin.hash, version).await.ok().flatten();
        if let Some(described) = cached.and_then(|json| serde_json::from_str(&json).ok()) {
            return Ok(described);
        }
        let described = self.host.describe(plugin).await?;
        if let Ok(json) = serde_json::to_string(&described)
            && let Err(e) = self.user.put_description(&plugin.hash, version, &json).await
        {
            tracing::warn!("a plugin's description can't be cached: {e}");
        }
        Ok(described)
    }

    /// Sets an entry's grant and state from what the user decided.
    async fn judge(&self, name: &str, entry: &mut Entry, disabled: &[String]) -> Result<(), StoreError> {
        let Some(loaded) = entry.loaded.clone() else {
            entry.state = PluginState::Refused;
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
            // Only what the embedded set asks for and CI has seen: the project and its signals. Network, processes, models and
            // secrets are never granted by default.
            let mut grant = Grant::all_of(asked);
            grant.0.retain(|(capability, _)| matches!(capability.as_str(), "project" | "signals"));
            return Ok(Some(grant));
        }
        let followed = self.user.find_followed(&identity.origin, &identity.file_name).await?;
        Ok(followed.filter(|row| asked.is_within(&row.asked)).map(|row| row.grant))
    }

    /// Sends an event for each difference. True if there was one.
    fn tell(&self, old: &BTreeMap<String, Entry>, new: &BTreeMap<String, Entry>) -> bool {
        let mut changed = false;
        let mut send = |name: &str, change, why: Option<String>| {
            changed = true;
            self.events.send(Event::Plugin { name: name.into(), change, why });
        };
        for (name, entry) in new {
            let before = old.get(name);
            let hash = |e: &Entry| e.loaded.as_ref().map(|l| l.plugin.hash.clone());
            let same_content = before.is_some_and(|b| hash(b) == hash(entry));
            if before.is_some_and(|b| same_content && b.state == entry.state && b.granted == entry.granted && b.why == entry.why)
            {
                continue;
            }
            let change = match entry.state {
                PluginState::Running if before.is_some_and(|b| b.state == PluginState::Running && !same_content) => {
                    PluginChange::Replaced
                }
                PluginState::Running => PluginChange::Loaded,
                PluginState::WaitingForGrant => PluginChange::Waiting,
                PluginState::Quarantined => PluginChange::Quarantined,
                PluginState::Refused => PluginChange::Refused,
                PluginState::Disabled | PluginState::Overridden => PluginChange::Removed,
            };
            send(name, change, entry.why.clone());
        }
        for name in old.keys().filter(|n| !new.contains_key(*n)) {
            send(name, PluginChange::Removed, None);
        }
        changed
    }

    /// Judges all entries again, after the user decided something.
    pub(crate) async fn rejudge(&self) -> Result<(), StoreError> {
        let _one = self.reloading.lock().await;
        let disabled = self.disabled_names().await?;
        let old = self.entries().clone();
        let mut next = old.clone();
        for (name, entry) in &mut next {
            self.judge(name, entry, &disabled).await?;
        }
        let changed = self.tell(&old, &next);
        *self.entries() = next;
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

    /// Counts a call, well or not.
    pub(crate) fn count(&self, name: &str, wall: Duration, cpu: Duration, memory: usize, fault: Option<&Fault>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.figures.add(wall, cpu, memory);
            if let Some(fault) = fault {
                entry.figures.faults += 1;
                entry.figures.last_fault = Some(fault.message.clone());
            }
        }
    }

    /// Draws the consequences of a tool's call.
    pub(crate) async fn settle_tool(&self, name: &str, hash: &str, fault: Option<&Fault>) {
        let strikes = match self.entries().get_mut(name) {
            Some(entry) => {
                entry.tool_strikes = if fault.is_some() { entry.tool_strikes + 1 } else { 0 };
                entry.tool_strikes
            }
            None => return,
        };
        if let Some(fault) = fault
            && let Action::Quarantine(time) = decide(fault.kind, PluginKind::Tool, strikes)
        {
            self.quarantine(name, hash, PluginKind::Tool, strikes, fault, time).await;
        }
    }

    /// Takes a plugin out of service for a while.
    pub(crate) async fn quarantine(&self, name: &str, hash: &str, kind: PluginKind, strikes: u32, fault: &Fault, time: Duration) {
        let last_fault = now();
        let row = Quarantine {
            content_hash: hash.into(),
            kind: kind.as_str().into(),
            plugin: name.into(),
            until: Some(last_fault + time.as_millis() as u64),
            strikes,
            reason: fault.message.clone(),
            last_fault,
        };
        let kept = match self.user.put_quarantine(row).await {
            Ok(()) => self.rejudge().await,
            Err(e) => Err(e),
        };
        if let Err(e) = kept {
            tracing::error!("the quarantine of {name} can't be recorded: {e}");
            // It must hold all the same.
            if let Some(entry) = self.entries().get_mut(name) {
                entry.state = PluginState::Quarantined;
                entry.why = Some(fault.message.clone());
            }
            self.touch();
        }
    }
}
