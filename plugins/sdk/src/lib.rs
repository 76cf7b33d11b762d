//! Write plugins for kairos-run. A detector, a tool, a dream or a pet is one trait and one macro:
//!
//! ```
//! use kairos_plugin::prelude::*;
//!
//! struct Hello;
//!
//! impl Detector for Hello {
//!     fn describe() -> Description {
//!         describe!("Says hello once")
//!     }
//!     fn interests() -> Vec<Interest> {
//!         vec![Interest::new("kairos.loaded", "to say hello when it is loaded")]
//!     }
//!     fn detect(_host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
//!         Ok(Report::new().finding(
//!             Finding::new("hello", "Hello from a plugin").evidence(Evidence::signal(&signals[0], "kairos.loaded")),
//!         ))
//!     }
//! }
//!
//! kairos_plugin::detector!(Hello);
//! ```
//!
//! What a plugin may call comes in as `host`: [`Project`] (files, search, git), [`State`], [`Clock`], [`Recall`](recall::Recall) (what is
//! remembered). Inside a component that is [`Live`]; in a native test it is [`testing::Fake`], so a plugin's whole decision is
//! tested with `cargo test`.
//!
//! Plugins are built for `wasm32-unknown-unknown` or `wasm32-wasip2` (`kairos-run plugin build DIR`): no threads, files,
//! sockets or `std::time`. A panic is logged and ends the call as a fault.

pub mod bindings;
pub mod command;
#[cfg(feature = "tool")]
mod date;
pub mod edit;
#[cfg(all(feature = "dream", not(target_arch = "wasm32")))]
mod fake_memory;
#[cfg(not(target_arch = "wasm32"))]
mod fake_recall;
mod host;
#[cfg(feature = "tool")]
mod input;
pub mod live;
#[cfg(feature = "dream")]
pub mod memory;
#[cfg(feature = "model")]
pub mod model;
mod plugin;
#[cfg(feature = "process")]
pub mod process;
pub mod recall;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod types;

#[cfg(feature = "tool")]
pub use date::{date, parse_date};
pub use host::{Clock, Files, Host, MAX_READ, Project, State};
#[cfg(feature = "tool")]
pub use input::Input;
pub use live::{Live, log};
#[cfg(feature = "dream")]
pub use plugin::Dream;
#[cfg(feature = "dream")]
#[doc(hidden)]
pub use plugin::DreamExport;
pub use plugin::{Buddy, Described, Detector, Tool};
#[doc(hidden)]
pub use plugin::{BuddyExport, DetectorExport, ManifestExport, ToolExport};
pub use types::{
    Change, ChangeKind, Commit, Comparison, Definition, Description, Drawing, Error, ErrorCode, Evidence, FileInfo, FileKind,
    FilePatch, Finding, Interest, Match, Mood, Output, Page, Patch, Report, Repository, Request, SearchOptions, Shown, Signal,
    Stash, Urgency, Version, Withheld, fit, fit_key, fnv,
};

/// Everything that a plugin usually needs.
pub mod prelude {
    #[cfg(feature = "dream")]
    pub use crate::Dream;
    pub use crate::edit::{Edit, FileChange};
    #[cfg(feature = "dream")]
    pub use crate::memory::{Candidate, Change as MemoryChange, Memory, NewClaim, Operation, Relation, Support};
    pub use crate::recall::{Anchor, Claim, Hit, Kind, Observation, Options as RecallOptions, Origin, Owner, Recall, Status};
    pub use crate::{
        Buddy, Change, ChangeKind, Clock, Commit, Comparison, Definition, Description, Detector, Drawing, Error, ErrorCode,
        Evidence, FileInfo, FileKind, FilePatch, Finding, Host, Interest, Match, Mood, Output, Patch, Project, Report,
        Repository, Request, SearchOptions, Shown, Signal, Stash, State, Tool, Urgency, Version, Withheld, describe, log,
    };
}
