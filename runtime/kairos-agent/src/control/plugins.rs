//! Plugins, as the API shows them, and what the user decides on them.

use super::internal;
use crate::agent::Agent;
use crate::govern::feedback;
use crate::now;
use crate::registry::{Entry, SELF};
use crate::scan::{Candidate, Origin};
use kairos_api::{ApiError, ApiResult, ErrorKind, Figures, GrantRequest, PluginInfo, PluginState};
use kairos_core::{Grant, Millis, Report, Rights};
use std::collections::BTreeMap;

impl Agent {
    pub(super) fn entry(&self, name: &str) -> ApiResult<Entry> {
        self.registry.entries().get(name).cloned().ok_or_else(|| {
            ApiError::not_found(format!("there is no plugin `{name}`")).with_hint("`kairos-run plugin list` shows all of them")
        })
    }

    pub(super) fn loaded(&self, name: &str) -> ApiResult<Entry> {
        let entry = self.entry(name)?;
        if entry.loaded.is_none() {
            let why = entry.why.unwrap_or_default();
            return Err(ApiError::new(ErrorKind::Conflict, format!("{name} can't be loaded: {why}")));
        }
        Ok(entry)
    }

    pub(super) async fn info(&self, name: &str) -> ApiResult<PluginInfo> {
        let mut info = info(name, &self.entry(name)?);
        info.muted_since = self.muted().await?.get(name).copied();
        Ok(info)
    }

    /// All, and those in whose place another of the same name is used.
    pub(super) async fn plugins(&self) -> ApiResult<Vec<PluginInfo>> {
        let entries = self.registry.entries().clone();
        let mut all: Vec<_> = entries.iter().map(|(name, e)| info(name, e)).collect();
        let muted = self.muted().await?;
        all.iter_mut().for_each(|p| p.muted_since = muted.get(&p.name).copied());
        for (name, entry) in &entries {
            all.extend(entry.overridden.iter().map(|c| overridden(name, c)));
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The muted plugins, and since when.
    async fn muted(&self) -> ApiResult<BTreeMap<String, Millis>> {
        Ok(self.manners.user.muted().await.map_err(internal)?.into_iter().collect())
    }

    pub(super) async fn grant(&self, name: &str, request: GrantRequest) -> ApiResult<PluginInfo> {
        let entry = self.loaded(name)?;
        let asked = entry.asked();
        let mut grant = Grant::all_of(&asked);
        if let Some(only) = &request.capabilities {
            if let Some(unknown) = only.iter().find(|c| !asked.0.iter().any(|r| r.capability == **c)) {
                return Err(ApiError::invalid(format!("{name} does not ask for `{unknown}`"))
                    .with_hint(format!("`kairos-run plugin info {name}` shows what it asks for")));
            }
            grant.0.retain(|(capability, _)| only.contains(capability));
        }
        if grant == Grant::default() && !asked.is_empty() {
            let error = format!("{name} asks for what this version of kairos-run can't give");
            return Err(ApiError::new(ErrorKind::Conflict, error)
                .with_hint(format!("`kairos-run plugin info {name}` shows what it asks for")));
        }
        self.registry.put_grant(&entry, grant, request.follow_updates).await.map_err(internal)?;
        self.info(name).await
    }

    pub(super) async fn unmute(&self, name: &str) -> ApiResult<PluginInfo> {
        // It may be gone, and yet be muted.
        let was_muted = self.manners.user.unmute(name, now()).await.map_err(internal)?;
        for project in self.projects().iter().filter(|_| was_muted) {
            let over = Report { cleared: vec![feedback::key_of_all(name)], ..Report::default() };
            project.inbox.take(SELF, over, now()).await.map_err(internal)?;
        }
        self.info(name).await
    }
}

pub(super) fn info(name: &str, entry: &Entry) -> PluginInfo {
    let asked = entry.asked();
    let loaded = entry.loaded.as_ref();
    PluginInfo {
        name: name.into(),
        version: loaded.map_or_else(String::new, |l| l.described.description.version.clone()),
        summary: loaded.map_or_else(String::new, |l| l.described.description.summary.clone()),
        kinds: loaded.map_or_else(Vec::new, |l| l.plugin.kinds.clone()),
        file: file(&entry.candidate),
        origin: entry.candidate.origin.text(),
        content_hash: loaded.map_or_else(String::new, |l| l.plugin.hash.clone()),
        size: entry.candidate.size(),
        state: entry.state,
        why: entry.why.clone(),
        muted_since: None,
        missing: Rights::missing(&asked, &entry.granted),
        asked,
        granted: entry.granted.clone(),
        figures: Figures {
            calls: entry.figures.calls,
            p50_us: entry.figures.quantile(0.5),
            p99_us: entry.figures.quantile(0.99),
            memory_bytes: entry.figures.memory as u64,
            faults: entry.figures.faults,
            last_fault: entry.figures.last_fault.clone(),
        },
    }
}

fn file(candidate: &Candidate) -> String {
    candidate.origin.file(&candidate.file_name).unwrap_or_default().display().to_string()
}

fn overridden(name: &str, candidate: &Candidate) -> PluginInfo {
    let by = candidate.overridden_by.as_ref().map(Origin::text).unwrap_or_default();
    PluginInfo {
        name: name.into(),
        version: String::new(),
        summary: String::new(),
        kinds: Vec::new(),
        file: file(candidate),
        origin: candidate.origin.text(),
        content_hash: String::new(),
        size: 0,
        state: PluginState::Overridden,
        why: Some(format!("the file of the same name in {by} is used")),
        muted_since: None,
        asked: Default::default(),
        granted: Grant::default(),
        missing: Vec::new(),
        figures: Figures::default(),
    }
}
