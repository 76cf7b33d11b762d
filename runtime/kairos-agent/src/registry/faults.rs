//! What follows from a plugin's calls: figures, and consequences of faults.

use super::Registry;
use crate::now;
use kairos_api::PluginState;
use kairos_core::PluginKind;
use kairos_host::{Action, Fault, decide};
use kairos_store::Quarantine;
use std::time::Duration;

impl Registry {
    /// Counts a call, well or not.
    pub(crate) fn count(&self, name: &str, wall: Duration, cpu: Duration, memory: usize, fault: Option<&Fault>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.figures.add(wall, cpu, memory);
            if let Some(fault) = fault {
                entry.figures.faults += 1;
                entry.figures.last_fault = Some(fault.message.clone());
            }
        }
    }

    /// Draws the consequences of a tool's call.
    pub(crate) async fn settle_call(&self, name: &str, hash: &str, kind: PluginKind, fault: Option<&Fault>) {
        let strikes = match self.entries().get_mut(name) {
            Some(entry) => {
                entry.call_strikes = if fault.is_some() { entry.call_strikes + 1 } else { 0 };
                entry.call_strikes
            }
            None => return,
        };
        if let Some(fault) = fault
            && let Action::Quarantine(time) = decide(fault.kind, kind, strikes)
        {
            self.quarantine(name, hash, kind, strikes, fault, time).await;
        }
    }

    /// Takes a plugin out of service for a while.
    pub(crate) async fn quarantine(&self, name: &str, hash: &str, kind: PluginKind, strikes: u32, fault: &Fault, time: Duration) {
        let last_fault = now();
        let row = Quarantine {
            content_hash: hash.into(),
            kind: kind.as_str().into(),
            plugin: name.into(),
            until: Some(last_fault + time.as_millis() as u64),
            strikes,
            reason: fault.message.clone(),
            last_fault,
        };
        let kept = match self.user.put_quarantine(row).await {
            Ok(()) => self.rejudge().await,
            Err(e) => Err(e),
        };
        if let Err(e) = kept {
            tracing::error!("the quarantine of {name} can't be recorded: {e}");
            // It must hold all the same.
            if let Some(entry) = self.entries().get_mut(name) {
                entry.state = PluginState::Quarantined;
                entry.why = Some(fault.message.clone());
            }
            self.touch();
        }
    }
}
