//! What is watched: files, git, logs, results of CI, the machine, servers, other agents, idleness. Watchers append signals to a bounded [`SignalQueue`]; the tick loop drains it.
//!
//! Kinds and attributes are documented in `wit/SIGNALS.md`. Nothing here wakes up while nothing happens, except in the
//! polling mode that stands in where the system can't watch.

mod ci;
mod commands;
mod drop_file;
mod files;
mod gate;
mod git;
mod identity;
mod idle;
mod logs;
mod names;
mod pending;
mod poll;
pub mod power;
pub mod presence;
mod queue;
mod rules;
mod servers;
mod sessions;
mod system;
mod thread;
mod watch;

pub use ci::{CI_FOLDER, CiResult, MAX_CI_FILE};
pub use commands::{CommandFile, FinishedCommand};
pub use drop_file::{DropFile, MAX_DROP};
pub use files::{FileConfig, FileWatch, PrivateCheck, WatchMode, WatchStatus};
pub use gate::Seen;
pub use git::{GitConfig, GitWatch, Snapshot};
pub use idle::Idle;
pub use logs::{Clean, LogConfig, LogFile, LogPattern, LogWatch};
pub use names::{HIDDEN, hide_private};
pub use queue::{DEFAULT_CAPACITY, Drained, SignalQueue};
pub use sessions::SessionFolder;
pub use watch::{Watch, WatchConfig};

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
fn now() -> kairos_core::signal::Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
