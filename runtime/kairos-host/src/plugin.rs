//! A loaded plugin: compiled, linked, and asked what it is.

use crate::access::Access;
use crate::bindings::{buddy, cut, detector, dream, manifest, tool};
use crate::cache::content_hash;
use crate::call::{self, CallError, Outcome};
use crate::compile::CompileError;
use crate::context::Context;
use crate::engine::Host;
use crate::fault::{Fault, FaultKind};
use crate::inspect::{self, Refused};
use crate::limits::Limits;
use crate::runners::Definition;
use kairos_core::plugin::is_plugin_name;
use kairos_core::{Asked, Description, Interest, PluginKind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

/// Why a file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is at fault, and will be until it changes.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It faulted while it was asked what it is.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The machine is at fault: disk full, no compiler.
    #[error("{0}")]
    Host(String),
}

/// A component, compiled and linked. Says nothing yet about what it may do.
pub struct Plugin {
    /// SHA-256 of the file, in hexadecimal.
    pub hash: String,
    /// Bytes of the file.
    pub size: u64,
    /// Sorted.
    pub kinds: Vec<PluginKind>,
    pre: InstancePre<Context>,
    manifest: manifest::DescribedIndices,
    pub(crate) detector: Option<detector::DetectsIndices>,
    pub(crate) tool: Option<tool::WorksIndices>,
    pub(crate) dream: Option<dream::DreamsIndices>,
    pub(crate) buddy: Option<buddy::DrawsIndices>,
}

/// What a plugin says of itself, asked in an empty sandbox. Cached by content hash, hence serialisable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// Name, version, summary, requests.
    pub description: Description,
    /// Of a detector.
    pub interests: Vec<Interest>,
    /// Of a tool.
    pub definitions: Vec<Definition>,
}

impl Described {
    /// All that it asks for.
    pub fn asked(&self) -> Asked {
        Asked::new(&self.description.requests, &self.interests)
    }
}

impl Host {
    /// Was this compiled before, so that loading it takes milliseconds?
    pub fn is_cached(&self, hash: &str) -> bool {
        self.inner.compiler.is_cached(hash)
    }

    /// The file with what was compiled of it, whether or not it is there.
    pub fn compiled(&self, hash: &str) -> PathBuf {
        self.inner.compiler.path(hash)
    }

    /// Loads a plugin from the bytes of its file: from the cache, else by compiling it in a child process.
    pub async fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let inner = &self.inner;
        inspect::check_bytes(bytes, bytes.len() as u64, inner.max_component)?;
        let hash = content_hash(bytes);
        let component = match inner.compiler.cached(&inner.engine, &hash) {
            Some(component) => component,
            None => inner.compiler.compile(&inner.engine, bytes, &hash).await.map_err(|e| match e {
                CompileError::Refused(r) => LoadError::Refused(r),
                CompileError::Host(text) => LoadError::Host(text),
            })?,
        };
        let kinds = inspect::kinds(&inner.engine, &component);
        let dreams = kinds.as_ref().is_ok_and(|k| k.contains(&PluginKind::Dream));
        inspect::check_demands(&component, if dreams { &inner.dream } else { &inner.limits })?;
        let kinds = kinds?;
        let text = |e: wasmtime::Error| kairos_core::finding::one_line(&cut(format!("{e:#}"), 400));
        let pre = inner.linker.instantiate_pre(&component).map_err(|e| Refused::Import(text(e)))?;
        let has = |kind| kinds.contains(&kind);
        let export = |e| Refused::Export(text(e));
        let manifest = manifest::DescribedIndices::new(&pre).map_err(export)?;
        let detector = has(PluginKind::Detector).then(|| detector::DetectsIndices::new(&pre)).transpose().map_err(export)?;
        let tool = has(PluginKind::Tool).then(|| tool::WorksIndices::new(&pre)).transpose().map_err(export)?;
        let dream = has(PluginKind::Dream).then(|| dream::DreamsIndices::new(&pre)).transpose().map_err(export)?;
        let buddy = has(PluginKind::Buddy).then(|| buddy::DrawsIndices::new(&pre)).transpose().map_err(export)?;
        Ok(Plugin { hash, size: bytes.len() as u64, kinds, pre, manifest, detector, tool, dream, buddy })
    }

    /// Asks a plugin what it is, twice, in two empty sandboxes: who answers differently lies once.
    pub async fn describe(&self, plugin: &Plugin) -> Result<Described, LoadError> {
        let first = self.describe_once(plugin).await?;
        if first != self.describe_once(plugin).await? {
            return Err(Fault::new(FaultKind::BadOutput, "describes itself differently each time it is asked").into());
        }
        Ok(first)
    }

    async fn describe_once(&self, plugin: &Plugin) -> Result<Described, LoadError> {
        let mut store = self.store(Access::none("describe"));
        let outcome: Outcome<Described> = call::run(&mut store, &self.inner.ticker, async |store| {
            let instance = plugin.instantiate(store).await?;
            let described = plugin.manifest.load(&mut *store, &instance)?;
            let description: Description = described.kairos_host_manifest().call_describe(&mut *store).await?.into();
            let mut interests = Vec::new();
            if let Some(indices) = &plugin.detector {
                let detects = indices.load(&mut *store, &instance)?;
                let all = detects.kairos_detector_detector().call_interests(&mut *store).await?;
                interests = all.into_iter().map(Into::into).collect();
            }
            let mut definitions = Vec::new();
            if let Some(indices) = &plugin.tool {
                let works = indices.load(&mut *store, &instance)?;
                let all = works.kairos_tool_tool().call_definitions(&mut *store).await?;
                definitions = all.into_iter().map(Into::into).collect();
            }
            Ok(Ok(Described { description, interests, definitions }))
        })
        .await;
        let described = outcome.result.map_err(|e| match e {
            CallError::Fault(f) => LoadError::Fault(f),
            CallError::Guest(e) => LoadError::Host(e.message),
        })?;
        check(&described).map_err(|text| Fault::new(FaultKind::BadOutput, text))?;
        Ok(described)
    }

    pub(crate) fn store(&self, access: Access) -> Store<Context> {
        self.store_within(access, self.inner.limits.clone())
    }

    pub(crate) fn store_within(&self, access: Access, limits: Arc<Limits>) -> Store<Context> {
        let mut store = Store::new(&self.inner.engine, Context::new(access, limits));
        call::arm(&mut store);
        store
    }
}

impl Plugin {
    pub(crate) async fn instantiate(&self, store: &mut Store<Context>) -> wasmtime::Result<Instance> {
        self.pre.instantiate_async(store).await
    }
}

/// The limits that the contract states for a description.
fn check(d: &Described) -> Result<(), String> {
    let Description { name, version, summary, requests } = &d.description;
    if !is_plugin_name(name) {
        return Err("the name must be lower-case kebab-case with 1 to 64 characters".into());
    }
    if version.len() > 64 || semver::Version::parse(version).is_err() {
        return Err("the version must be a semantic version, such as 1.2.3, of at most 64 characters".into());
    }
    if summary.is_empty() {
        return Err("the summary is empty".into());
    }
    if requests.len() > 32 || d.interests.len() > 64 {
        return Err("more than 32 requests or 64 interests".into());
    }
    let short = |s: &String| !s.is_empty() && s.len() <= 256 && !s.chars().any(char::is_control);
    if !requests.iter().all(|r| short(&r.capability) && r.scope.len() <= 64 && r.scope.iter().all(short)) {
        return Err("a request has an empty or overlong capability or scope".into());
    }
    if !d.interests.iter().all(|i| short(&i.kind) && i.paths.len() <= 64 && i.paths.iter().all(short)) {
        return Err("an interest has an empty or overlong kind or path".into());
    }
    let tool = |t: &Definition| is_plugin_name(&t.name) && t.description.len() <= 2048 && t.input_schema.len() <= 16 << 10;
    if d.definitions.len() > 32 || !d.definitions.iter().all(tool) {
        return Err("more than 32 tools, or one whose name, description or schema is not as the contract says".into());
    }
    if let Some(t) = d.definitions.iter().find(|t| !is_object(&t.input_schema)) {
        return Err(format!("the input schema of `{}` is no JSON object", t.name));
    }
    Ok(())
}

fn is_object(json: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json).is_ok()
}
