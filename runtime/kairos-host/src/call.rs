//! One call into a guest: meters around it, and a verdict after it.

use crate::context::Context;
use crate::cpu::Metered;
use crate::engine::Ticker;
use crate::fault::{Fault, FaultKind};
use crate::limits::Growth;
use crate::services::MAX_LINES;
use kairos_core::PortError;
use std::time::{Duration, Instant};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};

/// A host call with its answer, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCall {
    /// Such as `project.read`.
    pub function: &'static str,
    /// As JSON; empty where it is not recorded.
    pub arguments: String,
    /// As JSON, bytes in it as base64; none where it is not recorded: the record had grown too large, or it tells what is remembered.
    pub answer: Option<Vec<u8>>,
}

impl HostCall {
    /// There was a call, and no more is known.
    pub(crate) fn unrecorded(function: &'static str) -> Self {
        Self { function, arguments: String::new(), answer: None }
    }
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The plugin misbehaved; its instance is gone.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The plugin answered with an error of its own; it is well.
    #[error(transparent)]
    Guest(#[from] PortError),
}

/// What a call came to, and what it used.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The result.
    pub result: Result<T, CallError>,
    /// CPU time, conversions included.
    pub cpu: Duration,
    /// Wall-clock time.
    pub wall: Duration,
    /// Bytes of the instance's memories after the call.
    pub memory: usize,
    /// What it asked of the host.
    pub host_calls: Vec<HostCall>,
}

impl<T> Outcome<T> {
    /// The result, and the rest to put another result into.
    pub(crate) fn split<U>(self) -> (Result<T, CallError>, Outcome<U>) {
        let pending = Err(Fault::new(FaultKind::HostError, "no result").into());
        let Self { result, cpu, wall, memory, host_calls } = self;
        (result, Outcome { result: pending, cpu, wall, memory, host_calls })
    }
}

/// Prepares a new store: limiter, transfer limit, epoch callback.
pub(crate) fn arm(store: &mut Store<Context>) {
    store.limiter(|c| &mut c.meter);
    let transfer = store.data().limits.transfer;
    store.set_hostcall_fuel(transfer);
    // After each epoch: over the CPU time? Else let others run, and look again.
    store.epoch_deadline_callback(|mut cx| {
        let context = cx.data_mut();
        let limit = context.limits.call_cpu;
        if context.cpu.so_far() > limit {
            return Err(context.end(FaultKind::Timeout, format!("used more than {} ms of CPU time", limit.as_millis())));
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

/// Runs one call under the limits of the store's context. `Ok(Err(_))` of the guest and all faults are told apart here.
pub(crate) async fn run<T, F>(store: &mut Store<Context>, ticker: &Ticker, call: F) -> Outcome<T>
where
    F: AsyncFnOnce(&mut Store<Context>) -> wasmtime::Result<Result<T, CallError>>,
{
    store.data_mut().begin();
    store.set_epoch_deadline(1);
    let cpu = store.data().cpu.clone();
    let wall_limit = store.data().limits.call_wall;
    let start = Instant::now();
    let running = ticker.guest();
    let ended = {
        let future = std::pin::pin!(call(store));
        tokio::time::timeout(wall_limit, Metered { future, clock: cpu.clone() }).await
    };
    drop(running);
    let result = match ended {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(verdict(store.data_mut(), error).into()),
        Err(_) => {
            let text = format!("took more than {} s, waits included", wall_limit.as_secs_f32());
            Err(Fault::new(FaultKind::Timeout, text).into())
        }
    };
    // An error of the guest's own is an answer too; only a fault takes back what it wrote.
    let result = match result {
        Err(CallError::Fault(fault)) => Err(fault.into()),
        answer => keep_state(store.data_mut()).await.and(answer),
    };
    let context = store.data();
    if let Some(dropped @ 1..) = context.log_lines.checked_sub(MAX_LINES) {
        tracing::warn!(target: "plugin", plugin = &*context.access.plugin, "{dropped} more lines of this call were dropped");
    }
    Outcome {
        result,
        cpu: cpu.total(),
        wall: start.elapsed(),
        memory: store.data().meter.memory,
        host_calls: store.data_mut().take_record(),
    }
}

/// Writes what the guest changed in its state, now that its call has succeeded.
async fn keep_state(context: &mut Context) -> Result<(), CallError> {
    if context.pending.is_empty() {
        return Ok(());
    }
    let changes = std::mem::take(&mut context.pending).into_iter().collect();
    let Some(store) = context.access.state.clone() else { return Ok(()) };
    store
        .apply(&context.access.plugin, changes)
        .await
        .map_err(|e| Fault::new(FaultKind::HostError, format!("the plugin's state can't be kept: {e}")).into())
}

/// Names the fault behind an engine error.
fn verdict(context: &mut Context, error: wasmtime::Error) -> Fault {
    if let Some(fault) = context.fault.take() {
        return fault;
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::new(FaultKind::HostError, format!("too many plugins at once: {error}"));
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Fault::new(FaultKind::Trap, format!("ended itself with exit code {}", exit.0));
    }
    let trap = error.downcast_ref::<Trap>();
    if let Some(growth) = context.meter.refused {
        let text = match growth {
            Growth::Memory => format!("needs more than {} MiB of memory", context.limits.memory >> 20),
            Growth::Table => "needs more table elements than a plugin may have".into(),
        };
        return Fault::new(FaultKind::OutOfMemory, text);
    }
    let text = match trap {
        Some(Trap::StackOverflow) => "recursed until its stack overflowed".to_string(),
        Some(Trap::UnreachableCodeReached) => format!("panicked or aborted{}", place(&error)),
        Some(trap) => format!("trapped: {trap}{}", place(&error)),
        // Not a trap: the engine refused what the guest handed over (too much, not UTF-8, not a valid variant).
        None => return Fault::new(FaultKind::BadOutput, format!("handed over what can't be taken: {}", error.root_cause())),
    };
    Fault::new(FaultKind::Trap, text)
}

/// The innermost named functions of the guest, for its author.
fn place(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else { return String::new() };
    let names: Vec<_> = trace.frames().iter().filter_map(|f| f.func_name()).take(4).collect();
    if names.is_empty() { String::new() } else { format!(" in {}", names.join(" < ")) }
}
