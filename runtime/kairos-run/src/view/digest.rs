//! `digest`: a table by plugin, and what kept findings from being announced.

use super::lists::Page;
use super::text::{Cell, count, date, dim, plain, span, table};
use kairos_api::{Digest, PluginDigest};
use std::collections::BTreeMap;
use std::fmt::Write;

impl Page {
    /// `digest`.
    pub fn digest(&self, d: &Digest) -> String {
        let mut out = format!("Since {}: {}", date(d.since, &self.zone), count(d.messages, "message"));
        let _ = writeln!(out, ", {} with work in them ({} in all), no model", count(d.ticks, "tick"), span(d.ticks_ms));
        if d.plugins.is_empty() {
            return out + "No plugin had anything to do.\n";
        }
        let number = |n: u64| plain(if n == 0 { "-".into() } else { n.to_string() });
        let row = |p: &PluginDigest| -> Vec<Cell> {
            vec![
                plain(if p.muted { format!("{} (muted)", p.plugin) } else { p.plugin.clone() }),
                number(p.announced),
                number(p.kept.values().sum()),
                number(p.accepted),
                number(p.dismissed),
                number(p.snoozed),
                number(p.calls),
                dim(if p.calls == 0 { String::new() } else { span(p.cpu_ms) }),
            ]
        };
        let rows: Vec<_> = d.plugins.iter().map(row).collect();
        out.push('\n');
        out += &table(
            self.paint,
            &["PLUGIN", "SAID", "KEPT", "ACCEPTED", "DISMISSED", "SNOOZED", "CALLS", "CPU"],
            &rows,
            self.width,
        );
        let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
        for (rule, findings) in d.plugins.iter().flat_map(|p| &p.kept) {
            *kept.entry(rule).or_default() += findings;
        }
        if !kept.is_empty() {
            let rules: Vec<_> = kept.iter().map(|(rule, n)| format!("{n} by {rule}")).collect();
            let _ = writeln!(out, "\nNot announced: {}", rules.join(", "));
            out += &self.paint.dim("kairos-run inbox list --all --suppressed\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::Paint;

    #[test]
    fn a_digest_says_what_was_said_and_what_was_not() {
        let page = Page { paint: Paint::PLAIN, width: 100, now: 0, zone: jiff::tz::TimeZone::UTC };
        let mut digest = Digest { messages: 2, ticks: 9, ticks_ms: 1200, ..Digest::default() };
        assert!(page.digest(&digest).ends_with("No plugin had anything to do.\n"));
        let kept = BTreeMap::from([("daily-cap".to_string(), 3), ("muted".to_string(), 1)]);
        let secrets = PluginDigest {
            plugin: "secrets".into(),
            announced: 2,
            kept,
            dismissed: 1,
            calls: 9,
            cpu_ms: 40,
            muted: true,
            ..PluginDigest::default()
        };
        digest.plugins.push(secrets);
        let text = page.digest(&digest);
        assert!(text.contains("2 messages, 9 ticks with work in them"), "{text}");
        assert!(text.contains("secrets (muted)  2     4     -         1"), "{text}");
        assert!(
            text.ends_with("Not announced: 3 by daily-cap, 1 by muted\nkairos-run inbox list --all --suppressed\n"),
            "{text}"
        );
    }
}
