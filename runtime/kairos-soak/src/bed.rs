//! A memory on disk, and strategies in their sandbox that dream over it.

use anyhow::{Context, Result, anyhow};
use kairos_core::dream::Dream;
use kairos_core::memory::{ClaimKind, Operation};
use kairos_core::{Millis, Rights};
use kairos_exec::redact::Redactor;
use kairos_host::{Access, Host, HostOptions, Limits, Plugin};
use kairos_memory::dream::{MemorySnapshot, Night, Policy};
use kairos_memory::memory::{Home, Memory, Statement};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often one strategy is asked, as the program does it: what it added in one round it may judge in the next.
const ROUNDS: usize = 3;
/// Bytes of a component.
const LARGEST: u64 = 32 << 20;

/// A strategy as it comes.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// Strategies, ready to be asked, and what a dream may do.
pub struct Dreamer {
    host: Host,
    chain: Vec<(String, Plugin)>,
    /// What a dream may do.
    pub policy: Policy,
}

/// Where components are compiled, and by which program: see [`HostOptions`].
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The folder for compiled components.
    pub cache: PathBuf,
    /// The program.
    pub compiler: PathBuf,
}

impl Dreamer {
    /// With a chain of strategies.
    ///
    /// # Errors
    /// Where the sandbox can't start, or a component can't be loaded.
    pub async fn new(workshop: &Workshop, chain: &[Strategy], policy: Policy) -> Result<Self> {
        let host = Host::new(HostOptions {
            cache: workshop.cache.clone(),
            compiler: workshop.compiler.clone(),
            limits: Limits::default(),
            dream: Limits::dream(),
            max_component: LARGEST,
            max_instances: 16,
        })?;
        let mut plugins = vec![];
        for strategy in chain {
            let plugin = host.load(&strategy.bytes).await.with_context(|| format!("the strategy `{}`", strategy.name))?;
            plugins.push((strategy.name.clone(), plugin));
        }
        Ok(Self { host, chain: plugins, policy })
    }

    /// A dream up to its end, nothing of it written yet.
    ///
    /// # Errors
    /// Where memory can't be read, or a strategy fails.
    pub async fn plan(&self, memory: &Memory, broken: BTreeSet<String>, now: Millis) -> Result<Night> {
        let mut night = memory.begin_dream(broken, self.policy, now)?;
        for (name, plugin) in &self.chain {
            night.turn(memory, name)?;
            for _ in 0..ROUNDS {
                let operations = self.ask(name, plugin, night.snapshot()).await?;
                let before = night.plan().passed().count();
                night.propose(name, operations, &BTreeSet::new());
                if night.plan().passed().count() == before {
                    break;
                }
            }
        }
        Ok(night)
    }

    /// A whole dream.
    ///
    /// # Errors
    /// As [`Dreamer::plan`], and where memory can't be written.
    pub async fn dream(&self, memory: &Memory, now: Millis) -> Result<Dream> {
        let night = self.plan(memory, BTreeSet::new(), now).await?;
        Ok(memory.end_dream(night, false)?)
    }

    async fn ask(&self, name: &str, plugin: &Plugin, snapshot: MemorySnapshot) -> Result<Vec<Operation>> {
        let access = Access::none(name);
        access.set_rights(&Rights { memory: vec!["read".into()], ..Rights::default() });
        let outcome = kairos_host::dream(&self.host, plugin, access, Arc::new(snapshot)).await;
        outcome.result.map_err(|error| anyhow!("the strategy `{name}` failed: {error}"))
    }
}

/// Opens a memory below a folder.
///
/// # Errors
/// Where the folder can't be written.
pub fn open(folder: &Path) -> Result<Memory> {
    Ok(Memory::open(Home::within(folder), Redactor::default())?.0)
}

/// What the user has written down about the project.
pub fn states(text: &str) -> Statement {
    Statement { text: text.into(), kind: ClaimKind::Project, topic: None, anchors: vec![], session: "terminal".into() }
}
