//! Which strategies the user chose for a memory.

use crate::memory::{Memory, Result, signature};
use crate::vault::{Digest, FileChange, Write};
use kairos_core::Millis;

/// One a line.
const STRATEGIES: &str = ".kairos/strategies";

impl Memory {
    /// The strategies that are set for this memory; none where the settings decide.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn strategies(&self) -> Result<Option<Vec<String>>> {
        let bytes = self.vault().read(STRATEGIES)?;
        Ok(bytes
            .map(|bytes| String::from_utf8_lossy(&bytes).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()))
    }

    /// Sets them, from the next dream on; none: the settings decide again.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn use_strategies(&self, names: &[String], now: Millis) -> Result<()> {
        let session = self.session()?;
        let was = self.vault().read(STRATEGIES)?;
        let set = (!names.is_empty()).then(|| format!("{}\n", names.join("\n")).into_bytes());
        if was == set {
            return Ok(());
        }
        let write = Write {
            files: vec![FileChange { path: STRATEGIES.into(), was: was.map(|bytes| Digest::of(&bytes)), now: set }],
            message: if names.is_empty() {
                "Dream as the settings say".into()
            } else {
                format!("Dream with {}", names.join(", "))
            },
            author: signature(crate::book::USER),
            trailers: vec![],
            time: now,
        };
        self.vault().write(&session.guard, write)?;
        Ok(())
    }
}
