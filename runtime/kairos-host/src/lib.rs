//! The plugin host: engine, limits, grants, faults.
//!
//! It turns bytes into a [`Plugin`], and a plugin into calls that can't hurt anyone: each runs under a memory limit, a CPU
//! limit, a wall-clock limit, and limits on what crosses the border; each ends in an [`Outcome`] that says what it
//! used. What a plugin may ask for comes in through [`Access`]; nothing else is reachable.
//!
//! Invariants:
//! - generated bindings never leave this crate;
//! - one engine and one linker a process; a call never compiles and never links;
//! - only native code that this crate wrote into its own cache is ever loaded ([`cache`]);
//! - after a fault the instance is thrown away.

mod access;
mod bindings;
pub mod cache;
mod call;
pub mod compile;
mod context;
mod cpu;
mod dream;
mod edit;
mod engine;
mod fault;
mod inspect;
mod limits;
mod memory;
mod model;
mod plugin;
mod process;
mod recall;
mod remembered;
mod runners;
mod services;
mod view;
mod web;

pub use access::{Access, Scope};
pub use bindings::{SharedSignal, share};
pub use call::{CallError, HostCall, Outcome};
pub use dream::{MAX_OPERATIONS, dream};
pub use engine::{Host, HostError, HostOptions};
pub use fault::{Action, Fault, FaultKind, decide};
pub use inspect::{Refused, SERVED};
pub use limits::Limits;
pub use model::COMPLETE;
pub use plugin::{Described, LoadError, Plugin};
pub use process::RUN;
pub use runners::{Buddy, BuddyState, Definition, Detector, Drawing, ToolOutput, call_tool};
