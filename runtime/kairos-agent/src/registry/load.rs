//! Finding and loading plugins.

use super::{Entry, Loaded, MODEL, Registry, SELF};
use crate::look::{NoAnswer, look};
use crate::project_plugins;
use crate::scan::{self, Candidate, Source};
use kairos_api::{Event, PluginChange, PluginState};
use kairos_core::Grant;
use kairos_host::cache::content_hash;
use kairos_host::{Described, LoadError, Plugin};
use kairos_store::StoreError;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What lies in the directories: by name, those that are overridden first, the one that is used last.
type Found = BTreeMap<String, Vec<Candidate>>;

/// Why a plugin is not loaded: a sentence for the user.
struct NotLoaded {
    why: String,
    /// Another try may go better though the file is the same.
    retry: bool,
}

impl<T: Into<String>> From<T> for NotLoaded {
    fn from(why: T) -> Self {
        Self { why: why.into(), retry: false }
    }
}

fn not_loaded(e: &LoadError) -> NotLoaded {
    NotLoaded { why: e.to_string(), retry: matches!(e, LoadError::Host(_)) }
}

impl Registry {
    /// Looks at the directories again: drops what is gone, loads what is new, replaces what changed. Each plugin is there as
    /// soon as it is loaded; one that takes minutes to compile holds up only those that are larger.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        let _one = self.reloading.lock().await;
        let Some(found) = self.find().await? else {
            tracing::warn!("plugins stay as they are: a plugins directory does not answer");
            return Ok(());
        };
        let mut fresh = self.keep(found).await;
        fresh.sort_by_key(|(_, candidates)| candidates.last().map_or(0, Candidate::size));
        let total = fresh.len() as u32;
        let mut compiled = false;
        for (done, (name, mut candidates)) in fresh.into_iter().enumerate() {
            let Some(candidate) = candidates.pop() else { continue };
            let loaded = self.load(&name, &candidate, (done as u32, total), &mut compiled).await;
            let (loaded, why, retry) = match loaded {
                Ok(loaded) => (Some(loaded), None, false),
                Err(NotLoaded { why, retry }) => (None, Some(why), retry),
            };
            let entry = Entry {
                candidate,
                overridden: candidates,
                loaded,
                state: PluginState::Refused,
                why,
                retry,
                granted: Grant::default(),
                figures: Default::default(),
                revoked: false,
                call_strikes: 0,
            };
            self.put(name, entry).await?;
        }
        if compiled {
            self.events.send(Event::Compiling { plugin: String::new(), done: total, total });
        }
        Ok(())
    }

    /// Starts a reload that nobody waits for.
    pub(crate) fn reload_in_background(self: &Arc<Self>) {
        let registry = self.clone();
        tokio::spawn(async move {
            if let Err(e) = registry.reload().await {
                tracing::error!("plugins can't be reloaded: {e}");
            }
        });
    }

    /// Is there a plugin that could not be loaded because of the machine?
    pub(crate) fn wants_retry(&self) -> bool {
        self.entries().values().any(|e| e.retry)
    }

    /// None where a directory of the user's does not answer.
    async fn find(&self) -> Result<Option<Found>, StoreError> {
        let (embedded, dirs) = (self.embedded.clone(), self.dirs.clone());
        let Ok(mut found) = look(Path::new(""), "plugins", move || scan::scan(&embedded, &dirs)).await else {
            return Ok(None);
        };
        let places = self.projects().clone();
        for place in places {
            let plugins = match self.offer(&place).await {
                Ok(Some(offer)) if self.is_trusted(&place, &offer).await? => offer.trusted(),
                Ok(Some(offer)) => offer.plugins,
                Ok(None) => continue,
                Err(NoAnswer) => self.brought_by(&place),
            };
            found.extend(plugins.into_iter().map(|(name, candidate)| (name, vec![candidate])));
        }
        Ok(Some(found))
    }

    /// What a project has brought, as far as it is known.
    fn brought_by(&self, place: &scan::Place) -> Vec<(String, Candidate)> {
        let entries = self.entries();
        let own = entries.iter().filter(|(_, e)| e.candidate.origin.project() == Some(&place.root));
        own.map(|(name, e)| (name.clone(), e.candidate.clone())).collect()
    }

    /// What a project brings, read again where a file has changed.
    pub(super) async fn offer(&self, place: &scan::Place) -> Result<Option<project_plugins::Offer>, NoAnswer> {
        let hashes = |(name, e): (&String, &Entry)| match &e.candidate.source {
            Source::File { stamp, hash: Some(hash), .. } | Source::Untrusted { stamp, hash } => {
                Some((name.clone(), (*stamp, hash.clone())))
            }
            _ => None,
        };
        let known: BTreeMap<_, _> = self.entries().iter().filter_map(hashes).collect();
        let (own, max) = (place.clone(), self.max_component);
        let read = move || {
            let known = |name: &str, now| known.get(name).filter(|(then, _)| *then == now).map(|(_, hash)| hash.clone());
            project_plugins::look(&own, max, known)
        };
        look(&place.root, "plugins", read).await
    }

    /// Drops the entries that are gone, leaves those that are the same, and answers what has to be loaded.
    async fn keep(&self, found: Found) -> Vec<(String, Vec<Candidate>)> {
        let _one = self.deciding.lock().await;
        let mut entries = self.entries();
        let mut fresh = Vec::new();
        let before = entries.len();
        entries.retain(|name, _| {
            let stays = found.contains_key(name);
            if !stays {
                self.events.send(Event::Plugin { name: name.clone(), change: PluginChange::Removed, why: None });
            }
            stays
        });
        let gone = entries.len() < before;
        for (name, mut candidates) in found {
            let same = |e: &&mut Entry| {
                !e.retry && candidates.last().is_some_and(|c| c.origin == e.candidate.origin && c.source == e.candidate.source)
            };
            match entries.get_mut(&name).filter(same) {
                Some(entry) => {
                    candidates.pop();
                    entry.overridden = candidates;
                }
                None => fresh.push((name, candidates)),
            }
        }
        drop(entries);
        if gone {
            self.touch();
        }
        fresh
    }

    /// Adds an entry, or replaces the one of that name, which was in use until now.
    async fn put(&self, name: String, mut entry: Entry) -> Result<(), StoreError> {
        let _one = self.deciding.lock().await;
        let disabled = self.disabled_names().await?;
        self.judge(&name, &mut entry, &disabled).await?;
        let old = self.entries().get(&name).cloned();
        entry.figures = old.as_ref().map(|e| e.figures.clone()).unwrap_or_default();
        let changed = self.tell(&name, old.as_ref(), &entry);
        self.entries().insert(name, entry);
        if changed {
            self.touch();
        }
        Ok(())
    }

    /// Compiles and asks what it is; an error is a sentence for the user.
    async fn load(
        &self,
        name: &str,
        candidate: &Candidate,
        (done, total): (u32, u32),
        compiled: &mut bool,
    ) -> Result<Loaded, NotLoaded> {
        if name == SELF || name == MODEL {
            return Err(format!("rename it: the name `{name}` is the runtime's own").into());
        }
        if self.entries().len() >= self.max_plugins && !self.entries().contains_key(name) {
            return Err(format!("`limits.plugins` allows {} plugins", self.max_plugins).into());
        }
        let read;
        let bytes: &[u8] = match &candidate.source {
            Source::Embedded(bytes) => bytes,
            Source::Unusable(why) => return Err(why.as_str().into()),
            Source::Untrusted { .. } => {
                return Err("comes with the project; `kairos-run project trust` allows these very files".into());
            }
            Source::File { path, .. } => {
                let (file, max) = (path.clone(), self.max_component);
                let bytes = look(path, "plugin", move || scan::read(&file, max)).await;
                read = bytes.map_err(|e| NotLoaded { why: e.to_string(), retry: true })??;
                &read
            }
        };
        let hash = content_hash(bytes);
        if let Source::File { hash: Some(trusted), .. } = &candidate.source
            && *trusted != hash
        {
            return Err(NotLoaded { why: "changed while it was read".into(), retry: true });
        }
        if !self.host.is_cached(&hash) {
            *compiled = true;
            self.events.send(Event::Compiling { plugin: name.into(), done, total });
        }
        let plugin = self.host.load(bytes).await.map_err(|e| not_loaded(&e))?;
        let described = self.describe(&plugin).await.map_err(|e| not_loaded(&e))?;
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
}
