//! What `signals` prints.

use super::lists::Page;
use super::text::{ago, count, cut, date, size};
use kairos_api::{ProjectSignals, SignalSource};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use std::fmt::Write;

impl Page {
    /// `signals show`.
    pub fn signals(&self, projects: &[ProjectSignals]) -> String {
        if projects.is_empty() {
            return "No project is watched; `kairos-run project add DIR` adds one.\n".into();
        }
        let mut out = String::new();
        for p in projects {
            let _ = writeln!(out, "{}", self.paint.bold(&one_line(&p.project)));
            if p.paused_until.is_some() {
                let _ = writeln!(out, "  {}", self.paint.bad(&self.pause(p.paused_until)));
            }
            for s in &p.sources {
                out += &self.source(s);
            }
            out.push('\n');
        }
        out += &self.paint.dim("kairos-run signals pause 1h | resume; what switches a source off or on goes into kairos.toml\n");
        out
    }

    /// Until when nothing is taken in.
    pub fn pause(&self, until: Option<Millis>) -> String {
        until.map_or_else(
            || "signals are taken in".into(),
            |t| format!("paused until {} ({}): nothing is taken in", date(t, &self.zone), ago(t, self.now)),
        )
    }

    fn source(&self, s: &SignalSource) -> String {
        let mark = if s.on { self.paint.good("on ") } else { self.paint.dim("off") };
        let mut news = match &s.latest {
            Some(last) => format!("{}, last {}", count(s.told, "signal"), ago(last.time, self.now)),
            None => "no signal yet".into(),
        };
        for (number, what) in [(s.dropped, "lost"), (s.thrown_away, "not kept in a pause")] {
            if number > 0 {
                let _ = write!(news, "; {number} {what}");
            }
        }
        let mut out = format!("  {} {mark} {news}\n", self.paint.bold(&format!("{:8}", s.name)));
        for line in &s.what {
            let _ = writeln!(out, "      {}", one_line(line));
        }
        if let Some(last) = &s.latest {
            let attributes: Vec<_> = last.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let body = if last.body.is_empty() { String::new() } else { format!(" and {}", size(last.body.len() as u64)) };
            let line = one_line(&format!("last: {} {}{body}", last.kind, attributes.join(" ")));
            let _ = writeln!(out, "      {}", cut(&line, self.width.saturating_sub(6)));
        }
        let _ = writeln!(out, "      {}", self.paint.dim(&format!("{}: {}", if s.on { "off" } else { "on" }, s.switch)));
        out
    }
}
