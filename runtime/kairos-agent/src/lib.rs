//! The tick loop: signals, detectors, governing, inbox, journal.
//!
//! [`Registry`] knows which plugins there are and what each may do. One [`ProjectLoop`] a project collects signals, calls
//! the detectors that want them, and governs what they say. [`Agent`] starts both and answers the control API.
//!
//! Invariants:
//! - a tick without signals calls no plugin and writes nothing;
//! - nothing reaches the user but a finding that passed [`govern`];
//! - a fault is charged to the plugin that caused it; the others' ticks go on.

mod agent;
mod backlog;
mod channels;
mod chores;
mod control;
mod digest;
mod dreams;
mod drift;
mod events;
mod figures;
pub mod govern;
mod heard;
mod inbox;
mod ledger;
mod look;
mod matching;
mod mcp;
mod models;
mod open;
mod pet;
mod plugin_watch;
mod project_loop;
mod project_plugins;
mod recollection;
mod recorder;
mod registry;
mod requests;
mod scan;
mod signals;
mod skills;
mod slots;
mod think;
mod tick;
mod tools;
mod upkeep;

pub use agent::{Agent, AgentOptions, Opener, Ready, StartError};
pub use control::STARTED_BY;
pub use dreams::Breaker;
pub use events::{Events, MAX_EVENTS};
pub use look::NoAnswer;
pub use open::ProjectOptions;
pub use registry::Registry;
pub use scan::{Embedded, Origin, Place};
pub use skills::{BadSkill, Skill, Skills, Whose};

/// Milliseconds since 1970-01-01T00:00:00Z, now.
pub(crate) fn now() -> kairos_core::Millis {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}
