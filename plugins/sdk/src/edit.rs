//! Changing files of the project; needs the capability `edit`: [`Description::edits_project`](crate::Description::edits_project).

use crate::live::Live;
use crate::types::Error;

pub use crate::bindings::imports::kairos::host::edit::Change as FileChange;

/// Proposes changes. `wit/host/edit.wit` says what a call promises.
pub trait Edit {
    /// All of them or none; the user, or his rules, may say no.
    fn apply(&self, changes: &[FileChange]) -> Result<(), Error>;
}

impl Edit for Live {
    fn apply(&self, changes: &[FileChange]) -> Result<(), Error> {
        crate::bindings::imports::kairos::host::edit::apply(changes)
    }
}

/// As [`FileChange::expected`] wants it.
#[cfg(any(feature = "tool", not(target_arch = "wasm32")))]
pub fn fingerprint(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
