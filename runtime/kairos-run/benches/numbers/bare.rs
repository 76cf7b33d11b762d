//! The baseline: wasmtime as we configure it, without anything of ours around a call.

use crate::plugins::{INSTANCES, Result};
use kairos_core::Signal;
use kairos_host::Limits;
use std::path::PathBuf;
use std::time::Duration;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourceLimiter, Store, UpdateDeadline};

mod services {
    wasmtime::component::bindgen!({
        inline: "
            package bench:bare;
            world services {
                import kairos:host/types@0.1.0;
                import kairos:host/log@0.1.0;
                import kairos:host/clock@0.1.0;
                import kairos:host/random@0.1.0;
                import kairos:host/state@0.1.0;
                import kairos:host/project@0.1.0;
                import kairos:host/git@0.1.0;
            }
        ",
        path: ["../../wit/host"],
        imports: { default: async | trappable },
    });
}

pub mod detector {
    wasmtime::component::bindgen!({
        inline: "
            package bench:bare;
            world detects { export kairos:detector/detector@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/detector"],
        exports: { default: async },
        with: { "kairos:host/types@0.1.0": crate::bare::services::kairos::host::types },
    });
}

pub mod tool {
    wasmtime::component::bindgen!({
        inline: "
            package bench:bare;
            world works { export kairos:tool/tool@0.1.0; }
        ",
        path: ["../../wit/host", "../../wit/tool"],
        exports: { default: async },
        with: { "kairos:host/types@0.1.0": crate::bare::services::kairos::host::types },
    });
}

use services::kairos::host as wit;

/// The engine with its linker and ticker.
pub struct Bare {
    engine: Engine,
    linker: Linker<State>,
}

/// What a store carries: the limiter, and what there is to read.
pub struct State {
    memory: usize,
    files: Files,
}

/// What stands behind the project's imports.
#[derive(Clone)]
pub enum Files {
    None,
    /// One file, whatever the path.
    Memory(Vec<u8>),
    /// A folder, read with the standard library.
    Disk(PathBuf),
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.memory += desired.saturating_sub(current);
        Ok(self.memory <= 64 << 20)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

/// As `kairos_host::Host` configures its engine.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES).total_core_instances(INSTANCES * 2);
    pool.total_memories(INSTANCES).total_tables(INSTANCES * 2).total_stacks(INSTANCES);
    pool.max_memory_size(64 << 20).max_core_instances_per_component(64);
    pool.max_memories_per_component(8).max_tables_per_component(32);
    pool.max_core_instance_size(1 << 20).max_component_instance_size(4 << 20);
    pool.table_elements(20_000).max_unused_warm_slots(16);
    let mut config = Config::new();
    config.epoch_interruption(true).memory_reservation(4 << 30);
    config.max_wasm_stack(512 << 10).async_stack_size(1 << 20);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

impl Bare {
    pub fn new() -> Result<Self> {
        let engine = Engine::new(&config())?;
        let mut linker = Linker::new(&engine);
        services::Services::add_to_linker::<_, HasSelf<State>>(&mut linker, |s| s)?;
        let weak = engine.weak();
        // Ends with the engine.
        std::thread::spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Ok(Self { engine, linker })
    }

    pub fn compile(&self, bytes: &[u8]) -> Result<InstancePre<State>> {
        Ok(self.linker.instantiate_pre(&Component::new(&self.engine, bytes)?)?)
    }

    /// Compiled code, as a file for [`Self::load`].
    pub fn precompile(&self, bytes: &[u8]) -> Result<tempfile::NamedTempFile> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), self.engine.precompile_component(bytes)?)?;
        Ok(file)
    }

    pub fn load(&self, file: &tempfile::NamedTempFile) -> Result<InstancePre<State>> {
        #[allow(unsafe_code)]
        // SAFETY: the file was made by `precompile` in this process, and nobody else knows of it.
        let component = unsafe { Component::deserialize_file(&self.engine, file.path())? };
        // A few plugins want more than the baseline has; what they would call does not matter for their loading.
        self.linker
            .instantiate_pre(&component)
            .or_else(|_| {
                let mut linker = self.linker.clone();
                linker.define_unknown_imports_as_traps(&component)?;
                linker.instantiate_pre(&component)
            })
            .map_err(Into::into)
    }

    pub fn store(&self, files: Files) -> Store<State> {
        let mut store = Store::new(&self.engine, State { memory: 0, files });
        store.limiter(|s| s);
        store.set_hostcall_fuel(Limits::default().transfer);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        store
    }
}

/// A signal in the generated type.
pub fn signal(s: &Signal) -> wit::types::Signal {
    let attributes = s.attributes.iter().map(|(name, value)| wit::types::Attribute { name: name.clone(), value: value.clone() });
    wit::types::Signal {
        id: s.id,
        kind: s.kind.clone(),
        time: s.time,
        source: s.source.clone(),
        attributes: attributes.collect(),
        body: s.body.clone(),
    }
}

type Answer<T> = wasmtime::Result<std::result::Result<T, wit::types::Error>>;

fn unavailable<T>() -> Answer<T> {
    Ok(Err(wit::types::Error { code: wit::types::ErrorCode::Unavailable, message: "not in the baseline".into() }))
}

fn page(bytes: &[u8], offset: u64, length: u32) -> Vec<u8> {
    bytes.iter().skip(offset as usize).take(length as usize).copied().collect()
}

impl wit::types::Host for State {}

impl wit::log::Host for State {
    async fn write(&mut self, _: wit::log::Level, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl wit::clock::Host for State {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(1_750_000_000_000)
    }
    async fn utc_offset(&mut self) -> wasmtime::Result<i32> {
        Ok(0)
    }
}

impl wit::random::Host for State {
    async fn bytes(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(vec![0; count.min(4096) as usize])
    }
}

impl wit::state::Host for State {
    async fn get(&mut self, _: String) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(None))
    }
    async fn set(&mut self, _: String, _: Vec<u8>) -> Answer<()> {
        Ok(Ok(()))
    }
    async fn delete(&mut self, _: String) -> Answer<()> {
        Ok(Ok(()))
    }
    async fn keys(&mut self, _: String) -> Answer<Vec<String>> {
        Ok(Ok(Vec::new()))
    }
}

impl wit::project::Host for State {
    async fn read(&mut self, path: String, offset: u64, length: u32) -> Answer<Vec<u8>> {
        match &self.files {
            Files::None => unavailable(),
            Files::Memory(bytes) => Ok(Ok(page(bytes, offset, length))),
            Files::Disk(root) => Ok(Ok(page(&std::fs::read(root.join(path))?, offset, length))),
        }
    }
    async fn stat(&mut self, _: String) -> Answer<wit::project::FileInfo> {
        unavailable()
    }
    async fn list_files(&mut self, _: String, _: u32, _: Option<String>) -> Answer<wit::project::Page> {
        unavailable()
    }
    async fn search(&mut self, _: String, _: wit::project::SearchOptions) -> Answer<Vec<wit::project::Match>> {
        unavailable()
    }
}

impl wit::git::Host for State {
    async fn status(&mut self) -> Answer<wit::git::Repository> {
        unavailable()
    }
    async fn changes(&mut self, _: wit::git::Version, _: u32) -> Answer<Vec<wit::git::Change>> {
        unavailable()
    }
    async fn read_at(&mut self, _: wit::git::Version, _: String, _: u64, _: u32) -> Answer<Vec<u8>> {
        unavailable()
    }
    async fn size_at(&mut self, _: wit::git::Version, _: String) -> Answer<u64> {
        unavailable()
    }
    async fn log(&mut self, _: u32, _: Option<String>) -> Answer<Vec<wit::git::Commit>> {
        unavailable()
    }
    async fn diff(&mut self, _: wit::git::Comparison, _: Vec<String>) -> Answer<wit::git::Patch> {
        unavailable()
    }
    async fn show(&mut self, _: String, _: Vec<String>) -> Answer<wit::git::Shown> {
        unavailable()
    }
}
