//! What is watched: files, git, logs, idleness. Watchers append signals to a bounded [`SignalQueue`]; the tick loop drains it.
//!
//! Kinds and attributes are documented in `wit/SIGNALS.md`. Nothing here wakes up while nothing happens, except in the
//! polling mode that stands in where the system can't watch.

mod files;
mod git;
mod identity;
mod idle;
mod logs;
mod pending;
mod poll;
pub mod power;
mod queue;
mod rules;
mod watch;

pub use files::{FileConfig, FileWatch, PrivateCheck, WatchMode, WatchStatus};
pub use git::{GitConfig, GitWatch, Snapshot};
pub use idle::Idle;
pub use logs::{Clean, LogConfig, LogFile, LogWatch};
pub use queue::{DEFAULT_CAPACITY, Drained, SignalQueue};
pub use watch::{Watch, WatchConfig};

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
fn now() -> kairos_core::signal::Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
