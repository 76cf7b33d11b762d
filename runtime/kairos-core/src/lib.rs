//! The vocabulary of kairos-run and the ports between its parts. No I/O.
//!
//! Every other crate speaks in these types. What a plugin may ask for is a trait in [`ports`]; who implements it is
//! decided in the binary alone.

pub mod config;
pub mod dream;
pub mod edit;
pub mod finding;
pub mod git;
pub mod memory;
pub mod model;
pub mod permission;
pub mod plugin;
pub mod ports;
pub mod quiet;
pub mod recall;
pub mod schedule;
pub mod signal;

pub use finding::{Evidence, Finding, Report, Urgency};
pub use plugin::{Asked, Description, Grant, Interest, PluginKind, Request, Rights};
pub use ports::{ErrorCode, PortError};
pub use signal::{Millis, Signal};
