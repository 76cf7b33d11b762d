//! What a store carries while a guest runs: its access, its meters, and the record of what it asked.

use crate::access::Access;
use crate::call::HostCall;
use crate::cpu::CpuClock;
use crate::fault::{Fault, FaultKind};
use crate::limits::{Limits, Meter};
use crate::memory::DreamMemory;
use crate::web::Requests;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use kairos_core::PortError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Most bytes of answers that are recorded in one call; what follows is executed but can't be replayed.
const MAX_RECORD: usize = 4 << 20;

pub(crate) struct Context {
    pub(crate) access: Access,
    pub(crate) limits: Arc<Limits>,
    pub(crate) meter: Meter,
    pub(crate) cpu: Arc<CpuClock>,
    host_calls: u32,
    host_bytes: u64,
    pub(crate) log_lines: u32,
    /// Look-ups in memory.
    pub(crate) lookups: u32,
    record: Vec<HostCall>,
    recorded: usize,
    /// The plugin's state, read when a call first asks for it. Not kept from one call to the next: a component may be a
    /// detector and a tool, and then another instance of it writes too.
    pub(crate) state: Option<BTreeMap<String, Vec<u8>>>,
    /// Writes of this call.
    pub(crate) pending: BTreeMap<String, Option<Vec<u8>>>,
    /// How often it asked a model in this call.
    pub(crate) completions: u32,
    /// How many commands it asked for in this call.
    pub(crate) commands: u32,
    /// What a dream reads.
    pub(crate) memory: Option<DreamMemory>,
    /// Why a host function ended the call, if one did.
    pub(crate) fault: Option<Fault>,
    /// Made for the few guests that import WASI.
    wasi: Option<Box<Wasi>>,
}

/// What WASI needs. Its `http` is all of it that leads anywhere.
struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    requests: Requests,
}

impl Context {
    pub(crate) fn new(access: Access, limits: Arc<Limits>) -> Self {
        Self {
            access,
            meter: Meter::new(&limits),
            limits,
            cpu: Arc::default(),
            host_calls: 0,
            host_bytes: 0,
            log_lines: 0,
            lookups: 0,
            record: Vec::new(),
            recorded: 0,
            state: None,
            pending: BTreeMap::new(),
            completions: 0,
            commands: 0,
            memory: None,
            fault: None,
            wasi: None,
        }
    }

    /// Sets the per-call counters back.
    pub(crate) fn begin(&mut self) {
        self.cpu.reset();
        self.host_calls = 0;
        self.host_bytes = 0;
        self.log_lines = 0;
        self.lookups = 0;
        self.record.clear();
        self.recorded = 0;
        self.state = None;
        self.pending.clear();
        self.completions = 0;
        self.commands = 0;
        self.fault = None;
        self.meter.refused = None;
    }

    pub(crate) fn take_record(&mut self) -> Vec<HostCall> {
        self.record.extend(self.wasi.iter_mut().flat_map(|wasi| wasi.requests.take_record()));
        std::mem::take(&mut self.record)
    }

    /// Counts a host call. An error ends the guest's call.
    pub(crate) fn enter(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(self.end(FaultKind::BadOutput, format!("made more than {} calls to the host", self.limits.host_calls)));
        }
        Ok(())
    }

    /// Counts bytes on their way to the guest.
    pub(crate) fn hand_over(&mut self, bytes: usize) -> Result<(), PortError> {
        self.host_bytes += bytes as u64;
        if self.host_bytes > self.limits.host_bytes {
            let text = format!("this call has been handed {} bytes already", self.limits.host_bytes);
            return Err(PortError::new(kairos_core::ErrorCode::Exhausted, text));
        }
        Ok(())
    }

    /// Ends the guest's call with a fault of the given kind.
    pub(crate) fn end(&mut self, kind: FaultKind, message: String) -> wasmtime::Error {
        self.fault = Some(Fault::new(kind, message.clone()));
        wasmtime::Error::msg(message)
    }

    /// Journals a host call with its answer. Once the record is full, that there was a call is all that is kept.
    pub(crate) fn note(&mut self, function: &'static str, arguments: impl Serialize, answer: &impl Serialize) {
        let full = HostCall::unrecorded(function);
        let call = match (serde_json::to_string(&arguments), serde_json::to_vec(answer)) {
            (Ok(arguments), Ok(answer)) if self.recorded + arguments.len() + answer.len() <= MAX_RECORD => {
                self.recorded += arguments.len() + answer.len();
                HostCall { function, arguments, answer: Some(answer) }
            }
            _ => {
                self.recorded = MAX_RECORD;
                full
            }
        };
        self.record.push(call);
    }

    /// Journals that there was a host call, and nothing of what was asked and answered.
    pub(crate) fn note_call(&mut self, function: &'static str) {
        self.record.push(HostCall::unrecorded(function));
    }
}

/// Bytes in the journal: base64, because JSON has no word for bytes and a list of numbers is four times as long.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

impl Context {
    fn wasi(&mut self) -> &mut Wasi {
        self.wasi.get_or_insert_with(|| {
            let ctx = WasiCtxBuilder::new()
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .max_random_size(64 << 10)
                .build();
            let mut table = ResourceTable::new();
            table.set_max_capacity(1024);
            Box::new(Wasi { ctx, table, http: WasiHttpCtx::new(), requests: Requests::new(self.access.clone()) })
        })
    }
}

impl WasiView for Context {
    /// An empty context: no files, no sockets, no environment, no standard streams.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { hooks: &mut wasi.requests, table: &mut wasi.table, ctx: &mut wasi.http }
    }
}
