//! One runner a plugin kind: detectors and Buddies stay warm, tools get a fresh instance for each call.

use crate::access::Access;
use crate::bindings::{SharedSignal, buddy, tool, wit};
use crate::call::{self, CallError, Outcome};
use crate::context::Context;
use crate::engine::Host;
use crate::fault::{Fault, FaultKind};
use crate::limits::Limits;
use crate::plugin::Plugin;
use crate::process::MAX_COMMANDS;
use crate::web::MAX_REQUESTS;
use kairos_core::finding::plain;
use kairos_core::{PortError, Report};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{Instance, TypedFunc};

type Detect = TypedFunc<(Vec<Arc<wit::types::Signal>>,), (Result<crate::bindings::detector::api::Report, wit::types::Error>,)>;

/// A detector in one project. Warm: its instance lives until a fault, or `warm_calls`.
pub struct Detector {
    host: Host,
    plugin: Arc<Plugin>,
    access: Access,
    warm: Option<Warm>,
}

struct Warm {
    store: Store<Context>,
    detect: Detect,
    calls: u32,
}

impl Detector {
    /// None if the plugin is no detector.
    pub fn new(host: &Host, plugin: Arc<Plugin>, access: Access) -> Option<Self> {
        plugin.detector.as_ref()?;
        Some(Self { host: host.clone(), plugin, access, warm: None })
    }

    /// One call. A report that breaks the contract is a fault ([`FaultKind::BadOutput`]).
    pub async fn detect(&mut self, signals: &[SharedSignal]) -> Outcome<Report> {
        let batch: Vec<_> = signals.iter().map(|s| s.0.clone()).collect();
        let mut warm = match self.warm.take() {
            Some(warm) => warm,
            None => match start(&self.host, &self.plugin, self.access.clone()).await {
                Ok(warm) => warm,
                Err(outcome) => return outcome,
            },
        };
        let detect = warm.detect;
        let mut outcome = call::run(&mut warm.store, &self.host.inner.ticker, async |store| {
            let (answer,) = detect.call_async(&mut *store, (batch,)).await?;
            Ok(answer.map(Report::from).map_err(|e| CallError::Guest(PortError::from(e))))
        })
        .await;
        outcome.result = outcome
            .result
            .and_then(|report| report.validate().map_err(|e| Fault::new(FaultKind::BadOutput, e.to_string()).into()));
        warm.calls += 1;
        if !matches!(outcome.result, Err(CallError::Fault(_))) && warm.calls < self.host.inner.limits.warm_calls {
            self.warm = Some(warm);
        }
        outcome
    }

    /// Does it hold an instance at the moment?
    pub fn is_warm(&self) -> bool {
        self.warm.is_some()
    }
}

/// A fresh instance; what it does in its start function is under the same limits as a call. (Apart from the runner, which
/// can't be shared between threads while it waits.)
async fn start(host: &Host, plugin: &Plugin, access: Access) -> Result<Warm, Outcome<Report>> {
    let mut store = host.store(access);
    let outcome = call::run(&mut store, &host.inner.ticker, async |store| {
        let instance = plugin.instantiate(store).await?;
        Ok(Ok(find_detect(store, &instance)?))
    })
    .await;
    let (result, rest) = outcome.split();
    match result {
        Ok(detect) => Ok(Warm { store, detect, calls: 0 }),
        Err(e) => Err(Outcome { result: Err(e), ..rest }),
    }
}

/// The generated `call_detect` wants owned signals; this one takes shared ones, so that a signal for a thousand detectors is
/// not copied a thousand times.
fn find_detect(store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<Detect> {
    let interface = instance
        .get_export_index(&mut *store, None, "kairos:detector/detector@0.1.0")
        .ok_or_else(|| wasmtime::Error::msg("no detector interface"))?;
    let function = instance
        .get_export_index(&mut *store, Some(&interface), "detect")
        .ok_or_else(|| wasmtime::Error::msg("no function `detect`"))?;
    instance.get_typed_func(&mut *store, function)
}

/// A tool's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Kebab-case.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of an object.
    pub input_schema: String,
    /// Changes nothing.
    pub read_only: bool,
}

impl From<tool::api::Definition> for Definition {
    fn from(d: tool::api::Definition) -> Self {
        Self { name: d.name, description: plain(&d.description), input_schema: d.input_schema, read_only: d.read_only }
    }
}

/// What a tool returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// For a person or a model.
    pub text: String,
    /// The same as JSON.
    pub structured: Option<serde_json::Value>,
    /// There was more.
    pub truncated: bool,
}

/// Most bytes of a tool's text, and of its structured output.
const MAX_OUTPUT: usize = 256 << 10;

/// Most bytes of a tool's input, as JSON.
const MAX_INPUT: usize = 1 << 20;

/// Calls a tool in a fresh instance. `input` must be a JSON object of at most 1 MiB.
pub async fn call_tool(
    host: &Host,
    plugin: &Plugin,
    access: Access,
    name: &str,
    input: &serde_json::Value,
) -> Outcome<ToolOutput> {
    // Whoever may run commands, ask for pages or change files, may wait for them and for the user.
    let commands = access.process().map_or(Duration::ZERO, |(process, _)| process.patience() * MAX_COMMANDS);
    let pages = access.web().map_or(Duration::ZERO, |(web, _)| web.patience() * MAX_REQUESTS);
    let patience = commands + pages + access.edit_patience();
    let limits = Limits { call_wall: host.inner.limits.call_wall + patience, ..Limits::clone(&host.inner.limits) };
    let mut store = host.store_within(access, Arc::new(limits));
    let outcome = call::run(&mut store, &host.inner.ticker, async |store| {
        let Some(indices) = &plugin.tool else {
            let text = format!("there is no tool `{name}` in this plugin");
            return Ok(Err(PortError::new(kairos_core::ErrorCode::NotFound, text).into()));
        };
        let input = input.to_string();
        if input.len() > MAX_INPUT {
            let text = format!("the input has {} bytes, at most {MAX_INPUT} are allowed", input.len());
            return Ok(Err(PortError::new(kairos_core::ErrorCode::TooLarge, text).into()));
        }
        let instance = plugin.instantiate(store).await?;
        let works = indices.load(&mut *store, &instance)?;
        let answer = works.kairos_tool_tool().call_call(&mut *store, name, &input).await?;
        Ok(answer.map_err(|e| CallError::Guest(e.into())))
    })
    .await;
    let (result, rest) = outcome.split();
    Outcome { result: result.and_then(checked), ..rest }
}

fn checked(output: tool::api::Output) -> Result<ToolOutput, CallError> {
    let bad = |text: String| CallError::Fault(Fault::new(FaultKind::BadOutput, text));
    let size = output.text.len().max(output.structured.as_ref().map_or(0, String::len));
    if size > MAX_OUTPUT {
        return Err(bad(format!("returned {size} bytes, at most {MAX_OUTPUT} are allowed")));
    }
    let structured = match output.structured {
        Some(json) => Some(serde_json::from_str(&json).map_err(|e| bad(format!("the structured output is no JSON: {e}")))?),
        None => None,
    };
    Ok(ToolOutput { text: plain(&output.text), structured, truncated: output.truncated })
}

/// What the pet is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct BuddyState {
    pub frame: u64,
    pub low: u32,
    pub normal: u32,
    pub high: u32,
    pub critical: u32,
    pub idle_seconds: u32,
    pub relieved: bool,
    pub news: u32,
    pub hour: u8,
}

/// What the pet draws: at most 8 lines of 24 printable characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawing {
    /// The lines.
    pub lines: Vec<String>,
    /// One word.
    pub mood: String,
}

/// The terminal pet. Warm, like a detector.
pub struct Buddy {
    host: Host,
    plugin: Arc<Plugin>,
    access: Access,
    warm: Option<(Store<Context>, buddy::Draws)>,
}

impl Buddy {
    /// None if the plugin is no Buddy.
    pub fn new(host: &Host, plugin: Arc<Plugin>, access: Access) -> Option<Self> {
        plugin.buddy.as_ref()?;
        Some(Self { host: host.clone(), plugin, access, warm: None })
    }

    /// One frame.
    pub async fn draw(&mut self, state: &BuddyState) -> Outcome<Drawing> {
        let ticker = &self.host.inner.ticker;
        let (mut store, draws) = match self.warm.take() {
            Some((store, draws)) => (store, Some(draws)),
            None => (self.host.store(self.access.clone()), None),
        };
        let plugin = &self.plugin;
        let state = buddy::api::State {
            frame: state.frame,
            low: state.low,
            normal: state.normal,
            high: state.high,
            critical: state.critical,
            idle_seconds: state.idle_seconds,
            relieved: state.relieved,
            news: state.news,
            hour: state.hour,
        };
        let outcome = call::run(&mut store, ticker, async |store| {
            let draws = match (draws, &plugin.buddy) {
                (Some(draws), _) => draws,
                (None, Some(indices)) => {
                    let instance = plugin.instantiate(store).await?;
                    indices.load(&mut *store, &instance)?
                }
                (None, None) => return Err(wasmtime::Error::msg("no Buddy")),
            };
            let drawing = draws.kairos_buddy_buddy().call_draw(&mut *store, state).await?;
            Ok(Ok((drawing, draws)))
        })
        .await;
        let (result, rest) = outcome.split();
        let result = result.map(|(drawing, draws)| {
            self.warm = Some((store, draws));
            printable(drawing)
        });
        Outcome { result, ..rest }
    }
}

/// Keeps what a terminal can show in the pet's place.
fn printable(drawing: buddy::api::Drawing) -> Drawing {
    let line = |l: &String| kairos_core::finding::one_line_untrimmed(l).chars().take(24).collect();
    Drawing {
        lines: drawing.lines.iter().take(8).map(line).collect(),
        mood: kairos_core::finding::one_line(&drawing.mood).chars().take(24).collect(),
    }
}
