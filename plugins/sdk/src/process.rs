//! Commands on the user's machine. Needs the capability `process`:
//! [`Description::runs_commands`](crate::Description::runs_commands).

use crate::live::Live;
use crate::types::Error;

pub use crate::bindings::process::kairos::host::process::{Committed, Finished, Options};

/// Runs commands. `wit/host/process.wit` says what a call promises. Inside a component that is [`Live`]; in a native test it is whatever
/// the test has.
pub trait Process {
    /// Runs a command line to its end; at most 4 a call of the plugin.
    fn run(&self, command: &str, options: Options) -> Result<Finished, Error>;
    /// Commits these paths and nothing else, or, without paths, what is staged.
    fn commit(&self, message: &str, paths: &[String]) -> Result<Committed, Error>;
}

impl Process for Live {
    fn run(&self, command: &str, options: Options) -> Result<Finished, Error> {
        crate::bindings::process::kairos::host::process::run(command, options)
    }
    fn commit(&self, message: &str, paths: &[String]) -> Result<Committed, Error> {
        crate::bindings::process::kairos::host::process::commit(message, paths)
    }
}
