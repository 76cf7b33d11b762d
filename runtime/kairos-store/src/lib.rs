//! SQLite: one writer, migrations with a backup, one schema module for each owner.
//!
//! Two databases: [`ProjectDb`] holds what belongs to one project (inbox, plugin state, wakes, tick journal, permissions, conversations),
//! [`UserDb`] what belongs to the user (grants, trust, projects, quarantine, cached descriptions, egress, what he was told and
//! what he answered, what models cost). Both are cheap
//! handles that can be cloned and shared; each file has one thread that owns its connection, so no caller blocks an async
//! worker.
//! SQL never leaves this crate: a table and the statements on it stand in one module.
//!
//! Durability: write-ahead log. A project's database is written with `synchronous=NORMAL`: a power cut may lose the last
//! transactions, never break the file. The user's, where a lost revocation would matter, with `synchronous=FULL`.

mod db;
mod error;
mod migrate;
mod private;
mod project;
mod sql;
mod user;

pub use error::StoreError;
pub use project::ProjectDb;
pub use project::conversations::{Conversation, KeptConversation};
pub use project::forget::{Forget, Forgotten};
pub use project::inbox::{Applied, Change, Decided, Filter, InboxItem, OpenCounts, Seen, Status};
pub use project::journal::{Answer, Delivery, HostCall, Pruned, TickRecord, TickSummary};
pub use project::permissions::{Permission, Wanted};
pub use project::usage::{TICKS, Usage};
pub use user::UserDb;
pub use user::attention::{Count, Note, What};
pub use user::egress::EgressRow;
pub use user::grants::{GrantRow, Identity};
pub use user::outbox::Unsent;
pub use user::quarantine::Quarantine;
pub use user::spending::{By, CostRow, Limit, Reservation, Reserved, Spent, Unit, Whose};
pub use user::trust::TrustedProject;
