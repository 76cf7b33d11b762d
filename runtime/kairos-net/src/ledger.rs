//! What left the machine, for the user to read.

use async_trait::async_trait;
use kairos_core::Millis;

/// One request, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// When.
    pub at: Millis,
    /// To whom: scheme, host and port. The path is left out, since it may be a secret.
    pub to: String,
    /// Why, such as the ids of findings.
    pub why: String,
    /// Size of the body.
    pub bytes: u64,
    /// SHA-256 of the body, in hexadecimal digits.
    pub hash: String,
}

/// Where requests are written down.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes a request down before its first byte leaves; answers its number. After an error, nothing is sent.
    async fn begin(&self, egress: Egress) -> Result<u64, String>;
    /// How it ended: a status, or why there is none.
    async fn end(&self, id: u64, outcome: &str);
}
