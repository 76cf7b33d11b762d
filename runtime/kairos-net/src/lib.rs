//! The only crate that opens a connection to another machine.
//!
//! A [`Net`] reaches the hosts of its [`Allow`] list and no others, and of those that the user did not name himself only
//! the ones on the public internet, judged by the addresses that are connected to, not by the name. No redirect is
//! followed, no proxy of the environment is used, every wait and every size has a limit. Each request is written into the
//! [`Ledger`] before its first byte leaves; one that can't be written down is not sent. An answer can be read as it comes
//! ([`Incoming`]); whoever no longer wants it drops it, and how far it came is on record. An address that somebody else wrote is a
//! [`Target`] before anything is decided about it.
//!
//! Not for: the control API's unix socket, which never leaves the machine (`kairos-api`).

mod addresses;
mod allow;
mod answer;
mod ledger;
mod secret;
mod send;
mod target;

pub use addresses::is_public;
pub use allow::{Allow, Reach};
pub use answer::{Answer, Incoming};
pub use ledger::{Egress, Ledger};
pub use secret::SecretPlace;
pub use send::{MAX_BODY, Net, NetError, Post, Timeouts, host_of};
pub use target::Target;
