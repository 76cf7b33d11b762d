//! What left the machine, for the user to read.

use async_trait::async_trait;
use kairos_core::Millis;
use std::sync::Arc;
use tokio::runtime::Handle;

/// One request, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// When.
    pub at: Millis,
    /// To whom: scheme, host and port. The path is left out, since it may be a secret.
    pub to: String,
    /// Why, such as the ids of findings.
    pub why: String,
    /// The body, byte for byte; of a page that was asked for, what was asked. Headers are left out: they hold the keys.
    pub body: Vec<u8>,
    /// SHA-256 of the body, in hexadecimal digits.
    pub hash: String,
    /// Secrets that were taken out of it.
    pub redacted: u32,
}

/// Where requests are written down.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes a request down before its first byte leaves; answers its number. After an error, nothing is sent.
    async fn begin(&self, egress: Egress) -> Result<u64, String>;
    /// How it ended: a status, or why there is none; and the bytes of the answer's body that came.
    async fn end(&self, id: u64, outcome: &str, received: u64);
}

/// A request that is on record. Its end is put there, too, even where nobody waits for it any more.
pub(crate) struct Entry {
    ledger: Arc<dyn Ledger>,
    id: u64,
    /// Bytes of the answer.
    pub(crate) received: u64,
    /// Where it is dropped.
    pub(crate) outcome: String,
    is_open: bool,
}

impl Entry {
    pub(crate) async fn begin(ledger: Arc<dyn Ledger>, egress: Egress) -> Result<Self, String> {
        let id = ledger.begin(egress).await?;
        Ok(Self { ledger, id, received: 0, outcome: "given up".into(), is_open: true })
    }

    pub(crate) async fn end(&mut self, outcome: &str) {
        if self.is_open {
            self.ledger.end(self.id, outcome, self.received).await;
            self.is_open = false;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let (true, Ok(runtime)) = (self.is_open, Handle::try_current()) {
            let (ledger, id, received) = (self.ledger.clone(), self.id, self.received);
            let outcome = std::mem::take(&mut self.outcome);
            runtime.spawn(async move { ledger.end(id, &outcome, received).await });
        }
    }
}
