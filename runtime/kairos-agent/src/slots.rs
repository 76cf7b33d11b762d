//! The detectors of one project: each with its runner, its back-off, and signals that it has still to see.

use crate::backlog::{Backlog, Delivered};
use crate::registry::{Registry, Running};
use kairos_core::ports::{ProjectView, StateStore};
use kairos_core::recall::Recall;
use kairos_core::{Interest, PluginKind, Report, Rights};
use kairos_host::{Access, Action, CallError, Detector, Fault, Outcome, decide};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A detector in a project.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) hash: String,
    pub(crate) interests: Arc<[Interest]>,
    pub(crate) rights: Rights,
    access: Arc<Access>,
    pub(crate) runner: Detector,
    /// What it gets at its next call.
    pub(crate) backlog: Backlog,
    strikes: u32,
    /// The batch that waits has been answered with an error once.
    retried: bool,
    resume: Option<Instant>,
}

/// Is a kind of signal among the interests?
pub(crate) fn wants(interests: &[Interest], kind: &str) -> bool {
    interests.iter().any(|i| kairos_core::signal::kind_matches(&i.kind, kind))
}

impl Slot {
    /// None if the plugin is no detector.
    pub(crate) fn new(
        registry: &Registry,
        running: &Running,
        project: Arc<dyn ProjectView>,
        state: Arc<dyn StateStore>,
        recall: Arc<dyn Recall>,
    ) -> Option<Self> {
        let access = Access::new(&running.name, project, state, &running.rights).with_recall(recall);
        let access = registry.lend(&running.name, &running.plugin.hash, access);
        let mut slot = Self {
            name: running.name.clone(),
            hash: running.plugin.hash.clone(),
            interests: running.described.interests.clone().into(),
            rights: running.rights.clone(),
            runner: Detector::new(&registry.host, running.plugin.clone(), Access::clone(&access))?,
            access,
            backlog: Backlog::default(),
            strikes: 0,
            retried: false,
            resume: None,
        };
        slot.backlog.rescans = slot.takes_rescans();
        Some(slot)
    }

    /// The same plugin with other rights: its instance stays.
    pub(crate) fn set_rights(&mut self, rights: &Rights) {
        self.rights = rights.clone();
        self.access.set_rights(rights);
        self.backlog.rescans = self.takes_rescans();
    }

    fn takes_rescans(&self) -> bool {
        wants(&self.interests, "file.rescan") && self.rights.allows_signal("file.rescan")
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        !self.backlog.is_empty() && self.resume.is_none_or(|t| t <= now)
    }

    /// Calls it with what waits for it.
    pub(crate) async fn call(&mut self) -> (Vec<Delivered>, Outcome<Report>) {
        let batch = self.backlog.take();
        let shared: Vec<_> = batch.iter().map(|d| d.shared.clone()).collect();
        let outcome = self.runner.detect(&shared).await;
        (batch, outcome)
    }

    /// Draws the consequences of a call; answers the quarantine that is due, if one is.
    pub(crate) fn settle(&mut self, batch: &[Delivered], outcome: &Outcome<Report>) -> Option<(Fault, Duration)> {
        let fault = match &outcome.result {
            Ok(_) => {
                self.strikes = 0;
                self.retried = false;
                return None;
            }
            Err(CallError::Guest(e)) => {
                // Often the world was not ready (git was writing): the same input gets a second chance, and only one.
                tracing::warn!(plugin = self.name, "the plugin answers with an error: {e}");
                self.retried = !self.retried;
                if self.retried {
                    self.backlog.give_back(batch);
                }
                return None;
            }
            Err(CallError::Fault(fault)) => fault,
        };
        self.strikes += 1;
        match decide(fault.kind, PluginKind::Detector, self.strikes) {
            Action::Retry => {
                self.strikes -= 1;
                self.backlog.give_back(batch);
                None
            }
            Action::Discard => None,
            Action::BackOff(time) => {
                self.resume = Some(Instant::now() + time);
                // When it is called again, what it knew of the project is out of date.
                self.backlog.look_again(batch, "missed");
                None
            }
            Action::Quarantine(time) => Some((fault.clone(), time)),
        }
    }

    /// The last error of the guest's own was not followed by a second chance.
    pub(crate) fn gave_up(&self) -> bool {
        !self.retried
    }

    pub(crate) fn strikes(&self) -> u32 {
        self.strikes
    }
}
