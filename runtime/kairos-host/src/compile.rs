//! Compiling, in a child process of our own binary under resource limits, and the look-up of what was compiled before.

use crate::cache::Cache;
use crate::engine::code_config;
use crate::inspect::Refused;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use wasmtime::Engine;
use wasmtime::component::Component;

/// A component of 18 MB takes ten seconds on a fast machine; this is for slow ones.
const MAX_WALL: Duration = Duration::from_secs(300);
/// CPU seconds of all the child's threads.
const MAX_CPU_SECONDS: u64 = 300;
/// Address space of the child.
const MAX_ADDRESS_SPACE: u64 = 8 << 30;

pub(crate) struct Compiler {
    cache: Cache,
    program: PathBuf,
    /// One at a time: two compiles of large components at once would need a gigabyte.
    turn: tokio::sync::Semaphore,
}

/// Why there is no compiled component.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0}")]
    Host(String),
}

impl Compiler {
    pub(crate) fn new(engine: &Engine, cache: PathBuf, program: PathBuf) -> Result<Self, String> {
        Ok(Self { cache: Cache::open(cache, engine)?, program, turn: tokio::sync::Semaphore::new(1) })
    }

    /// Is it in the cache? It may still turn out not to fit.
    pub(crate) fn is_cached(&self, hash: &str) -> bool {
        self.cache.path(hash).exists()
    }

    /// Where it is in the cache, or would be.
    pub(crate) fn path(&self, hash: &str) -> PathBuf {
        self.cache.path(hash)
    }

    /// From the cache; none if it has to be compiled.
    pub(crate) fn cached(&self, engine: &Engine, hash: &str) -> Option<Component> {
        self.cache.get(engine, hash)
    }

    /// Compiles in a child process, and keeps the result.
    pub(crate) async fn compile(&self, engine: &Engine, bytes: &[u8], hash: &str) -> Result<Component, CompileError> {
        let host = |what: &str, e: std::io::Error| CompileError::Host(format!("{what}: {e}"));
        let _turn = self.turn.acquire().await.map_err(|e| CompileError::Host(e.to_string()))?;
        // Another load of the same bytes may have had the turn before.
        if let Some(component) = self.cached(engine, hash) {
            return Ok(component);
        }
        let input = self.cache.temporary().map_err(|e| host("the cache can't be written", e))?;
        tokio::fs::write(input.path(), bytes).await.map_err(|e| host("the cache can't be written", e))?;
        let output = self.cache.temporary().map_err(|e| host("the cache can't be written", e))?;
        let mut child = tokio::process::Command::new(&self.program)
            .arg("compile-component")
            .arg("--input")
            .arg(input.path())
            .arg("--output")
            .arg(output.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| host("the compiler can't be started", e))?;
        let mut message = String::new();
        let wait = async {
            if let Some(stderr) = child.stderr.take() {
                let mut bytes = Vec::new();
                let _ = stderr.take(16 << 10).read_to_end(&mut bytes).await;
                message = String::from_utf8_lossy(&bytes).trim().to_string();
            }
            child.wait().await
        };
        let status = match tokio::time::timeout(MAX_WALL, wait).await {
            Ok(status) => status.map_err(|e| host("the compiler can't be waited for", e))?,
            Err(_) => return Err(Refused::Invalid(format!("compiling takes more than {} s", MAX_WALL.as_secs())).into()),
        };
        match status.code() {
            Some(0) => {}
            Some(3) => return Err(CompileError::Host(message)),
            Some(_) => return Err(Refused::Invalid(crate::bindings::cut(message, 400)).into()),
            None => return Err(Refused::Invalid("compiling it needs too much time or memory".into()).into()),
        }
        self.cache.put(output, hash).map_err(|e| host("the cache can't be written", e))?;
        match self.cache.load(engine, hash) {
            Ok(component) => Ok(component),
            Err(e) if self.cache.is_sound(hash) => Err(Refused::Demands(crate::bindings::cut(format!("{e:#}"), 400)).into()),
            Err(e) => Err(CompileError::Host(format!("what was compiled can't be loaded: {e:#}"))),
        }
    }
}

/// The child's side: compiles `input` to `output` under limits of memory and CPU time. The exit code is 0, or 2 when the
/// component is at fault, or 3 when the machine is; the reason goes to standard error.
pub fn child_main(input: &Path, output: &Path) -> i32 {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |n| Rlimit { current: Some(n), maximum: Some(n) };
        let _ = setrlimit(Resource::Cpu, limit(MAX_CPU_SECONDS));
        let _ = setrlimit(Resource::As, limit(MAX_ADDRESS_SPACE));
        let _ = setrlimit(Resource::Core, limit(0));
    }
    let bytes = match std::fs::read(input) {
        Ok(bytes) => bytes,
        Err(e) => return fail(3, &format!("{}: {e}", input.display())),
    };
    let engine = match Engine::new(&code_config()) {
        Ok(engine) => engine,
        Err(e) => return fail(3, &format!("the engine can't start: {e}")),
    };
    match engine.precompile_component(&bytes) {
        Ok(code) => match std::fs::write(output, code) {
            Ok(()) => 0,
            Err(e) => fail(3, &format!("{}: {e}", output.display())),
        },
        Err(e) => fail(2, &format!("{e:#}")),
    }
}

fn fail(code: i32, message: &str) -> i32 {
    eprintln!("{message}");
    code
}
