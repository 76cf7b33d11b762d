//! What happens when a plugin misbehaves: one table, a pure function.
//!
//! A fault is charged to the plugin that caused it. Strikes count faults without a success between them.

use kairos_core::PluginKind;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The guest trapped: a panic, an unreachable, a stack overflow, a wild address.
    Trap,
    /// Over its CPU or wall-clock time.
    Timeout,
    /// A trap after a growth of memory was refused.
    OutOfMemory,
    /// It broke a limit or rule of the contract: too much data, a malformed finding, a description that changes.
    BadOutput,
    /// The host failed it: disk full, database locked. Not the plugin's doing.
    HostError,
    /// It was built for a contract that isn't served.
    VersionMismatch,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Trap, Self::Timeout, Self::OutOfMemory, Self::BadOutput, Self::HostError, Self::VersionMismatch];
}

/// A fault with a message that names what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// For a person; may hold text of the guest, without control characters.
    pub message: String,
}

impl Fault {
    /// A fault; the message is cleaned and cut at 2 KiB.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        let message = crate::bindings::cut(message.into(), 2048);
        Self { kind, message: kairos_core::finding::one_line(&message) }
    }
}

/// What the host does about a fault. In every case the instance is thrown away and its output is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Call again at the next occasion, with the same input.
    Retry,
    /// Give up this call's input; go on with the next.
    Discard,
    /// As `Discard`, and no call for so long.
    BackOff(Duration),
    /// No call until the file changes, the user clears it, or so long has passed.
    Quarantine(Duration),
}

/// A day: long enough to be noticed, short enough that a plugin which met a strange day comes back by itself.
const QUARANTINE: Duration = Duration::from_secs(24 * 3600);

/// The table. `strikes` counts this fault too, so it is at least 1.
///
/// | | detector | tool | dream | buddy |
/// |---|---|---|---|---|
/// | trap | discard, from the 2nd back off, 5th quarantine | discard, 10th quarantine | back off, 3rd quarantine | back off, 3rd quarantine |
/// | timeout, out of memory, bad output | back off, 3rd quarantine | discard, 5th quarantine | back off, 3rd quarantine | back off, 3rd quarantine |
/// | host error | retry | discard | retry | discard |
/// | version mismatch | quarantine | quarantine | quarantine | quarantine |
///
/// Backing off takes 1 minute, and twice as long at each further strike, up to an hour. A tool is never called again by
/// the host: who called it sees the error and decides.
pub fn decide(fault: FaultKind, plugin: PluginKind, strikes: u32) -> Action {
    use FaultKind as F;
    use PluginKind as P;
    let back_off = Action::BackOff(Duration::from_secs(60 << strikes.saturating_sub(1).min(6)).min(Duration::from_secs(3600)));
    let up_to = |limit: u32, otherwise: Action| if strikes >= limit { Action::Quarantine(QUARANTINE) } else { otherwise };
    match (fault, plugin) {
        (F::VersionMismatch, _) => Action::Quarantine(QUARANTINE),
        (F::HostError, P::Detector | P::Dream) => Action::Retry,
        (F::HostError, P::Tool | P::Buddy) => Action::Discard,
        (F::Trap, P::Detector) => up_to(5, if strikes < 2 { Action::Discard } else { back_off }),
        (F::Trap, P::Tool) => up_to(10, Action::Discard),
        (_, P::Tool) => up_to(5, Action::Discard),
        (_, P::Detector | P::Dream | P::Buddy) => up_to(3, back_off),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plugin_at_fault_is_quarantined_in_the_end_and_none_for_the_hosts_errors() {
        for kind in PluginKind::ALL {
            for fault in FaultKind::ALL {
                let end = decide(fault, kind, 100);
                match fault {
                    FaultKind::HostError => assert!(matches!(end, Action::Retry | Action::Discard), "{kind:?}"),
                    _ => assert!(matches!(end, Action::Quarantine(_)), "{fault:?} {kind:?}"),
                }
            }
        }
    }

    #[test]
    fn more_strikes_never_mean_a_milder_answer() {
        let weight = |a: Action| match a {
            Action::Retry => 0,
            Action::Discard => 1,
            Action::BackOff(d) => 1 + d.as_secs(),
            Action::Quarantine(_) => u64::MAX,
        };
        for kind in PluginKind::ALL {
            for fault in FaultKind::ALL {
                for n in 1..20 {
                    assert!(weight(decide(fault, kind, n)) <= weight(decide(fault, kind, n + 1)));
                }
            }
        }
    }

    #[test]
    fn a_tool_is_never_called_twice_for_one_request() {
        for fault in FaultKind::ALL {
            assert_ne!(decide(fault, PluginKind::Tool, 1), Action::Retry);
        }
    }
}
