//! What `channels` prints.

use super::lists::Page;
use super::text::{Cell, Paint, dim, plain, table};
use kairos_api::{ChannelInfo, ChannelOutcome, ChannelTest};
use kairos_core::finding::one_line;
use std::fmt::Write;

impl Page {
    /// `channels list`.
    pub fn channels(&self, channels: &[ChannelInfo]) -> String {
        let row = |c: &ChannelInfo| {
            let state = if c.off.is_some() { Cell("off".into(), Paint::dim) } else { Cell("on".into(), Paint::good) };
            let from = c.least.map_or_else(String::new, |least| least.as_str().into());
            vec![plain(&c.name), state, plain(from), dim(c.off.as_ref().unwrap_or(&c.to))]
        };
        let rows: Vec<_> = channels.iter().map(row).collect();
        table(self.paint, &["NAME", "STATE", "FROM", ""], &rows, self.width) + &self.paint.dim("\nkairos-run channels test\n")
    }

    /// `channels test`.
    pub fn channel_tests(&self, tests: &[ChannelTest]) -> String {
        let mut out = String::new();
        for t in tests {
            let outcome = match t.outcome {
                ChannelOutcome::Sent => self.paint.good("sent  "),
                ChannelOutcome::Failed => self.paint.bad("failed"),
                ChannelOutcome::Off => self.paint.dim("off   "),
            };
            let _ = writeln!(out, "{:8}  {outcome}  {}", one_line(&t.name), one_line(&t.what));
            if let Some(remedy) = &t.remedy {
                let _ = writeln!(out, "                  → {}", one_line(remedy));
            }
        }
        out
    }
}
