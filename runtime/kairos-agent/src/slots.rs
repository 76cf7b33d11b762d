//! The detectors of one project: each with its runner, its back-off, and signals that it has still to see.

use crate::registry::{Registry, Running};
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::{Interest, PluginKind, Report, Rights, Signal};
use kairos_host::{Access, Action, CallError, Detector, Fault, Outcome, SharedSignal, decide};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Signals that wait for a detector at most; then the oldest go.
const MAX_CARRY: usize = 1000;

/// A signal, and the form in which it is delivered.
#[derive(Clone)]
pub(crate) struct Delivered {
    pub(crate) signal: Arc<Signal>,
    pub(crate) shared: SharedSignal,
}

impl Delivered {
    pub(crate) fn new(signal: Signal) -> Self {
        Self { shared: kairos_host::share(&signal), signal: Arc::new(signal) }
    }
}

/// A detector in a project.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) hash: String,
    pub(crate) interests: Arc<[Interest]>,
    pub(crate) rights: Rights,
    access: Access,
    pub(crate) runner: Detector,
    /// What it gets at its next call.
    pub(crate) inbox: Vec<Delivered>,
    /// Signals that were thrown away because too many waited.
    pub(crate) dropped: u64,
    strikes: u32,
    resume: Option<Instant>,
}

impl Slot {
    /// None if the plugin is no detector.
    pub(crate) fn new(
        registry: &Registry,
        running: &Running,
        project: Arc<dyn ProjectView>,
        state: Arc<dyn StateStore>,
    ) -> Option<Self> {
        let access = Access::new(&running.name, project, state, &running.rights);
        Some(Self {
            name: running.name.clone(),
            hash: running.plugin.hash.clone(),
            interests: running.described.interests.clone().into(),
            rights: running.rights.clone(),
            runner: Detector::new(&registry.host, running.plugin.clone(), access.clone())?,
            access,
            inbox: Vec::new(),
            dropped: 0,
            strikes: 0,
            resume: None,
        })
    }

    /// The same plugin with other rights: its instance stays.
    pub(crate) fn set_rights(&mut self, rights: &Rights) {
        self.rights = rights.clone();
        self.access.set_rights(rights);
    }

    pub(crate) fn give(&mut self, signal: &Delivered) {
        if self.inbox.len() >= MAX_CARRY {
            self.inbox.remove(0);
            self.dropped += 1;
        }
        self.inbox.push(signal.clone());
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        !self.inbox.is_empty() && self.resume.is_none_or(|t| t <= now)
    }

    /// Calls it with what waits for it.
    pub(crate) async fn call(&mut self) -> (Vec<Delivered>, Outcome<Report>) {
        let batch = std::mem::take(&mut self.inbox);
        let shared: Vec<_> = batch.iter().map(|d| d.shared.clone()).collect();
        let outcome = self.runner.detect(&shared).await;
        (batch, outcome)
    }

    /// Draws the consequences of a call; answers the quarantine that is due, if one is.
    pub(crate) fn settle(&mut self, batch: &[Delivered], outcome: &Outcome<Report>) -> Option<(Fault, Duration)> {
        let fault = match &outcome.result {
            Ok(_) => {
                self.strikes = 0;
                return None;
            }
            Err(CallError::Guest(e)) => {
                tracing::warn!(plugin = self.name, "the plugin answers with an error: {e}");
                return None;
            }
            Err(CallError::Fault(fault)) => fault,
        };
        self.strikes += 1;
        match decide(fault.kind, PluginKind::Detector, self.strikes) {
            Action::Retry => {
                self.strikes -= 1;
                let newer = std::mem::take(&mut self.inbox);
                batch.iter().chain(&newer).for_each(|d| self.give(d));
                None
            }
            Action::Discard => None,
            Action::BackOff(time) => {
                self.resume = Some(Instant::now() + time);
                None
            }
            Action::Quarantine(time) => Some((fault.clone(), time)),
        }
    }

    pub(crate) fn strikes(&self) -> u32 {
        self.strikes
    }
}
