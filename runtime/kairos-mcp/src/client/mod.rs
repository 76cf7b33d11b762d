//! Servers of others: which there are ([`spec`]), and a connection to one ([`Connection`]).
//!
//! Everything that a server says, its tools' descriptions included, is somebody else's word.

mod connection;
mod http;
pub mod spec;
mod stdio;
mod text;

pub use connection::{Connection, Place, Remote};
pub use spec::{Launch, Spec};

use std::time::Duration;

/// Why a server is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its entry in the file is wrong, or names a variable that is not set.
    #[error("{0}")]
    Spec(String),
    /// Its command can't be started.
    #[error("`{0}` can't be started: {1}")]
    Start(String, std::io::Error),
    /// It does not greet as the protocol says.
    #[error("it does not speak the Model Context Protocol: {0}")]
    Greeting(String),
    /// It said nothing for so long.
    #[error("it did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It answered with an error.
    #[error("it says: {0}")]
    Said(String),
    /// It ended, or the connection broke.
    #[error("it is gone{0}")]
    Gone(String),
}
