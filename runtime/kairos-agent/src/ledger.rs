//! The egress ledger of [`kairos_net`], kept in the user's database.

use async_trait::async_trait;
use kairos_net::{Egress, Ledger};
use kairos_store::{EgressRow, UserDb};

pub(crate) struct Book(pub(crate) UserDb);

#[async_trait]
impl Ledger for Book {
    async fn begin(&self, egress: Egress) -> Result<u64, String> {
        let Egress { at, to, why, body, hash, redacted } = egress;
        let bytes = body.len() as u64;
        let row = EgressRow { id: 0, at, target: to, why, bytes, hash, outcome: None, received: None, redacted };
        self.0.begin_egress(row, body).await.map_err(|e| e.to_string())
    }

    async fn end(&self, id: u64, outcome: &str, received: u64) {
        if let Err(e) = self.0.end_egress(id, outcome, received).await {
            tracing::warn!("how a request ended can't be recorded: {e}");
        }
    }
}
