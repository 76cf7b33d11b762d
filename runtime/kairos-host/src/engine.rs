//! One engine, one linker, one epoch ticker for the whole process.

use crate::bindings::services;
use crate::compile::Compiler;
use crate::context::Context;
use crate::limits::Limits;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How the host is set up.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Where compiled components are kept. Created if need be, for the user alone.
    pub cache: PathBuf,
    /// The program that compiles a component when called as `PROGRAM compile-component --input FILE --output FILE`: our
    /// own binary. Compiling a large component leaves hundreds of megabytes behind, and a hostile one may crash the
    /// compiler; neither may happen here.
    pub compiler: PathBuf,
    /// Limits of each call and instance.
    pub limits: Limits,
    /// Limits of a dream.
    pub dream: Limits,
    /// Bytes of a plugin's file.
    pub max_component: u64,
    /// Instances that may live at once; a component from a dynamic language takes several.
    pub max_instances: u32,
}

/// Why a host can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine refuses its configuration: too little address space, most likely.
    #[error("the WebAssembly engine can't start: {0}; if address space is limited (`ulimit -v`), lift that limit")]
    Engine(wasmtime::Error),
    /// The cache folder can't be used.
    #[error("{}: {problem}", dir.display())]
    Cache {
        /// The folder.
        dir: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// The plugin host. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Context>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) dream: Arc<Limits>,
    pub(crate) max_component: u64,
    pub(crate) compiler: Compiler,
    pub(crate) ticker: Ticker,
}

/// The period of the epoch ticker: how far a guest may overrun its CPU time.
const EPOCH: Duration = Duration::from_millis(5);

/// What compiled code depends on. The compiling child uses this too, so that what it writes fits.
pub(crate) fn code_config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Bounds are checked by guard pages; a smaller reservation would compile a check into every access.
    config.memory_reservation(4 << 30);
    // A guest's stack overflow is a trap far below the thread's own stack.
    config.max_wasm_stack(512 << 10);
    config.async_stack_size(1 << 20);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    config
}

fn run_config(options: &HostOptions) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    let n = options.max_instances;
    pool.total_component_instances(n).total_core_instances(n * 2).total_memories(n).total_tables(n * 2);
    // A call that waits in the host keeps its stack, and every call has an instance: fewer stacks would let some sleepers
    // stop all others. A stack that was never used is address space only.
    pool.total_stacks(n);
    // Address space is reserved for the largest; the meter of each call holds it to its own limit.
    pool.max_memory_size(options.limits.memory.max(options.dream.memory).next_multiple_of(1 << 16));
    pool.max_core_instances_per_component(64).max_memories_per_component(8).max_tables_per_component(32);
    pool.max_core_instance_size(1 << 20).max_component_instance_size(4 << 20);
    pool.table_elements(options.limits.table_elements.min(20_000));
    // Idle slots give their pages back: an idle daemon must be small.
    pool.max_unused_warm_slots(16);
    let mut config = code_config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

impl Host {
    /// Sets up the engine, links all services, prepares the cache folder.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let engine = Engine::new(&run_config(&options)).map_err(HostError::Engine)?;
        let linker = linker(&engine).map_err(HostError::Engine)?;
        let compiler = Compiler::new(&engine, options.cache.clone(), options.compiler.clone())
            .map_err(|problem| HostError::Cache { dir: options.cache.clone(), problem })?;
        let ticker = Ticker::start(engine.weak()).map_err(|e| HostError::Engine(e.into()))?;
        let inner = Inner {
            engine,
            linker,
            limits: Arc::new(options.limits),
            dream: Arc::new(options.dream),
            max_component: options.max_component,
            compiler,
            ticker,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    services::Services::add_to_linker::<_, HasSelf<Context>>(&mut linker, |c| c)?;
    Ok(linker)
}

/// Raises the engine's epoch while guests run, and sleeps when none does: an idle daemon is never woken by it.
///
/// One for all: a guest's own deadline is its CPU time, which its epoch callback reads, so that raising the epoch never
/// harms another guest.
pub(crate) struct Ticker {
    shared: Arc<TickerState>,
}

#[derive(Default)]
struct TickerState {
    running: AtomicUsize,
    asleep: AtomicBool,
    stop: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// A guest runs as long as this lives.
pub(crate) struct Running<'a>(&'a TickerState);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

impl Ticker {
    fn start(engine: wasmtime::EngineWeak) -> std::io::Result<Self> {
        let shared = Arc::new(TickerState::default());
        let state = shared.clone();
        let body = move || {
            // Stay awake for a while after the last guest: waking a thread costs more than a short call.
            let mut quiet = 0;
            while !state.stop.load(SeqCst) {
                if state.running.load(SeqCst) > 0 {
                    quiet = 0;
                } else {
                    quiet += 1;
                }
                if quiet > 4 {
                    let mut guard = state.lock.lock().unwrap_or_else(|e| e.into_inner());
                    state.asleep.store(true, SeqCst);
                    while state.running.load(SeqCst) == 0 && !state.stop.load(SeqCst) {
                        guard = state.wake.wait(guard).unwrap_or_else(|e| e.into_inner());
                    }
                    state.asleep.store(false, SeqCst);
                    quiet = 0;
                }
                std::thread::sleep(EPOCH);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        };
        // Without it no limit on CPU time would hold, so this is no place to go on.
        std::thread::Builder::new().name("epoch".into()).stack_size(64 << 10).spawn(body)?;
        Ok(Self { shared })
    }

    pub(crate) fn guest(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            let _guard = self.shared.lock.lock().unwrap_or_else(|e| e.into_inner());
            self.shared.wake.notify_one();
        }
        Running(&self.shared)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        let _guard = self.shared.lock.lock().unwrap_or_else(|e| e.into_inner());
        self.shared.wake.notify_one();
    }
}
